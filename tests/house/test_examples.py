"""Every script in examples/ runs as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda script: script.name)
def test_example_runs(script: Path, tmp_path: Path) -> None:
    """The script ends well and says something, from a directory that is not its own."""
    command = [sys.executable, "-W", "error::DeprecationWarning", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        pytest.fail(f"{done.stdout}{done.stderr}", pytrace=False)
    assert done.stdout


def test_quickstart_is_short() -> None:
    """The first example a newcomer reads stays under 25 lines."""
    assert len((EXAMPLES / "quickstart.py").read_text("utf-8").splitlines()) < 25


@pytest.mark.parametrize(
    "example", sorted(path for path in EXAMPLES.rglob("*.*") if path.suffix in {".py", ".toml"}), ids=lambda path: path.name
)
def test_example_is_explained(example: Path) -> None:
    """The page of examples names every script and campaign."""
    page = (EXAMPLES.parent / "docs" / "examples.md").read_text("utf-8")
    assert f"`{example.relative_to(EXAMPLES.parent).as_posix()}`" in page
