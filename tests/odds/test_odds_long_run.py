"""Rates in the long run against an independent solution: every state in a dictionary, the balance equations in fractions."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings

import law_cases
import law_oracle
from odds_cases import GENSHIN_5, ample, wheel
from prizedraw import Level, Pity, odds
from prizedraw.odds import TooLarge
from prizedraw.testing import campaigns


def oracle(campaign, most=60):
    """Prize id → rate: the oracle's law in every state that can be reached, clipped where it repeats; None if there are too many.

    The average over draws solves the balance equations; with one closed class they and the sum 1 have one solution.
    """
    plain = {**law_cases.plain(campaign), "newcomer": None}
    depth = {rule.id: max(len(rule.hazard), len(rule.levels), rule.hard or 0, 40 if rule.soft_from else 1) for rule in campaign.pity}

    def clip(misses):
        rules = {rule.id: rule for rule in campaign.pity}
        return tuple((r, m if rules[r].levels else min(m, depth[r])) for r, m in misses.items())

    start = clip({rule.id: rule.start for rule in campaign.pity})
    states, moves = {start: 0}, []
    for state in states.copy():
        waiting = [state]
        while waiting:
            here = waiting.pop()
            law = {}
            for (granted, *_), p in law_oracle.law(plain, dict(here), 1, False, {}).items():
                law[granted] = law.get(granted, 0) + p
            for granted, p in law.items():
                if p:
                    then = clip(law_oracle.following(plain, dict(here), granted))
                    if then not in states:
                        states[then] = len(states)
                        waiting.append(then)
                    moves.append((states[here], granted, p, states[then]))
            if len(states) > most:
                return None
    size = len(states)
    rows = [[Fraction(0)] * size + [Fraction(0)] for _ in range(size)]
    for here, _, p, then in moves:
        rows[then][here] += p
    for k in range(size):
        rows[k][k] -= 1
    rows[0] = [Fraction(1)] * size + [Fraction(1)]
    for k in range(size):
        pivot = next((i for i in range(k, size) if rows[i][k]), None)
        if pivot is None:
            return None  # several closed classes
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [one / rows[k][k] for one in rows[k]]
        for i in range(size):
            if i != k and rows[i][k]:
                rows[i] = [mine - rows[i][k] * other for mine, other in zip(rows[i], rows[k], strict=True)]
    rates = dict.fromkeys([*plain["prizes"], law_oracle.THANKS], Fraction(0))
    for here, granted, p, _ in moves:
        rates[granted] += rows[here][-1] * p
    return rates


@pytest.mark.parametrize("name", law_cases.CAMPAIGNS)
def test_every_kind_of_rule(name):
    """The campaigns of the tests of the law: exact rates are the oracle's, doubles within 1e-12 of them."""
    campaign = ample(law_cases.uncapped(law_cases.CAMPAIGNS[name]))
    wanted = oracle(campaign)
    assert odds.long_run_exact(campaign) == wanted
    assert odds.long_run(campaign) == pytest.approx({id_: float(rate) for id_, rate in wanted.items()}, rel=1e-12, abs=1e-18)


@settings(deadline=None, max_examples=40)
@given(campaigns())
def test_any_campaign(campaign):
    """Campaigns as Hypothesis draws them; caps and the newcomer's promise have no part in the long run."""
    wanted = oracle(campaign, most=40)
    assume(wanted is not None)
    assert odds.long_run_exact(campaign) == wanted
    assert odds.long_run(campaign) == pytest.approx({id_: float(rate) for id_, rate in wanted.items()}, rel=1e-12, abs=1e-18)


def test_where_one_ends_counts_by_its_chance():
    """From level 0 a hit leads for ever to level 1 (sure), a miss to level 2 (never): one half each, of 1 and 0 a draw."""
    levels = [Level("1/2", 1, 2), Level(1, 1, 1), Level(0, 2, 2)]
    campaign = wheel({"a": 1}, Pity(id="p", target=["a"], levels=levels), thanks=1)
    assert odds.long_run_exact(campaign) == {"a": Fraction(1, 2), "thank-you": Fraction(1, 2)}
    assert odds.long_run(campaign)["a"] == pytest.approx(0.5, rel=1e-15)


def test_tiny_chances_keep_their_digits():
    """One in 10¹² within a tier that a guarantee brings: 1e-12 of itself, as nothing is subtracted."""
    campaign = wheel({"a": 1, "b": 10**12 - 1, "c": 1}, Pity(id="five", target=["a", "b"], **GENSHIN_5))
    exact = odds.long_run_exact(campaign)["a"]
    assert exact * 10**12 == Pity(id="five", target=["x"], **GENSHIN_5).law().rate()
    assert odds.long_run(campaign)["a"] == pytest.approx(float(exact), rel=1e-12)
    assert odds.draws_until(campaign, "a").mean == pytest.approx(float(1 / exact), rel=1e-12)


def test_fractions_have_their_limit():
    """Two counters of 300 and 200 are too many states for fractions, and the error says how many; doubles do."""
    rules = [Pity(id="p", target=["a"], base="1/1000", hard=300), Pity(id="q", target=["b"], base="1/500", hard=200)]
    campaign = wheel({"a": 1, "b": 1, "c": 1}, *rules)
    with pytest.raises(TooLarge, match="states are more than 10,000") as error:
        odds.long_run_exact(campaign)
    assert error.value.count > 10_000
    assert sum(odds.long_run(campaign).values()) == pytest.approx(1, abs=1e-12)
