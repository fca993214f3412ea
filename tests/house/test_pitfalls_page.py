"""docs/pitfalls.md names, line by line, the tests that would catch each known failure."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<number>\d+) \|(?P<failure>[^|]+)\|(?P<answer>[^|]+)\|(?P<tests>[^|]+)\|$", re.MULTILINE)
NAME = re.compile(r"test_pitfall_(?P<number>\d\d)_\w+")
ROWS = {int(row["number"]): row for row in ROW.finditer((ROOT / "docs" / "pitfalls.md").read_text("utf-8"))}
TESTS = {
    node.name
    for path in (ROOT / "tests").rglob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
}


def test_every_line_is_there_once() -> None:
    """The table holds lines 1 to 32, in order."""
    assert list(ROWS) == list(range(1, 33))


@pytest.mark.parametrize("number", ROWS)
def test_line_names_an_existing_test_or_says_why_not(number: int) -> None:
    """The last column names tests of this line that exist, or starts with "Not yet:" and gives the reason."""
    cell = ROWS[number]["tests"].strip()
    if cell.startswith("Not yet: "):
        assert len(cell) > len("Not yet: ") + 10
        return
    named = re.findall(r"`(\w+)`", cell)
    assert named, f"line {number} names no test: {cell!r}"
    assert [name for name in named if name not in TESTS or not name.startswith(f"test_pitfall_{number:02}_")] == []


def test_every_pitfall_test_is_on_the_page() -> None:
    """Whatever test is named after a line stands in that line."""
    named = {name: NAME.fullmatch(name) for name in TESTS if name.startswith("test_pitfall_")}
    assert [name for name, parts in named.items() if parts is None or f"`{name}`" not in ROWS[int(parts["number"])]["tests"]] == []
