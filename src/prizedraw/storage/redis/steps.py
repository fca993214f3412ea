"""Which commands each operation of the store takes, and what their answers mean: generators that do no I/O.

A step yields an Ask and is sent its answer, or has the server's error thrown in; it yields a Pause to wait. ``sync`` and ``aio``
carry them out, so whatever is decided about an answer is decided here, once.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from redis.exceptions import NoScriptError

from prizedraw.errors import StorageBusy, StorageError
from prizedraw.storage.home import check_redaction
from prizedraw.storage.protocol import Commit, Counter, Doc, Entry, Page, Read
from prizedraw.storage.redis import layout, scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prizedraw.storage.protocol import Outcome, View
    from prizedraw.storage.redis.layout import Keys
    from prizedraw.storage.redis.scripts import Script

T = TypeVar("T")

AT_ONCE = 100
"""Commits in one call of the script, and SWEPT entries dropped in one, so that the server is kept for about a millisecond."""
SWEPT = 200
LOOKED_AT = 500
"""Entries that one call looks through for those of a kind."""
NAMED = 1000
"""Documents or counters that one call lists."""

LEASE = 10_000
"""Milliseconds after which a lock whose holder has died is free; a living holder needs a hundredth of that."""
HELD = 250
"""Milliseconds for which others' commits stand back for a holder: much longer than it needs, and short if it has died."""
TURN = 1.0
"""Seconds for which a commit stands back at most."""
PLACE = 1_000
"""Milliseconds after which a place in the queue of a lock is given up, unless it was asked for again."""
NEXT = 0.001
"""Seconds between two looks at a lock, for each that stands before."""
LONGEST = 0.05

_NO_CURSOR = 2**53 - 1


class Ask(NamedTuple):
    """A command to send.

    Attributes:
        args: the command and its arguments.
        key: tells the node of a cluster; None: ask every primary and answer a list of what each says.
        write: whether it may change anything.
        then: a second command to send with it on the same connection; the answer is then a pair.
    """

    args: tuple[Any, ...]
    key: bytes | None = None
    write: bool = False
    then: tuple[Any, ...] | None = None


class Pause(NamedTuple):
    """A wait, in seconds."""

    seconds: float


Steps: TypeAlias = Generator[Ask | Pause, Any, T]
WaitAof: TypeAlias = tuple[int, int, float]
"""Servers (0 or 1), replicas, and seconds to wait until they have flushed a commit to their append-only file."""


def call(
    script: Script, keys: Sequence[bytes], *args: bytes | str | int, write: bool = False, then: tuple[Any, ...] | None = None
) -> Steps[Any]:
    """Run a script; the server is told its text only if it does not know it, as after a restart."""
    try:
        return (yield Ask(("EVALSHA", script.sha, len(keys), *keys, *args), keys[0], write, then))
    except NoScriptError:
        return (yield Ask(("EVAL", script.text, len(keys), *keys, *args), keys[0], write, then))


def read(keys: Keys, reads: Sequence[Read]) -> Steps[list[View]]:
    """Answer reads from one snapshot: one command, which is one."""
    fields = layout.read_fields(reads)
    found = yield Ask(("HMGET", keys.kept, *fields), keys.kept)
    return layout.views(reads, dict(zip(fields, found, strict=True)))


def commit(keys: Keys, commits: Sequence[Commit], wait_aof: WaitAof | None = None, *, inside: bool = False) -> Steps[list[Outcome]]:
    """Apply commits in order, AT_ONCE in a call; after those who hold a document that is put, unless this is from ``inside`` a block.

    Raises:
        StorageError: they are made, but not as many servers have flushed them in time as ``wait_aof`` wants.
    """
    for one in commits:
        layout.check(one)
    outcomes: list[Outcome] = []
    for start in range(0, len(commits), AT_ONCE):
        some = commits[start : start + AT_ONCE]
        asked = layout.requests(some)
        replies = yield from _flushed(scripts.COMMIT, keys, asked, b"" if inside else b"1", wait_aof=wait_aof)
        if not replies:
            docs, token = list({key for one in some for key in one.put}), new_token()
            with suppress(StorageBusy):  # it is for their sake only
                yield from lock(keys, docs, token, TURN)
            replies = yield from _flushed(scripts.COMMIT, keys, asked, b"", wait_aof=wait_aof)
            yield from unlock(keys, docs, token)
        outcomes += map(layout.outcome, some, replies)
    return outcomes


def _flushed(script: Script, keys: Keys, *args: bytes, wait_aof: WaitAof | None) -> Steps[list[Any]]:
    """Run a script that commits, and wait as ``wait_aof`` wants."""
    if wait_aof is None:
        return (yield from call(script, keys, *args, write=True))  # type: ignore[no-any-return]  # what the scripts answer
    local, replicas, seconds = wait_aof
    then = ("WAITAOF", local, replicas, max(1, round(seconds * 1000)))
    replies, flushed = yield from call(script, keys, *args, write=True, then=then)
    if not isinstance(flushed, list) or flushed[0] < local or flushed[1] < replicas:
        raise StorageError(
            f"the commit is made, but {local} servers and {replicas} replicas have not confirmed within {seconds:g} s that they "
            f"flushed it (they answered {flushed}); try again with the same request id, which is safe"
        )
    return replies  # type: ignore[no-any-return]  # as above


def entry(keys: Keys, id: str) -> Steps[Entry | None]:  # noqa: A002 - the field's name
    """The entry of an id."""
    return (yield from read(keys, (Read(entry=id),)))[0].entry


