"""The conformance suite on Redis: a server and a cluster, for threads and for event loops, and without locks."""

from __future__ import annotations

import pytest

from prizedraw.storage import AsyncRedisStore, RedisStore
from prizedraw.testing import AsyncStoreConformance, NoExclusive, StoreConformance
from valkey_servers import new_prefix

pytest_plugins = ("valkey_servers",)


class OnServer:
    """One server."""

    @pytest.fixture(autouse=True)
    def where(self, valkey_url):
        self.url = valkey_url


class OnCluster:
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
