"""Every engine test runs on each embedded store, on PostgreSQL and on Valkey."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from postgres_servers import fresh_database
from prizedraw import DrawEngine
from prizedraw.testing import FixedClock
from scenery import NOON
from valkey_servers import Valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


_databases = count()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server with databases enough that each test has one of its own."""
    with Valkey(tmp_path_factory.mktemp("valkey"), "--databases", "10000") as server:
        yield server


@pytest.fixture
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """What names a new store of a kind."""

    def named(kind: str) -> str:
        if kind == "postgres":
            return fresh_database()
        if kind == "redis":
            return f"redis://127.0.0.1:{request.getfixturevalue('valkey').port}/{next(_databases)}"
        return ":memory:" if kind == "memory" else str(tmp_path / "draws.db")

    return named


@pytest.fixture(params=["memory", "sqlite", "postgres", "redis"])
def store_url(request: pytest.FixtureRequest, new_store: Callable[[str], str]) -> str:
    """What names a new store, of every kind."""
    return new_store(request.param)


@pytest.fixture
def clock() -> FixedClock:
    """Noon of a day in the middle of the campaign's window."""
    return FixedClock(NOON)


@pytest.fixture
def engine(store_url: str, clock: FixedClock) -> Iterator[DrawEngine]:
    """An engine on a new store, nothing published."""
    with DrawEngine.open(store_url, clock=clock) as opened:
        yield opened
