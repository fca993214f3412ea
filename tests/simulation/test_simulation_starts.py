"""Where a simulation starts and when its draws happen: given counts, a live engine's snapshot, traffic over time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import attrs
import numpy as np
import pytest

from played import compared, play
from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, Newcomer, Pity, Prize, Quota, Release, Window, odds, simulate
from prizedraw.sampling import SeededEntropy
from prizedraw.simulation import Traffic
from prizedraw.storage import MemoryStore
from prizedraw.testing import FixedClock
from scenery import NOON, wheel

A, B, C = Prize("a", "A", 1, 20, per_participant=3), Prize("b", "B", 2, 30, daily_release=6), Prize("c", "C", 3, -1)
LIVE = wheel(
    A,
    B,
    C,
    fallback=Prize.thank_you(weight=6),
    quota=Quota(total_wins=7, daily_wins=3, total_draws=12, daily_draws=5, campaign_draws=110, ordering="relaxed"),
    release=Release(25),
    pity=[Pity(id="top", target=["a"], base="1/10", hard=6)],
    newcomer=Newcomer(4, ("b", "c")),
)
PEOPLE = 14


def begun(store: MemoryStore, clock: FixedClock) -> DrawEngine:
    """An engine with a campaign in its second day, in which everything has happened that can happen to it."""
    engine = DrawEngine(store, clock=clock, entropy=SeededEntropy("begin"))
    engine.publish(LIVE)
    for day in (0, 1):
        clock.set(NOON + timedelta(days=day))
        for k in range(8):
            for _ in range(2):
                engine.draw("wheel", f"p{k}")
    engine.grant_draws("wheel", "p1", 3, request_id="g1")
    engine.grant_draws("wheel", "p2", 3, request_id="g2", expires=NOON + timedelta(days=1, seconds=1))
    engine.block("p3", "wheel")
    engine.reallocate("wheel", "a", stock=16)
    clock.set(NOON + timedelta(days=1, hours=1))
    return engine


def test_from_a_snapshot_as_the_engine_goes_on() -> None:
    """Five more draws each on the same day: counts, caps, granted draws, blocks, release, stock and misses all go on as in the engine."""
    start = begun(MemoryStore(), FixedClock(NOON)).snapshot("wheel")
    games = []
    for game in range(150):
        clock = FixedClock(NOON)
        begun(store := MemoryStore(), clock)
        engine = DrawEngine(store, clock=clock, entropy=SeededEntropy(game))
        counts: Counter[str] = Counter()
        wins = [0] * PEOPLE
        shuffler = random.Random(game)
        for _ in range(5):
            people = list(range(PEOPLE))
            shuffler.shuffle(people)
            for k in people:
                try:
                    receipt = engine.draw("wheel", f"p{k}")
                except DrawRefused as refusal:
                    counts[f"refused {refusal.reason}"] += 1
                    continue
                counts[f"granted {receipt.prize.id}"] += 1
                counts[f"demand {receipt.drawn}"] += 1
                wins[k] += receipt.is_win
        games.append(counts | Counter(f"won {n} times" for n in wins))
    compared(simulate(LIVE, PEOPLE, 5, per_day=5, state=start, runs=150, seed=1, progress=False), games)


def test_a_snapshot_says_what_stands() -> None:
    """Stock, today's release, the shelf, the switch and every participant, by both engines."""
    engine = begun(MemoryStore(), FixedClock(NOON))
    engine.take_off_shelf("wheel", "b")
    engine.take_offline("wheel")
    found = engine.snapshot("wheel")
    lines = engine.stock("wheel")
    assert found.stock == {id_: line.remaining for id_, line in lines.items()}
    assert found.released == {id_: line.released_today for id_, line in lines.items()}
    assert found.released_in_all == sum(found.released.values())
    assert (found.off_shelf, found.online, found.draws, found.day.isoformat()) == (frozenset({"b"}), False, 32, "2027-03-11")
    assert set(found.participants) == {f"p{k}" for k in range(8)}
    assert found.participants["p2"].granted == ()  # they have expired
    assert found.participants["p3"].refused

    async def from_async() -> object:
        async with AsyncDrawEngine(engine.store, clock=FixedClock(found.at)) as other:
            return await other.snapshot("wheel")

    assert asyncio.run(from_async()) == found


def test_an_offline_snapshot_refuses_everything() -> None:
    """A campaign that is offline stays so until it is brought online."""
    engine = begun(MemoryStore(), FixedClock(NOON))
    engine.take_offline("wheel")
    report = simulate(LIVE, 10, 2, state=engine.snapshot("wheel"), seed=1)
    assert (float(report.draws), float(report.refused["offline"])) == (0, 20)


def test_from_given_counts() -> None:
    """Misses, draws and wins of everybody: one miss before a sure hit, everyone hits at once; two wins before, one is left."""
    campaign = wheel(
        Prize("a", "A", 1, -1),
        fallback=Prize.thank_you(weight=10**6),
        pity=[Pity(id="top", target=["a"], hard=10)],
        quota=Quota(total_wins=3),
    )
    report = simulate(campaign, 100, 1, state=odds.State({"top": 9}, 9, {"a": 2}), seed=1)
    assert report.granted["a"] == 100
    assert report.wins_per_participant.tolist() == [0, 100]
    assert simulate(campaign, 100, 12, state=odds.State({"top": 9}, 9, {"a": 2}), seed=1).granted["a"] == 100


