"""The PostgreSQL store does what every store must do, with the function for usual commits and without, and without its locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from async_bridge import Blocking
from postgres_servers import fresh_schema, postgres_url
from prizedraw.storage import AsyncPostgresStore, PostgresStore
from prizedraw.testing import NoExclusive, StoreConformance

if TYPE_CHECKING:
    from prizedraw.storage import Store


def postgres_store(**options) -> PostgresStore:
    return PostgresStore(postgres_url(), schema=fresh_schema(), **options)


class TestPostgresStore(StoreConformance):
    """As it comes."""

    def make_store(self, tmp_path) -> Store:
        return postgres_store()


class TestPostgresStoreWithoutExclusivity(StoreConformance):
    """With an ``exclusive`` that keeps nobody away: all that is right is so without it."""

    def make_store(self, tmp_path) -> Store:
        return NoExclusive(postgres_store())


class TestPostgresStoreWithoutFunctions(StoreConformance):
    """Every commit goes the careful way, as for a role that may not create functions, and no statement is prepared."""

    @pytest.fixture
    def store(self, tmp_path):
        store = postgres_store(prepared=False)
        store.open()
        store._ask.has_function = False
        yield store
        store.close()


class TestAsyncPostgresStore(StoreConformance):
    """The twin for event loops."""

    @pytest.fixture
    def store(self, tmp_path):
        store = Blocking(AsyncPostgresStore(postgres_url(), schema=fresh_schema()))
        store.open()
        yield store
        store.stop()
