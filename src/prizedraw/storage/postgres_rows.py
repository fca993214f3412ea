"""How values and rows turn into each other: arrays as literals, and journal entries.

Nothing here knows a statement. Arrays are written by hand because one of a few elements is the usual parameter of every draw,
and psycopg takes several times as long to find out what is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from prizedraw.storage.protocol import MAX_INTEGER, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BEYOND = 2 * MAX_INTEGER + 2
"""More than any delta or version that can be right, and still a bigint when it is added to one that is."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[tuple[str, int, int], ...]).decode


def texts(values: Iterable[str]) -> str:
    """A text[] literal."""
    return "{" + ",".join(['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]) + "}"


def integers(values: Iterable[int | None]) -> str:
    """A bigint[] literal; what is too great is cut down to a number that is still too great."""
    return "{" + ",".join(["NULL" if value is None else str(max(-BEYOND, min(value, BEYOND))) for value in values]) + "}"


def blobs(values: Iterable[bytes | None]) -> str:
    """A bytea[] literal."""
    return "{" + ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]) + "}"


def entry(row: Sequence[Any]) -> Entry:
    """A journal entry from the columns id, fingerprint, owner, kind, at, data, cursor, after."""
    name, fingerprint, owner, kind, at, data, cursor, after = row
    return Entry(name, fingerprint, owner, kind, at, data, cursor, after_of(after))


def after_of(text: str | None) -> tuple[tuple[str, int, int], ...]:
    """Entry.after as it was stored."""
    return _decode(text) if text else ()


def after_text(after: tuple[tuple[str, int, int], ...]) -> str | None:
    """Entry.after as it is stored."""
    return _encode(after).decode() if after else None


def optional_texts(values: Iterable[str | None]) -> str:
    """A text[] literal in which elements may be NULL."""
    return "{" + ",".join(["NULL" if value is None else texts((value,))[1:-1] for value in values]) + "}"


def json_text(text: str) -> str:
    """A text as JSON."""
    return _encode(text).decode()
