"""What lies under which key of the server, and how documents, counters and entries are written there.

A home has two keys, ``prefix:{home}:…``, and one for each lock; the braces keep them in one slot of a cluster.

``kept``, a hash of all that a home keeps:
    ``d`` + document → version ``:`` data · ``c`` + counter → value and limit ·
    ``i`` + id of an entry → its cursor, the sizes of what follows, what it says of itself, its data, its counters after the commit ·
    ``e`` + cursor → id · ``o`` + owner → number of the first and the last chunk, and the cursors in the last ·
    ``o`` + owner + NUL + number → the cursors in a chunk before ·
    ``#last`` → the cursor given last · ``#first`` → one before which nothing stands any more · ``#mark`` → what is forgotten and not
    yet swept away: before which time, before which cursor, swept up to where, dropped how many · ``#swept`` → the cursor of the last
    checkpoint, dropped how many · ``#format`` → what ``upgrading`` has brought the home to ·
    ``#held`` → the documents that somebody holds the lock of, and until when others stand back
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
    from collections.abc import Mapping, Sequence

LAST, MARK, HELD = "#last", "#mark", "#held"

_BEYOND = 2 * (MAX_INTEGER + 1)
"""A delta as large as this is refused whatever is held, so a larger one need not be sent."""

_LONG_NAME = 100

encode = msgspec.msgpack.encode


class Keys(NamedTuple):
    """The keys of a home."""

    kept: bytes
    names: bytes


def keys(prefix: str, home: str) -> Keys:
    """The keys of a home."""
    stem = _stem(prefix, home)
    return Keys(stem + b"kept", stem + b"names")


def locks(keys: Keys, docs: Sequence[str]) -> list[bytes]:
    """The keys of the locks of documents, sorted; of the whole home where none is named."""
    stem = keys.kept.removesuffix(b"kept")
    return sorted(stem + b"lock:" + _short(doc.encode()) for doc in set(docs)) or [stem + b"lock"]


def _stem(prefix: str, home: str) -> bytes:
    """Where a home's keys begin. Braces within its name would end the tag, and an empty tag is none."""
    tag = home.replace("%", "%25").replace("{", "%7B").replace("}", "%7D") or "%"
    return f"{prefix}:{{{tag}}}:".encode()


def _short(name: bytes) -> bytes:
    return name if len(name) <= _LONG_NAME else hashlib.sha256(name).hexdigest().encode()


def format_key(prefix: str) -> bytes:
    """The key of the number of this layout, see ``upgrading``."""
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


_decode_about = msgspec.msgpack.Decoder(tuple[str | None, str, str, int]).decode
"""Fingerprint (None: the owner's name), owner, kind and time; scripts know these places."""


def _raw(data: bytes) -> msgspec.Raw:
    """Bytes as msgpack's str, the only sort of bytes that scripts can unpack."""
    return msgspec.Raw(b"\xdb%b%b" % (len(data).to_bytes(4, "big"), data))


def entry(id: str, kept: bytes) -> Entry:  # noqa: A002 - the field's name
    """An entry as it is kept."""
    cursor, size, length, rest = kept.split(b" ", 3)
    start = int(size)
    end = start + int(length)
    fingerprint, owner, kind, at = _decode_about(rest[:start])
    return Entry(id, owner if fingerprint is None else fingerprint, owner, kind, at, rest[start:end], int(cursor), _after(rest[end:]))


def _line(entry: Entry) -> msgspec.Raw:
    """An entry as it is sent: a script puts the cursor before it and the counters behind it."""
    owner = entry.owner
    about = encode((None if entry.fingerprint == owner else entry.fingerprint, owner, entry.kind, entry.at))
    return _raw(b"%d %d %b%b" % (len(about), len(entry.data), about, entry.data))


def redaction(entries: Sequence[Entry], docs: Sequence[str]) -> bytes:
    """What is to be rewritten and dropped, as the script takes it; of two entries with one id the last one counts."""
    told = {entry.id: entry for entry in entries}.values()
    return encode(([("i" + one.id, one.owner, _raw(_head(one)), _raw(one.data)) for one in told], ["d" + key for key in docs]))


