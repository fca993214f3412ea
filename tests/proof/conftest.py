"""The file that the processes of a proof share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a new SQLite store can be made."""
    return tmp_path / "draws.db"
