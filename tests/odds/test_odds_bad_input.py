"""Questions that cannot be answered: each with its own error, the value and the remedy."""

import math
from datetime import datetime

import numpy as np
import pytest

from odds_cases import wheel
from prizedraw import ClockError, InvalidRequest, Level, Newcomer, Pity, PrizeDrawError, Quota, odds
from prizedraw.odds import NotExact, TooLarge

BANNER = wheel({"a": 1, "b": 1}, Pity(id="p", target=["a"], base="1/10", hard=10), thanks=1, stock={"a": 5})
LEVELS = wheel({"a": 1, "b": 1}, Pity(id="p", target=["a"], levels=[Level("1/2", 0, 1), Level(1, 0, 1)]))

ON_A_TARGET = {
    "draws_until": lambda target: odds.draws_until(BANNER, target),
    "hits_in": lambda target: odds.hits_in(BANNER, target, 10),
    "hits_joint": lambda target: odds.hits_joint(BANNER, ["a", target], 3),
    "collect": lambda target: odds.collect(BANNER, {target: 1}),
    "stock_out": lambda target: odds.stock_out(BANNER, target, 10, 10),
    "off_shelf": lambda target: odds.effective(BANNER, off_shelf=[target]),
    "stock": lambda target: odds.effective(BANNER, stock={target: 1}),
}


@pytest.mark.parametrize("name", ON_A_TARGET)
def test_a_target_that_is_not_in_the_campaign(name):
    """The error names it and what there is."""
    with pytest.raises(InvalidRequest, match=r"'phone' is not a prize of 'odds'; there are a, b"):
        ON_A_TARGET[name]("phone")


ON_A_NUMBER = {
    "draws of expected": lambda n: odds.expected(BANNER, n),
    "draws of by_draw": lambda n: odds.by_draw(BANNER, n),
    "draws of hits_in": lambda n: odds.hits_in(BANNER, "a", n),
    "draws of hits_joint": lambda n: odds.hits_joint(BANNER, ["a"], n),
    "copies": lambda n: odds.draws_until(BANNER, "a", copies=n),
    "exchange": lambda n: odds.draws_until(BANNER, "a", exchange=n),
    "wanted": lambda n: odds.collect(BANNER, {"a": n}),
    "participants": lambda n: odds.stock_out(BANNER, "a", n, 10),
    "rounds": lambda n: odds.stock_out(BANNER, "a", 10, n),
    "per_day": lambda n: odds.expected(BANNER, 3, per_day=n),
    "points given": lambda n: odds.effective(BANNER, points_given=n),
}


@pytest.mark.parametrize("name", ON_A_NUMBER)
@pytest.mark.parametrize("value", [-1, 1.5, "3", True, math.nan])
def test_a_number_that_is_none(name, value):
    """Negative numbers, fractions, texts and truths are refused by value."""
    with pytest.raises(InvalidRequest, match="must be an integer of at least"):
        ON_A_NUMBER[name](value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: odds.by_draw(BANNER, 10**12),
        lambda: odds.hits_in(BANNER, "a", 10**12),
        lambda: odds.hits_joint(BANNER, ["a", "b", "thank-you"], 10**5),
        lambda: odds.stock_out(BANNER, "a", 10, 10**7),
        lambda: odds.draws_until(BANNER, "a", copies=10**12),
        lambda: odds.draws_until(wheel({"a": 1}, caps={"a": 10**12}), "a"),
        lambda: odds.expected(wheel({"a": 1}, newcomer=Newcomer(10**12, ["a"])), 3),
    ],
)
def test_memory_is_told_before_it_is_taken(call):
    """An absurd number of draws is refused with the gigabytes that it would take."""
    with pytest.raises(TooLarge, match="GiB") as error:
        call()
    assert error.value.unit == "bytes"
    assert error.value.count > 2**31
    assert isinstance(error.value, (PrizeDrawError, ValueError))


@pytest.mark.parametrize(
    ("state", "match"),
    [
        (lambda: odds.State(misses={"other": 1}), "'other' is not a rule of 'odds'; there are p"),
        (lambda: odds.State(wins={"phone": 1}), "'phone' is not a prize of 'odds'"),
        (lambda: "stationery", "odds.State"),
        (lambda: {"p": 3}, "odds.State"),
        (lambda: odds.State(misses={"p": -1}), "at least 0"),
        (lambda: odds.State(draws=-1), "at least 0"),
        (lambda: odds.State(wins=3), "map ids"),
    ],
)
def test_a_state_that_the_campaign_does_not_know(state, match):
    """Unknown rules and prizes are named with those there are; what is no state is told how to make one."""
    with pytest.raises(InvalidRequest, match=match):
        odds.expected(BANNER, 3, state=state())


def test_a_level_that_there_is_not():
    """A state machine has so many levels."""
    with pytest.raises(InvalidRequest, match="2 is not a level of 'p'; there are 2, from 0"):
        odds.effective(LEVELS, odds.State(misses={"p": 2}))


def test_words_that_are_none():
    """Tails are absolute or relative."""
    for ask in (
        lambda: odds.hits_in(BANNER, "a", 3, tails="both"),
        lambda: odds.draws_until(BANNER, "a", tails="both"),
        lambda: odds.collect(BANNER, {"a": 1}, tails="both"),
        lambda: odds.coupon_collector(3, tails="both"),
        lambda: odds.stock_out(BANNER, "a", 10, 10, tails="both"),
    ):
        with pytest.raises(InvalidRequest, match="'both' must be one of 'absolute', 'relative'"):
            ask()


