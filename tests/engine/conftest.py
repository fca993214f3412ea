"""Every engine test runs on each embedded store that is there."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from scenery import Clock

from prizedraw import DrawEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORES = ["memory", *(["sqlite"] if find_spec("prizedraw.storage.sqlite") else [])]


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What names a new store."""
    return ":memory:" if request.param == "memory" else str(tmp_path / "draws.db")


@pytest.fixture
def clock() -> Clock:
    """Noon of a day in the middle of the campaign's window."""
    return Clock()


@pytest.fixture
def engine(store_url: str, clock: Clock) -> Iterator[DrawEngine]:
    """An engine on a new store, nothing published."""
    with DrawEngine.open(store_url, clock=clock) as opened:
        yield opened
