"""Every engine test runs on each embedded store, on PostgreSQL and on Valkey."""

from __future__ import annotations

from functools import partialmethod
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from postgres_servers import fresh_database
from prizedraw import DrawEngine
from prizedraw.engine.jobs import Jobs
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


@pytest.fixture(params=["memory", "sqlite", "postgres", "redis", "stripes"])
def store_url(request: pytest.FixtureRequest, new_store: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What names a new store, of every kind; "stripes" is one on which every campaign is spread over three homes."""
    if request.param != "stripes":
        return new_store(request.param)
    for mark in request.node.iter_markers("one_home"):
        pytest.skip(f"several stripes differ here: {mark.args[0]}")
    monkeypatch.setattr(Jobs, "publish", partialmethod(publish_striped, Jobs.publish))
    return new_store("memory")


def publish_striped(self, publish, campaign, online, expect_version, stripes, *rest):
    """Publish over three stripes where a test does not care."""
    return publish(self, campaign, online, expect_version, 3 if stripes is None else stripes, *rest)


@pytest.fixture
def clock() -> FixedClock:
    """Noon of a day in the middle of the campaign's window."""
    return FixedClock(NOON)


@pytest.fixture
def engine(store_url: str, clock: FixedClock) -> Iterator[DrawEngine]:
    """An engine on a new store, nothing published."""
    with DrawEngine.open(store_url, clock=clock) as opened:
        yield opened
