"""What the other processes of the proofs do: each function here is the whole life of one process.

They come from a fork server that has imported prizedraw and nothing of the tests, so a process starts in milliseconds.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from prizedraw import (
    DrawEngine,
    DrawRefused,
    DrawRequest,
    InvalidEdit,
    Newcomer,
    Pity,
    Points,
    Prize,
    Quota,
    Refusal,
    RequestMismatch,
    StorageBusy,
    UnknownReceipt,
)
from prizedraw.storage import PostgresStore, RedisStore, SqliteStore
from scenery import NOON, wheel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from prizedraw.storage import Store

context = multiprocessing.get_context("forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn")
if hasattr(context, "set_forkserver_preload"):
    stores = [f"prizedraw.storage.{name}" for name in ("sqlite", "postgres", "redis")]
    context.set_forkserver_preload(["pytest", "numpy", "prizedraw", *stores, "tomllib"])

CLOSE = 60.0
"""Seconds after which a process that should have ended is taken for stuck."""


Where: TypeAlias = "Path | tuple[str, str]"
"""A store that processes share: an SQLite file, or the URL of a server and the name of what is ours there, a schema or a prefix."""


def store_at(where: Where, durability: str = "normal") -> Store:
    """A store on what is there.

    "normal" spares a file a flush per commit: it gives up the last commits at a loss of power, which no test brings about, no more.
    """
    if not isinstance(where, tuple):
        return SqliteStore(where, durability=durability)
    url, name = where
    return PostgresStore(url, schema=name) if url.startswith("postgresql:") else RedisStore(url, prefix=name)


@contextmanager
def opened(where: Where, durability: str = "normal") -> Iterator[DrawEngine]:
    """An engine at noon."""
    with DrawEngine(store_at(where, durability), clock=lambda: NOON) as engine:
        yield engine


def together(target: Any, *arguments: tuple[Any, ...]) -> list[Any]:
    """What ``target`` returns in as many processes as there are argument tuples, all at once."""
    readers, processes = [], []
    barrier = context.Barrier(len(arguments))
    for each in arguments:
        reader, writer = context.Pipe(duplex=False)
        processes.append(context.Process(target=_life, args=(writer, barrier, target, each)))
        processes[-1].start()
        writer.close()
        readers.append(reader)
    told = [reader.recv() for reader in readers]
    for process in processes:
        process.join(CLOSE)
        assert process.exitcode == 0
    return told


def _life(writer: Any, barrier: Any, target: Any, arguments: tuple[Any, ...]) -> None:
    barrier.wait(CLOSE)
    writer.send(target(*arguments))
    writer.close()


# --- mixed load ---

MIXED = wheel(
    Prize("phone", "Phone", "1/50", 40, alert_stock=5, daily_release=30),
    Prize("cup", "Cup", "1/5", 300, per_participant=40),
    Prize("coins", "Coins", "1/5", -1, kind="points", points=7),
    fallback=Prize.thank_you(weight="29/50"),
    quota=Quota(daily_draws=50, daily_wins=35, campaign_draws=1_000_000),
    points=Points(total=1_000_000, per_participant=900),
    pity=[Pity(id="rare", target=["phone"], hard=25, resets=["sure"]), Pity(id="sure", target=["cup", "phone"], hard=7)],
    newcomer=Newcomer(draws=4, target=["cup"]),
)
"""A campaign in which caps, stock, release, points, pity and the newcomer's promise all come to act."""
CROWD = 12
"""Participants who draw at a time; new ones come as others reach the day's cap."""


class Order(NamedTuple):
    """A call to make, with all it takes to make it again: its kind, its request ids (several for a batch), and the rest."""

    kind: str
    ids: tuple[str, ...]
    arguments: tuple[Any, ...]


def orders(seed: int, prefix: str, start: int = 0) -> Iterator[Order]:
    """An endless mix of calls with request ids of their own, for participants from the ``start``-th on.

    Voids name draws of this mix, whether they were won or not.
    """
    rng = random.Random(seed)
    drawn: list[str] = []

    def someone(turn: int) -> str:
        return f"p{start + turn // 20 + rng.randrange(CROWD)}"

    for turn in count(1):
        id_ = f"{prefix}-{turn}"
        kind = rng.choices(("draw", "many", "batch", "grant", "void", "reallocate"), (50, 12, 12, 6, 10, 10))[0]
        person = someone(turn)
        if kind == "void" and not drawn:
            continue
        if kind in {"draw", "many"}:
            drawn.append(id_)
        match kind:
            case "draw":
                yield Order(kind, (id_,), (person,))
            case "many":
                yield Order(kind, (id_,), (person, rng.randint(2, 12)))
            case "batch":
                requests = tuple((someone(turn), f"{id_}-{k}", rng.choice((1, 1, 3))) for k in range(rng.randint(2, 10)))
                yield Order(kind, tuple(request[1] for request in requests), requests)
            case "grant":
                yield Order(kind, (id_,), (person, rng.randint(1, 5)))
            case "void":
                drawn, chosen = drawn[:-1], drawn[-1]
                yield Order(kind, (id_,), (f"wheel:0:{chosen}", rng.random() < 0.5))
            case "reallocate":
                yield Order(kind, (id_,), (rng.choice(("phone", "cup")), rng.randint(-6, 8)))