def test_more_draws_a_day_than_there_are():
    """Draws that are refused have no odds."""
    campaign = wheel({"a": 1}, quota=Quota(daily_draws=3, ordering="relaxed"))
    with pytest.raises(InvalidRequest, match="more than daily_draws = 3"):
        odds.expected(campaign, 10, per_day=5)


@pytest.mark.parametrize("target", [3, [], None, {}])
def test_a_target_that_is_none(target):
    """A target is an id or several."""
    with pytest.raises(InvalidRequest, match="prize id or a collection"):
        odds.hits_in(BANNER, target, 3)


def test_nothing_wanted():
    """A collection needs a mapping; one of zeros is complete at once."""
    with pytest.raises(InvalidRequest, match="must map prize ids"):
        odds.collect(BANNER, {})
    assert odds.collect(BANNER, {"a": 0}).pmf.tolist() == [1.0]


def test_several_targets_do_not_run_out_as_one():
    """Stock is one prize's."""
    with pytest.raises(NotExact, match=r"ask for each, or use prizedraw\.simulate"):
        odds.stock_out(BANNER, ["a", "b"], 10, 10)


def test_a_naive_time():
    """Time needs a zone."""
    with pytest.raises(ClockError):
        odds.effective(BANNER, now=datetime(2027, 1, 1))


def test_stock_that_is_no_number():
    """Units are integers, -1 for unlimited."""
    for value in (-2, 1.5, "many", True):
        with pytest.raises(InvalidRequest, match="number of units"):
            odds.effective(BANNER, stock={"a": value})


def test_too_many_states(monkeypatch):
    """Counters that multiply beyond what fits are refused with their number; the limit is lowered, as reaching it takes a minute."""
    monkeypatch.setattr("prizedraw.odds.chain.MOST_STATES", 20_000)
    rules = [Pity(id=f"r{k}", target=[p], base=f"1/{10 + k}", hard=90) for k, p in enumerate("abcd")]
    with pytest.raises(TooLarge, match="states are more than") as error:
        odds.long_run(wheel(dict.fromkeys("abcde", 1), *rules))
    assert error.value.count > 20_000


STRANGE = {
    "a path for a campaign": (lambda: odds.long_run("gala.toml"), r"campaign: 'gala.toml' is not a Campaign; load one with Campaign\.load"),
    "stock as a list": (lambda: odds.effective(BANNER, stock=[1, 2]), r"stock: \[1, 2\] must map prize ids to units"),
    "released as a list": (lambda: odds.effective(BANNER, released_today=["a"]), r"released_today: \['a'\] must map prize ids"),
    "released of nobody": (lambda: odds.effective(BANNER, released_today={"x": 1}), "released_today: 'x' is not a prize of 'odds'"),
    "now as a text": (lambda: odds.effective(BANNER, now="2027-01-01"), "now: '2027-01-01' is not a datetime; give an aware one"),
    "targets as one text": (lambda: odds.hits_joint(BANNER, "phone", 3), "targets: 'phone' is one target; give several in a list"),
    "tails as a list": (lambda: odds.hits_in(BANNER, "a", 3, tails=["absolute"]), r"tails: \['absolute'\] must be one of"),
    "coupons without end": (lambda: odds.coupon_collector(10**9), "1,000,000,000 kinds are more than 400,000"),
    "digits without end": (lambda: odds.prd_constant("0.01", digits=10**6), "1000000 digits at a chance of 0.01 need .* ask for fewer"),
    "chances of 1.8": (lambda: odds.Distribution(0, [0.9, 0.9]), "pmf: chances sum to 1.8; with never and beyond"),
    "never with 2": (lambda: odds.Distribution(0, [0.5], never=2), "pmf: chances sum to 2.5"),
    "a start in words": (lambda: odds.Distribution("one", [1]), "start: 'one' must be an integer"),
    "a quantile in words": (lambda: odds.Distribution(0, [1]).quantile("half"), "q: 'half' is not a number"),
    "cdf of NaN": (lambda: odds.Distribution(0, [1]).cdf(math.nan), "n: nan is not a number"),
    "sf in words": (lambda: odds.Distribution(0, [1]).sf("x"), "n: 'x' is not a number"),
    "an infinite price": (lambda: odds.Distribution(0, [1]).cost(math.inf), "price: inf must be a positive number"),
    "more than NaN": (lambda: odds.Distribution(0, [1]).given(more_than=math.nan), "more_than: nan is not a number"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_calls(name):
    """Each is refused by name, with the value and what to give instead."""
    call, match = STRANGE[name]
    with pytest.raises((InvalidRequest, TooLarge), match=match):
        call()


def test_numbers_of_numpy_are_numbers():
    """Integers of numpy count as such, wherever a number is taken."""
    one = np.int64(3)
    assert odds.effective(BANNER, stock={"a": one}) == odds.effective(BANNER, stock={"a": 3})
    assert odds.coupon_collector(one).mean_exact == odds.coupon_collector(3).mean_exact
    assert odds.hits_in(BANNER, "a", one).mean == odds.hits_in(BANNER, "a", 3).mean
