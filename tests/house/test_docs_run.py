"""Every code block of README.md and docs/ runs, page by page, in a directory of its own that holds only examples/."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pages

ROOT = Path(__file__).parents[2]
RUNNER = Path(pages.__file__)
PAGES = [ROOT / "README.md", *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts)]


def run_page(page: Path, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a page in a fresh interpreter, warnings about deprecations being errors."""
    command = [sys.executable, "-W", "error::DeprecationWarning", str(RUNNER), str(page)]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=180)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_runs(page: Path, tmp_path: Path) -> None:
    """The blocks of the page do what the page says, from top to bottom."""
    if (ROOT / "examples").is_dir():
        shutil.copytree(ROOT / "examples", tmp_path / "examples")
    done = run_page(page, tmp_path)
    if done.returncode:
        pytest.fail(f"{done.stdout}{done.stderr}", pytrace=False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n", "line 6"),
        ("```python skip\nx = 1\n```\n", "noexec: REASON"),
        ("```python noexec: no\nx = 1\n```\n", "noexec: REASON"),
        ("```python\nx = 1\n", "never closed"),
    ],
    ids=["a failing block", "an unknown mark", "a reason of one word", "an open fence"],
)
def test_a_broken_page_fails(tmp_path: Path, text: str, complaint: str) -> None:
    """A page that does not hold is reported with the line in question."""
    page = tmp_path / "page.md"
    page.write_text(text)
    done = run_page(page, tmp_path)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_blocks_are_read_in_order_with_their_lines() -> None:
    """Indentation is taken off, longer fences hold shorter ones, and lines count from 1."""
    text = "- a\n\n  ```python\n  x = 1\n  ```\n\n````text\n```python\n````\n"
    assert [(block.language, block.line, block.text) for block in pages.blocks(text)] == [
        ("python", 4, "x = 1\n"),
        ("text", 8, "```python\n"),
    ]


def test_console_lines_carry_their_exit_codes() -> None:
    """Only ``$ prizedraw`` lines are commands; ``# exits N`` states the code and is no argument."""
    (block,) = pages.blocks("```console\n$ prizedraw check bad.toml   # exits 1\n$ pip install x\n$ prizedraw check 'a b.toml'\n```\n")
    assert pages.commands(block) == [(["prizedraw", "check", "bad.toml"], 1), (["prizedraw", "check", "a b.toml"], 0)]
