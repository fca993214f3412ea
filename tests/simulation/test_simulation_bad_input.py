"""Every argument that cannot be right is an error of its own, with the argument and the remedy in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from prizedraw import DrawEngine, InvalidRequest, Level, Pity, Prize, simulate
from prizedraw.simulation import Traffic
from prizedraw.testing import FixedClock
from scenery import NOON, wheel

CAMPAIGN = wheel(
    Prize("a", "A", 1, 5),
    Prize("b", "B", 1, 5),
    fallback=Prize.thank_you(weight=1),
    pity=[Pity(id="top", target=["a"], hard=9), Pity(id="odd", target=["b"], levels=[Level("1/2", 0, 0)])],
)


def state(misses=None, draws=0, wins=None):
    """A state as the odds package has it."""
    return SimpleNamespace(misses=misses or {}, draws=draws, wins=wins or {})


BAD = {
    "negative participants": ({"participants": -1}, "participants: -1 must be an integer of at least 0"),
    "half a participant": ({"participants": 1.5}, "participants: 1.5 must be an integer"),
    "a bool for participants": ({"participants": True}, "participants: True must be an integer"),
    "absurd participants": ({"participants": 10**15}, r"participants: 1000000000000000 is more than 2,147,483,647; .* GiB of memory"),
    "more than the machine has": ({"participants": 2**31 - 1}, r"about .* GiB of memory, and this machine has .*; simulate fewer"),
    "negative draws": ({"draws_each": -3}, "draws_each: -3 must be an integer of at least 0"),
    "draws in words": ({"draws_each": "many"}, "draws_each: 'many' must be an integer"),
    "an array for others": ({"draws_each": np.array([1, 2])}, r"draws_each: an array of shape \(2,\).*give integers of shape \(10,\)"),
    "an array of floats": ({"draws_each": np.ones(10)}, "draws_each: an array of shape .* float64"),
    "an array with a negative": ({"draws_each": [1] * 9 + [-1]}, "draws_each: -1 must be"),
    "a pmf that is none": ({"draws_each": SimpleNamespace(start=0, pmf=[0.5, 0.1])}, "its pmf must be at least 0 and sum to 1"),
    "a pmf with NaN": ({"draws_each": SimpleNamespace(start=0, pmf=[np.nan, 1])}, "its pmf must be"),
    "draws that never end": ({"draws_each": SimpleNamespace(start=0, pmf=[0.5], never=0.5)}, "infinite with chance 0.5"),
    "no runs": ({"runs": 0}, "runs: 0 must be an integer of at least 1"),
    "no day": ({"per_day": 0}, "per_day: 0 must be an integer of at least 1"),
    "unknown order": ({"order": "shuffled"}, "order: 'shuffled' is not an order; there are rounds, sessions, random"),
    "a log in words": ({"log": "yes"}, "log: 'yes' must be True or False"),
    "a seed that is none": ({"seed": 1.5}, "a seed is an int, a text or bytes, got 1.5"),
    "an executor that is none": ({"executor": 5}, "executor: 5 is no executor; give a concurrent.futures.Executor"),
    "progress in words": ({"progress": "yes"}, "progress: 'yes' must be None"),
    "unknown prize in stock": ({"stock": {"phone": 1}}, "stock: 'phone' is not a prize of 'wheel' with stock; there are a, b"),
    "stock of the thank-you": ({"stock": {"thank-you": 1}}, "stock: 'thank-you' is not a prize"),
    "stock below unlimited": ({"stock": {"a": -2}}, r"stock\['a'\]: -2 must be an integer from 0"),
    "stock that is no table": ({"stock": 5}, "stock: 5 must map prize ids"),
    "a state that is none": ({"state": 7}, r"state: 7 is no state; give odds.State"),
    "a rule that is not there": ({"state": state({"bottom": 1})}, "state: 'bottom' is not a rule of 'wheel'; there are odd, top"),
    "a prize that is not there": ({"state": state(draws=1, wins={"phone": 1})}, "state: 'phone' is not a prize of 'wheel'"),
    "a negative counter": ({"state": state({"top": -1})}, r"state.rule\['top'\]: -1 must be"),
    "a level that is not there": ({"state": state({"odd": 3})}, "state: 3 is not a level of 'odd'; there are 1, from 0"),
    "more wins than draws": ({"state": state(draws=1, wins={"a": 2})}, "state.draws: 2 wins are more than draws=1"),
    "traffic in words": ({"traffic": "lots"}, "traffic: 'lots' is no traffic"),
    "traffic and days": ({"traffic": "constant", "per_day": 3}, "per_day: with traffic the clock says"),
    "traffic of another year": (
        {"traffic": [datetime(2020, 1, 1, tzinfo=UTC)]},
        "traffic: none of the 1 times lies in a window of 'wheel'",
    ),
    "naive traffic": ({"traffic": [datetime(2027, 3, 1)]}, r"traffic: datetime.datetime\(2027, 3, 1, 0, 0\) is not an aware datetime"),
    "traffic never": ({"traffic": [0.0] * 24}, "not all 0"),
    "a negative hour": ({"traffic": [1.0] * 23 + [-1]}, "24 numbers of at least 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_argument_is_named_with_its_remedy(name) -> None:
    """The place and the value are in the message, and nothing was simulated."""
    given, message = BAD[name]
    with pytest.raises(InvalidRequest, match=message):
        simulate(CAMPAIGN, **{"participants": 10, "draws_each": 2, "seed": 1, **given})


def test_a_quantile_of_a_count_that_is_none() -> None:
    """A share lies in 0..1."""
    with pytest.raises(InvalidRequest, match=r"q: 5 is not a share; it must lie in 0\.\.1"):
        simulate(CAMPAIGN, 5, 2, seed=1).granted["a"].quantile(5)


def test_something_else_than_a_campaign() -> None:
    """A path is not loaded for you."""
    with pytest.raises(InvalidRequest, match=r"'gala.toml' is not a Campaign; load one with Campaign.load"):
        simulate("gala.toml", 1, 1)


def test_a_log_too_large_for_the_machine() -> None:
    """Memory is asked for before it is taken, with the log counted in."""
    with pytest.raises(InvalidRequest, match="or leave log out"):
        simulate(CAMPAIGN, 10**6, 10**5, log=True, seed=1)


def test_traffic_that_does_not_fit() -> None:
    """A curve that is 0 whenever the campaign is open, a burst without length, a share beyond 1."""
    evening = [0.0] * 24
    evening[3] = 1.0
    short = wheel(windows=[type(CAMPAIGN.windows[0])(datetime(2027, 3, 1, 18), datetime(2027, 3, 1, 20))])
    with pytest.raises(InvalidRequest, match="the daily curve is 0 whenever a window"):
        simulate(short, 5, 1, traffic=evening, seed=1)
    with pytest.raises(InvalidRequest, match=r"half_life: .* is not a positive timedelta"):
        Traffic.burst(timedelta(0))
    with pytest.raises(InvalidRequest, match=r"share: 2 is not a share"):
        Traffic.burst(timedelta(hours=1), share=2)
    with pytest.raises(InvalidRequest, match="there is no time in it"):
        Traffic.observed([])


def test_a_snapshot_of_another_campaign_or_of_more_people() -> None:
    """A state that the campaign does not know."""
    clock = FixedClock(NOON)
    with DrawEngine.open(":memory:", clock=clock) as engine:
        engine.publish(wheel())
        for k in range(3):
            engine.draw("wheel", f"p{k}")
        found = engine.snapshot("wheel")
        clock.set(NOON + timedelta(days=60))
        late = engine.snapshot("wheel")
    with pytest.raises(InvalidRequest, match="it is a snapshot of 'wheel' and not of 'other'"):
        simulate(wheel(id="other"), 5, 1, state=found)
    with pytest.raises(InvalidRequest, match="the snapshot has 3 participants, more than 2"):
        simulate(wheel(), 2, 1, state=found)
    with pytest.raises(InvalidRequest, match=r"every window of 'wheel' is over"):
        simulate(wheel(), 5, 1, state=late, traffic="constant", seed=1)
