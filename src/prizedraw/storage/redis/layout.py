"""What lies under which key of the server, and how documents, counters and entries are written there.

A home has three keys, ``prefix:{home}:…``, and one for each lock; the braces keep them in one slot of a cluster.

``kept``, a hash of all that is found by name:
    ``d`` + document → version ``:`` data · ``c`` + counter → value and limit · ``i`` + id of an entry → its cursor ·
    ``o`` + owner → number of the first and the last chunk, and the cursors in the last · ``o`` + owner + NUL + number → the
    cursors in a chunk before · ``#last`` → the cursor given last · ``#mark`` → what is forgotten and not yet swept away: before which
    time, before which cursor, swept up to where, dropped how many · ``#swept`` → the cursor of the last checkpoint, dropped how many
``journal``, a stream of the entries: cursor → ``e`` what it says of itself, ``d`` its data, ``a`` its counters after the commit
``names``, a sorted set of the document and counter names above, in order of their bytes, which is that of code points

Numbers are written in decimal digits; nothing is ever written with an expiry, except locks.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from prizedraw.storage.protocol import (
    ABSENT,
    MAX_INTEGER,
    NO_LIMIT,
    UNTOUCHED,
    Commit,
    Committed,
    Conflict,
    Counter,
    Doc,
    Entry,
    Outcome,
    Read,
    Refused,
    Replayed,
    Stale,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = 1
"""The number of this layout, kept under ``prefix:format``."""

LAST, MARK = "#last", "#mark"

_BEYOND = 2 * (MAX_INTEGER + 1)
"""A delta as large as this is refused whatever is held, so a larger one need not be sent."""

_LONG_NAME = 100

encode = msgspec.msgpack.encode


class Keys(NamedTuple):
    """The keys of a home."""

    kept: bytes
    journal: bytes
    names: bytes


def keys(prefix: str, home: str) -> Keys:
    """The keys of a home."""
    stem = _stem(prefix, home)
    return Keys(stem + b"kept", stem + b"journal", stem + b"names")


def locks(prefix: str, home: str, docs: Sequence[str]) -> list[bytes]:
    """The keys of the locks of documents, sorted; of the whole home where none is named."""
    stem = _stem(prefix, home)
    return sorted(stem + b"lock:" + _short(doc.encode()) for doc in set(docs)) or [stem + b"lock"]


def _stem(prefix: str, home: str) -> bytes:
    """Where a home's keys begin. Braces within its name would end the tag, and an empty tag is none."""
    tag = home.replace("%", "%25").replace("{", "%7B").replace("}", "%7D") or "%"
    return f"{prefix}:{{{tag}}}:".encode()


def _short(name: bytes) -> bytes:
    return name if len(name) <= _LONG_NAME else hashlib.sha256(name).hexdigest().encode()


def format_key(prefix: str) -> bytes:
    """The key of the format."""
    return f"{prefix}:format".encode()


# Documents, counters, entries


def doc(kept: bytes | None) -> Doc:
    """A document as it is kept."""
    if kept is None:
        return ABSENT
    version, _, data = kept.partition(b":")
    return Doc(int(version), data)


def counter(kept: bytes | None) -> Counter:
    """A counter as it is kept."""
    if kept is None:
        return UNTOUCHED
    value, _, limit = kept.partition(b" ")
    return Counter(int(value), int(limit))


