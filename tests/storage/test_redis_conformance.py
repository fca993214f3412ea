"""The conformance suite on Redis: a server and a cluster, for threads and for event loops, and without locks."""

from __future__ import annotations

import pytest

from prizedraw.storage import AsyncRedisStore, RedisStore
from prizedraw.testing import NoExclusive, StoreConformance
from store_bridge import Bridge
from valkey_servers import new_prefix

pytest_plugins = ("valkey_servers",)


class OnServer(StoreConformance):
    """One server."""

    @pytest.fixture(autouse=True)
    def where(self, valkey_url):
        self.url = valkey_url


class OnCluster(StoreConformance):
    """A cluster of three."""

    @pytest.fixture(autouse=True)
    def where(self, valkey_cluster_url):
        self.url = valkey_cluster_url


class TestRedisStore(OnServer):
    """Threads."""

    def make_store(self, tmp_path):
        return RedisStore(self.url, prefix=new_prefix())


class TestRedisStoreWithoutLocks(OnServer):
    """Guards alone must do."""

    def make_store(self, tmp_path):
        return NoExclusive(RedisStore(self.url, prefix=new_prefix()))


class TestAsyncRedisStore(OnServer):
    """An event loop."""

    def make_store(self, tmp_path):
        return Bridge(lambda: AsyncRedisStore(self.url, prefix=new_prefix()))


class TestRedisStoreOnACluster(OnCluster):
    """Threads, a cluster."""

    def make_store(self, tmp_path):
        return RedisStore(self.url, prefix=new_prefix())


class TestAsyncRedisStoreOnACluster(OnCluster):
    """An event loop, a cluster."""

    def make_store(self, tmp_path):
        return Bridge(lambda: AsyncRedisStore(self.url, prefix=new_prefix()))
