"""What the repository may not say: paths of somebody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w|[A-Z]:\\\\?Users\\")
"""An absolute path below somebody's home or working folder."""


def test_no_tracked_file_holds_a_path_of_a_machine() -> None:
    """Every tracked text file is free of absolute home paths."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    tracked = [ROOT / name for name in listing.stdout.split("\0") if name]
    texts = {path: path.read_text("utf-8", errors="ignore") for path in tracked if path.is_file() and path != Path(__file__)}
    assert [f"{path.relative_to(ROOT)}: {found[0]}" for path, text in texts.items() if (found := HOME.search(text))] == []


@pytest.mark.parametrize("text", ["see /home/ann/prizedraw", "'/root/x'", "/Users/ann", r"C:\Users\ann"])
def test_the_pattern_catches_a_home_path(text: str) -> None:
    """The pattern finds paths on Linux, macOS and Windows."""
    assert HOME.search(text)
