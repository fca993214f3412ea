"""The store in one SQLite file: the embedded default, for many threads and processes.

The statements and the transactions live here. What a commit means does not: a transaction loads what its commits name
into a ``Kept`` (storage.home), which checks and changes it, and writes what became dirty when it ends. Nobody else can
write meanwhile, so it reads each row once and writes each row once, however many commits it holds, and a commit that
fails has written nothing.
"""

# ruff: noqa: SLF001 - the store and its transaction are two halves of one thing
# ruff: noqa: S608 - statements are put together from this module's constants; values are always bound

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import msgspec

from prizedraw.errors import StorageError
from prizedraw.storage.home import Kept, check_redaction
from prizedraw.storage.protocol import (
    ABSENT,
    UNTOUCHED,
    Commit,
    Committed,
    Counter,
    Doc,
    Entry,
    Outcome,
    Page,
    Read,
    View,
)
from prizedraw.storage.sqlite_file import INDEX_EVERY, Connection, busy, is_current, storage_error, translated, upgrade, version_there
from prizedraw.storage.turnstile import Turnstile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from types import TracebackType

COLUMNS = "id, fingerprint, owner, kind, at, data, cursor, after"

JOURNAL = (
    f"SELECT {COLUMNS} FROM entries WHERE +home = :home AND cursor > :low AND cursor < :high "
    "AND owner = coalesce(:owner, owner) AND kind = coalesce(:kind, kind) ORDER BY cursor {order} LIMIT :limit"
)
OWNED = (
    f"SELECT {COLUMNS} FROM owned CROSS JOIN entries USING (cursor) "
    "WHERE owned.home = :home AND owned.owner = :owner AND cursor > :low AND cursor < :high "
    "AND kind = coalesce(:kind, kind) ORDER BY cursor {order} LIMIT :limit"
).replace("owner, kind", "entries.owner, kind")
FIND_HOME = "SELECT home FROM homes WHERE name = ?"
ADD_HOME = "INSERT INTO homes (name) VALUES (?)"
FIND_DOC = "SELECT version, data FROM docs WHERE home = ? AND key = ?"
FIND_COUNTER = "SELECT value, ceiling FROM counters WHERE home = ? AND key = ?"
FIND_ENTRY = (  # and the last cursor: one row always, one statement less in each commit
    f"SELECT last, {COLUMNS} FROM (SELECT max(cursor) AS last FROM entries) LEFT JOIN entries ON home = ? AND id = ?"
)
FIND_DOCS = "SELECT key, version, data FROM docs WHERE home = ? AND key IN (SELECT value FROM json_each(?))"
FIND_ENTRIES = f"SELECT {COLUMNS} FROM entries WHERE home = ? AND id IN (SELECT value FROM json_each(?))"
LAST_CURSOR = "SELECT max(cursor) FROM entries"
PUT_DOC = "REPLACE INTO docs (home, key, version, data) VALUES (?, ?, ?, ?)"
PUT_COUNTER = "REPLACE INTO counters (home, key, value, ceiling) VALUES (?, ?, ?, ?)"
PUT_ENTRY = f"INSERT INTO entries (home, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
LIST_DOCS = "SELECT key, version, data FROM docs WHERE home = ? AND key {start} ? ORDER BY key LIMIT ?"
LIST_COUNTERS = "SELECT key, value, ceiling FROM counters WHERE home = ? AND key {start} ? ORDER BY key LIMIT ?"
FORGET = "DELETE FROM entries WHERE home = ? AND at < ? AND cursor < ?"
INDEX_OWNERS = "INSERT INTO owned SELECT home, owner, cursor FROM entries WHERE cursor > ? AND cursor <= ?"
FORGET_OWNERS = "DELETE FROM owned WHERE home = ? AND cursor NOT IN (SELECT cursor FROM entries)"
FIND_OWNER = "SELECT cursor, owner FROM entries WHERE home = ? AND id = ?"
REDACT = "UPDATE entries SET owner = ?, fingerprint = ?, data = ? WHERE cursor = ?"
REDACT_OWNER = "UPDATE owned SET owner = ? WHERE home = ? AND owner = ? AND cursor = ?"
DROP_DOC = "DELETE FROM docs WHERE home = ? AND key = ?"

