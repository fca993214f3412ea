"""``import prizedraw`` stays light: what is heavy or optional is imported when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "import sys, prizedraw; print(*sys.modules, sep='\\n')"


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that a fresh interpreter holds after ``import prizedraw``."""
    command = [sys.executable, "-I", "-c", LOADED]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split())


@pytest.mark.parametrize("heavy", ["numpy", "ssl", "sqlite3", "tomllib", "rich", "asyncio", "matplotlib", "hypothesis", "pytest"])
def test_import_leaves_it_out(loaded: set[str], heavy: str) -> None:
    """A fresh interpreter that imports prizedraw has not loaded this module."""
    assert heavy not in loaded


def test_the_probe_sees_what_is_loaded(loaded: set[str]) -> None:
    """The list is not empty by mistake: prizedraw itself is in it."""
    assert "prizedraw" in loaded
