"""The round in which stock runs out, against sums over every outcome, and against powers of polynomials in decimals."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb

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


def summed(law, people, low, high):
    """{k: P(the sum of ``people`` counts of this law = k)} for low ≤ k ≤ high, in decimals of 50 digits.

    By the recurrence of the coefficients of a power, k·a₀·cₖ = Σᵢ ((people + 1)·i − k)·aᵢ·cₖ₋ᵢ (J. C. P. Miller), of positive terms up
    to k = people; from any start far below the mean it settles on the law, but for a factor that the sum of 1 tells.
    """
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 50, -(10**12), 10**12
        later = [(i, chance / law[0]) for i, chance in enumerate(law) if i and chance]
        found = {low: Decimal(1)}
        for k in range(low + 1, high + 1):
            found[k] = sum((((people + 1) * i - k) * ratio * found.get(k - i, 0) for i, ratio in later), Decimal(0)) / k
        whole = sum(found.values())
        return {k: chance / whole for k, chance in found.items()}


def capped_hits(hazard, cap, rounds):
    """The law of the hits of one participant, no more than ``cap``, in decimals of 60 digits: a table of (hits, misses since)."""
    with localcontext() as context:
        context.prec = 60
        chances = [Decimal(p.numerator) / p.denominator for p in hazard]
        table = {(0, 0): Decimal(1)}
        for _ in range(rounds):
            following = {}
            for (hits, misses), mine in table.items():
                for then, chance in (((min(hits + 1, cap), 0), chances[misses]), ((hits, misses + 1), 1 - chances[misses])):
                    following[then] = following.get(then, 0) + mine * chance
            table = following
        return [sum((p for (hits, _), p in table.items() if hits == k), Decimal(0)) for k in range(cap + 1)]


SOFT = [min(Fraction(1), Fraction("0.006") + Fraction("0.06") * max(0, k - 73)) for k in range(1, 90)] + [Fraction(1)]
MILLION = wheel({"a": 1, "b": 1}, Pity(id="five", target=["a"], **GENSHIN_5), stock={"a": 1}, caps={"a": 2})


@pytest.mark.parametrize("rounds", [3, 40, 78])
def test_a_million_participants_against_decimals(rounds):
    """Soft pity and a cap of two: a chance within 1e-14 wherever the stock lies, deep ones within 1e-12 of themselves if asked for."""
    one, people = capped_hits(SOFT, 2, rounds), 10**6
    mean = float(sum(k * p for k, p in enumerate(one)))
    sigma = (people * float(sum((k - mean) ** 2 * float(p) for k, p in enumerate(one)))) ** 0.5
    low = max(0, int(people * mean - 38 * sigma))
    chances = summed(one, people, low, int(people * mean + 40 * sigma))
    for distance in (0, 0.4, -1.5, 3, -6, 12, -20, 33, -33):
        stock = int(people * mean + distance * sigma)
        over = sum((p for k, p in chances.items() if k >= stock), Decimal(0))
        under = sum((p for k, p in chances.items() if k < stock), Decimal(0))
        campaign = MILLION.replace(stock={"a": stock})
        absolute, relative = (odds.stock_out(campaign, "a", people, rounds, tails=tails) for tails in ("absolute", "relative"))
        assert abs(Decimal(absolute.cdf(rounds)) - over) < Decimal("1e-14")
        assert absolute.pmf.min() >= 0
        assert abs(Decimal(relative.cdf(rounds)) / over - 1) < Decimal("1e-12")
        assert abs(Decimal(relative.never) / under - 1) < Decimal("1e-12")
    assert min(over, under) < Decimal("1e-200")  # the last two were that deep


def test_each_chance_of_a_million_participants():
    """Three wins a round in the mean and 15 units, which go in any of many rounds: chances within 1e-13, their sums within 1e-10."""
    p, people, stock = Fraction(3, 10**6), 10**6, 15
    law = odds.stock_out(wheel({"a": p}, thanks=1 - p, stock={"a": stock}), "a", people, 8)
    before = Decimal(0)
    for rounds in range(1, 9):
        over = binomial_over(people * rounds, p, stock)
        assert abs(Decimal(float(law.pmf[rounds - 1])) - (over - before)) < Decimal("1e-13")
        assert abs(Decimal(law.cdf(rounds)) - over) < Decimal("1e-10")
        before = over
    assert (law.pmf > 0.01).sum() >= 5


def binomial_over(n, p, least):
    """P(binomial ≥ least), from the ratio of neighbours from the mode on, in decimals of 40 digits."""
    with localcontext() as context:
        context.prec = 40
        odd, mode = Decimal(p.numerator) / (p.denominator - p.numerator), int(n * p)
        chances = {mode: Decimal(1)}
        for k in range(mode, n):
            chances[k + 1] = chances[k] * (n - k) / (k + 1) * odd
            if chances[k + 1] < Decimal("1e-40"):
                break
        for k in range(mode, 0, -1):
            chances[k - 1] = chances[k] * k / (n - k + 1) / odd
            if chances[k - 1] < Decimal("1e-40"):
                break
        return sum(chance for k, chance in chances.items() if k >= least) / sum(chances.values())


@pytest.mark.parametrize(("people", "chance", "stock"), [(2_000, "0.3", 620), (100_000, "0.0001", 25), (10_000, "0.5", 10_000)])
def test_binomial_demand(people, chance, stock):
    """With one chance and no caps the demand of r rounds is binomial in people · r."""
    p = Fraction(chance)
    law = odds.stock_out(wheel({"a": p}, thanks=1 - p, stock={"a": stock}), "a", people, 3)
    for rounds in (1, 2, 3):
        assert law.cdf(rounds) == pytest.approx(float(binomial_over(people * rounds, p, stock)), abs=1e-14)


@pytest.mark.parametrize("people", [1, 3])
@pytest.mark.parametrize("name", CASES)
def test_tails_that_keep_their_digits_against_brute_force(name, people):
    """Both tails of every case with few participants, where the law has no middle."""
    campaign = CASES[name]
    for stock in range(1, 3 * people + 1):
        law = odds.stock_out(campaign.replace(stock={"a": stock}), "a", people, 3, tails="relative")
        for rounds in range(1, 4):
            chances = demand(campaign, "a", rounds, people)
            over = float(sum(p for k, p in chances.items() if k >= stock))
            assert law.cdf(rounds) == pytest.approx(over, rel=1e-12, abs=1e-300)
            assert law.sf(rounds) == pytest.approx(float(sum(p for k, p in chances.items() if k < stock)), rel=1e-12, abs=1e-300)


def test_a_jackpot_that_hardly_anybody_wins():
    """One in 10¹² for each of a million draws: three wins in the first round have a chance of 1.7e-19, and all of its digits."""
    p, people = Fraction(1, 10**12), 10**6
    law = odds.stock_out(wheel({"a": p}, thanks=1 - p, stock={"a": 3}), "a", people, 1, tails="relative")
    with localcontext() as context:
        context.prec = 60
        chance = 1 / Decimal(10**12)
        terms = [comb(people, k) * chance**k * (1 - chance) ** (people - k) for k in range(3, 9)]
    assert law.cdf(1) == pytest.approx(float(sum(terms)), rel=1e-12)


def test_the_round_in_which_a_million_run_out():
    """Soft pity, a cap of two each, 900,000 units: sold out in the round in which the mean demand passes the stock."""
    campaign = MILLION.replace(stock={"a": 900_000})
    law = odds.stock_out(campaign, "a", 10**6, 100)
    mean = np.cumsum(odds.by_draw(campaign, 100)["a"]) * 10**6
    assert law.quantile(0.5) == int(np.flatnonzero(mean > 900_000)[0]) + 1
    assert law.pmf.sum() + law.never == pytest.approx(1, abs=1e-13)


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
