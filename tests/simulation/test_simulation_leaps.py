"""Each quick way of simulating has the law of the general one, and the general one the exact expectation."""

from __future__ import annotations

from math import sqrt

import attrs
import numpy as np
import pytest
from scipy.stats import ttest_ind

from played import FALSE_ALARM, compared, told
from prizedraw import Newcomer, Pity, Points, Prize, Quota, Release, simulate
from prizedraw.campaign import Odds
from prizedraw.pity import Stages, expected
from prizedraw.simulation import calendar, independent, renewal, runs, stepping
from prizedraw.simulation.report import Report
from prizedraw.simulation.scene import Scene
from prizedraw.simulation.streams import Streams
from scenery import wheel

FIVE = Pity(id="five", target=["five"], base="0.006", soft_from=74, soft_step="0.06", hard=90)
FOUR = Pity(id="four", target=["four"], base="0.051", soft_from=9, soft_step="0.51", hard=10, counts=[])
P5, P4 = Prize("five", "Five", "0.006", -1), Prize("four", "Four", "0.051", -1)
SMALL = [Prize(f"s{k}", f"S{k}", weight, -1) for k, weight in enumerate(("0.004", "0.002", "0.001"))]
THANKS = Prize.thank_you(weight="0.94")
SOFT = wheel(P5, fallback=THANKS, pity=[FIVE])
TIERS = wheel(P5, P4, fallback=THANKS, pity=[FIVE, FOUR])
MANY = wheel(P5, *SMALL, fallback=THANKS, pity=[FIVE])


def quota(campaign, **caps):
    """The campaign with these caps."""
    return attrs.evolve(campaign, quota=Quota(**caps, ordering="relaxed"))


def stocked(campaign, **stock):
    """The campaign with these stocks."""
    return campaign.replace(stock=stock)


LEAPS = {
    "renewal": (SOFT, independent.leap),
    "two tiers": (TIERS, independent.leap),
    "several of one kind": (MANY, independent.leap),
    "win cap of several kinds": (quota(MANY, total_wins=2), independent.leap),
    "no win at all": (quota(TIERS, total_wins=0), independent.leap),
    "newcomer": (attrs.evolve(TIERS, newcomer=Newcomer(7, ("four",))), independent.leap),
    "every draw wins": (
        wheel(P5, P4, Prize("bow", "Bow", "0.5", -1), Prize("cup", "Cup", "0.443", -1), pity=[FIVE, FOUR]),
        independent.leap,
    ),
    "win cap": (quota(SOFT, total_wins=2), renewal.renew_in_rounds),
    "one stock": (stocked(SOFT, five=3_600), renewal.renew_in_rounds),
    "win cap and one stock": (stocked(quota(SOFT, total_wins=2), five=3_600), renewal.renew_in_rounds),
    "win cap and little stock": (stocked(quota(SOFT, total_wins=1), five=60), renewal.renew_in_rounds),
    "a stock that lasts": (stocked(quota(SOFT, total_wins=2), five=200_000), renewal.renew_in_rounds),
    "no stock": (stocked(SOFT, five=0), renewal.renew_in_rounds),
    "the same by the calendar": (stocked(quota(SOFT, total_wins=2), five=3_600), calendar.leap_in_rounds),
    "many stocks": (stocked(quota(MANY, total_wins=2), five=3_600, s0=800, s1=600, s2=20), calendar.leap_in_rounds),
    "many stocks redrawn": (
        attrs.evolve(stocked(TIERS, five=3_000, four=20_000), odds=Odds(when_unavailable="redraw")),
        calendar.leap_in_rounds,
    ),
    "daily wins and releases": (
        attrs.evolve(
            quota(MANY, daily_draws=10, daily_wins=1),
            release=Release(600),
            prizes=[attrs.evolve(P5, daily_release=200), *[attrs.evolve(one, per_participant=1) for one in SMALL]],
        ),
        calendar.leap_in_rounds,
    ),
    "points": (
        wheel(
            P5,
            Prize("p", "P", "0.02", -1, kind="points", points=7),
            Prize("q", "Q", "0.02", 1_800, kind="points", points=2),
            fallback=THANKS,
            pity=[FIVE],
            points=Points(total=40_000, per_participant=16),
        ),
        calendar.leap_in_rounds,
    ),
}
PEOPLE, ROUNDS, RUNS = 4_000, 100, 30


