"""The conformance suite on every embedded store, on an asynchronous one through the bridge, and on each without its locks."""

from __future__ import annotations

from async_stores import AsyncMemoryStore
from prizedraw.storage import MemoryStore, SqliteStore
from prizedraw.testing import AsyncStoreConformance, NoExclusive, StoreConformance


class TestMemoryStore(StoreConformance):
    """In memory."""

    def make_store(self, tmp_path):
        return MemoryStore()


class TestSqliteStoreFull(StoreConformance):
    """On disk, each commit flushed."""

    def make_store(self, tmp_path):
        return SqliteStore(tmp_path / "draws.db")


class TestSqliteStoreNormal(StoreConformance):
    """On disk, flushed at checkpoints."""

    def make_store(self, tmp_path):
        return SqliteStore(tmp_path / "draws.db", durability="normal")


class TestMemoryStoreWithoutLocks(StoreConformance):
    """Guards alone must do."""

    def make_store(self, tmp_path):
        return NoExclusive(MemoryStore())


class TestSqliteStoreWithoutLocks(StoreConformance):
    """Guards alone must do, on disk."""

    def make_store(self, tmp_path):
        return NoExclusive(SqliteStore(tmp_path / "draws.db", durability="normal"))


class TestAsyncMemoryStore(AsyncStoreConformance):
    """Behind coroutines."""

    def make_store(self, tmp_path):
        return AsyncMemoryStore()


class TestAsyncMemoryStoreWithoutLocks(AsyncStoreConformance):
    """Behind coroutines, where guards alone must do."""

    def make_store(self, tmp_path):
        return NoExclusive(AsyncMemoryStore())
