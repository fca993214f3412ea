"""Every engine test runs on each embedded store and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postgres_servers import fresh_database
from prizedraw import DrawEngine
from prizedraw.testing import FixedClock
from scenery import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What names a new store."""
    if request.param == "postgres":
        return fresh_database()
    return ":memory:" if request.param == "memory" else str(tmp_path / "draws.db")


@pytest.fixture
def clock() -> FixedClock:
    """Noon of a day in the middle of the campaign's window."""
    return FixedClock(NOON)


@pytest.fixture
def engine(store_url: str, clock: FixedClock) -> Iterator[DrawEngine]:
    """An engine on a new store, nothing published."""
    with DrawEngine.open(store_url, clock=clock) as opened:
        yield opened
