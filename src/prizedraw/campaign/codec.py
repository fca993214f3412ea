"""Campaign files: TOML and JSON texts to campaigns and back, without loss.

Only texts, their two syntaxes and the digest live here. What stands in a file, key by key, is ``document``.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from prizedraw.campaign.document import campaign_of, document_of
from prizedraw.errors import InvalidCampaign

if TYPE_CHECKING:
    from os import PathLike

    from prizedraw.campaign.model import Campaign


def load(path: str | PathLike[str]) -> Campaign:
    """See :meth:`Campaign.load`."""
    from pathlib import Path  # noqa: PLC0415 - kept out of the import of prizedraw

    file = Path(path)
    readers = {".toml": _from_toml, ".json": _from_json}
    read = readers.get(file.suffix.lower())
    if read is None:
        raise InvalidCampaign(f"{str(path)!r} is neither a .toml nor a .json file; rename it or use Campaign.loads")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidCampaign(f"there is no file {str(path)!r}; check the path, it is relative to {str(Path.cwd())!r}") from error
    except UnicodeDecodeError as error:
        raise InvalidCampaign(f"{str(path)!r} is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except (OSError, ValueError) as error:
        raise InvalidCampaign(f"{str(path)!r} cannot be read: {error}") from error
    try:
        return campaign_of(read(text))
    except InvalidCampaign as error:
        error.add_note(f"in {path}")
        raise


def loads(text: str) -> Campaign:
    """See :meth:`Campaign.loads`."""
    if not isinstance(text, str):
        raise InvalidCampaign(f"{type(text).__name__} is not a text; decode it, or use Campaign.load for a file")
    text = text.removeprefix("\ufeff")
    return campaign_of(_from_json(text) if text.lstrip().startswith("{") else _from_toml(text))


def dumps(campaign: Campaign, form: str = "toml") -> str:
    """See :meth:`Campaign.dumps`."""
    if form == "toml":
        from prizedraw.campaign import toml  # noqa: PLC0415 - kept out of the import of prizedraw

        return toml.written(document_of(campaign))
    if form == "json":
        return _json(document_of(campaign), indent=2) + "\n"
    raise InvalidCampaign(f"{form!r} is not a format; use 'toml' or 'json'", "format")


def digest(campaign: Campaign) -> str:
    """See :attr:`Campaign.digest`: keys sorted, no white space, defaults left out, so a new key with a default changes none."""
    from hashlib import sha256  # noqa: PLC0415 - kept out of the import of prizedraw

    return sha256(_json(document_of(campaign), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _json(value: object, **form: Any) -> str:
    import json  # noqa: PLC0415 - kept out of the import of prizedraw

    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=datetime.isoformat, **form)


def _from_toml(text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - kept out of the import of prizedraw

    try:
        return tomllib.loads(text, parse_float=Decimal)
    except RecursionError:
        raise InvalidCampaign("is nested too deeply to be a campaign") from None
    except ValueError as error:  # TOMLDecodeError tells line and column; others are numbers of thousands of digits
        raise InvalidCampaign(f"is not TOML: {error}") from error


def _from_json(text: str) -> Any:
    import json  # noqa: PLC0415 - kept out of the import of prizedraw

    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once)
    except RecursionError:
        raise InvalidCampaign("is nested too deeply to be a campaign") from None
    except InvalidCampaign:
        raise
    except ValueError as error:
        raise InvalidCampaign(f"is not JSON: {error}") from error


def _no_number(name: str) -> None:
    raise InvalidCampaign(f"{name} is not JSON and not a number; write a finite one")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidCampaign(f"the key {twice!r} stands twice in one object; keep one")
    return table
