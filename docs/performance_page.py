"""Write docs/performance.md from the results in benchmarks/results/: ``python docs/performance_page.py``.

Only the page is made here; the shape of a result is told in ``benchmarks/_results.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results"

HEAD = """\
# Performance

This page is written by `docs/performance_page.py` from the files in `benchmarks/results/`, which the scripts in `benchmarks/` write.

Each figure is a median over rounds in which the contestants take turns in one process, with the garbage collector as Python has it
by default. `ratio` says how many times as fast as the other one ours is, so below 1 we are slower. What misses its target is in bold.
No test measures time.

```sh
.venv/bin/python benchmarks/sampling.py --json benchmarks/results/sampling.json
.venv/bin/python docs/performance_page.py
```
"""
NONE_YET = "No results are kept yet."


def figure(value: float | None, sign: str = "") -> str:
    """A number with three or four digits that matter."""
    if value is None:
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text + sign


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    other = f"{figure(row['floor'])}, {row['floor_name']}" if row["floor_name"] else "–"
    verdict = {True: "met", False: "**missed**", None: "–"}[row["met"]]
    cells = [row["measure"], figure(row["ours"]), other, figure(row["ratio"], " ×"), row["target"] or "–", verdict]
    return f"| {' | '.join(cells)} |"


def section(result: dict[str, Any]) -> str:
    """A result as a section of the page."""
    judged = [row["met"] for row in result["rows"] if row["met"] is not None]
    slower = sum(row["ratio"] is not None and row["ratio"] < 1 for row in result["rows"])
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    table = ["| measure | ours | other | ratio | target | |", "|---|---|---|---|---|---|", *map(line, result["rows"])]
    told = f"{sum(judged)} of {len(judged)} targets met; slower than the other in {slower} of {len(result['rows'])} rows."
    return "\n".join([f"## {result['name']}", "", f"On {result['machine']}; {versions}. {told}", "", *table, ""])


def page(results: list[dict[str, Any]]) -> str:
    """The whole page, its sections in order of name."""
    sections = [section(result) for result in sorted(results, key=lambda result: result["name"])]
    return "\n".join([HEAD, *(sections or [f"{NONE_YET}\n"])])


def kept(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """The results in a folder."""
    return [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))]


if __name__ == "__main__":
    PAGE.write_text(page(kept()), "utf-8")
