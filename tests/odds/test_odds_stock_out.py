"""The round in which stock runs out, against sums over every outcome, a normal law, and exact powers of polynomials."""

from fractions import Fraction

import attrs
import numpy as np
import pytest

from odds_cases import GENSHIN_5, courses, wheel
from prizedraw import InvalidRequest, Newcomer, Odds, Pity, Points, Prize, Quota, Release, odds
from prizedraw.odds import NotExact


def demand(campaign, target, rounds, people):
    """P(total demand for the target after ``rounds`` = k), each participant by brute force, their sum by convolution; fractions."""
    one = {}
    for p, course in courses(campaign, rounds):
        one[course.count(target)] = one.get(course.count(target), 0) + p
    total = {0: Fraction(1)}
    for _ in range(people):
        following = {}
        for k, p in total.items():
            for m, q in one.items():
                following[k + m] = following.get(k + m, 0) + p * q
        total = following
    return total


CASES = {
    "plain": wheel({"a": "1/3", "b": "1/3"}, thanks="1/3", stock={"a": 4}),
    "a cap of each": wheel({"a": 2, "b": 1}, thanks=1, stock={"a": 4}, caps={"a": 1}),
    "wins in all": wheel({"a": 2, "b": 1}, thanks=1, stock={"a": 4}, quota=Quota(total_wins=2, ordering="relaxed")),
    "pity": wheel({"a": 1, "b": 2}, Pity(id="p", target=["a"], base="1/8", hard=2), stock={"a": 3}),
    "a newcomer's promise": wheel({"a": 1, "b": 2}, thanks=2, stock={"a": 3}, newcomer=Newcomer(2, ["a"])),
    "another finite prize that changes nothing": wheel({"a": 1, "b": 2}, thanks=2, stock={"a": 3, "b": 1}),
    "draws in all": wheel({"a": 1, "b": 2}, thanks=2, stock={"a": 3}, quota=Quota(total_draws=2, ordering="relaxed")),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("people", [1, 2, 5])
def test_against_brute_force(name, people):
    """P(sold out by round r) is the chance that the demand of r rounds is at least the stock."""
    campaign = CASES[name]
    stock = campaign.prize("a").stock
    law = odds.stock_out(campaign, "a", people, 3)
    for rounds in range(1, 4):
        over = sum(p for k, p in demand(campaign, "a", rounds, people).items() if k >= stock)
        assert law.cdf(rounds) == pytest.approx(float(over), abs=1e-14)
    assert law.never == pytest.approx(1 - law.cdf(3), abs=1e-15)
    assert law.unit == "rounds"


@pytest.mark.parametrize(("people", "chance", "stock"), [(2_000, "0.3", 620), (100_000, "0.0001", 25), (10_000, "0.5", 10_000)])
def test_binomial_demand(people, chance, stock):
    """With one chance and no caps the demand of r rounds is binomial in people · r: within 1e-13 of sums of logarithms' powers."""
    p = Fraction(chance)
    law = odds.stock_out(wheel({"a": p}, thanks=1 - p, stock={"a": stock}), "a", people, 3)
    for rounds in (1, 2, 3):
        assert law.cdf(rounds) == pytest.approx(binomial_tail(people * rounds, p, stock), abs=1e-12)


def binomial_tail(n, p, least):
    """P(binomial ≥ least), from the ratio of neighbours, scaled by their sum: no term is subtracted."""
    mode = int(n * p)
    up, down, weights, value = [1.0], [], float(p / (1 - p)), 1.0
    for k in range(mode, min(n, mode + 4000)):
        value *= (n - k) / (k + 1) * weights
        up.append(value)
    value = 1.0
    for k in range(mode, max(0, mode - 4000), -1):
        value *= k / (n - k + 1) / weights
        down.append(value)
    first = mode - len(down)
    chances = np.array(down[::-1] + up)
    return float(chances[max(0, least - first) :].sum() / chances.sum())


def test_a_million_participants():
    """Soft pity, a cap of two each, 900,000 units: sold out in the round in which the mean demand passes the stock."""
    campaign = wheel({"a": 1, "b": 1}, Pity(id="five", target=["a"], **GENSHIN_5), stock={"a": 900_000}, caps={"a": 2})
    law = odds.stock_out(campaign, "a", 10**6, 100)
    mean = np.cumsum(odds.by_draw(campaign, 100)["a"]) * 10**6
    assert law.quantile(0.5) == int(np.flatnonzero(mean > 900_000)[0]) + 1
    assert law.pmf.sum() + law.never == pytest.approx(1, abs=1e-13)


def test_in_the_middle_of_a_million():
    """Around the round in which the mean demand meets the stock: within 1e-12 of the binomial law, whose terms are all positive."""
    p, people = Fraction(1, 2), 10**6
    for stock in (500_000, 500_500, 501_000, 503_000):
        law = odds.stock_out(wheel({"a": p}, thanks=p, stock={"a": stock}), "a", people, 1)
        assert law.cdf(1) == pytest.approx(binomial_tail(people, p, stock), abs=1e-12)


def test_what_never_runs_out_and_what_never_was_there():
    """Unlimited stock is never gone; no stock is gone before the first round."""
    assert odds.stock_out(wheel({"a": 1}), "a", 10, 5).never == 1
    law = odds.stock_out(wheel({"a": 1, "b": 1}, stock={"a": 0}), "a", 10, 5)
    assert (law.start, law.pmf.tolist()) == (0, [1.0])


def points_budget():
    prizes = [Prize("a", "a", 1, 5), Prize("b", "b", 1, -1, kind="points", points=5)]
    return attrs.evolve(wheel({"a": 1}, thanks=1), prizes=prizes, points=Points(total=50))


def daily(prize):
    campaign = wheel({"a": 1, "b": 1}, thanks=1, stock={"a": 5})
    return attrs.evolve(campaign, prizes=[attrs.evolve(one, daily_release=1) if one.id == prize else one for one in campaign.prizes])


@pytest.mark.parametrize(
    "campaign",
    [
        pytest.param(
            lambda: attrs.evolve(wheel({"a": 1, "b": 1}, stock={"a": 5, "b": 5}), odds=Odds(when_unavailable="redraw")),
            id="redraw with another finite prize",
        ),
        pytest.param(points_budget, id="points of all"),
        pytest.param(lambda: daily("a"), id="daily release"),
        pytest.param(lambda: attrs.evolve(wheel({"a": 1}, stock={"a": 5}), release=Release(daily=2)), id="release of all"),
        pytest.param(lambda: wheel({"a": 1}, stock={"a": 5}, quota=Quota(campaign_draws=20, ordering="relaxed")), id="draws of all"),
        pytest.param(
            lambda: wheel({"a": 1, "b": 1}, stock={"a": 5, "b": 5}, quota=Quota(total_wins=1, ordering="relaxed")),
            id="a cap on wins of both",
        ),
        pytest.param(
            lambda: wheel({"a": 1, "b": 1}, Pity(id="p", target=["a", "b"], hard=2), stock={"a": 5, "b": 5}), id="a guarantee of both"
        ),
    ],
)
def test_participants_that_are_not_independent(campaign):
    """What they share is named, and who can answer."""
    with pytest.raises(NotExact, match=r"prizedraw\.simulate"):
        odds.stock_out(campaign(), "a", 10, 5)


def test_a_shared_budget_that_cannot_bind_does_not_matter():
    """Fifty draws in all under a limit of fifty."""
    campaign = wheel({"a": 1}, thanks=1, stock={"a": 5}, quota=Quota(campaign_draws=50, ordering="relaxed"))
    assert odds.stock_out(campaign, "a", 10, 5).never < 1


def test_the_thank_you_never_runs_out():
    """It is no prize with a stock."""
    with pytest.raises(InvalidRequest, match="unlimited"):
        odds.stock_out(wheel({"a": 1}, thanks=1), "thank-you", 10, 5)
