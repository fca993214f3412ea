"""How fast the SQLite store is against the physical floor: a bare one-row INSERT transaction on the same file system.

Run ``python benchmarks/sqlite_store.py [--rounds 9] [--folder DIR] [--json FILE] [--quick]``: medians over interleaved rounds,
ratios taken within a round. A draw reads two documents and one entry, then commits one document, one counter and one
entry. Both files are warmed up past the first turn of their write-ahead log, which has to grow before.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import statistics
import tempfile
from itertools import count
from pathlib import Path
from time import monotonic, perf_counter, time_ns

from _results import parser, put, result, row

from prizedraw.storage import Commit, Committed, Entry, Read, SqliteStore

SLICE = 25  # so many transactions of one kind, then of the next
SLICES = 20


def draw(handle, participant: str, number: int, entropy: str = "") -> None:
    request = f"{time_ns():016x}{entropy}{number:08x}"
    view = handle.read("gala", (Read(("head", participant), (), request),))[0]
    outcome = handle.commit(
        "gala",
        (
            Commit(
                {"head": view.docs["head"].version, participant: view.docs[participant].version},
                {participant: b"p" * 150},
                {"issued/phone": 1},
                {},
                (Entry(request, "f" * 16, participant, "draw", number, b"r" * 250),),
            ),
        ),
    )[0]
    assert type(outcome) is Committed, outcome


def prepare(folder: Path, durability: str, name: str = "draws") -> SqliteStore:
    store = SqliteStore(folder / f"{name}.db", durability=durability)
    store.open()
    store.commit("gala", (Commit({"head": 0}, {"head": b"h" * 200}, limits={"issued/phone": 10**9}),))
    return store


def floor_of(folder: Path, durability: str) -> sqlite3.Connection:
    bare = sqlite3.connect(folder / f"{durability}-floor.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute(f"PRAGMA synchronous = {durability}")
    bare.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)")
    return bare


def speed(folder: Path, durability: str, rounds: int) -> dict:
    """Seconds per draw: the floor, one a transaction, a hundred a transaction."""
    bare, numbers = floor_of(folder, durability), count()
    # Files of their own, so that one kind does not pay for the checkpoints of another.
    store, batched = prepare(folder, durability, "single"), prepare(folder, durability, "batch")

    def insert() -> None:
        for _ in range(SLICE):
            bare.execute("INSERT INTO t (data) VALUES (?)", (b"r" * 250,))

    def single() -> None:
        for number, _ in zip(numbers, range(SLICE), strict=False):
            with store.exclusive("gala", (), 30.0) as handle:
                draw(handle, f"p{number % 1000}", number)

    def batch() -> None:
        with batched.exclusive("gala", (), 30.0) as handle:
            for number, _ in zip(numbers, range(100), strict=False):
                draw(handle, f"p{number % 1000}", number)

    kinds = {"insert": (insert, SLICE), "single": (single, SLICE), "batch": (batch, 100)}
    for _ in range(60):
        for run, _ in kinds.values():
            run()
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        spent = dict.fromkeys(kinds, 0.0)
        for _ in range(SLICES):
            for kind, (run, _) in kinds.items():
                began = perf_counter()
                run()
                spent[kind] += perf_counter() - began
        for kind, (_, size) in kinds.items():
            times[kind].append(spent[kind] / (SLICES * size))
    store.close()
    batched.close()
    bare.close()
    return {
        "microseconds": {kind: round(statistics.median(of) * 1e6, 1) for kind, of in times.items()},
        "single_of_floor": ratio(times["insert"], times["single"]),
        "batch_of_floor": ratio(times["insert"], times["batch"]),
        "batch_draws_per_second": round(1 / statistics.median(times["batch"])),
    }


def ratio(floor: list[float], own: list[float]) -> float:
    """The median over the rounds of the floor's time by the own."""
    return round(statistics.median(a / b for a, b in zip(floor, own, strict=True)), 3)


def worker(path: str, name: int, begin, end, results) -> None:
    store = SqliteStore(path)
    store.open()
    begin.wait()
    numbers, waits = count(), []
    while not end.is_set():
        number = next(numbers)
        began = perf_counter()
        with store.exclusive("gala", (), 30.0) as handle:
            draw(handle, f"participant-{name}-{number % 250}", number, str(name))
        waits.append(perf_counter() - began)
    store.close()
    results.put((name, len(waits), sorted(waits)[int(len(waits) * 0.99)]))


def share(folder: Path, seconds: float, processes: int = 4) -> dict:
    """How evenly processes on one file get their turns, and what they draw together."""
    prepare(folder, "full").close()
    context = multiprocessing.get_context("spawn")
    begin, end, results = context.Barrier(processes + 1), context.Event(), context.Queue()
    path = str(folder / "draws.db")
    workers = [context.Process(target=worker, args=(path, n, begin, end, results)) for n in range(processes)]
    for process in workers:
        process.start()
    begin.wait()
    began = monotonic()
    end.wait(seconds)
    end.set()
    took = monotonic() - began
    got = [results.get() for _ in workers]
    for process in workers:
        process.join()
    draws = [n for _, n, _ in got]
    return {
        "processes": processes,
        "slowest_of_fastest": round(min(draws) / max(draws), 3),
        "draws_per_second": round(sum(draws) / took),
        "p99_milliseconds": round(max(p99 for _, _, p99 in got) * 1e3, 2),
    }


INSERT = "a bare one-row INSERT transaction"


def rows(mode: str, found: dict, *, judged: bool) -> list[dict]:
    times = found["microseconds"]
    return [
        row(
            f"one draw a transaction, `{mode}`, µs",
            times["single"],
            times["insert"],
            INSERT,
            ratio=found["single_of_floor"],
            at_least=0.70 if judged else None,
        ),
        row(
            f"a hundred draws a transaction, `{mode}`, µs a draw",
            times["batch"],
            times["insert"],
            INSERT,
            ratio=found["batch_of_floor"],
            at_least=5 if judged else None,
        ),
        row(f"a hundred draws a transaction, `{mode}`, draws/s", found["batch_draws_per_second"], at_least=20_000 if judged else None),
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--folder", type=Path, help="where the files go: the file system to measure")
    given = arguments.parse_args()
    rounds, seconds = (1, 0.5) if given.quick else (given.rounds, 3.0)
    more, table = {}, []
    for durability in ("full", "normal"):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            found = more[durability] = speed(Path(folder), durability, rounds)
        table += rows(durability, found, judged=durability == "full")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = more["four_processes"] = share(Path(folder), seconds)
    table += [
        row("four processes on one file, the slowest's draws by the fastest's", found["slowest_of_fastest"], at_least=0.8),
        row("four processes on one file, draws/s together", found["draws_per_second"]),
        row("four processes on one file, 99 of 100 draws done within, ms", found["p99_milliseconds"]),
    ]
    put(result("SQLite store", table, {"sqlite": sqlite3.sqlite_version}, rounds=rounds, **more), given.json)


if __name__ == "__main__":
    main()
