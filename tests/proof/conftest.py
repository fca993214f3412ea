"""The stores that the processes of a proof share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postgres_servers import fresh_schema, postgres_url

if TYPE_CHECKING:
    from pathlib import Path

    from proof.crew import Where


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a new SQLite store can be made."""
    return tmp_path / "draws.db"


@pytest.fixture(params=["sqlite", "postgresql", "valkey", "valkey_cluster"])
def where(request: pytest.FixtureRequest, path: Path) -> Where:
    """Where a new store of each kind can be made; whoever asks has the fixtures of ``valkey_servers``."""
    if request.param == "sqlite":
        return path
    if request.param == "postgresql":
        return postgres_url(), fresh_schema()
    return request.getfixturevalue(f"{request.param}_url"), request.getfixturevalue("prefix")
