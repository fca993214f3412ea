"""The shape of a result: what every script here writes and ``docs/performance_page.py`` reads. Nothing is measured here.

A result is ``{"name", "machine", "versions", "rows": [{"measure", "ours", "floor", "floor_name", "ratio", "target", "met"}]}``, and
whatever else a script wants to keep. ``ours`` and ``floor`` are in the unit that ``measure`` names; ``ratio`` says how many times as
fast as the floor ours is; ``target`` is a text, or null where none was set.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any


def row(
    measure: str,
    ours: float,
    floor: float | None = None,
    floor_name: str | None = None,
    *,
    ratio: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> dict[str, Any]:
    """One line of the table.

    ``at_least`` and ``at_most`` are the target, of the ratio where there is a floor and of ``ours`` where there is none.
    ``ratio`` may be given where it is not just the one figure by the other, as a median over rounds.
    """
    if floor is not None and ratio is None:
        ratio = floor / ours
    judged, unit = (ours, "") if ratio is None else (ratio, " ×")
    target = met = None
    if at_least is not None:
        target, met = f"≥ {at_least:,}{unit}", judged >= at_least
    elif at_most is not None:
        target, met = f"≤ {at_most:,}{unit}", judged <= at_most
    return {
        "measure": measure,
        "ours": ours,
        "floor": floor,
        "floor_name": floor_name,
        "ratio": None if ratio is None else round(ratio, 3),
        "target": target,
        "met": met,
    }


def result(name: str, rows: list[dict[str, Any]], versions: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """A result with the machine and the versions that it was made on."""
    return {
        "name": name,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {"prizedraw": version("prizedraw"), "python": platform.python_version(), **(versions or {})},
        "rows": rows,
        **more,
    }


def parser(about: str) -> argparse.ArgumentParser:
    """The arguments that every script takes."""
    arguments = argparse.ArgumentParser(description=about.splitlines()[0])
    arguments.add_argument("--json", type=Path, metavar="FILE", help="write the result here instead of to stdout")
    arguments.add_argument("--quick", action="store_true", help="a short run, to see that it works; its figures are worth little")
    return arguments


def put(found: dict[str, Any], file: Path | None) -> None:
    """Write a result."""
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if file is None:
        sys.stdout.write(text)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