def test_the_next_draw_is_that_of_exact_odds() -> None:
    """In a state with its caps partly used: the shares of one draw of many are ``odds.effective``, within 6 standard errors."""
    state = odds.State({"top": 4}, 9, {"a": 3, "b": 2}, newcomer=True, wins_today=2)
    free = attrs.evolve(LIVE, quota=attrs.evolve(LIVE.quota, campaign_draws=-1), release=Release(-1))
    free = attrs.evolve(free, prizes=[attrs.evolve(one, daily_release=-1, stock=-1) for one in LIVE.prizes])
    report = simulate(free, 90_000, 1, per_day=5, state=state, seed=1)
    for id_, chance in odds.effective(free, state).items():
        assert abs(report.granted[id_] - 90_000 * chance) <= 6 * np.sqrt(90_000 * float(chance * (1 - chance))), id_


def test_draws_each_by_a_law_of_the_odds() -> None:
    """A Distribution of the odds package says how often each draws: until the first win, here."""
    law = odds.draws_until(
        wheel(Prize("a", "A", 1, -1), fallback=Prize.thank_you(weight=1), pity=[Pity(id="six", target=["a"], hard=6)]), "a"
    )
    report = simulate(wheel(), 40_000, law, seed=4, stock={"cup": -1})
    assert abs(report.draws - 40_000 * law.mean) <= 6 * law.std * np.sqrt(40_000)


def test_stock_is_what_is_left() -> None:
    """``stock=`` replaces a prize's stock, with -1 for unlimited; the others keep theirs."""
    campaign = wheel(Prize("a", "A", 1, 5), Prize("b", "B", 1, 5))
    report = simulate(campaign, 100, 2, stock={"a": 3}, seed=1)
    assert (report.granted["a"], report.remaining["a"], report.granted["b"]) == (3, 0, 5)
    free = simulate(campaign, 100, 2, stock={"a": -1}, seed=1)
    assert (free.remaining["a"], free.sold_out_at["a"]) == (-1, None)
    assert free.granted["a"] == free.demand["a"]


def test_draws_each_by_a_distribution() -> None:
    """Numbers of draws by a law, afresh in each run: the share of every number is the law's, within 6 standard errors."""
    law = SimpleNamespace(start=1, pmf=np.array([0.5, 0.25, 0.0, 0.25]))
    report = simulate(wheel(), 40_000, law, runs=3, seed=4, stock={"cup": -1})
    shares = report.wins_per_participant / (3 * 40_000)
    assert len(set(report.draws.runs)) == 3
    assert shares[[0, 3]].tolist() == [0, 0]
    assert np.abs(shares[[1, 2, 4]] - [0.5, 0.25, 0.25]).max() < 6 * 0.5 / np.sqrt(120_000)


TWO_EVENINGS = attrs.evolve(
    wheel(
        Prize("a", "A", 1, 15),
        Prize("b", "B", 2, -1, daily_release=6),
        fallback=Prize.thank_you(weight=4),
        quota=Quota(daily_draws=2, daily_wins=1),
    ),
    windows=[Window(datetime(2027, 3, day, 18), datetime(2027, 3, day, 23)) for day in (1, 2)],
)
BUSY = [datetime(2027, 3, 1, 9, 55, tzinfo=UTC) + timedelta(minutes=7 * k) for k in range(300)]


@pytest.mark.parametrize("order", ["rounds", "sessions", "random"])
@pytest.mark.parametrize("traffic", ["constant", "daily", "burst", "data"])
def test_traffic_as_the_engine_has_it(order, traffic) -> None:
    """With a clock that shows each draw's time, days, windows and releases come out as in the engine."""
    given = {
        "constant": Traffic.constant(),
        "daily": Traffic.daily([0] * 18 + [1, 2, 3, 4] + [0] * 2),
        "burst": Traffic.burst(timedelta(minutes=20), share=0.8),
        "data": Traffic.observed(BUSY),
    }[traffic]
    table = given.timetable(TWO_EVENINGS, 40, None)
    times = [datetime.fromtimestamp(table.time(k) / 1e6, UTC) for k in range(40)]
    assert times == sorted(times)
    games = (play(TWO_EVENINGS, (4,) * 10, game, order=order, times=times) for game in range(60))
    compared(simulate(TWO_EVENINGS, 10, 4, order=order, traffic=given, runs=60, seed=6, progress=False), games)


def test_sold_out_with_traffic_has_a_time() -> None:
    """The last unit's time is that of its draw: the fifth of ten draws in ten hours comes after 4.5 of them."""
    campaign = attrs.evolve(wheel(Prize("a", "A", 1, 5)), windows=[Window(datetime(2027, 3, 1, 10), datetime(2027, 3, 1, 20))])
    where = simulate(campaign, 10, 1, traffic="constant", seed=1).sold_out_at["a"]
    assert (where.draw, where.round) == (5, 1)
    assert abs(where.time - datetime(2027, 3, 1, 6, 30, tzinfo=UTC)) < timedelta(seconds=1)


def test_traffic_after_a_snapshot_starts_there() -> None:
    """What is over is over: draws come between the snapshot and the end of the last window."""
    clock = FixedClock(NOON)
    engine = begun(MemoryStore(), clock)
    start = engine.snapshot("wheel")
    table = Traffic.constant().timetable(LIVE, 100, start)
    first, last = (datetime.fromtimestamp(table.time(k) / 1e6, UTC) for k in (0, 99))
    assert start.at < first < last < LIVE.windows[-1].end
    report = simulate(LIVE, 20, 2, state=start, traffic=Traffic.constant(), seed=1)
    assert report.refused["outside_window"] == 0