def entries(keys: Keys, owner: str | None, kind: str | None, after: str | None, limit: int, newest_first: bool) -> Steps[Page[Entry]]:
    """One page of the journal."""
    low = 1 if after is None or newest_first else int(after) + 1
    high = _NO_CURSOR if after is None or not newest_first else int(after) - 1
    found: list[Entry] = []
    while len(found) <= limit:
        many = LOOKED_AT if kind is not None else min(limit + 1 - len(found), LOOKED_AT)
        asked = ("" if owner is None else "o" + owner, "" if kind is None else "k" + kind)
        ids, lines, last = yield from call(scripts.LINES, keys, *asked, low, high, "1" if newest_first else "", many)
        found += [layout.entry(id.decode(), line) for id, line in zip(ids, lines, strict=True)]  # noqa: A001 - the field's name
        if last is None:
            break
        if newest_first:
            high = int(last) - 1
        else:
            low = int(last) + 1
    more = len(found) > limit
    return Page(tuple(found[:limit]), str(found[limit - 1].cursor) if more else None)


def docs(keys: Keys, prefix: str, after: str | None, limit: int) -> Steps[Page[tuple[str, Doc]]]:
    """One page of documents."""
    return (yield from _named(keys, "d", layout.doc, prefix, after, limit))


def counters(keys: Keys, prefix: str, after: str | None, limit: int) -> Steps[Page[tuple[str, Counter]]]:
    """One page of counters."""
    return (yield from _named(keys, "c", layout.counter, prefix, after, limit))


def _named(
    keys: Keys, sort: str, parse: Callable[[bytes | None], T], prefix: str, after: str | None, limit: int
) -> Steps[Page[tuple[str, T]]]:
    """One page of names and what is kept under them. No UTF-8 text holds the byte 255, so it ends those with the prefix."""
    start = ("[" + sort + prefix if after is None else "(" + sort + after).encode()
    end = ("(" + sort + prefix).encode() + b"\xff"
    found: list[tuple[str, T]] = []
    while len(found) <= limit:
        many = min(limit + 1 - len(found), NAMED)
        names, values = yield from call(scripts.NAMES, keys, start, end, many)
        found += [(name[1:].decode(), parse(value)) for name, value in zip(names, values, strict=True)]
        if len(names) < many:
            break
        start = b"(" + names[-1]
    return Page(tuple(found[:limit]), found[limit - 1][0] if len(found) > limit else None)


def forget(keys: Keys, before: int, checkpoint: Entry) -> Steps[int]:
    """Drop entries: the commit of the checkpoint hides all of them at once, then they are swept away a few at a time.

    Who comes upon a sweep that was left unfinished finishes it first.
    """
    asked = layout.requests((Commit({}, entries=(checkpoint,)),), before)
    while True:
        reply = (yield from call(scripts.COMMIT, keys, asked, write=True))[0]
        if reply != [b"!"]:
            break
        yield from _sweep(keys)
    if not isinstance(reply, bytes):
        yield from _sweep(keys)
        return 0
    cursor, dropped = yield from _sweep(keys)
    return dropped if cursor == int(reply[1:].partition(b"\0")[0]) else 0


def redact(keys: Keys, commit: Commit, entries: Sequence[Entry], docs: Sequence[str], wait_aof: WaitAof | None = None) -> Steps[Outcome]:
    """Apply a commit and, where it is Committed, rewrite entries and drop documents, all of them in one call.

    What a forgetting has hidden is swept away first, so that nothing keeps the owner's name.

    Raises:
        ValueError: a document is dropped that the commit does not guard, or puts.
        StorageError: see ``commit``.
    """
    layout.check(commit)
    check_redaction(commit, docs)
    asked = layout.requests((commit,)), layout.redaction(entries, docs)
    while True:
        (reply,) = yield from _flushed(scripts.REDACT, keys, *asked, wait_aof=wait_aof)
        if reply != [b"!"]:
            return layout.outcome(commit, reply)
        yield from _sweep(keys)


def _sweep(keys: Keys) -> Steps[tuple[int, int]]:
    """Sweep to the end; the cursor of the checkpoint that it was for, and how many entries were dropped."""
    while True:
        waiting, cursor, dropped = yield from call(scripts.SWEEP, keys, SWEPT, write=True)
        if not waiting:
            return int(cursor), int(dropped)


def now(keys: Keys) -> Steps[datetime]:
    """The clock of the server of a home."""
    seconds, micros = yield Ask(("TIME",), keys.kept)
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(micros))


# Locks


def lock(keys: Keys, docs: Sequence[str], token: str, wait: float) -> Steps[None]:
    """Stand in the queues of documents until first in all of them.

    Raises:
        StorageBusy: that took longer than ``wait`` seconds; the places are given up.
    """
    began = monotonic()
    queues, fields = (keys.kept, *layout.locks(keys, docs)), ["d" + key for key in docs]
    while before := (yield from call(scripts.LOCK, queues, token, PLACE, LEASE, HELD, *fields, write=True)):
        waited = monotonic() - began
        if waited >= wait:
            yield from unlock(keys, docs, token)
            raise StorageBusy(f"other writers kept the document for {waited:.3g} s; nothing was written, try again", waited=waited)
        yield Pause(min(NEXT * before, LONGEST, max(0.0, wait - waited)))


def unlock(keys: Keys, docs: Sequence[str], token: str) -> Steps[None]:
    """Leave the queues; the next one's turn comes when it looks."""
    yield from call(scripts.UNLOCK, (keys.kept, *layout.locks(keys, docs)), token, write=True)


def new_token() -> str:
    """A name in the queue that no one else has."""
    return secrets.token_hex(8)
