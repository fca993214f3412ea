"""Whether a draw costs the same after a thousand kept draws as after a million, on an SQLite file.

The files of all sizes are drawn from in turns, so that a noise of the machine meets them all. ``durability="normal"`` leaves out the
flush, which would hide what the tree of the file costs.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from _results import parser, put, result, row

from prizedraw import Campaign, DrawEngine, DrawRequest, Prize, Window
from prizedraw.storage import SqliteStore

NOON = datetime(2027, 3, 10, 4, tzinfo=UTC)
CAMPAIGN = Campaign(
    id="wheel",
    title="Wheel",
    timezone="Asia/Shanghai",
    windows=[Window(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))],
    prizes=[Prize("phone", "Phone", "1/100", 100_000), Prize("cup", "Cup", "1/10", 1_000_000)],
    fallback=Prize.thank_you(weight="89/100"),
)
PEOPLE, BATCH = 50_000, 256


def engine(path: Path) -> DrawEngine:
    """An engine on a file, open."""
    return DrawEngine(SqliteStore(path, durability="normal"), clock=lambda: NOON).__enter__()


def filled(folder: Path, sizes: list[int]) -> dict[int, Path]:
    """A file with so many draws, for each size: one is filled, and copied on the way."""
    growing, turn, files = folder / "growing.db", count(), {}
    for size in sizes:
        with engine(growing) as one:
            one.publish(CAMPAIGN)
            kept = one.audit("wheel").draws if not files else max(files)
            for start in range(kept, size, BATCH):
                ids = [next(turn) for _ in range(min(BATCH, size - start))]
                one.draw_batch("wheel", [DrawRequest(f"p{k * 7919 % PEOPLE}", f"r{k}") for k in ids])
        files[size] = folder / f"{size}.db"
        shutil.copyfile(growing, files[size])
    return files


def main() -> None:
    options = parser(__doc__).parse_args()
    sizes = [1000, 10_000] if options.quick else [1000, 10_000, 100_000, 1_000_000]
    rounds, each = (3, 20) if options.quick else (15, 100)
    spent: dict[int, list[float]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory() as folder:
        engines = {size: engine(file) for size, file in filled(Path(folder), sizes).items()}
        for turn in range(rounds + 1):
            for size, one in engines.items():
                for k in range(each):
                    name, id_ = f"p{(turn * each + k) * 7919 % PEOPLE}", f"more-{turn}-{k}"
                    began = perf_counter_ns()
                    one.draw("wheel", name, request_id=id_)
                    if turn:  # the first round warms up
                        spent[size].append((perf_counter_ns() - began) / 1000)
        for one in engines.values():
            one.close()
    cost = {size: median(times) for size, times in spent.items()}
    first = cost[sizes[0]]
    rows = [row(f"one draw without a flush, {size:,} kept, µs", cost[size], first, f"{sizes[0]:,} kept") for size in sizes]
    put(result("Kept draws", rows, {"sqlite": sqlite3.sqlite_version}), options.json)


if __name__ == "__main__":
    main()
