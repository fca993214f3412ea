"""Finite numbers of draws against brute force: every course of a participant's draws, in fractions."""

import math
from fractions import Fraction

import attrs
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from law_cases import CAMPAIGNS
from law_oracle import THANKS
from odds_cases import GENSHIN_4, GENSHIN_5, ample, courses, wheel
from prizedraw import Newcomer, Pity, Points, Prize, Quota, odds
from prizedraw.testing import campaigns

MOST_COURSES = 5_000


def small(campaign):
    """Few enough draws that every course can be listed."""
    return 4 if len(campaign.prizes) < 4 else 3


def check_against_courses(campaign, draws):
    """Every function on a finite horizon agrees with the courses."""
    found = courses(campaign, draws)
    assert sum(p for p, _ in found) == 1
    ids = [prize.id for prize in campaign.prizes] + [THANKS]
    by_draw = odds.by_draw(campaign, draws)
    expected = odds.expected(campaign, draws)
    for id_ in ids:
        assert expected[id_] == pytest.approx(float(sum(p * course.count(id_) for p, course in found)), rel=1e-12, abs=1e-15)
        rows = [float(sum(p for p, course in found if k < len(course) and course[k] == id_)) for k in range(draws)]
        assert by_draw[id_] == pytest.approx(rows, rel=1e-12, abs=1e-15)
    target = ids[0]
    law = [sum((p for p, course in found if course.count(target) == m), Fraction(0)) for m in range(draws + 1)]
    for tails in ("absolute", "relative"):
        hits = odds.hits_in(campaign, target, draws, tails=tails)
        assert [hits.cdf(m) - hits.cdf(m - 1) for m in range(draws + 1)] == pytest.approx([float(p) for p in law], rel=1e-12, abs=1e-15)
        assert hits.pmf.min() >= 0
    mean = sum(m * p for m, p in enumerate(law))
    assert hits.mean == pytest.approx(float(mean), rel=1e-12, abs=1e-15)
    assert hits.var == pytest.approx(float(sum(p * (m - mean) ** 2 for m, p in enumerate(law))), rel=1e-11, abs=1e-15)
    assert (hits.mean_exact, hits.var_exact) == (mean, sum(p * (m - mean) ** 2 for m, p in enumerate(law)))
    joint = odds.hits_joint(campaign, [ids[0], ids[1:]], draws)
    for m in range(draws + 1):
        for k in range(draws + 1):
            chance = sum(p for p, course in found if course.count(target) == m and len(course) - course.count(target) == k)
            assert joint[m, k] == pytest.approx(float(chance), rel=1e-12, abs=1e-15)
    return found