def _head(entry: Entry) -> bytes:
    """What an entry says of itself up to its kind, the rest of which a script takes from the kept one: the first two of a list of 4."""
    owner = entry.owner
    return b"\x94" + encode(None if entry.fingerprint == owner else entry.fingerprint) + encode(owner)


def _after(kept: bytes) -> tuple[tuple[str, int, int], ...]:
    if not kept:
        return ()
    words = kept.split(b"\0")
    return tuple((words[at].decode(), int(words[at + 1]), int(words[at + 2])) for at in range(0, len(words) - 1, 3))


# Reads


def read_fields(reads: Sequence[Read]) -> list[str]:
    """The fields that reads ask for, each once, and first the mark that says which entries are forgotten."""
    fields = [MARK]
    for read in reads:
        fields += ["d" + key for key in read.docs]
        fields += ["c" + key for key in read.counters]
        if read.entry is not None:
            fields.append("i" + read.entry)
    return fields if len(reads) == 1 else list(dict.fromkeys(fields))


def views(reads: Sequence[Read], kept: Mapping[str, bytes | None]) -> list[View]:
    """The views that the values of those fields make."""
    found = []
    for read in reads:
        docs = {key: doc(kept["d" + key]) for key in read.docs}
        counters = {key: counter(kept["c" + key]) for key in read.counters}
        known = None if read.entry is None else kept["i" + read.entry]
        found.append(View(docs, counters, None if known is None else _unless_forgotten(read.entry or "", known, kept[MARK])))
    return found


def _unless_forgotten(id: str, kept: bytes, mark: bytes | None) -> Entry | None:  # noqa: A002 - the field's name
    found = entry(id, kept)
    if mark is not None:
        before, upto = mark.split(b" ")[:2]
        if found.cursor < int(upto) and found.at < int(before):
            return None
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


def requests(commits: Sequence[Commit], before: int | None = None) -> bytes:
    """Commits as the script takes them.

    Args:
        commits: checked.
        before: forget the entries with an earlier ``at`` in the same step; None: forget nothing.
    """
    places = {LAST: 1, MARK: 2, HELD: 3}  # field → its number; all are read at once
    place = places.setdefault
    asked: list[tuple[object, ...]] = []
    for commit in commits:
        expected: list[object] = []
        puts: list[object] = []
        counters: list[tuple[int, int, int | None]] = []
        lines: list[object] = []
        for key, version in commit.expect.items():
            number = place("d" + key, len(places) + 1)
            expected += number, f"{version}:" if version else ""
            data = commit.put.get(key)
            if data is not None:
                puts += number, _raw(b"%d:%b" % (version + 1, data))
        limits = commit.limits
        for key, delta in commit.add.items():
            delta = max(-_BEYOND, min(delta, _BEYOND))  # noqa: PLW2901 - the one to send
            counters.append((place("c" + key, len(places) + 1), delta, limits.get(key)))
        for key, limit in limits.items():
            if key not in commit.add:
                counters.append((place("c" + key, len(places) + 1), 0, limit))
        ids = [place("i" + entry.id, len(places) + 1) for entry in commit.entries]
        for entry in commit.entries:
            lines += place("o" + entry.owner, len(places) + 1), _line(entry)
        asked.append((ids, expected, counters, lines, puts))
    if before is not None:
        asked[-1] += (str(before),)
    return encode((list(places), asked))


def outcome(commit: Commit, reply: bytes | Sequence[bytes | None]) -> Outcome:
    """What the script's answer to a commit says."""
    if isinstance(reply, bytes):
        return Committed(_stored(commit.entries, reply))
    sign = reply[0]
    if sign == b"=":
        asked = commit.entries[int(reply[1] or 0)]
        known = entry(asked.id, reply[2] or b"")
        return Replayed(known) if asked.fingerprint == known.fingerprint else Conflict(known)
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
