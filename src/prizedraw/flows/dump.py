"""What an exported namespace is: JSON lines, each an array that begins with what it is, the last one with counts and a checksum.

Only the lines and the check of a file live here. The order: ``prizedraw``, then for each campaign and at last for the registry a
``home`` with its ``doc``, ``counter`` and ``entry`` lines, then ``end``. Bytes are base64.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from prizedraw.errors import InvalidRequest, StorageCorrupt, StorageVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = 1


class Begin(msgspec.Struct, array_like=True, frozen=True, tag="prizedraw"):
    """The first line: the format, whose namespace it was, and when it was exported (ISO 8601)."""

    format: int
    namespace: str
    at: str


class HomeLine(msgspec.Struct, array_like=True, frozen=True, tag="home"):
    """What follows is of this campaign, or of the registry (None)."""

    campaign: str | None


class DocLine(msgspec.Struct, array_like=True, frozen=True, tag="doc"):
    """A document."""

    key: str
    version: int
    data: bytes


class CounterLine(msgspec.Struct, array_like=True, frozen=True, tag="counter"):
    """A counter."""

    key: str
    value: int
    limit: int


class EntryLine(msgspec.Struct, array_like=True, frozen=True, tag="entry"):
    """An entry of the journal, in the order of the journal; see ``prizedraw.storage.protocol.Entry``."""

    id: str
    fingerprint: str
    owner: str
    kind: str
    at: int
    data: bytes
    cursor: int
    after: tuple[tuple[str, int, int], ...]


class End(msgspec.Struct, array_like=True, frozen=True, tag="end"):
    """The last line: how many of each there are, and the SHA-256 of every line before, in hex."""

    campaigns: int
    documents: int
    counters: int
    entries: int
    sha256: str


Line: TypeAlias = Begin | HomeLine | DocLine | CounterLine | EntryLine | End

_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_encoder = msgspec.json.Encoder()


class Tally:
    """Counts and hashes lines as they pass."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._of = {HomeLine: 0, DocLine: 0, CounterLine: 0, EntryLine: 0}
        self._registries = 0

    def add(self, line: Line, data: bytes) -> None:
        """Count a line that reads as ``data``."""
        self._hash.update(data)
        if type(line) in self._of:
            self._of[type(line)] += 1
        if isinstance(line, HomeLine) and line.campaign is None:
            self._registries += 1

    def end(self) -> End:
        """The line that would end here."""
        homes, documents, counters, entries = self._of.values()
        return End(homes - self._registries, documents, counters, entries, self._hash.hexdigest())


def encode(line: Line) -> bytes:
    """A line with its line break."""
    return _encoder.encode(line) + b"\n"


def decode(data: bytes) -> Line:
    """Read a line.

    Raises:
        StorageCorrupt: it is not one.
    """
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise StorageCorrupt(f"{data[:80]!r} is not a line of an export ({error}); export again") from None


def check(lines: Iterable[bytes]) -> End:
    """Read a file to its end, before anything is made of it; its last line.

    Raises:
        InvalidRequest: it is not an export.
        StorageVersion: a newer version of prizedraw made it.
        StorageCorrupt: it is cut short, goes on behind its end, or was changed.
    """
    tally = Tally()
    end: End | None = None
    number = 0
    for number, data in enumerate(lines, 1):
        if number == 1:
            _check_first(data)
        if end is not None:
            raise StorageCorrupt(f"the export goes on behind its end, in line {number}; import one file at a time")
        line = decode(data)
        if isinstance(line, End):
            end = line
        else:
            tally.add(line, data)
    if number == 0:
        raise InvalidRequest("the file is empty, and not an export", "file")
    if end is None:
        raise StorageCorrupt(f"the export is cut short after {number} lines; export again")
    if end != tally.end():
        raise StorageCorrupt(f"the export was changed: its end says {end}, and its lines add up to {tally.end()}; export again")
    return end


def _check_first(data: bytes) -> None:
    try:
        first = msgspec.json.decode(data)
    except msgspec.DecodeError:
        first = None
    if not (isinstance(first, list) and len(first) > 1 and first[0] == "prizedraw"):
        raise InvalidRequest(f"{data[:80]!r} does not begin an export; give a file that prizedraw export wrote", "file")
    if first[1] != FORMAT:
        raise StorageVersion(f"the export has format {first[1]!r}; this version reads {FORMAT}; upgrade prizedraw")
