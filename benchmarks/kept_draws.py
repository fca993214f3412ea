"""Whether a draw costs the same after a thousand kept draws as after a million: SQLite, PostgreSQL and Valkey.

Run ``python benchmarks/kept_draws.py [--stores sqlite postgres valkey] [--json FILE] [--quick]``: some ten minutes and 1 GB of memory.
The stores of all sizes are drawn from in turns, so that a noise of the machine meets them all. No flush is waited for (SQLite with
``durability="normal"``, PostgreSQL with ``fsync=off``, Valkey's append-only file each second): it would hide what an index costs.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from _results import parser, put, result, row
from redis_store import server as valkey_server

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from postgres_servers import PostgresServer
from prizedraw import Campaign, DrawEngine, DrawRequest, Prize, Window
from prizedraw.storage import PostgresStore, RedisStore, SqliteStore

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
FLAT = 0.8
"""How many times as fast as with the fewest draws kept a draw must be to count as flat."""


def sqlite(stack):
    """From a size to a store: files in one folder."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return lambda size: SqliteStore(folder / f"{size}.db", durability="normal")


def postgres(stack):
    """Schemas of one server, whose autovacuum works as it comes."""
    server = PostgresServer("fsync=off", "shared_buffers=256MB", "max_wal_size=4GB").start()
    stack.callback(server.stop)
    return lambda size: PostgresStore(server.url, schema=f"kept_{size}")


def valkey(stack):
    """Prefixes on one server."""
    url = stack.enter_context(valkey_server(None))
    return lambda size: RedisStore(url, prefix=f"kept-{size}")


STORES = {"sqlite": ("SQLite", sqlite), "postgres": ("PostgreSQL", postgres), "valkey": ("Valkey", valkey)}


def filled(store, size: int) -> DrawEngine:
    """An engine, open, on a store with so many draws."""
    engine = DrawEngine(store, clock=lambda: NOON).__enter__()
    engine.publish(CAMPAIGN)
    for start in range(0, size, BATCH):
        asked = [DrawRequest(f"p{k * 7919 % PEOPLE}", f"r{k}") for k in range(start, min(start + BATCH, size))]
        engine.draw_batch("wheel", asked)
    return engine


def costs(make, sizes: list[int], rounds: int, each: int) -> dict[int, float]:
    """Microseconds of a draw, the median, with so many kept."""
    spent: dict[int, list[float]] = {size: [] for size in sizes}
    engines = {size: filled(make(size), size) for size in sizes}
    for turn in range(rounds + 1):
        for size, engine in engines.items():
            for k in range(each):
                name, id_ = f"p{(turn * each + k) * 7919 % PEOPLE}", f"more-{turn}-{k}"
                began = perf_counter_ns()
                engine.draw("wheel", name, request_id=id_)
                if turn:  # the first round warms up
                    spent[size].append((perf_counter_ns() - began) / 1000)
    for engine in engines.values():
        engine.close()
    return {size: round(median(times), 1) for size, times in spent.items()}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--stores", nargs="*", choices=STORES, default=list(STORES))
    given = arguments.parse_args()
    sizes = [1000, 10_000] if given.quick else [1000, 10_000, 100_000, 1_000_000]
    rounds, each = (3, 20) if given.quick else (15, 100)
    table = []
    for store in given.stores:
        name, serve = STORES[store]
        with ExitStack() as stack:
            cost = costs(serve(stack), sizes, rounds, each)
        for size in sizes:
            told = f"{name}: one draw without a flush, {size:,} kept, µs"
            judged = FLAT if size > sizes[0] else None
            table.append(row(told, cost[size], cost[sizes[0]], f"{sizes[0]:,} kept", at_least=judged))
    put(result("Kept draws", table, {"sqlite": sqlite3.sqlite_version}), given.json)


if __name__ == "__main__":
    main()
