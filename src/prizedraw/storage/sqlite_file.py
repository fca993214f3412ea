"""What a prizedraw SQLite file is: its schema, a connection to it, and what SQLite's errors mean.

No transaction of the store and no waiting in turn live here, only what is the same for every connection.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from prizedraw.errors import StorageBusy, StorageCorrupt, StorageError, StorageVersion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x50445257  # "PDRW"
_TABLES = """
CREATE TABLE homes (home INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE docs (
    home INTEGER NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (home, key)
) WITHOUT ROWID;
CREATE TABLE counters (
    home INTEGER NOT NULL, key TEXT NOT NULL, value INTEGER NOT NULL, ceiling INTEGER NOT NULL, PRIMARY KEY (home, key)
) WITHOUT ROWID;
CREATE TABLE entries (
    cursor INTEGER PRIMARY KEY, home INTEGER NOT NULL, id TEXT NOT NULL, fingerprint TEXT NOT NULL,
    owner TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL, after BLOB
);
CREATE UNIQUE INDEX entries_by_id ON entries (home, id);
CREATE TABLE owned (
    home INTEGER NOT NULL, owner TEXT NOT NULL, cursor INTEGER NOT NULL, PRIMARY KEY (home, owner, cursor)
) WITHOUT ROWID;
"""
"""``owned`` is the index of entries by owner, caught up every INDEX_EVERY entries: most commits spare a page."""

LAYOUTS: tuple[str, ...] = (_TABLES,)
"""What leads from each schema version to the next, from none to 1 first; statements divided by semicolons, and no other semicolon.

A released one is never changed, only followed by another. All that are missing are run in one transaction with the new number."""

INDEX_EVERY = 256

PAGE_SIZE = 2048
"""Bytes. A draw dirties five pages, and each is written whole to the log: half the usual size is a fifth less time."""
WAL_PAGES = 2000
"""Pages of write-ahead log (4 MB) between checkpoints: a longer log copies back less, but is longer in growing."""
CACHE_KIB = 16_384

REMEDIES = {
    sqlite3.SQLITE_READONLY: "it is read-only; make the file and its folder writable",
    sqlite3.SQLITE_FULL: "the disk is full; nothing was written, free some space and try again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that it is a file, and the permissions of its folder",
    sqlite3.SQLITE_IOERR: "reading or writing failed; check the disk",
    sqlite3.SQLITE_PERM: "access was denied; check the permissions",
}


class Connection:
    """A connection that one thread uses at a time; its statements are cached by their constant text."""

    def __init__(self, path: Path, wait: float) -> None:
        self._sqlite = sqlite3.connect(path.as_uri() + "?mode=rw", uri=True, timeout=wait, isolation_level=None, check_same_thread=False)
        self._wait = wait
        self.run = self._sqlite.execute
        self.run_many = self._sqlite.executemany
        self.close = self._sqlite.close

    def row(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row, or None."""
        return self.run(sql, values).fetchone()

    def settle(self, synchronous: str) -> None:
        """Start the write-ahead log unless it runs, and set what SQLite keeps per connection."""
        deadline = monotonic() + self._wait
        while True:
            try:
                self.run("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:  # SQLite does not wait by itself here
                if primary_code(error) != sqlite3.SQLITE_BUSY or monotonic() >= deadline:
                    raise
                sleep(0.001)
        self.run(f"PRAGMA synchronous = {synchronous}")
        self.run(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        self.run(f"PRAGMA cache_size = -{CACHE_KIB}")

    def begin(self, wait: float) -> None:
        """Become the only writer within ``wait`` seconds."""
        if wait != self._wait:
            self.run(f"PRAGMA busy_timeout = {max(0, int(wait * 1000))}")
            self._wait = wait
        self.run("BEGIN IMMEDIATE")

    def roll_back(self) -> None:
        """End a transaction that failed, unless SQLite has rolled it back by itself."""
        if self._sqlite.in_transaction:
            self.run("ROLLBACK")

    def abandon(self) -> None:
        """Never close: what came through a fork belongs to the parent, and closing it would touch the parent's file."""
        import ctypes  # noqa: PLC0415 - for this one call in a forked child

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._sqlite))


def version_there(connection: Connection) -> int:
    """The schema version of the file, 0 if it is empty; raises if it is anything else."""
    connection.run("BEGIN")
    try:
        return _version_there(connection)
    finally:
        connection.roll_back()


def _version_there(connection: Connection) -> int:
    application, version = (connection.row(f"PRAGMA {name}")[0] for name in ("application_id", "user_version"))
    objects = connection.row("SELECT count(*) FROM sqlite_master")[0]
    if application == objects == 0:
        return 0
    if application != APPLICATION_ID:
        raise StorageCorrupt(
            f"the database belongs to something else (application_id {application:#x}, {objects} tables and indexes); "
            "nothing was changed, name another file"
        )
    if version > len(LAYOUTS):
        raise StorageVersion(f"the file has schema version {version}, this prizedraw knows {len(LAYOUTS)}; install a newer prizedraw")
    return int(version)


def is_current(connection: Connection) -> bool:
    """Whether the file is a store of this version; False if it is empty or of an older one; raises if it is anything else."""
    return version_there(connection) == len(LAYOUTS)


def upgrade(connection: Connection) -> bool:
    """Bring the file from nothing, or from an older version, to this one, whole or not at all, unless another was faster; True."""
    there = version_there(connection)
    connection.run(f"PRAGMA page_size = {PAGE_SIZE}")  # heeded while the file is empty
    try:
        connection.run("BEGIN EXCLUSIVE")
        there = _version_there(connection)
        for layout in LAYOUTS[there:]:
            for statement in layout.split(";"):
                connection.run(statement)
        connection.run(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.run(f"PRAGMA user_version = {len(LAYOUTS)}")
        connection.run("COMMIT")
    except sqlite3.OperationalError as error:
        if there and primary_code(error) == sqlite3.SQLITE_READONLY:
            raise StorageVersion(
                f"the file has schema version {there} of an older prizedraw and is read-only; run prizedraw migrate where it can be written"
            ) from error
        raise
    finally:
        connection.roll_back()
    return is_current(connection)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the error is the module's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into those of prizedraw."""
    began = monotonic()
    try:
        yield
    except StorageError:
        raise
    except (sqlite3.Error, OSError) as error:
        raise storage_error(path, error, monotonic() - began) from error


def storage_error(path: Path, error: sqlite3.Error | OSError, waited: float = 0.0) -> StorageError:
    """What an error of SQLite or of the file system means, with the remedy."""
    if isinstance(error, OSError):
        return StorageError(f"{str(path)!r} cannot be used: {error}; check its folder and the permissions")
    code = primary_code(error)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return busy(path, waited)
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return StorageCorrupt(f"{str(path)!r} is damaged or not a database ({error}); restore it or name another file")
    return StorageError(f"{str(path)!r}: {REMEDIES.get(code, 'SQLite failed')} ({error})")


def busy(path: Path, waited: float) -> StorageBusy:
    """Another writer kept the file for ``waited`` seconds."""
    message = f"{str(path)!r} was locked by another writer for {waited:.3g} s; nothing was written, try again"
    return StorageBusy(message, waited=waited)