def check_waiting(campaign, draws, found):
    """The wait for copies and for a collection agrees with the courses, as far as they go."""
    ids = [prize.id for prize in campaign.prizes]
    for copies in (1, 2):
        law = odds.draws_until(campaign, ids[:2], copies=copies)
        for n in range(1, draws + 1):
            over = sum(p for p, course in found if sum(one in ids[:2] for one in course[:n]) >= copies)
            assert law.cdf(n) == pytest.approx(float(over), rel=1e-12, abs=1e-15)
    law = odds.collect(campaign, {ids[0]: 1, ids[1]: 1})
    spark = odds.collect(campaign, {ids[0]: 1, ids[1]: 1}, exchange=2)
    for n in range(1, draws + 1):
        missing = [(p, sum(id_ not in course[:n] for id_ in ids[:2])) for p, course in found]
        assert law.cdf(n) == pytest.approx(float(sum(p for p, left in missing if left == 0)), rel=1e-12, abs=1e-15)
        assert spark.cdf(n) == pytest.approx(
            float(sum(p for p, left in missing if left <= min(n, most(campaign)) // 2)), rel=1e-12, abs=1e-15
        )


def most(campaign):
    """Draws that a participant has."""
    return math.inf if campaign.quota.total_draws == -1 else campaign.quota.total_draws


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_kind_of_rule_agrees_with_brute_force(name):
    """Each campaign of the tests of the law, one unit of each prize for a participant kept, over every course of its draws."""
    campaign = ample(CAMPAIGNS[name])
    draws = small(campaign)
    check_waiting(campaign, draws, check_against_courses(campaign, draws))


CAPPED = {
    "total wins": wheel({"a": 1, "b": 2}, thanks=1, quota=Quota(total_wins=2, ordering="relaxed")),
    "a cap of one prize": wheel({"a": 3, "b": 1}, Pity(id="p", target=["a"], hard=2), caps={"a": 1}, thanks=1),
    "a cap and a promise": wheel({"a": 3, "b": 1, "c": 1}, caps={"a": 1, "b": 2}, thanks=1, newcomer=Newcomer(3, ["b", "c"])),
    "total draws": wheel({"a": 1, "b": 2}, Pity(id="p", target=["a"], hard=3), thanks=1, quota=Quota(total_draws=3, ordering="relaxed")),
    "nothing to be won": wheel({"a": 1, "b": 2}, thanks=1, quota=Quota(total_wins=0, ordering="relaxed")),
}


@pytest.mark.parametrize("name", CAPPED)
def test_lifetime_caps_are_kept(name):
    """Caps of a participant close prizes for the rest of the draws."""
    check_waiting(CAPPED[name], 4, check_against_courses(CAPPED[name], 4))


def test_a_participants_cap_on_points_is_kept():
    """Prizes of 8 and 20 points under a cap of 30: after 20 only an 8 is open, after 24 nothing is."""
    prizes = [Prize("a", "a", 1, -1, kind="points", points=8), Prize("b", "b", 1, -1, kind="points", points=20)]
    campaign = attrs.evolve(wheel({"a": 1}, thanks=1), prizes=prizes, points=Points(total=1000, per_participant=30))
    check_against_courses(ample(campaign), 4)


def test_a_prize_beyond_the_cap_on_points_is_never_won():
    """Two points under a cap of one, beside a prize that nobody may win: neither is ever given, whatever else is closed."""
    prizes = [
        Prize("a", "a", 1, -1, kind="points", points=2),
        Prize("b", "b", 1, -1, kind="points", points=1, per_participant=0),
    ]
    check_against_courses(attrs.evolve(wheel({"a": 1}, thanks=1), prizes=prizes, points=Points(total=1000, per_participant=1)), 3)


@settings(deadline=None, max_examples=40)
@given(campaigns())
def test_any_campaign_agrees_with_brute_force(campaign):
    """Campaigns as Hypothesis draws them, with every form of rule and cap."""
    campaign = ample(campaign)
    draws = small(campaign)
    assume(len(courses(campaign, draws)) < MOST_COURSES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prizedraw.odds.chain.MOST_STATES", 20_000)  # caps that multiply take long, and show nothing new
        try:
            check_waiting(campaign, draws, check_against_courses(campaign, draws))
        except odds.TooLarge:
            assume(False)


def test_daily_limits_are_kept_with_per_day():
    """One win a day and two draws a day, one half each: 3/4 of a win a day; left out, one win."""
    campaign = wheel({"a": 1}, thanks=1, quota=Quota(daily_draws=2, daily_wins=1, ordering="relaxed"))
    assert odds.expected(campaign, 4, per_day=2)["a"] == 1.5
    assert odds.expected(campaign, 4)["a"] == 2
    assert odds.by_draw(campaign, 4, per_day=2)["a"].tolist() == [0.5, 0.25, 0.5, 0.25]
    assert odds.hits_in(campaign, "a", 4, per_day=2).pmf.tolist() == [1 / 16, 6 / 16, 9 / 16]


@pytest.mark.parametrize("n", [300, 3_000])
def test_absolute_and_relative_tails_agree(n):
    """The transform and the product of positive numbers give the same law within 1e-14, its cumulated chances within 1e-12."""
    for rules, target in (
        ([Pity(id="five", target=["a"], **GENSHIN_5)], "a"),
        ([Pity(id="five", target=["a", "b"], **GENSHIN_5), Pity(id="f", target=["a"], scope=["a", "b"], base="1/2", hard=2)], "a"),
        ([], "a"),
    ):
        campaign = wheel({"a": 1, "b": 1, "c": 98}, *rules)
        absolute, relative = (odds.hits_in(campaign, target, n, tails=tails) for tails in ("absolute", "relative"))
        points = np.arange(n + 1)
        assert np.abs(chances(absolute, n) - chances(relative, n)).max() < 1e-14
        assert np.abs(absolute.cdf(points) - relative.cdf(points)).max() < 1e-12
        assert absolute.mean == pytest.approx(float((relative.pmf * relative.values).sum()), rel=1e-11)


def chances(law, n):
    """P(0..n)."""
    found = np.zeros(n + 1)
    found[law.start : law.start + len(law.pmf)] = law.pmf
    return found


def test_relative_tails_keep_their_digits_at_any_depth():
    """A binomial law down to 1e-300: every chance within 1e-12 of itself."""
    law = odds.hits_in(wheel({"a": 1}, thanks=99), "a", 400, tails="relative")
    p = Fraction(1, 100)
    exact = [math.comb(400, m) * p**m * (1 - p) ** (400 - m) for m in range(len(law.pmf))]
    assert (
        max(abs(Fraction(float(found)) / one - 1) for found, one in zip(law.pmf, exact, strict=True) if one > Fraction(1, 10**290)) < 1e-12
    )
    assert exact[-1] < Fraction(1, 10**250)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 1_000, 30_000, 60_000])
def test_a_wait_keeps_its_digits_at_any_depth(n):
    """One in a hundred, at draw 60,000: P = p·(1 − p)ⁿ⁻¹ near 1e-264, and more than n near 1e-262, within 1e-12 of themselves."""
    law = odds.draws_until(wheel({"a": 1}, thanks=99), "a", tails="relative")
    p = Fraction(1, 100)
    assert abs(Fraction(float(law.pmf[n - law.start])) / (p * (1 - p) ** (n - 1)) - 1) < 1e-12
    assert abs(Fraction(law.sf(n)) / (1 - p) ** n - 1) < 1e-12


def test_a_wait_for_several_keeps_its_digits():
    """Three copies at a guarantee of 20: every chance within 1e-12 of its value in fractions, down to 1e-20."""
    campaign = wheel({"a": 1}, Pity(id="p", target=["a"], base="1/1000", soft_from=15, soft_step="1/10", hard=20), thanks=1)
    hazard = campaign.pity[0].law().values
    one, survival = [Fraction(0)], Fraction(1)
    for chance in hazard:
        one.append(survival * chance)
        survival *= 1 - chance
    exact = [Fraction(1)]
    for _ in range(3):
        following = [Fraction(0)] * (len(exact) + len(one) - 1)
        for i, p in enumerate(exact):
            for j, q in enumerate(one):
                following[i + j] += p * q
        exact = following
    law = odds.draws_until(campaign, "a", copies=3, tails="relative")
    assert (law.start, law.max) == (3, 60)
    for n in range(3, 61):
        assert abs(Fraction(float(law.pmf[n - 3])) / exact[n] - 1) < 1e-12
    mean = sum(n * p for n, p in enumerate(exact))
    assert (law.mean_exact, law.var_exact) == (mean, sum(p * (n - mean) ** 2 for n, p in enumerate(exact)))


def test_coupled_tiers_agree_with_the_slow_way():
    """A lower tier has many states after a hit, so its law is carried over the states: its mean is that of expected."""
    rules = [Pity(id="five", target=["a"], **GENSHIN_5), Pity(id="four", target=["b"], **GENSHIN_4)]
    campaign = wheel({"a": 1, "b": 1, "c": 1}, *rules)
    law = odds.hits_in(campaign, "b", 200)
    assert (law.pmf * law.values).sum() == pytest.approx(odds.expected(campaign, 200)["b"], rel=1e-12)
    assert law.pmf.sum() == pytest.approx(1, abs=1e-12)
    assert law.mean == pytest.approx(odds.expected(campaign, 200)["b"], rel=1e-12)


@settings(deadline=None, max_examples=30)
@given(campaigns(), st.integers(1, 5))
def test_hits_fall_together_as_alone(campaign, draws):
    """The margins of a joint law are the laws of each target alone."""
    campaign = ample(campaign)
    first, second = (prize.id for prize in campaign.prizes[:2])
    joint = odds.hits_joint(campaign, [first, second], draws)
    assert joint.shape == (draws + 1, draws + 1)
    assert joint.sum(axis=1) == pytest.approx(chances(odds.hits_in(campaign, first, draws), draws), abs=1e-14)
    assert joint.sum(axis=0) == pytest.approx(chances(odds.hits_in(campaign, second, draws), draws), abs=1e-14)
