"""Simulating 10⁶ participants × 100 draws to a finished report, against numpy arrays stepped draw by draw; and two processes against one.

The contestants take turns in one process, one thread each, after an untimed call of the same size. ``simulate`` is timed with everything:
the campaign compiled, the report made, and in the third scenario the full log of wins.
"""

from __future__ import annotations

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import stepping
from _results import parser, put, result, row

from prizedraw import Campaign, Pity, Prize, Quota, Window, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE, DRAWS = 1_000_000, 100
FIVE = Pity(id="five", target=["five"], base="0.006", soft_from=74, soft_step="0.06", hard=90)
FOUR = Pity(id="four", target=["four"], base="0.051", soft_from=9, soft_step="0.51", hard=10, counts=[])
CAPPED = Quota(total_wins=2, ordering="relaxed")


def campaign(*prizes: Prize, **fields: Any) -> Campaign:
    """A campaign of these prizes; what is left of the chance is the thank-you's."""
    rest = 1 - sum(Fraction(prize.weight) for prize in prizes)
    window = Window(datetime(2027, 3, 1), datetime(2027, 4, 1))  # noqa: DTZ001 - local to the campaign
    return Campaign(
        id="bench", title="Bench", timezone="UTC", windows=[window], prizes=prizes, fallback=Prize.thank_you(weight=rest), **fields
    )


def five(people: int, stock: bool = False) -> Prize:
    """The prize of the guarantee; its stock is 0.9 for each participant."""
    return Prize("five", "Five", "0.006", people * 9 // 10 if stock else -1)


def everything(people: int) -> Campaign:
    """campaigns/everything.toml, with stock, releases and points in proportion."""
    whole = Campaign.load(Path(__file__).parent / "campaigns" / "everything.toml")

    def part(units: int) -> int:
        return units if units < 0 else units * people // 1_000_000

    prizes = [attrs.evolve(one, stock=part(one.stock), daily_release=part(one.daily_release)) for one in whole.prizes]
    release, points = (
        attrs.evolve(whole.release, daily=part(whole.release.daily)),
        attrs.evolve(whole.points, total=part(whole.points.total)),
    )
    return attrs.evolve(whole, prizes=prizes, release=release, points=points)


def scenarios(people: int) -> list[tuple[str, Callable[[], Any], Callable[[], Any], Callable[[], Any] | None, float]]:
    """(name, ours, stepping in float64, in float32 by blocks where participants share nothing, at least so many times as fast)."""
    share = people / 1_000_000
    small = [
        Prize(f"small-{k}", f"Small {k}", str(weight), int(stock * share))
        for k, (weight, stock) in enumerate(zip(stepping.SMALL, stepping.SMALL_STOCK, strict=True))
    ]
    soft = campaign(five(people), pity=[FIVE])
    capped = campaign(five(people, stock=True), pity=[FIVE], quota=CAPPED)
    many = campaign(five(people, stock=True), *small, pity=[FIVE], quota=CAPPED)
    tiers = campaign(five(people), Prize("four", "Four", "0.051", -1), pity=[FIVE, FOUR])
    quarter = people // 4
    all_on = everything(quarter)
    stock = people * 9 // 10
    return [
        (
            "soft pity, histogram of wins",
            lambda: simulate(soft, people, DRAWS, seed=1),
            lambda: stepping.soft_pity(people, DRAWS),
            lambda: stepping.blocked(stepping.soft_pity, people, DRAWS),
            20,
        ),
        (
            "with win cap, shared stock and thank-you",
            lambda: simulate(capped, people, DRAWS, seed=1),
            lambda: stepping.capped(people, DRAWS, stock=stock),
            None,
            15,
        ),
        (
            "with six more finite prizes and the full win log",
            lambda: simulate(many, people, DRAWS, seed=1, log=True),
            lambda: stepping.many_prizes(people, DRAWS, stock=stock),
            None,
            8,
        ),
        (
            "two-level pity",
            lambda: simulate(tiers, people, DRAWS, seed=1),
            lambda: stepping.two_level(people, DRAWS),
            lambda: stepping.blocked(stepping.two_level, people, DRAWS),
            6,
        ),
        (
            "everything on (campaigns/everything.toml), a quarter of the participants",
            lambda: simulate(all_on, quarter, DRAWS, seed=1),
            lambda: stepping.everything(quarter, DRAWS),
            None,
            1,
        ),
    ]


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds of a call."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def compared(people: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each scenario and contestant; ratios are medians of the ratios of each round."""
    rows = []
    for name, ours, wide, narrow, least in scenarios(people):
        others = [("numpy stepping, float64", wide), *([("numpy stepping, float32, in blocks", narrow)] if narrow else [])]
        times: dict[str, list[float]] = {"ours": [], **{other: [] for other, _ in others}}
        for turn in range(rounds + 1):
            for who, call in (("ours", ours), *others):
                # The slow ones need no more than a third of the turns.
                if who != "ours" and turn % 3 and turn > 1:
                    continue
                spent = timed(call)
                if turn:
                    times[who].append(spent)
        mine = median(times["ours"])
        print(name, {who: round(median(spent)) for who, spent in times.items()}, file=sys.stderr, flush=True)
        for k, (other, _) in enumerate(others):
            theirs = median(times[other])
            target = least if k == 0 else None
            rows.append(row(f"{name}, ms", mine, theirs, other, ratio=theirs / mine, at_least=target))
        if name.startswith("soft"):
            rows.append(row(f"{name}, ms, in all", mine, at_most=40))
    return rows


def memory(people: int) -> dict[str, Any]:
    """What the win log takes while it is made: the highest resident size of a process of its own, less what it begins with."""
    with ProcessPoolExecutor(1) as pool:
        grown = pool.submit(_grown, people).result()
    return row("six more finite prizes and the full win log: memory, MB", grown, at_most=300)


def _grown(people: int) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scenarios(people)[2][1]()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def two_processes(people: int, rounds: int) -> dict[str, Any]:
    """A warm pool of two against one process: 64 runs of the scenario with cap and stock, the same report bit for bit."""
    made = campaign(five(people, stock=True), pity=[FIVE], quota=CAPPED)
    one, two = [], []
    with ProcessPoolExecutor(2) as pool:
        simulate(made, people, DRAWS, seed=1, runs=4, executor=pool)
        for _ in range(rounds):
            found: list[Any] = []
            one.append(timed(lambda found=found: found.append(simulate(made, people, DRAWS, seed=1, runs=64))))
            two.append(timed(lambda found=found: found.append(simulate(made, people, DRAWS, seed=1, runs=64, executor=pool))))
            alone, together = found
            assert all(np.array_equal(alone.demand[id_].runs, together.demand[id_].runs) for id_ in alone.demand)
            assert np.array_equal(alone.wins_per_participant, together.wins_per_participant)
    return row("64 runs with cap and stock, in two processes, ms", median(two), median(one), "one process", at_least=1.7)


if __name__ == "__main__":
    arguments = parser(__doc__ or "").parse_args()
    people, rounds = (50_000, 2) if arguments.quick else (PEOPLE, 9)
    rows = [*compared(people, rounds), memory(people), two_processes(people, 1)]
    put(result("simulation", rows, {"numpy": version("numpy")}, participants=people, draws_each=DRAWS), arguments.json)
