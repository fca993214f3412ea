"""Rates in the long run, against published systems recomputed elsewhere.

The numbers are those of GGanalysis (github.com/OneBST/GGanalysis at 2c88eab; 0.4.2 on PyPI: PriorityPitySystem, gacha_model.py and
docs/source/start_using/stationary_distribution.rst), each recomputed by exact rationals or an independent Markov chain.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prizedraw.pity import Chain, Hazard, Level, Pity, Stages, expected, outcomes

ARKNIGHTS_5 = ["0.08"] * 15 + [f"0.{8 + 2 * k:02}" for k in range(1, 6)] + [f"0.{18 + 4 * k}" for k in range(1, 21)] + ["1"]
GENSHIN_5 = {"base": "0.006", "soft_from": 74, "soft_step": "0.06", "hard": 90}
GENSHIN_4 = {"base": "0.051", "soft_from": 9, "soft_step": "0.51", "hard": 10}
WEAPON_5 = {"base": "0.007", "soft_from": 63, "soft_step": "0.07"}
WEAPON_4 = {"base": "0.06", "soft_from": 8, "soft_step": "0.6"}
ARKNIGHTS_6 = {"base": "0.02", "soft_from": 51, "soft_step": "0.02"}

SINGLE = [  # law, draws to a hit on average, hits per draw, the draw that is sure
    (GENSHIN_5, "62.297332039630971", "0.016052051785522", 90),
    (GENSHIN_4, "7.655392058144264", "0.130626882647524", 10),
    (WEAPON_5, "53.250390585388575", "0.018779204978722", 77),
    (WEAPON_4, "6.727666739674138", "0.148639942894739", 9),
    ({"base": "0.066", "soft_from": 8, "soft_step": "0.4"}, "6.752315682697463", "0.148097341266561", 10),
    ({"base": "0.094", "hard": 10}, "6.674110961953412", "0.149832690181602", 10),
    ({"base": "0.15", "hard": 10}, "5.354170637728516", "0.186770289492351", 10),
    ({"base": "0.06", "hard": 10}, "7.689748098418338", "0.130043271535213", 10),
    (ARKNIGHTS_6, "34.594554935209829", "0.028906283138281", 99),
    ({"hazard": ARKNIGHTS_5}, "10.505671366360515", "0.095186682043190", 41),
    ({"base": "0.04", "hard": 40}, "20.115846211116995", "0.049712052354395", 40),
    ({"base": "0.006", "hard": 90}, "69.699803776080130", "0.014347242686832", 90),
    ({"base": "0.015", "hard": 20}, "17.390904443526551", "0.057501322213994", 20),
    ({"base": "0.0072", "hard": 90}, "66.407473125480403", "0.015058546168598", 90),
]


@pytest.mark.parametrize(("law", "draws", "rate", "sure"), SINGLE)
def test_rate_of_a_single_counter(law, draws, rate, sure):
    """Within 1e-12 of the published figure; the list ends at the draw that is sure."""
    hazard = Pity(id="top", target=("a",), **law).law()
    assert abs(hazard.rate() / Fraction(rate) - 1) < Fraction(1, 10**12)
    assert abs(1 / hazard.rate() / Fraction(draws) - 1) < Fraction(1, 10**12)
    assert [k for k, value in enumerate(hazard.values, 1) if value == 1] == [sure] == [len(hazard.values)]


def test_rate_of_a_rule_at_rest_is_its_share_until_it_acts():
    """100 misses, then sure, on a prize with 1 in 100 by weight: E = Σ 0.99**k over k < 101."""
    hazard = Pity(id="top", target=("a",), hard=101).law(Fraction(1, 100))
    share = Fraction(99, 100)
    assert hazard.rate(Fraction(1, 100)) == 1 / sum(share**k for k in range(101))


@settings(deadline=None)
@given(st.lists(st.none() | st.fractions(0, 1, max_denominator=12), min_size=1, max_size=12), st.fractions(0, 1, max_denominator=6))
def test_rate_is_one_over_the_mean_wait(values, share):
    """E = Σ S(k) by its definition, the last value holding for ever; where a hit may never come, the rate is 0."""
    chances = [share if value is None else value for value in values]
    survival, mean = Fraction(1), Fraction(0)
    for chance in chances[:-1]:
        mean += survival
        survival *= 1 - chance
    endless = survival > 0 and chances[-1] == 0
    wanted = 0 if endless else 1 / (mean + (survival / chances[-1] if survival else 0))
    assert Hazard(tuple(values)).rate(share) == wanted


def rates(rules, weights):
    """Prize id to its chance per draw in the long run: the stationary law of the chain, by repeated multiplication."""
    stages = Stages(rules, {p: Fraction(w) for p, w in weights.items()})
    chain, states, edges = Chain(stages), {}, []
    waiting = [chain.start]
    while waiting:
        state = waiting.pop()
        if state in states:
            continue
        states[state] = len(states)
        moves = chain.moves(state, 1)
        edges += [(state, *move) for move in moves]
        waiting += [then for _, _, then in moves]
    source = np.array([states[state] for state, *_ in edges])
    outcome = np.array([outcome for _, outcome, _, _ in edges])
    chance = np.array([chance for _, _, chance, _ in edges])
    target = np.array([states[then] for *_, then in edges])
    spread = np.full(len(states), 1 / len(states))
    for _ in range(20_000):
        following = np.bincount(target, spread[source] * chance, len(states))
        following = (following + spread) / 2  # aperiodic, with the same stationary law
        if np.abs(following - spread).max() < 1e-18:
            break
        spread = following / following.sum()
    return dict(zip(stages.ids, np.bincount(outcome, spread[source] * chance, len(stages.ids)), strict=True))


COUPLED = [  # law of the higher tier, of the lower, how they share, whether the higher clears the lower, both rates
    (GENSHIN_5, GENSHIN_4, "absolute", False, 0.016052051785521722, 0.1305665668339414),
    (GENSHIN_5, GENSHIN_4, "absolute", True, 0.01605205178552185, 0.12351061168486979),
    (GENSHIN_5, GENSHIN_4, "sequential", False, 0.01605205178552191, 0.1300159049472118),
    (GENSHIN_5, GENSHIN_4, "sequential", True, 0.016052051785521868, 0.12273107071167957),
    (WEAPON_5, WEAPON_4, "absolute", False, 0.018779204978721657, 0.14856796481033954),
    (WEAPON_5, WEAPON_4, "sequential", False, 0.018779204978721563, 0.14778126225187793),
    (ARKNIGHTS_6, {"hazard": ARKNIGHTS_5}, "sequential", True, 0.028906283138281325, 0.08732175202748163),
]


@pytest.mark.parametrize(("high", "low", "lower", "reset", "top", "second"), COUPLED)
def test_rates_of_coupled_tiers(high, low, lower, reset, top, second):
    """Absolute: q₄ = min(1 − h₅, h₄); sequential: q₄ = (1 − h₅)·h₄; reset: a five-star clears the four-star counter."""
    five = Pity(id="five", target=("a",), lower=lower, resets=("four",) if reset else (), **high)
    found = rates([five, Pity(id="four", target=("b",), **low)], {"a": 1, "b": 1, "c": 1, "thank-you": 0})
    assert found["a"] == pytest.approx(top, rel=1e-12)
    assert found["b"] == pytest.approx(second, rel=1e-12)


def test_rates_of_four_tiers():
    """Arknights: six-stars clear the five-star counter, four-stars have a constant half, three-stars what is left."""
    rules = [
        Pity(id="six", target=("a",), resets=("five",), **ARKNIGHTS_6),
        Pity(id="five", target=("b",), hazard=ARKNIGHTS_5),
        Pity(id="four", target=("c",), base="0.5"),
    ]
    found = rates(rules, {"a": 1, "b": 1, "c": 1, "d": 1, "thank-you": 0})
    published = [0.02890628313828126, 0.08948246174311106, 0.49993432162588236, 0.38167693349272636, 0]
    assert list(found.values()) == pytest.approx(published, rel=1e-12)


FEATURED = [  # law, chance of the featured one, draws to one on average
    (GENSHIN_5, "1/2", 93.445998059446456),
    (WEAPON_5, "3/4", 66.562988231735719),
    ({"base": "0.006", "hard": 90}, "1/2", 104.549705664120195),
    (GENSHIN_4, "1/2", 11.483088087216395),
]


@pytest.mark.parametrize(("law", "win", "draws"), FEATURED)
def test_rate_of_a_featured_guarantee(law, win, draws):
    """After a five-star that is not the featured one, the next five-star is."""
    rules = [Pity(id="five", target=("a", "b"), **law), Pity(id="featured", target=("a",), scope=("a", "b"), base=win, hard=2)]
    found = rates(rules, {"a": 1, "b": 1, "c": 1, "thank-you": 0})
    assert 1 / found["a"] == pytest.approx(draws, rel=1e-12)


LEARNING = [(1, 93.4459980594464), (2, 186.89199611889268), (4, 365.9968257328312), (6, 546.0750511598885)]


@pytest.mark.parametrize(("copies", "draws"), LEARNING)
def test_levels_of_a_guarantee_that_learns(copies, draws):
    """Seven levels: a count 0..3 of halves lost less halves won, at 3 the win is sure and leads to 1; after a loss the next is sure.

    The published counter starts at 1.
    """
    halves = [Level("1/2", 0, 4), Level("1/2", 0, 5), Level("1/2", 1, 6)]
    sure = [Level(1, 1, 3), Level(1, 1, 4), Level(1, 2, 5), Level(1, 3, 6)]
    levels = (*halves, *sure)
    featured = Pity(id="featured", target=("a",), scope=("a", "b"), levels=levels, start=1)
    stages = Stages([Pity(id="five", target=("a", "b"), base=1), featured], dict.fromkeys(("a", "b", "thank-you"), Fraction(1)))

    def fives(copies, counters):
        """Five-stars until so many copies, on average."""
        if not copies:
            return 0
        return 1 + sum(
            chance * fives(copies - (outcome == 0), stages.step(counters, outcome))
            for outcome, chance in enumerate(outcomes(stages, counters))
            if chance
        )

    assert float(fives(copies, stages.start) * Fraction(SINGLE[0][1])) == pytest.approx(draws, rel=1e-12)


def test_expected_is_the_sum_over_the_first_draws():
    """A hard guarantee on the third draw with nothing before: one hit in three draws, two in six."""
    stages = Stages([Pity(id="top", target=("a",), base=0, hard=3)], {"a": Fraction(1), "b": Fraction(1), "thank-you": Fraction(1)})
    assert expected(stages, 7) == {"a": 2, "b": 2.5, "thank-you": 2.5}
