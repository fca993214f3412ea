"""The PostgreSQL store does what every store must do, with the one statement for usual commits and without, and without its locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postgres_servers import fresh_schema, postgres_url
from prizedraw.storage import AsyncPostgresStore, PostgresStore, postgres_steps
from prizedraw.testing import AsyncStoreConformance, NoExclusive, StoreConformance

if TYPE_CHECKING:
    from prizedraw.storage import AsyncStore, Store


def postgres_store(**options) -> PostgresStore:
    return PostgresStore(postgres_url(), schema=fresh_schema(), **options)


class TestPostgresStore(StoreConformance):
    """As it comes."""

    def make_store(self, tmp_path) -> Store:
        return postgres_store()


class TestPostgresStoreWithoutExclusivity(StoreConformance):
    """With an ``exclusive`` that keeps nobody away: all that is right is so without it."""

    races_lines = False  # its commits are those of the class above

    def make_store(self, tmp_path) -> Store:
        return NoExclusive(postgres_store())


class TestPostgresStoreUnprepared(StoreConformance):
    """No statement is prepared, as behind a pooler, and every commit goes the careful way."""

    races_lines = False  # the server decides, and each of them is a round trip

    @pytest.fixture
    def store(self, monkeypatch):
        monkeypatch.setattr(postgres_steps, "_is_usual", lambda commit: False)
        store = postgres_store(prepared=False)
        store.open()
        yield store
        store.close()


class TestAsyncPostgresStore(AsyncStoreConformance):
    """The twin for event loops."""

    def make_store(self, tmp_path) -> AsyncStore:
        return AsyncPostgresStore(postgres_url(), schema=fresh_schema())


class TestAsyncPostgresStoreWithoutExclusivity(AsyncStoreConformance):
    """And without its locks."""

    def make_store(self, tmp_path) -> AsyncStore:
        return NoExclusive(AsyncPostgresStore(postgres_url(), schema=fresh_schema()))
