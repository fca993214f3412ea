"""The host application's own notes on a campaign: an immutable table that prizedraw keeps and never reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from prizedraw.campaign.checks import check_encodable
from prizedraw.errors import InvalidCampaign

_DEEPEST = 20


class Meta(Mapping[str, Any]):
    """An immutable table of texts, integers, finite floats, booleans, and lists and tables of these.

    Tables compare with the types told apart (``1`` is not ``true``), whatever the order of their keys. What is read from one
    is a fresh copy, so nothing that is done to it reaches the campaign.

    Args:
        table: a mapping with text keys; a tuple becomes a list, a Decimal a float.

    Raises:
        InvalidCampaign: something in it is none of these; the place names it.
    """

    __slots__ = ("_text",)

    def __init__(self, table: Mapping[str, Any] | None = None) -> None:
        self._text = "{}"
        if not table:
            return
        import json  # noqa: PLC0415 - kept out of the import of prizedraw

        try:
            self._text = json.dumps(_plain(table, "meta", 0), sort_keys=True, ensure_ascii=False, allow_nan=False)
        except ValueError as error:  # an integer of thousands of digits
            if isinstance(error, InvalidCampaign):
                raise
            raise InvalidCampaign(f"{error}; write it as a text", "meta") from None

    def _table(self) -> dict[str, Any]:
        import json  # noqa: PLC0415 - kept out of the import of prizedraw

        table: dict[str, Any] = json.loads(self._text)
        return table

    def __getitem__(self, key: str) -> Any:
        return self._table()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table())

    def __len__(self) -> int:
        return len(self._table())

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Meta) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Meta({self._table()!r})"


def _plain(value: Any, place: str, depth: int) -> Any:
    """The value as JSON and TOML both have it."""
    if depth > _DEEPEST:
        raise InvalidCampaign(f"is nested more than {_DEEPEST} deep; flatten it", place)
    if isinstance(value, str):
        check_encodable(value, place)
        return str(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float | Decimal) and math.isfinite(float(value)):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{k}]", depth + 1) for k, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {_key(key, place): _plain(item, f"{place}.{key}", depth + 1) for key, item in value.items()}
    raise InvalidCampaign(f"{value!r} cannot be kept; use texts, numbers, true and false, lists and tables", place)


def _key(key: object, place: str) -> str:
    if not isinstance(key, str):
        raise InvalidCampaign(f"{key!r} is not a text; keys are texts", place)
    check_encodable(key, place)
    return key
