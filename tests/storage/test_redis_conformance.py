"""The conformance suite on Redis: a server and a cluster, for threads and for event loops, and without locks."""

from __future__ import annotations

import pytest

from prizedraw.errors import StorageError
from prizedraw.storage import AsyncRedisStore, Commit, RedisStore
from prizedraw.testing import AsyncStoreConformance, NoExclusive, StoreConformance
from valkey_servers import new_prefix

pytest_plugins = ("valkey_servers",)


class WithoutRedaction:
    """All requirements but R19, of which the store says that it cannot do it yet."""

    def test_r19_redaction_changes_what_was_written(self, store):
        """Nothing is changed, and the error says what to do instead."""
        before = store.docs("gala", "").items, store.entries("gala").items
        with pytest.raises(StorageError, match="cannot take back what it has written yet"):
            store.redact("gala", Commit({}, {}), (), ())
        assert (store.docs("gala", "").items, store.entries("gala").items) == before

    test_r19_what_is_not_committed_redacts_nothing = None
    test_r19_a_document_is_dropped_under_guard_alone = None


class OnServer(WithoutRedaction):
    """One server."""

    @pytest.fixture(autouse=True)
    def where(self, valkey_url):
        self.url = valkey_url


class OnCluster(WithoutRedaction):
    """A cluster of three."""

    @pytest.fixture(autouse=True)
    def where(self, valkey_cluster_url):
        self.url = valkey_cluster_url


class TestRedisStore(OnServer, StoreConformance):
    """Threads."""

    def make_store(self, tmp_path):
        return RedisStore(self.url, prefix=new_prefix())


class TestRedisStoreWithoutLocks(OnServer, StoreConformance):
    """Guards alone must do."""

    def make_store(self, tmp_path):
        return NoExclusive(RedisStore(self.url, prefix=new_prefix()))


class TestAsyncRedisStore(OnServer, AsyncStoreConformance):
    """An event loop."""

    def make_store(self, tmp_path):
        return AsyncRedisStore(self.url, prefix=new_prefix())


class TestRedisStoreOnACluster(OnCluster, StoreConformance):
    """Threads, a cluster."""

    def make_store(self, tmp_path):
        return RedisStore(self.url, prefix=new_prefix())


class TestAsyncRedisStoreOnACluster(OnCluster, AsyncStoreConformance):
    """An event loop, a cluster."""

    def make_store(self, tmp_path):
        return AsyncRedisStore(self.url, prefix=new_prefix())