def carry_out(engine: DrawEngine, order: Order) -> dict[str, str]:
    """Make the call; request id → digest of its answer, for what was not refused (a refusal writes nothing, and may pass later)."""
    try:
        answers = _answers(engine, order)
    except (DrawRefused, InvalidEdit, UnknownReceipt):
        return {}
    told = zip(order.ids, answers, strict=True)
    return {id_: sha256(msgspec.json.encode(answer)).hexdigest() for id_, answer in told if not isinstance(answer, Refusal)}


def _answers(engine: DrawEngine, order: Order) -> list[Any]:
    (id_, *_), asked = order.ids, order.arguments
    match order.kind:
        case "draw":
            return [engine.draw("wheel", *asked, request_id=id_)]
        case "many":
            return [engine.draw_many("wheel", *asked, request_id=id_)]
        case "batch":
            return engine.draw_batch("wheel", [DrawRequest(*request) for request in asked])
        case "grant":
            return [engine.grant_draws("wheel", *asked, request_id=id_)]
        case "void":
            return [engine.void(asked[0], return_chance=asked[1], request_id=id_)]
        case _:
            return [engine.reallocate("wheel", asked[0], add=asked[1], request_id=id_)]


def only(order: Order, ids: Collection[str]) -> Order:
    """The same call, of a batch only the requests with these ids."""
    if order.kind != "batch":
        return order
    asked = tuple(request for request in order.arguments if request[1] in ids)
    return Order(order.kind, tuple(request[1] for request in asked), asked)


def draw_until_killed(path: Path, seed: int, told: Any) -> None:
    """Make calls for ever; tell each before it is made, and its answer after."""
    with opened(path, "full") as engine:
        for order in orders(seed, f"r{seed}", start=3 * seed):
            told.send(order)
            told.send(carry_out(engine, order))


def load(where: Where, seed: int, prefix: str, until: float) -> dict[str, int]:
    """Make calls until a time of the system's monotonic clock; how many of each kind were made.

    Who is told that the store was busy makes the same call again, as the error says; how often is counted too.
    """
    made = dict.fromkeys(("draw", "many", "batch", "grant", "void", "reallocate", "busy"), 0)
    with opened(where) as engine:
        for order in orders(seed, prefix):
            if time.monotonic() >= until:
                return made
            while True:
                try:
                    carry_out(engine, order)
                except StorageBusy:
                    made["busy"] += 1
                else:
                    break
            made[order.kind] += 1
    return made


# --- contention ---


def draw_in_batches(path: Path, name: str, draws: int, size: int) -> list[str]:
    """Draw so often for participants of this process's own; the ids of the receipts that won."""
    won = []
    with opened(path) as engine:
        for start in range(0, draws, size):
            asked = [DrawRequest(f"{name}-{k % 50}", f"{name}:{k}") for k in range(start, start + size)]
            made = engine.draw_batch("wheel", asked)
            assert [one.request_id for one in made] == [one.request_id for one in asked]
            won += [one.id for one in made if one.is_win]
    return won


def draw_for_ever(where: Where, prefix: str) -> None:
    """Draw for participants of this process's own until it is killed; who is refused tries again."""
    with opened(where) as engine:
        for k in count():
            try:
                engine.draw("wheel", f"{prefix}-{k % 50}", request_id=f"{prefix}:{k}")
            except DrawRefused:
                time.sleep(0.005)


def draw_the_same(where: Where, ids: list[str], seed: int, participant: str) -> dict[str, Any]:
    """Draw with each request id, in an order of this process's own; request id → its receipt, or "mismatch"."""
    made: dict[str, Any] = {}
    with opened(where) as engine:
        for id_ in random.Random(seed).sample(ids, len(ids)):
            try:
                made[id_] = engine.draw("wheel", participant, request_id=id_)
            except RequestMismatch:
                made[id_] = "mismatch"
    return made


def draw_for(path: Path, prefix: str, people: list[str]) -> list[int]:
    """Draw for people in this order, six in a batch; the numbers of the draws."""
    with opened(path) as engine:
        asked = [DrawRequest(name, f"{prefix}-{k}") for k, name in enumerate(people)]
        return [one.number for k in range(0, len(asked), 6) for one in engine.draw_batch("wheel", asked[k : k + 6])]
