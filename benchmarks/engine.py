"""How fast whole draws are: in memory against one ``random.choices`` call, on SQLite against a bare one-row INSERT transaction.

Run ``python benchmarks/engine.py [--rounds 7] [--folder DIR] [--json FILE] [--quick]``: medians over interleaved rounds, ratios
taken within a round. The campaign has a window, four caps, finite stock and a soft pity; 1,000 participants take turns.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, cast

from _results import parser, put, result, row

from prizedraw import AsyncDrawEngine, Campaign, DrawEngine, DrawRequest, Pity, Prize, Quota, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.storage import Store

NOW = datetime.now(UTC).replace(microsecond=0)
PRIZES = [
    Prize("phone", "Phone", "0.001", 1_000_000, alert_stock=10),
    Prize("tv", "Television", "0.009", 1_000_000),
    Prize("cup", "Cup", "0.02", 1_000_000),
    Prize("pen", "Pen", "0.02", 1_000_000),
    Prize("coupon", "Coupon", "0.05", 1_000_000),
]
CAMPAIGN = Campaign(
    id="bench",
    title="Benchmark",
    timezone="Asia/Shanghai",
    windows=[Window(NOW - timedelta(days=1), NOW + timedelta(days=2))],
    prizes=PRIZES,
    fallback=Prize.thank_you(weight="0.9"),
    quota=Quota(total_draws=10**7, daily_draws=10**6, total_wins=10**5, daily_wins=10**4, ordering="relaxed"),
    pity=[Pity(id="phone-pity", target=["phone"], base="0.001", soft_from=74, soft_step="0.06", hard=90)],
)
PEOPLE = [f"user-{k:04d}" for k in range(1000)]
TOGETHER = 100
CALLERS = 64


def choices(n: int) -> float:
    """Seconds of one ``random.choices`` call."""
    ids, bounds, pick = [*[prize.id for prize in PRIZES], "thank-you"], [1, 10, 30, 50, 100, 1000], random.choices
    began = perf_counter()
    for _ in range(n):
        pick(ids, cum_weights=bounds)
    return (perf_counter() - began) / n


def draws(engine: DrawEngine, n: int) -> float:
    """Seconds of one ``engine.draw``."""
    people, draw = [PEOPLE[k % 1000] for k in range(n)], engine.draw
    began = perf_counter()
    for participant in people:
        draw("bench", participant)
    return (perf_counter() - began) / n


def batches(engine: DrawEngine, n: int) -> float:
    """Seconds of one draw in ``engine.draw_batch`` of a hundred."""
    requests = [[DrawRequest(PEOPLE[(start + k) % 1000]) for k in range(TOGETHER)] for start in range(0, n, TOGETHER)]
    began = perf_counter()
    for asked in requests:
        engine.draw_batch("bench", asked)
    return (perf_counter() - began) / n


def published(url: str | Path) -> DrawEngine:
    """An engine with the campaign published."""
    engine = DrawEngine.open(url)
    engine.publish(CAMPAIGN)
    return engine


def inserts(bare: sqlite3.Connection, n: int) -> float:
    """Seconds of a transaction that inserts one row, and is on the disk when it returns."""
    began = perf_counter()
    for _ in range(n):
        bare.execute("BEGIN IMMEDIATE")
        bare.execute("INSERT INTO t (data) VALUES (?)", (b"r" * 400,))
        bare.execute("COMMIT")
    return (perf_counter() - began) / n


def floor_in(folder: Path) -> sqlite3.Connection:
    """A bare database in the mode of the store."""
    bare = sqlite3.connect(folder / "floor.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)")
    return bare


def rounds_of(contestants: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The seconds of every contestant in every round, in turn, after one round that does not count."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for k in range(rounds + 1):
        for name, run in contestants.items():
            seconds = run()
            if k:
                found[name].append(seconds)
    return found


def ratio(floor: list[float], ours: list[float]) -> float:
    """How many times as fast as the floor ours is: the median over rounds."""
    return statistics.median(one / other for one, other in zip(floor, ours, strict=True))


def bytes_kept(n: int) -> float:
    """Memory per kept draw in memory, beyond the thousand participants' documents."""
    engine = published(":memory:")
    for participant in PEOPLE:
        engine.draw("bench", participant)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    draws(engine, n)
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return kept / n


