"""docs/performance.md is what docs/performance_page.py makes of the kept results, and shows losses."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("performance_page", ROOT / "docs" / "performance_page.py")
assert SPEC is not None
assert SPEC.loader is not None
script = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(script)

FIELDS = {"measure", "ours", "floor", "floor_name", "ratio", "target", "met"}


def row(**changes: Any) -> dict[str, Any]:
    """A row of a result that met its target, but for the changes."""
    return {
        "measure": "a draw, µs",
        "ours": 2.0,
        "floor": 1.0,
        "floor_name": "a bare one",
        "ratio": 0.5,
        "target": "≥ 0.4 ×",
        "met": True,
    } | changes


def result(*rows: dict[str, Any], name: str = "Engine") -> dict[str, Any]:
    """A result of these rows."""
    return {"name": name, "machine": "Linux, 2 cores", "versions": {"prizedraw": "9.9"}, "rows": list(rows)}


def test_the_page_is_what_the_script_makes_of_the_kept_results() -> None:
    """After a new result, ``python docs/performance_page.py`` writes the page again."""
    assert script.PAGE.read_text("utf-8") == script.page(script.kept())


def test_kept_results_have_the_agreed_shape() -> None:
    """Name, machine and versions are there, and each row has its seven fields."""
    for kept in script.kept():
        assert all(kept[field] for field in ("name", "machine", "versions", "rows")), kept["name"]
        assert [row for row in kept["rows"] if set(row) != FIELDS] == []


def test_a_loss_is_shown() -> None:
    """A missed target is in bold and not counted as met; a row that is slower than the other is counted."""
    text = script.page([result(row(), row(met=False), row(ratio=3.0, target=None, met=None))])
    assert "1 of 2 targets met; slower than the other in 2 of 3 rows." in text
    assert "| a draw, µs | 2 | 1, a bare one | 0.5 × | ≥ 0.4 × | **missed** |" in text
    assert "| a draw, µs | 2 | 1, a bare one | 3 × | – | – |" in text


def test_machine_and_versions_are_named() -> None:
    """Figures stand under the machine and the versions that they were made on, sections in order of name."""
    text = script.page([result(row(), name="b"), result(row(floor=None, floor_name=None, ratio=None), name="a")])
    assert "On Linux, 2 cores; prizedraw 9.9." in text
    assert text.index("## a") < text.index("## b")
    assert "| a draw, µs | 2 | – | – | ≥ 0.4 × | met |" in text


def test_without_results_the_page_says_so() -> None:
    """No figure is made up."""
    assert script.page([]).endswith("No results are kept yet.\n")