def reported(campaign, play, people=PEOPLE, rounds=ROUNDS, times=RUNS, seed="leap"):
    """A report of some runs in one way of playing."""
    plan = runs._plan(campaign, people, rounds, None, "rounds", None, False, None, None)
    scene, streams = Scene(plan), Streams(seed)
    return Report(plan, seed, [play(scene, streams, run) for run in range(times)], asked=times, log=None)


def stepped(scene, streams, run):
    return stepping.step(scene, streams, run, lambda _: None)


@pytest.mark.parametrize("name", LEAPS)
def test_a_leap_has_the_law_of_the_general_way(name):
    """The mean of every count over thirty runs, by Welch's test (false alarm 1e-9 for each of some hundred counts)."""
    campaign, leap = LEAPS[name]

    def leaping(scene, streams, run):
        assert scene.quiet is not None, "this campaign is meant for the quick way"
        return leap(scene, scene.quiet, streams, run, lambda _: None)

    quick, slow = told(reported(campaign, leaping)), told(reported(campaign, stepped, seed="general"))
    for what in set(quick) | set(slow):
        ours, theirs = (counts.get(what, np.zeros(RUNS)) for counts in (quick, slow))
        if ours.any() or theirs.any():
            p = ttest_ind(ours, theirs, equal_var=False).pvalue if np.ptp(ours) or np.ptp(theirs) else float((ours == theirs).all())
            assert p > FALSE_ALARM, f"{what}: {ours.mean()} and {theirs.mean()}, p = {p:.2g}"


@pytest.mark.parametrize("name", LEAPS)
def test_simulate_takes_the_quick_way(monkeypatch, name):
    """``simulate`` chooses the way that the table above proves."""
    campaign, leap = LEAPS[name]
    if name == "the same by the calendar":
        return
    taken = []
    for module, way in ((independent, "leap"), (renewal, "renew_in_rounds"), (calendar, "leap_in_rounds"), (stepping, "step")):
        original = getattr(module, way)
        monkeypatch.setattr(runs, way, lambda *args, original=original: (taken.append(original), original(*args))[1])
    simulate(campaign, PEOPLE, 3, seed=1)
    assert taken == [leap]


@pytest.mark.parametrize("name", ["renewal", "two tiers", "several of one kind", "newcomer", "every draw wins"])
def test_exact_expectations(name):
    """Where nothing closes, the mean of each prize is the exact one, within 6 standard errors (false alarm below 1e-7)."""
    campaign = LEAPS[name][0]
    report = simulate(campaign, 400_000, 60, seed=4)
    exact = expected(Stages(campaign.pity, campaign.weights, campaign.newcomer), 60)
    for id_, mean in exact.items():
        found = float(report.granted[id_])
        assert abs(found - 400_000 * mean) <= 6 * sqrt(400_000 * max(mean, 0.0)), id_


def test_few_participants_have_the_same_distributions():
    """The whole distribution of each count of 40 participants, quick against general, by chi-square (false alarm 1e-9 each)."""
    campaign = stocked(quota(MANY, total_wins=2), five=30, s0=8, s1=4)

    def leaping(scene, streams, run):
        return calendar.leap_in_rounds(scene, scene.quiet, streams, run, lambda _: None)

    slow = told(reported(campaign, stepped, 40, 60, 300, "general"))
    games = [{what: int(runs_[k]) for what, runs_ in slow.items()} for k in range(300)]
    compared(reported(campaign, leaping, 40, 60, 300), games)
