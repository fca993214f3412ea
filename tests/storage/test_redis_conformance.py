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


class Blocking:
    """Threads."""

    def make_store(self, tmp_path):
        return RedisStore(self.url, prefix=new_prefix())


class OnLoop:
    """An event loop."""

    def make_store(self, tmp_path):
        return AsyncRedisStore(self.url, prefix=new_prefix())


class TestRedisStore(OnServer, Blocking, StoreConformance):
    """Threads, one server."""


class TestAsyncRedisStore(OnServer, OnLoop, AsyncStoreConformance):
    """An event loop, one server."""


class TestRedisStoreOnACluster(OnCluster, Blocking, StoreConformance):
    """Threads, a cluster."""


class TestAsyncRedisStoreOnACluster(OnCluster, OnLoop, AsyncStoreConformance):
    """An event loop, a cluster."""


class TestRedisStoreWithoutLocks(OnServer, Blocking, StoreConformance):
    """Guards alone must do."""

    def make_store(self, tmp_path):
        return NoExclusive(super().make_store(tmp_path))


class TestAsyncRedisStoreWithoutLocks(OnServer, OnLoop, AsyncStoreConformance):
    """Guards alone must do, on a loop."""

    def make_store(self, tmp_path):
        return NoExclusive(super().make_store(tmp_path))
