"""What the PostgreSQL store does, as generators that do no I/O: they yield statements and are sent the rows.

The order of statements lives here, once for both stores; ``storage.postgres`` and ``storage.postgres_aio`` carry them out. Two ways
lead to a commit:

- The usual one, a draw, is one statement, which changes everything and commits, or fails and changes nothing. It never tells what
  was wrong.
- The careful way locks what the commits name, loads it, applies the law of commits (``storage.home``) to it, and writes what
  became dirty: any number of commits in one transaction, each row read once and written once. It is what remains after the usual
  way has failed, for commits that are not usual, and for many at once.

Locks that others wait for are not held while the disk is written. Such a commit is made with synchronous_commit off, which ends its locks,
and then the store waits for the disk: with the commit of a message that nobody reads, whose place in the server's log is behind it
(``flush``). In between others see what a crash could still take. Whatever they write on the strength of it lies behind it in the log
as well, so a crash takes both or neither; and what they only read is told to nobody before it is on disk: every answer that shows a
journal entry waits for the disk first.

Locks are taken in one order: guarded documents, documents to be put, counters, each sorted by key; the journal last. Every
decision is made on rows that are locked, and what could not be locked because it was absent is inserted: where another
transaction has inserted it meanwhile, the unique index says so, and all is done again.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from msgspec.structs import replace

from prizedraw.errors import StorageBusy, StorageError, StorageVersion
from prizedraw.storage import postgres_schema
from prizedraw.storage.home import Kept, check_redaction
from prizedraw.storage.postgres_errors import Collision
from prizedraw.storage.postgres_rows import after_of, after_text, blobs, entry, integers, json_text, optional_texts, texts
from prizedraw.storage.postgres_schema import in_schema
from prizedraw.storage.postgres_sql import FEW, Statements, wanted
from prizedraw.storage.protocol import (
    MAX_INTEGER,
    NO_LIMIT,
    Commit,
    Committed,
    Conflict,
    Counter,
    Doc,
    Entry,
    Outcome,
    Page,
    Read,
    Refused,
    Replayed,
    Stale,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Ask(NamedTuple):
    """A statement.

    Attributes:
        sql: one statement; several, divided by semicolons, where there are no parameters.
        params: None where there are none and no rows are wanted.
        settles: whether it may commit, so that the loss of the connection leaves open whether it did.
    """

    sql: bytes
    params: tuple[Any, ...] | None = None
    settles: bool = False


class Pause(NamedTuple):
    """Wait so many seconds."""

    seconds: float
    settles: bool = False


Steps: TypeAlias = Generator[Ask | Pause, Any, T]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_WAIT = 2**31 - 1
"""Milliseconds, as PostgreSQL counts them."""
CONTENDED = 0.3
"""The share of the last commits that had to wait for a counter (half a millisecond) from which on commits are quick. Where few wait,
the second commit that this takes costs more than it gains."""
MEMORY = 0.25
"""The weight of the last commit in that share."""
PATIENCE = (0.001, 0.05)
"""Seconds between two looks at whether a writer has ended: the first, and the longest."""


class _Bounds(NamedTuple):
    """The statements that begin and end a careful attempt: a transaction of its own, or a part of one."""

    begin: Ask
    commit: Ask
    undo: Ask


WITHIN = _Bounds(Ask(b"SAVEPOINT attempt"), Ask(b"RELEASE SAVEPOINT attempt"), Ask(b"ROLLBACK TO SAVEPOINT attempt"))
"""Inside an exclusive block."""
ROLLBACK = Ask(b"ROLLBACK")
END = Ask(b"COMMIT", settles=True)


def milliseconds(seconds: float) -> int:
    """As PostgreSQL takes a timeout, rounded up; at least 1, for 0 would be none."""
    return max(1, ceil(min(seconds * 1000, LONGEST_WAIT)))


def begin(wait: float) -> Ask:
    """Begin a transaction in which no lock is waited for longer than ``wait`` seconds."""
    return Ask(b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = %d" % milliseconds(wait))


def begin_quick(wait: float) -> Ask:
    """As ``begin``; the commit does not wait for the disk."""
    return begin(wait)._replace(sql=begin(wait).sql + b"; SET LOCAL synchronous_commit = off")


def lock_number(*names: str) -> int:
    """The number of an advisory lock, the same in every process: 64 bits of a digest."""
    digest = blake2b("\0".join(names).encode(), digest_size=8, person=b"prizedraw").digest()
    return int.from_bytes(digest, "big", signed=True)


class Procedures:
    """Everything that a store of one schema can be asked for, as steps.

    Args:
        schema: where its tables are.
        wait: seconds that a commit outside an exclusive block waits for a lock.
    """

    def __init__(self, schema: str, wait: float) -> None:
        self.schema = schema
        self.sql = Statements(schema)
        self.wait = wait
        self.durability = "As durable as the server's synchronous_commit says, which is on unless somebody changed it."
        self.bounded = False
        """Whether every session bounds how long a lock is waited for, so that no statement need do so; see ``bound``."""
        self._patience = str(milliseconds(wait))
        self._flush = Ask(self.sql.flush, ())
        self._waiting = 0.0
        """The share of the last commits that had to wait for a counter."""
        self._settled: dict[str, int] = {}
        """Home → a cursor up to which no entry is on its way any more."""
        self._on_disk: dict[str, int] = {}
        """Home → a cursor up to which every entry that was seen is on disk."""

    # --- opening ---

    def open(self) -> Steps[None]:
        """Create the schema, upgrade it to the newest layout, or check it.

        Raises:
            StorageVersion: a newer version of prizedraw made it, or an older one and the role may not change it.
            StorageError: it cannot be used as it is; the message says what to do.
        """
        newest = len(postgres_schema.LAYOUTS)
        layout, _ = yield from self._layout()
        if layout < newest:
            yield begin(self.wait)
            yield Ask(b"SELECT pg_advisory_xact_lock(%s)", (lock_number("schema", self.schema),))
            layout, has_schema = yield from self._layout()
            if layout < newest:
                yield from self._upgrade(layout, has_schema=has_schema)
                layout = newest
            yield END
        if layout > newest:
            raise StorageVersion(
                f"the schema {self.schema!r} has layout {layout}, made by a newer version of prizedraw; this one knows layouts up to "
                f"{newest}; upgrade prizedraw"
            )
        if not (yield Ask(self.sql.rights, ()))[0][0]:
            raise StorageError(
                f"the role may not read and write the tables in schema {self.schema!r}; let their owner run:\n"
                + in_schema(postgres_schema.GRANTS, self.schema).replace("{role}", "the_role")
            )

    def bound(self, *, own: bool) -> Steps[None]:
        """Bound how long a new session waits for a lock, if it has a backend of its ``own``; a pooler would lend that to others."""
        self.bounded = own
        if own:
            yield Ask(b"SELECT set_config('lock_timeout', %s, false)", (self._patience,))

    def schema_version(self) -> Steps[int]:
        """The version of the layout that is there, 0 if there is none."""
        return (yield from self._layout())[0]

    def _layout(self) -> Steps[tuple[int, bool]]:
        """The version of the layout that is there, 0 if there is none, and whether the schema is."""
        # Asked of the tables: to_regclass() may answer from a cache that is older than the lock.
        encoding, flushed, fsync, has_schema, has_layout = (yield Ask(self.sql.layout, (self.schema, self.schema)))[0]
        if encoding != "UTF8":
            raise StorageError(f"the database is encoded in {encoding}, which cannot hold every text; use one made with ENCODING 'UTF8'")
        self.durability = _durability(flushed, fsync)
        return (yield Ask(self.sql.version, ()))[0][0] if has_layout else 0, has_schema

    def _upgrade(self, layout: int, *, has_schema: bool) -> Steps[None]:
        """Run what is missing from a layout to the newest."""
        try:
            if not has_schema:
                yield Ask(in_schema(postgres_schema.SCHEMA, self.schema).encode())
            yield Ask(in_schema(postgres_schema.upgrade(layout), self.schema).encode())
        except StorageBusy:
            raise
        except StorageError as error:
            if layout:
                raise StorageVersion(
                    f"{error}; the schema {self.schema!r} has layout {layout} of an older version of prizedraw and could not be upgraded: "
                    "run prizedraw migrate as the owner of its tables, or let them run "
                    f"PostgresStore.ddl({self.schema!r}, since={layout}, role=…) in one transaction"
                ) from error
            raise StorageError(
                f"{error}; the tables in schema {self.schema!r} could not be made: let somebody who may create them run "
                f"PostgresStore.ddl({self.schema!r}, role=…), which begins:\n{postgres_schema.ddl(self.schema):.200}…"
            ) from error

    # --- reading ---

    def read(self, home: str, reads: Sequence[Read]) -> Steps[list[View]]:
        """Answer all reads from one snapshot, in one statement."""
        if len(reads) == 1:  # the usual call
            docs, counters, name = reads[0].docs, reads[0].counters, reads[0].entry
            ids: tuple[str, ...] = () if name is None else (name,)
        else:
            docs = tuple({key for read in reads for key in read.docs})
            counters = tuple({key for read in reads for key in read.counters})
            ids = tuple({read.entry for read in reads if read.entry is not None})
        kept = Kept()
        if docs or counters or ids:
            params = [part for keys in (docs, counters, ids) if keys for part in wanted(home, keys)]
            _load(kept, (yield Ask(self.sql.look_up(len(docs), len(counters), len(ids)), tuple(params))))
        if kept.ids:
            yield self._flush
        return [kept.view(read) for read in reads]

    # --- committing ---

    def commit(self, home: str, commits: Sequence[Commit]) -> Steps[list[Outcome]]:
        """Apply each commit, the usual way if that is possible."""
        if len(commits) == 1 and _is_usual(commits[0]):
            try:
                return [(yield from self._commit_one(home, commits[0]))]
            except Collision:
                pass
        outcomes = yield from self._commit_carefully(home, commits, _Bounds(begin_quick(self.wait), END, ROLLBACK))
        if any(not isinstance(outcome, (Stale, Refused)) for outcome in outcomes):
            yield self._flush._replace(settles=True)
        return outcomes

    def commit_within(self, home: str, commits: Sequence[Commit]) -> Steps[list[Outcome]]:
        """Apply each commit inside an exclusive block."""
        if len(commits) == 1 and _is_usual(commits[0]):
            yield WITHIN.begin
            try:
                outcome = yield from self._commit_one(home, commits[0], inside=True)
            except Collision:
                yield WITHIN.undo
            else:
                yield WITHIN.commit
                return [outcome]
        return (yield from self._commit_carefully(home, commits, WITHIN))

    def _commit_one(self, home: str, commit: Commit, *, inside: bool = False) -> Steps[Outcome]:
        expect, put, add, limits, (line,) = commit.expect, commit.put, commit.add, commit.limits, commit.entries
        counters = sorted(add.keys() | limits.keys()) if limits else sorted(add)
        quick = not inside and bool(counters) and self._waiting > CONTENDED
        shape = ""
        params: list[Any] = [] if self.bounded else [self._patience]
        for key in sorted(expect, key=lambda key: (key in put, key)):
            version = expect[key]
            if key not in put:
                shape += "g"
                params += home, key, str(version)
            elif version:
                shape += "p"
                params += put[key], home, key, str(version)
            else:
                shape += "n"
                params += home, key, put[key]
        for key in counters:
            delta, limit = str(add.get(key, 0)), limits.get(key)
            if limit is None:
                shape += "m"
                params += delta, home, key, delta, json_text(key)
            else:
                shape += "l"
                params += delta, str(limit), home, key, delta, str(MAX_INTEGER if limit == NO_LIMIT else limit), json_text(key)
        params += home, line.id, line.fingerprint, line.owner, line.kind, str(line.at), line.data
        rows = yield Ask(self.sql.usual(shape, quick=quick, bounded=self.bounded), tuple(params), settles=True)
        if not rows:
            raise Collision("a document or a counter is not as it was expected")
        if quick:
            yield self._flush._replace(settles=True)
        cursor, after, waited = rows[0]
        if counters:
            self._waiting += MEMORY * (waited - self._waiting)
        return Committed((Entry(line.id, line.fingerprint, line.owner, line.kind, line.at, line.data, cursor, after_of(after)),))

    def _commit_carefully(self, home: str, commits: Sequence[Commit], bounds: _Bounds) -> Steps[list[Outcome]]:
        if not commits:
            return []
        deadline = monotonic() + self.wait
        while True:
            try:
                yield bounds.begin
                loaded = yield from self._load(home, commits)
                outcomes = [loaded.apply(commit) for commit in commits]
                yield from self._write(home, loaded)
                yield bounds.commit
            except Collision:
                yield bounds.undo
                if monotonic() > deadline:
                    raise  # the store says that it is busy
            else:
                return loaded.told(outcomes)

    def _load(self, home: str, commits: Sequence[Commit]) -> Steps[_Loaded]:
        """Lock and read everything that the commits name; the entries last, when nobody can add one for these documents."""
        put = {key for commit in commits for key in commit.put}
        guards = {key for commit in commits for key in commit.expect} - put
        absent = sorted(key for commit in commits for key, version in commit.expect.items() if version == 0 and key in guards)
        counters = {key for commit in commits for changes in (commit.add, commit.limits) for key in changes}
        loaded = _Loaded()
        if absent:
            yield Ask(self.sql.keep_absent, (home, texts(absent)))
        for sql, keys in (
            (self.sql.share_docs, guards),
            (self.sql.lock_docs, put),
            (self.sql.lock_counters, counters),
        ):
            if keys:
                _load(loaded, (yield Ask(sql, (home, texts(sorted(keys))))))
        ids = sorted({line.id for commit in commits for line in commit.entries})
        if ids:
            _load(loaded, (yield Ask(self.sql.look_up(0, 0, len(ids)), tuple(wanted(home, ids)))))
        loaded.note()
        return loaded

    def _write(self, home: str, loaded: _Loaded) -> Steps[None]:
        """Write what changed, each row once, in one statement; the entries get their cursors."""
        sql, docs, counters, journal = self.sql, loaded.docs, loaded.counters, loaded.journal
        parts: list[bytes] = []
        params: list[Any] = []
        for statement, keys, is_new in ((sql.put, loaded.put & loaded.old_docs, False), (sql.put_new, loaded.put - loaded.old_docs, True)):
            if keys:
                names = sorted(keys)
                parts.append(statement)
                columns = (texts(names), integers([docs[key].version for key in names]), blobs([docs[key].data for key in names]))
                params += (home, *columns) if is_new else (*columns, home)
        for statement, keys, is_new in (
            (sql.move, loaded.moved & loaded.old_counters, False),
            (sql.move_new, loaded.moved - loaded.old_counters, True),
        ):
            if keys:
                names = sorted(keys)
                parts.append(statement)
                columns = (texts(names), integers([counters[key].value for key in names]), integers([counters[key].limit for key in names]))
                params += (home, *columns) if is_new else (*columns, home)
        if journal:
            params += (
                home,
                texts([line.id for line in journal]),
                texts([line.fingerprint for line in journal]),
                texts([line.owner for line in journal]),
                texts([line.kind for line in journal]),
                integers([line.at for line in journal]),
                blobs([line.data for line in journal]),
                optional_texts([after_text(line.after) for line in journal]),
            )
        if parts or journal:
            changes = b", ".join(b"part%d AS (%s)" % numbered for numbered in enumerate(parts))
            rows = yield Ask(
                (b"WITH " + changes if parts else b"") + b" " + (sql.append if journal else b"SELECT 0 WHERE false"), tuple(params)
            )
            loaded.cursors = sorted(cursor for (cursor,) in rows)

    # --- exclusivity ---

    def enter(self, home: str, docs: Sequence[str], wait: float) -> Steps[None]:
        """Let those who ask for these documents take turns, until the transaction ends.

        By advisory locks alone. Were the rows locked here, a commit inside that needs a row which sorts before them could wait in a circle
        with writers who lock in order.
        """
        yield begin_quick(wait)
        numbers = sorted(lock_number("doc", self.schema, home, key) for key in docs)
        if numbers:
            yield Ask(b"SELECT pg_advisory_xact_lock(n) FROM unnest(%s::bigint[]) AS n", (integers(numbers),))

    def leave(self) -> Steps[None]:
        """The end of an exclusive block: what was committed on its handle is seen, others have their turn, and the disk is waited for."""
        yield END
        yield self._flush._replace(settles=True)

    # --- listings ---

    def entry(self, home: str, name: str) -> Steps[Entry | None]:
        """The entry of this id, or None."""
        return (yield from self.read(home, (Read(entry=name),)))[0].entry

    def entries(
        self, home: str, owner: str | None, kind: str | None, after: str | None, limit: int, *, newest_first: bool
    ) -> Steps[Page[Entry]]:
        """One page of the journal.

        Cursors are given when an entry is inserted, and entries are seen when their transaction has ended, so an entry may turn
        up below one that was seen before: not within an owner, whose document is locked first, but in a whole home. Who reads
        upwards would miss it. So the writers that are on their way are waited for, and the page is read again, up to where the
        first look has seen; every writer of an entry below has either been seen as a writer or had ended by then.
        """
        low = 0 if after is None or newest_first else int(after)
        high = MAX_INTEGER if after is None or not newest_first else int(after)
        rows = yield self._entries(home, owner, kind, low, high, limit, newest_first=newest_first)
        if rows and owner is None and not newest_first and rows[-1][6] > self._settled.get(home, 0):
            last = rows[-1][6]
            yield from self._writers_end()
            rows = yield self._entries(home, owner, kind, low, last + 1, limit, newest_first=False)
            self._settled[home] = max(last, self._settled.get(home, 0))
        newest = max((row[6] for row in rows), default=0)
        if newest > self._on_disk.get(home, 0):
            yield self._flush
            self._on_disk[home] = newest
        found = tuple(map(entry, rows[:limit]))
        return Page(found, str(found[-1].cursor) if len(rows) > limit else None)

    def _entries(self, home: str, owner: str | None, kind: str | None, low: int, high: int, limit: int, *, newest_first: bool) -> Ask:
        sql = self.sql.list_entries
        params: list[Any] = [home, low, high]
        for column, value in ((b"owner", owner), (b"kind", kind)):
            if value is not None:
                sql += b" AND " + column + b" = %s"
                params.append(value)
        return Ask(sql + b" ORDER BY cursor " + (b"DESC" if newest_first else b"ASC") + b" LIMIT %s", (*params, limit + 1))

    def _writers_end(self) -> Steps[None]:
        """Wait until every transaction that writes entries now has ended."""
        writers = set((yield Ask(self.sql.writers, ())))
        pause, longest = PATIENCE
        waited = 0.0
        while writers:
            if waited > self.wait:
                raise StorageBusy(
                    f"a transaction that writes the journal has not ended for {waited:.3g} s, and what follows it cannot be told; "
                    "look for it in pg_stat_activity",
                    waited=waited,
                )
            yield Pause(pause)
            waited, pause = waited + pause, min(2 * pause, longest)
            writers &= set((yield Ask(self.sql.writers, ())))

    def docs(self, home: str, prefix: str, after: str | None, limit: int) -> Steps[Page[tuple[str, Doc]]]:
        """One page of documents."""
        rows = yield from self._listed(self.sql.list_docs, home, prefix, after, limit)
        items = tuple((key, Doc(version, data)) for key, version, data in rows[:limit])
        return Page(items, items[-1][0] if len(rows) > limit else None)

    def counters(self, home: str, prefix: str, after: str | None, limit: int) -> Steps[Page[tuple[str, Counter]]]:
        """One page of counters."""
        rows = yield from self._listed(self.sql.list_counters, home, prefix, after, limit)
        items = tuple((key, Counter(value, ceiling)) for key, value, ceiling in rows[:limit])
        return Page(items, items[-1][0] if len(rows) > limit else None)

    def _listed(self, sql: bytes, home: str, prefix: str, after: str | None, limit: int) -> Steps[list[Any]]:
        start, key = (b">=", prefix) if after is None else (b">", after)
        rows = yield Ask(sql.replace(b"{start}", start), (home, key, limit + 1))
        return [row for row in rows if row[0].startswith(prefix)]

    # --- the rest ---

    def forget(self, home: str, before: int, checkpoint: Entry) -> Steps[int]:
        """Append the checkpoint, and drop what is older than ``before`` and comes before it."""
        deadline = monotonic() + self.wait
        while True:
            try:
                yield begin(self.wait)
                loaded = yield from self._load(home, (Commit({}, entries=(checkpoint,)),))
                outcome = loaded.apply(Commit({}, entries=(checkpoint,)))
                if not isinstance(outcome, Committed):
                    yield ROLLBACK
                    return 0
                yield from self._write(home, loaded)
                dropped = (yield Ask(self.sql.forget, (home, before, loaded.cursors[0])))[0][0]
                yield END
            except Collision:
                yield ROLLBACK
                if monotonic() > deadline:
                    raise  # the store says that it is busy
            else:
                return dropped  # type: ignore[no-any-return]  # a count

    def redact(self, home: str, commit: Commit, entries: Sequence[Entry], docs: Sequence[str]) -> Steps[Outcome]:
        """Apply a commit and, where it is Committed, rewrite entries and drop documents in its transaction."""
        check_redaction(commit, docs)
        locked = replace(commit, put={**commit.put, **dict.fromkeys(docs, b"")})  # what is dropped is locked as what is put
        deadline = monotonic() + self.wait
        while True:
            try:
                yield begin(self.wait)
                loaded = yield from self._load(home, (locked,))
                outcome = loaded.apply(commit)
                if not isinstance(outcome, Committed):
                    yield ROLLBACK
                    return outcome
                yield from self._write(home, loaded)
                ids, owners = texts([one.id for one in entries]), texts([one.owner for one in entries])
                asked, contents = texts([one.fingerprint for one in entries]), blobs([one.data for one in entries])
                yield Ask(self.sql.redact, (ids, owners, asked, contents, home))
                yield Ask(self.sql.drop_docs, (home, texts(list(docs))))
                yield END
            except Collision:
                yield ROLLBACK
                if monotonic() > deadline:
                    raise  # as above
            else:
                return loaded.told([outcome])[0]

    def now(self) -> Steps[datetime]:
        """The server's clock."""
        ((microseconds,),) = yield Ask(self.sql.now, ())
        return EPOCH + timedelta(microseconds=microseconds)


