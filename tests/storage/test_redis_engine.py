"""Both engines on Redis, opened by URL: every method, and races between processes with a clean audit and replay."""

from __future__ import annotations

import asyncio
import time

import pytest

import redis_crew
from engine_tour import tour
from prizedraw import AsyncDrawEngine, DrawEngine, Prize, Quota
from prizedraw.sampling import SeededEntropy
from prizedraw.storage import AsyncRedisStore, MemoryStore, RedisStore
from prizedraw.testing import FixedClock
from prizedraw.testing.replaying import journal, replay
from proof.crew import MIXED, draw_the_same, load, together
from scenery import NOON, SURE, wheel

pytest_plugins = ("valkey_servers",)

PRIZE = Prize("phone", "Phone", "1/20", 40)
REST = Prize.thank_you(weight="19/20")


@pytest.fixture(params=["server", "cluster"])
def url(request):
    """One server, and a cluster of three."""
    return request.getfixturevalue("valkey_url" if request.param == "server" else "valkey_cluster_url")


@pytest.fixture
def ports():
    """A clock that stands and entropy that is known, for each engine anew."""
    return lambda: {"clock": FixedClock(NOON), "entropy": SeededEntropy(7)}


@pytest.fixture
def expected(ports):
    """What the engine answers on the memory store."""
    return asyncio.run(tour(DrawEngine(MemoryStore(), **ports())))


def test_an_engine_opened_by_url_answers_as_on_the_memory_store(url, ports, expected, prefix):
    """Every method of the engine for threads."""
    with DrawEngine.open(url, namespace=prefix, **ports()) as engine:
        assert isinstance(engine.store, RedisStore)
        assert asyncio.run(tour(engine)) == expected


def test_an_engine_for_event_loops_opened_by_url_answers_as_on_the_memory_store(url, ports, expected, prefix):
    """Every method of the engine for event loops, on the store for event loops; another loop may use the engine after it was closed."""
    engine = AsyncDrawEngine.open(url, namespace=prefix, **ports())
    assert isinstance(engine.store, AsyncRedisStore)

    async def play():
        async with engine:
            return await tour(engine)

    async def look():
        async with engine:
            return await engine.audit("wheel")

    assert asyncio.run(play()) == expected
    assert asyncio.run(look()).ok


@pytest.mark.parametrize("scheme", ["valkey", "redis"])
def test_valkey_is_another_word_for_redis(valkey_url, scheme):
    """Both schemes lead to the same server."""
    with DrawEngine.open(scheme + valkey_url[valkey_url.index("://") :]) as engine:
        assert engine.store.now() is not None


def test_pitfall_09_four_processes_win_a_stock_of_40_exactly_40_times_on_redis(url, prefix):
    """4 × 500 draws: each gets its receipt, 40 of them win, the audit and the replay find every draw."""
    with redis_crew.opened(url, prefix) as engine:
        engine.publish(wheel(PRIZE, fallback=REST))
        won = together(redis_crew.draw_for_many, *((url, prefix, f"w{k}", 500) for k in range(4)))
        played = replay(engine.store, "wheel")
        assert sorted(id_ for some in won for id_ in some) == sorted(id_ for id_, draw in played.draws.items() if draw.is_win)
        assert sum(map(len, won)) == 40
        assert played.problems == []
        audit = engine.audit("wheel")
        assert (audit.ok, audit.draws, len(played.draws)) == (True, 2000, 2000)


def test_pitfall_30_request_ids_raced_by_processes_draw_once_each_on_redis(url, prefix):
    """Three race the same ids for ann, one for bob: each id is drawn once, for whoever came first, and the other is told."""
    ids = [f"order-{k}" for k in range(100)]
    with redis_crew.opened(url, prefix) as engine:
        engine.publish(wheel(PRIZE, fallback=REST))
        people = ("ann", "ann", "ann", "bob")
        *anns, bob = together(draw_the_same, *(((url, prefix), ids, seed, name) for seed, name in enumerate(people)))
        assert anns[0] == anns[1] == anns[2]
        assert all((anns[0][id_] == "mismatch") != (bob[id_] == "mismatch") for id_ in ids)
        assert {entry.id: entry.owner for entry in journal(engine.store, "wheel") if entry.kind == "draw"} == {
            id_: "bob" if anns[0][id_] == "mismatch" else "ann" for id_ in ids
        }
        assert replay(engine.store, "wheel").problems == []
        assert engine.audit("wheel").ok


def test_pitfall_17_one_participant_hammered_by_processes_passes_no_cap_on_redis(valkey_url, prefix):
    """Four processes draw for ann until she is refused: 60 draws, 9 wins, and every draw has its number."""
    with redis_crew.opened(valkey_url, prefix) as engine:
        engine.publish(wheel(SURE, quota=Quota(daily_draws=60, daily_wins=9)))
        numbers = together(redis_crew.draw_until_refused, *((valkey_url, prefix, "ann") for _ in range(4)))
        assert sorted(number for some in numbers for number in some) == list(range(1, 61))
        standing = engine.standing("wheel", "ann")
        assert (standing.number, sum(standing.won.values())) == (60, 9)
        assert replay(engine.store, "wheel").problems == []


def test_mixed_calls_of_three_processes_leave_nothing_unaccounted_for_on_redis(url, prefix):
    """Draws, batches, grants, voids and reallocations for about two seconds; the audit and the replay are clean."""
    with redis_crew.opened(url, prefix) as engine:
        engine.publish(MIXED)
        made = together(load, *(((url, prefix), seed, f"r{seed}", time.monotonic() + 3) for seed in range(3)))
        assert all(min(one[kind] for kind in ("draw", "many", "batch")) > 0 for one in made)
        assert replay(engine.store, "wheel").problems == []
        assert engine.audit("wheel").ok