class _About(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What an entry says of itself, as it is kept; scripts know these places. The owner as fingerprint is None."""

    id: str
    fingerprint: str | None
    owner: str
    kind: str
    at: int


_decode_about = msgspec.msgpack.Decoder(_About).decode


def _raw(data: bytes) -> msgspec.Raw:
    """Bytes as msgpack's str, the only sort of bytes that scripts can unpack."""
    return msgspec.Raw(b"\xdb%b%b" % (len(data).to_bytes(4, "big"), data))


def entry(kept: Sequence[bytes]) -> Entry:
    """An entry from its cursor and what is kept of it."""
    cursor, about, data, after = kept
    found = _decode_about(about)
    fingerprint = found.owner if found.fingerprint is None else found.fingerprint
    return Entry(found.id, fingerprint, found.owner, found.kind, found.at, data, int(cursor), _after(after))


def _after(kept: bytes) -> tuple[tuple[str, int, int], ...]:
    if not kept:
        return ()
    words = kept.split(b"\0")
    return tuple((words[at].decode(), int(words[at + 1]), int(words[at + 2])) for at in range(0, len(words) - 1, 3))


# Reads


def read_fields(reads: Sequence[Read]) -> tuple[list[str], list[str]]:
    """The fields of documents and counters that reads ask for, and those of ids, in order."""
    fields: list[str] = []
    ids: list[str] = []
    for read in reads:
        fields += ["d" + key for key in read.docs]
        fields += ["c" + key for key in read.counters]
        if read.entry is not None:
            ids.append("i" + read.entry)
    return fields, ids


def views(reads: Sequence[Read], values: Sequence[bytes | None], entries: Sequence[Sequence[bytes] | None]) -> list[View]:
    """The views that the values and entries of those fields make."""
    value, line = iter(values), iter(entries)
    found = []
    for read in reads:
        docs = {key: doc(next(value)) for key in read.docs}
        counters = {key: counter(next(value)) for key in read.counters}
        kept = None if read.entry is None else next(line)
        found.append(View(docs, counters, None if kept is None else entry(kept)))
    return found


# Commits


def check(commit: Commit) -> None:
    """Raise ValueError for a commit that no state could make right."""
    for key in commit.put:
        if key not in commit.expect:
            raise ValueError(f"put writes {key!r} without a version in expect; name the version that it replaces")
    for key, limit in commit.limits.items():
        if not NO_LIMIT <= limit <= MAX_INTEGER:
            raise ValueError(f"the limit {limit!r} of {key!r} is not within -1..2**53-1; use -1 for no limit")
    entries = commit.entries
    if len(entries) > 1 and len({entry.id for entry in entries}) < len(entries):
        raise ValueError(f"ids {[entry.id for entry in entries]!r} repeat within a commit; give each entry its own")


def request(commit: Commit, before: int | None = None) -> tuple[object, ...]:
    """A commit as the script takes it.

    Args:
        commit: checked.
        before: forget the entries with an earlier ``at`` in the same step; None: forget nothing.
    """
    expect, limits, entries = commit.expect, commit.limits, commit.entries
    fields = [LAST, MARK]
    fields += ["i" + entry.id for entry in entries]
    expected = []
    puts = []
    for place, (key, version) in enumerate(expect.items(), 1):
        fields.append("d" + key)
        expected.append(f"{version}:" if version else "")
        data = commit.put.get(key)
        if data is not None:
            puts.append((place, _raw(b"%d:%b" % (version + 1, data))))
    counters: list[tuple[int, int | None]] = []
    for key, delta in commit.add.items():
        fields.append("c" + key)
        counters.append((max(-_BEYOND, min(delta, _BEYOND)), limits.get(key)))
    for key, limit in limits.items():
        if key not in commit.add:
            fields.append("c" + key)
            counters.append((0, limit))
    owners: dict[str, int] = {}
    lines = []
    for entry in entries:
        fingerprint = None if entry.fingerprint == entry.owner else entry.fingerprint
        about = encode((entry.id, fingerprint, entry.owner, entry.kind, entry.at))
        lines.append((owners.setdefault(entry.owner, len(owners) + 1), _raw(about), _raw(entry.data)))
    fields += ["o" + owner for owner in owners]
    whole = (fields, fields[2 : 2 + len(entries)], expected, counters, lines, puts)
    return whole if before is None else (*whole, str(before))


def outcome(commit: Commit, reply: bytes | Sequence[bytes | None]) -> Outcome:
    """What the script's answer to a commit says."""
    if isinstance(reply, bytes):
        return Committed(_stored(commit.entries, reply))
    sign = reply[0]
    if sign == b"=":
        known = entry(reply[1:])  # type: ignore[arg-type]  # none of these is None
        asked = {line.id: line.fingerprint for line in commit.entries}
        return Replayed(known) if asked[known.id] == known.fingerprint else Conflict(known)
    if sign == b"~":
        return Stale(View({key: doc(kept) for key, kept in zip(commit.expect, reply[1:], strict=True)}, {}))
    moved = [*commit.add, *(key for key in commit.limits if key not in commit.add)]
    pairs = zip(reply[1::2], reply[2::2], strict=True)
    return Refused({moved[int(place or 0)]: counter(kept) for place, kept in pairs})


def _stored(entries: tuple[Entry, ...], reply: bytes) -> tuple[Entry, ...]:
    if not entries:
        return ()
    cursor, _, kept = reply[1:].partition(b"\0")
    first, after = int(cursor), _after(kept)
    return tuple(
        [
            Entry(line.id, line.fingerprint, line.owner, line.kind, line.at, line.data, first + nth, after)
            for nth, line in enumerate(entries)
        ]
    )