class _Loaded(Kept):
    """What an attempt has locked and read, and what it has changed."""

    __slots__ = ("cursors", "moved", "old_counters", "old_docs", "put")

    def __init__(self) -> None:
        super().__init__()
        self.put: set[str] = set()
        self.moved: set[str] = set()
        self.old_docs: frozenset[str] = frozenset()
        self.old_counters: frozenset[str] = frozenset()
        self.cursors: list[int] = []

    def note(self) -> None:
        """Note which rows are there."""
        self.old_docs, self.old_counters = frozenset(self.docs), frozenset(self.counters)

    def apply(self, commit: Commit) -> Outcome:
        """Apply one commit, and note what it changed."""
        outcome = super().apply(commit)
        if type(outcome) is Committed:
            self.put.update(commit.put)
            self.moved.update(commit.add, commit.limits)
        return outcome

    def told(self, outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes with the cursors that the journal gave."""
        stored = {line.id: replace(line, cursor=cursor) for line, cursor in zip(self.journal, self.cursors, strict=True)}

        def told(outcome: Outcome) -> Outcome:
            if isinstance(outcome, Committed):
                return Committed(tuple(stored[line.id] for line in outcome.entries))
            if isinstance(outcome, (Replayed, Conflict)):
                return type(outcome)(stored.get(outcome.entry.id, outcome.entry))
            return outcome

        return [told(outcome) for outcome in outcomes] if stored else outcomes


def _load(kept: Kept, rows: list[Any]) -> None:
    """Keep the rows of a statement that reads documents (1), counters (2) or entries (3)."""
    for kind, key, first, second, data, fingerprint, owner, what, after in rows:
        if kind == 1:
            kept.docs[key] = Doc(first, data)
        elif kind == 2:
            kept.counters[key] = Counter(first, second)
        else:
            kept.ids[key] = Entry(key, fingerprint, owner, what, second, data, first, after_of(after))


def _is_usual(commit: Commit) -> bool:
    """Whether one statement can judge it: one entry, few documents and counters, none guarded to be absent, all in range."""
    expect, put, add, limits = commit.expect, commit.put, commit.add, commit.limits
    if len(commit.entries) != 1 or len(expect) > FEW or len(add) + len(limits) > 2 * FEW or not put.keys() <= expect.keys():
        return False
    return (
        all(0 < version <= MAX_INTEGER or (version == 0 and key in put) for key, version in expect.items())
        and all(-MAX_INTEGER <= delta <= MAX_INTEGER for delta in add.values())
        and all(NO_LIMIT <= limit <= MAX_INTEGER for limit in limits.values())
    )


def _durability(flushed: str, fsync: str) -> str:
    """What survives, by the server's settings."""
    if fsync == "off":
        return "The server runs with fsync = off: survives the end of its process, and nothing more; a loss of power may destroy it all."
    if flushed == "off":
        return "With synchronous_commit = off: the end of the server may take the commits of its last second, never the consistency."
    if flushed in {"on", "remote_write", "remote_apply"}:
        return f"With synchronous_commit = {flushed}: on disk when a commit returns, and with the synchronous standbys, if there are any."
    return f"With synchronous_commit = {flushed}: on the server's disk when a commit returns, though maybe not on a standby."