NO_CURSOR = 2**63 - 1

MANY = 4
"""Reads from which on one statement for all is faster than one for each."""

FORK_WAIT = 10.0
"""Seconds that a fork waits for transactions in other threads to end; none begins meanwhile."""

SYNCHRONOUS = {"full": "FULL", "normal": "NORMAL"}
SURVIVES = {
    "full": "On disk when a commit returns: survives the end of the process and the loss of power.",
    "normal": "Survives the end of the process; the loss of power may take the last commits, never the consistency.",
}


class SqliteStore:
    """A store in the SQLite file at ``path``, created with its schema at the first use.

    Args:
        path: the file; beside it SQLite keeps ``-wal`` and ``-shm``, and the store ``-turn``, which is only locked.
        durability: "full": a commit that returned survives a loss of power. "normal": a loss of power may take the last
            commits, never the consistency. A killed process loses nothing in either.
        busy_wait: seconds that a commit outside ``exclusive`` waits for other writers before StorageBusy.

    Each row costs O(log rows). Writers take turns in the order of arrival, among threads and among processes.
    """

    lock_first = True

    def __init__(self, path: str | os.PathLike[str], *, durability: str = "full", busy_wait: float = 30.0) -> None:
        if durability not in SYNCHRONOUS:
            raise ValueError(f"durability is {durability!r}; use 'full' or 'normal'")
        if os.fspath(path) in {"", ":memory:"}:
            raise ValueError(f"{os.fspath(path)!r} names no file; use MemoryStore() for a store in memory")
        self._path = Path(path).absolute()
        self._synchronous = SYNCHRONOUS[durability]
        self._busy_wait = busy_wait
        self.durability = SURVIVES[durability]
        self._turnstile = Turnstile.at(self._path.with_name(self._path.name + "-turn"))
        self._homes: dict[str, int] = {}  # numbers of homes that are committed; they never change
        self._mutex = threading.Lock()
        self._door = threading.Lock()  # shut while the process forks
        self._state = "new"
        self._idle: list[Connection] = []
        self._lent: dict[Connection, int] = {}  # and the thread that has it
        _stores.add(self)

    def __repr__(self) -> str:
        return f"<SqliteStore {str(self._path)!r}>"

    def __del__(self) -> None:
        for connection in getattr(self, "_idle", ()):
            connection.close()

    def schema_version(self) -> int:
        """The version of the file's schema; 0 where there is no file, or an empty one."""
        if not self._path.is_file():
            return 0
        with translated(self._path):
            connection = self._connect()
            try:
                return version_there(connection)
            finally:
                connection.close()

    def open(self) -> None:
        """Create the file and its schema, upgrade it, or check it.

        Raises:
            StorageCorrupt: the file is damaged or not a prizedraw store; it is left as it is.
            StorageVersion: a newer version of prizedraw wrote it, or an older one and it cannot be written to.
            StorageBusy: another process kept it locked for ``busy_wait`` seconds.
            StorageError: it cannot be opened or created; the message says why.
        """
        with self._mutex:
            if self._state == "open":
                return
            with translated(self._path):
                self._prepare()
            self._state = "open"

    def close(self) -> None:
        """Close every connection; those in use are closed when they are given back."""
        with self._mutex:
            self._state = "closed"
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def now(self) -> datetime | None:
        """None: the store has no clock of its own."""
        return None

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """Answer each read; all of them from one snapshot."""
        with self._snapshot() as connection:
            return _Loaded(connection, home, self._homes, _Cursors()).read(reads)

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """Apply each commit whole or not at all, in order, in one transaction: a batch costs one flush."""
        with self.exclusive(home, (), self._busy_wait) as transaction:
            return transaction.commit(home, commits)

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> _Transaction:
        """One transaction: the only writer of the file while the block runs, rolled back if the block raises.

        StorageBusy after ``wait`` seconds. Inside the block commit on the handle: the store itself would wait for it.
        """
        return _Transaction(self, wait)

    def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """The entry of this id, or None."""
        return self.read(home, (Read(entry=id),))[0].entry

    def entries(
        self,
        home: str,
        *,
        owner: str | None = None,
        kind: str | None = None,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page[Entry]:
        """One page of the journal; with a kind, O(lines passed over)."""
        low = 0 if after is None or newest_first else int(after)
        high = NO_CURSOR if after is None or not newest_first else int(after)
        order = "DESC" if newest_first else "ASC"
        with self._snapshot() as connection:
            asked = {"home": _number(connection, home, self._homes), "owner": owner, "kind": kind}
            indexed = 0 if owner is None else _indexed(connection.row(LAST_CURSOR)[0] or 0)
            parts = [(OWNED, low, min(high, indexed + 1)), (JOURNAL, max(low, indexed), high)]
            rows: list[Any] = []
            for sql, over, under in reversed(parts) if newest_first else parts:
                if over + 1 < under and len(rows) <= limit:
                    asked |= {"low": over, "high": under, "limit": limit + 1 - len(rows)}
                    rows += connection.run(sql.format(order=order), asked)
        found = tuple(map(_entry, rows[:limit]))
        return Page(found, str(found[-1].cursor) if len(rows) > limit else None)

    def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """One page of the documents whose key starts with ``prefix``, in order of key."""
        rows = self._listed(LIST_DOCS, home, prefix, after, limit)
        items = tuple((key, Doc(version, data)) for key, version, data in rows[:limit])
        return Page(items, items[-1][0] if len(rows) > limit else None)

    def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """One page of the counters whose key starts with ``prefix``, in order of key."""
        rows = self._listed(LIST_COUNTERS, home, prefix, after, limit)
        items = tuple((key, Counter(value, ceiling)) for key, value, ceiling in rows[:limit])
        return Page(items, items[-1][0] if len(rows) > limit else None)

    def _listed(self, sql: str, home: str, prefix: str, after: str | None, limit: int) -> list[Any]:
        """One row more than the limit, if there is one."""
        sql, key = sql.format(start=">=" if after is None else ">"), prefix if after is None else after
        with self._snapshot() as connection:
            rows = connection.run(sql, (_number(connection, home, self._homes), key, limit + 1)).fetchall()
        return [row for row in rows if row[0].startswith(prefix)]

    def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """Drop the entries with ``at < before`` and append ``checkpoint``, or do nothing if that id is known. O(n)."""
        with self.exclusive(home, (), self._busy_wait) as transaction:
            outcome = transaction.commit(home, (Commit({}, entries=(checkpoint,)),))[0]
            if not isinstance(outcome, Committed):
                return 0
            return transaction.drop(home, before, outcome.entries[0].cursor)

    def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """Apply a commit and, only where it is Committed, take back what was written before; until ``compact`` traces may be left."""
        check_redaction(commit, docs)
        with self.exclusive(home, (), self._busy_wait) as transaction:
            outcome = transaction.commit(home, (commit,))[0]
            if isinstance(outcome, Committed):
                transaction.redact(home, entries, docs)
            return outcome

    def compact(self) -> None:
        """Write the file anew without what was dropped, and empty the write-ahead log. Takes the room of the file twice meanwhile.

        StorageBusy after ``busy_wait`` seconds in which other writers, or readers of an old snapshot, were there.
        """
        began = monotonic()
        with translated(self._path):
            if not self._turnstile.enter(self._busy_wait):
                raise busy(self._path, monotonic() - began)
            try:
                connection = self._borrow()
                try:
                    connection.run("VACUUM")
                    while connection.row("PRAGMA wal_checkpoint(TRUNCATE)")[0]:
                        if monotonic() - began > self._busy_wait:
                            raise busy(self._path, monotonic() - began)
                        sleep(0.001)
                finally:
                    self._give_back(connection)
            finally:
                self._turnstile.leave()

    def _prepare(self) -> None:
        """Check the file, or create or upgrade it in a turn of our own, so that many processes may start at once."""
        if self._path.is_dir():
            raise StorageError(f"{str(self._path)!r} is a folder; name a file in it")
        if not self._path.parent.is_dir():
            raise StorageError(f"the folder {str(self._path.parent)!r} does not exist; create it first")
        if self._path.exists() and self._connected(is_current):
            return
        if not self._turnstile.enter(self._busy_wait):
            raise busy(self._path, self._busy_wait)
        try:
            if not self._path.exists():
                self._path.touch()
            self._connected(upgrade)
        finally:
            self._turnstile.leave()

    def _connected(self, action: Callable[[Connection], bool]) -> bool:
        connection = self._connect()
        try:
            done = action(connection)
            if done:
                connection.settle(self._synchronous)
                self._idle.append(connection)
            return done
        finally:
            if connection not in self._idle:
                connection.close()

    def _connect(self) -> Connection:
        return Connection(self._path, self._busy_wait)

    def _borrow(self) -> Connection:
        if self._state == "new":
            self.open()
        if self._door.locked() and threading.get_ident() not in self._lent.values():
            with self._door:
                pass
        with self._mutex:
            if self._state != "open":
                raise StorageError(f"the store at {str(self._path)!r} is closed; call open() to use it again")
            if self._idle:
                connection = self._idle.pop()
            else:
                connection = self._connect()
                connection.settle(self._synchronous)
            self._lent[connection] = threading.get_ident()
            return connection

    def _give_back(self, connection: Connection) -> None:
        with self._mutex:
            if connection not in self._lent:
                return  # lent before a fork: the parent's
            del self._lent[connection]
            if self._state == "open":
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with translated(self._path):
            connection = self._borrow()
            try:
                connection.run("BEGIN")
                try:
                    yield connection
                finally:
                    connection.run("COMMIT")
            finally:
                self._give_back(connection)

    def _before_fork(self) -> bool:
        """Shut the door, wait for what is inside, close what is idle: SQLite's own state must not pass through a fork."""
        if not self._door.acquire(timeout=FORK_WAIT):
            return False
        deadline = monotonic() + FORK_WAIT
        while any(thread != threading.get_ident() for thread in list(self._lent.values())) and monotonic() < deadline:
            sleep(0.001)
        self._mutex.acquire()
        while self._idle:
            self._idle.pop().close()
        return True

    def _after_fork_in_parent(self) -> None:
        self._mutex.release()
        self._door.release()

    def _after_fork_in_child(self) -> None:
        self._mutex, self._door = threading.Lock(), threading.Lock()
        for connection in (*self._lent, *self._idle):
            connection.abandon()
        self._lent, self._idle = {}, []


class _Transaction:
    """The only writer of the file, as a context manager and the handle inside."""

    __slots__ = ("_connection", "_cursors", "_loaded", "_store", "_wait")

    def __init__(self, store: SqliteStore, wait: float) -> None:
        self._store = store
        self._wait = wait
        self._connection: Connection | None = None
        self._loaded: dict[str, _Loaded] = {}
        self._cursors = _Cursors()

    def __enter__(self) -> _Transaction:
        store = self._store
        began = monotonic()
        if store._state == "new":
            store.open()
        try:
            entered = store._turnstile.enter(self._wait)
        except OSError as error:
            raise storage_error(store._path, error) from error
        if not entered:
            raise busy(store._path, monotonic() - began)
        connection = None
        try:
            connection = store._borrow()
            waited = monotonic() - began
            connection.begin(self._wait if waited < 0.01 else max(0.0, self._wait - waited))
        except BaseException as error:
            if connection is not None:
                store._give_back(connection)
            store._turnstile.leave()
            if isinstance(error, sqlite3.Error):
                raise storage_error(store._path, error, monotonic() - began) from error
            raise
        self._connection = connection
        return self

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """Answer each read."""
        try:
            return self._home(home).read(reads)
        except sqlite3.Error as error:
            raise storage_error(self._store._path, error) from error

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """Check and change in memory; what changed is written when the block ends."""
        try:
            return list(map(self._home(home).apply, commits))
        except sqlite3.Error as error:
            raise storage_error(self._store._path, error) from error

    def drop(self, home: str, before: int, cursor: int) -> int:
        """Delete the entries with ``at < before`` that come before the cursor; the number deleted."""
        loaded = self._home(home)
        dropped: int = loaded.connection.run(FORGET, (loaded.number, before, cursor)).rowcount
        loaded.connection.run(FORGET_OWNERS, (loaded.number,))
        return dropped

    def redact(self, home: str, entries: Sequence[Entry], docs: Sequence[str]) -> None:
        """Give entries another owner, fingerprint and data, also in the index of owners, and drop documents."""
        loaded = self._home(home)
        number, connection = loaded.number, loaded.connection
        try:
            for told in entries:
                row = connection.row(FIND_OWNER, (number, told.id))
                if row is not None:
                    cursor, owner = row
                    connection.run(REDACT, (told.owner, told.fingerprint, told.data, cursor))
                    connection.run(REDACT_OWNER, (told.owner, number, owner, cursor))
            for key in docs:
                connection.run(DROP_DOC, (number, key))
                loaded.kept.docs[key] = ABSENT
        except sqlite3.Error as error:
            raise storage_error(self._store._path, error) from error

    def _home(self, home: str) -> _Loaded:
        loaded = self._loaded.get(home)
        if loaded is None:
            if self._connection is None:
                raise StorageError("the exclusive block has ended; commit on a store or on the handle of a new block")
            loaded = self._loaded[home] = _Loaded(self._connection, home, self._store._homes, self._cursors)
        return loaded

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        store, connection = self._store, self._connection
        loaded, self._loaded, self._connection = self._loaded, {}, None
        if connection not in store._lent:
            if error is None:
                raise StorageError("the process forked inside an exclusive block; its parent alone commits it")
            return
        try:
            if error is None:
                for home in loaded.values():
                    home.flush()
                first, last = _indexed(self._cursors.first), _indexed(self._cursors.last)
                if first < last:
                    connection.run(INDEX_OWNERS, (first, last))
                connection.run("COMMIT")
                store._homes.update((name, home.number) for name, home in loaded.items() if home.number is not None)
        except sqlite3.Error as failure:
            raise storage_error(store._path, failure) from failure
        finally:
            connection.roll_back()  # unless it is committed
            store._give_back(connection)
            store._turnstile.leave()


def _indexed(last: int) -> int:
    """The cursor up to which entries are indexed by owner, when ``last`` is the last one given."""
    return last - last % INDEX_EVERY


class _Cursors:
    """The last cursor before a transaction and now, over all homes; -1 until it is known."""

    __slots__ = ("first", "last")

    def __init__(self) -> None:
        self.first = self.last = -1


class _Loaded:
    """What a transaction has read and changed of one home, each row once."""

    __slots__ = ("connection", "cursors", "kept", "moved", "name", "number", "put")

    def __init__(self, connection: Connection, name: str, numbers: dict[str, int], cursors: _Cursors) -> None:
        self.connection = connection
        self.cursors = cursors
        self.kept = Kept()
        self.name = name
        self.number = _number(connection, name, numbers)
        self.put: set[str] = set()
        self.moved: set[str] = set()

    def read(self, reads: Sequence[Read]) -> list[View]:
        """Answer each read."""
        if len(reads) >= MANY and self.number:
            self._load_many(reads)
        views = []
        for read in reads:
            for key in read.docs:
                self._load_doc(key)
            for key in read.counters:
                self._load_counter(key)
            if read.entry is not None:
                self._load_entry(read.entry)
            views.append(self.kept.view(read))
        return views

    def apply(self, commit: Commit) -> Outcome:
        """Apply one commit to what is loaded, and note what it changed."""
        for entry in commit.entries:
            self._load_entry(entry.id)
        for key in commit.expect:
            self._load_doc(key)
        for changes in (commit.add, commit.limits):
            for key in changes:
                self._load_counter(key)
        kept, cursors = self.kept, self.cursors
        kept.last = cursors.last  # another home may have moved it
        outcome = kept.apply(commit)
        cursors.last = kept.last
        if type(outcome) is Committed:
            self.put.update(commit.put)
            self.moved.update(commit.add, commit.limits)
        return outcome

    def flush(self) -> None:
        """Write what changed, each row once."""
        kept, put, moved, run_many = self.kept, self.put, self.moved, self.connection.run_many
        if not (put or moved or kept.journal):
            return
        if self.number is None:
            self.connection.run(ADD_HOME, (self.name,))
            self.number = int(self.connection.row(FIND_HOME, (self.name,))[0])
        number = self.number
        if put:
            docs = kept.docs
            run_many(PUT_DOC, [(number, key, *docs[key]) for key in sorted(put)])
        if moved:
            counters = kept.counters
            run_many(PUT_COUNTER, [(number, key, *counters[key]) for key in sorted(moved)])
        if kept.journal:
            run_many(PUT_ENTRY, [_line(number, entry) for entry in kept.journal])

    def _load_many(self, reads: Sequence[Read]) -> None:
        """Load the documents and entries of many reads with one statement each."""
        docs, ids, run = self.kept.docs, self.kept.ids, self.connection.run
        keys = {key for read in reads for key in read.docs if key not in docs}
        docs.update(dict.fromkeys(keys, ABSENT))
        docs.update((key, Doc(version, data)) for key, version, data in run(FIND_DOCS, (self.number, _encode(sorted(keys)).decode())))
        names = {read.entry for read in reads if read.entry is not None and read.entry not in ids}
        ids.update(dict.fromkeys(names))
        ids.update((row[0], _entry(row)) for row in run(FIND_ENTRIES, (self.number, _encode(sorted(names)).decode())))
        if self.cursors.last < 0:
            self.cursors.first = self.cursors.last = self.connection.row(LAST_CURSOR)[0] or 0

    def _load_doc(self, key: str) -> None:
        if key not in self.kept.docs:
            row = self.number and self.connection.row(FIND_DOC, (self.number, key))
            self.kept.docs[key] = Doc(*row) if row else ABSENT

    def _load_counter(self, key: str) -> None:
        if key not in self.kept.counters:
            row = self.number and self.connection.row(FIND_COUNTER, (self.number, key))
            self.kept.counters[key] = Counter(*row) if row else UNTOUCHED

    def _load_entry(self, name: str) -> None:
        if name not in self.kept.ids:
            last, *row = self.connection.row(FIND_ENTRY, (self.number, name))
            self.kept.ids[name] = _entry(row) if row[0] is not None else None
            if self.cursors.last < 0:
                self.cursors.first = self.cursors.last = last or 0


def _number(connection: Connection, home: str, numbers: dict[str, int]) -> int | None:
    number = numbers.get(home)
    if number is None:
        row = connection.row(FIND_HOME, (home,))
        number = row[0] if row else None
    return number


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[tuple[str, int, int], ...]).decode


def _line(number: int, entry: Entry) -> tuple[Any, ...]:
    after = _encode(entry.after) if entry.after else None
    return (
        number, entry.id, entry.fingerprint, entry.owner, entry.kind, entry.at, entry.data, entry.cursor, after,
    )  # fmt: skip


def _entry(row: Sequence[Any]) -> Entry:
    name, fingerprint, owner, kind, at, data, cursor, after = row
    return Entry(name, fingerprint, owner, kind, at, data, cursor, _decode(after) if after else ())


_stores: weakref.WeakSet[SqliteStore] = weakref.WeakSet()
_quiet: list[SqliteStore] = []


def _before_fork() -> None:
    _quiet.extend(store for store in list(_stores) if store._before_fork())


def _after_in_parent() -> None:
    while _quiet:
        _quiet.pop()._after_fork_in_parent()


def _after_in_child() -> None:
    _quiet.clear()
    for store in _stores:
        store._after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