async def callers(path: Path, n: int, *, together: bool) -> float:
    """Seconds of one draw when 64 tasks draw at once: through the engine's group commit, or one at a time behind a lock."""
    async with AsyncDrawEngine.open(path) as engine:
        await engine.publish(CAMPAIGN)
        alone, lock = DrawEngine(cast("Store", engine.store), group=False), asyncio.Lock()

        async def caller(who: int) -> None:
            for k in range(n // CALLERS):
                participant = PEOPLE[(who * 31 + k) % 1000]
                if together:
                    await engine.draw("bench", participant)
                else:
                    async with lock:
                        await asyncio.to_thread(alone.draw, "bench", participant)

        began = perf_counter()
        await asyncio.gather(*[caller(who) for who in range(CALLERS)])
        return (perf_counter() - began) / (n // CALLERS * CALLERS)


def crew(path: str, n: int, ready: multiprocessing.synchronize.Barrier, out: multiprocessing.Queue[float]) -> None:
    """One of four processes that draw on a file until the clock says stop; puts how many it has made."""
    with DrawEngine.open(path) as engine:
        ready.wait()
        until, made = perf_counter() + n, 0
        while perf_counter() < until:
            engine.draw("bench", PEOPLE[made % 1000])
            made += 1
        out.put(made)


def share(path: Path, seconds: float) -> float:
    """The slowest of four processes on one file, as a share of the fastest."""
    context = multiprocessing.get_context("spawn")
    ready, out = context.Barrier(4), context.Queue()
    people = [context.Process(target=crew, args=(str(path), seconds, ready, out)) for _ in range(4)]
    for process in people:
        process.start()
    made = [out.get() for _ in people]
    for process in people:
        process.join()
    return min(made) / max(made)


def import_seconds(rounds: int) -> float:
    """Seconds of ``import prizedraw`` in a fresh interpreter, the interpreter's own start left out."""
    code = "import time; began = time.perf_counter(); import prizedraw; print(time.perf_counter() - began)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True) for _ in range(rounds)]
    return statistics.median(float(run.stdout) for run in runs)


def publishing(rounds: int) -> float:
    """Seconds to publish a hundred prizes with two pity rules (90 and 10)."""
    prizes = [Prize(f"prize-{k:03d}", f"Prize {k}", 1 + k, 100) for k in range(100)]
    pity = [
        Pity(id="five", target=["prize-000"], base="0.006", soft_from=74, soft_step="0.06", hard=90),
        Pity(id="four", target=["prize-001", "prize-002"], base="0.051", soft_from=9, soft_step="0.51", hard=10),
    ]
    window = Window(NOW - timedelta(days=1), NOW + timedelta(days=2))
    campaign = Campaign(id="hundred", title="A hundred", timezone="Asia/Shanghai", windows=[window], prizes=prizes, pity=pity)
    seconds = []
    for _ in range(rounds):
        engine = DrawEngine.open(":memory:")
        began = perf_counter()
        engine.publish(campaign)
        seconds.append(perf_counter() - began)
    return statistics.median(seconds)


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--folder", type=Path, help="where the files are; left out, a temporary folder")
    given = arguments.parse_args()
    rounds, scale = (2, 20) if given.quick else (given.rounds, 1)
    rows = []
    memory = rounds_of(
        {
            "choices": lambda: choices(100_000 // scale),
            "draw": lambda: draws(published(":memory:"), 20_000 // scale),
            "batch": lambda: batches(published(":memory:"), 20_000 // scale),
        },
        rounds,
    )
    once, batch = (statistics.median(memory[name]) for name in ("draw", "batch"))
    pick = statistics.median(memory["choices"])
    rows += [
        row("memory, engine.draw, times the time of the call", once / pick, at_most=10),
        row("memory, engine.draw, draws/s", 1 / once, at_least=100_000),
        row("memory, engine.draw_batch of 100, draws/s", 1 / batch, at_least=150_000),
        row("memory, bytes per kept draw", bytes_kept(20_000 // scale), at_most=600),
    ]
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        bare, engine = floor_in(folder), published(folder / "draws.db")
        disk = rounds_of(
            {
                "floor": lambda: inserts(bare, 1000 // scale),
                "draw": lambda: draws(engine, 1000 // scale),
                "batch": lambda: batches(engine, 4000 // scale // TOGETHER * TOGETHER),
                "locked": lambda: asyncio.run(callers(folder / "draws.db", 1280 // scale, together=False)),
                "grouped": lambda: asyncio.run(callers(folder / "draws.db", 2560 // scale, together=True)),
            },
            rounds,
        )
        floor, single, hundred = (statistics.median(disk[name]) * 1e6 for name in ("floor", "draw", "batch"))
        note = "one bare INSERT a transaction, µs"
        fairness = statistics.median(share(folder / "draws.db", 0.5 if given.quick else 3) for _ in range(1 if given.quick else 3))
        rows += [
            row("SQLite FULL, a transaction a draw, µs", single, floor, note, ratio=ratio(disk["floor"], disk["draw"]), at_least=0.7),
            row("SQLite FULL, batches of 100, µs a draw", hundred, floor, note, ratio=ratio(disk["floor"], disk["batch"]), at_least=5),
            row("SQLite FULL, batches of 100, draws/s", 1e6 / hundred, at_least=20_000),
            row(
                "SQLite FULL, 64 async callers, µs a draw",
                statistics.median(disk["grouped"]) * 1e6,
                statistics.median(disk["locked"]) * 1e6,
                "one at a time behind a lock, µs",
                ratio=ratio(disk["locked"], disk["grouped"]),
                at_least=4,
            ),
            row("SQLite FULL, four processes: slowest/fastest", fairness, at_least=0.8),
        ]
        bare.close()
        engine.close()
    rows += [
        row("import prizedraw, ms", import_seconds(3 if given.quick else 15) * 1e3, at_most=80),
        row("publish 100 prizes with two pity rules, ms", publishing(3 if given.quick else 15) * 1e3, at_most=50),
    ]
    put(result("Whole draws", rows, {"sqlite": sqlite3.sqlite_version}, random_choices_ns=round(pick * 1e9)), given.json)


if __name__ == "__main__":
    main()
