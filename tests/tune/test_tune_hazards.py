"""Hazards behind published figures, against the figures that operators and players have published."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from prizedraw import tune
from prizedraw.errors import Infeasible, InvalidRequest
from prizedraw.pity import Hazard


@pytest.mark.parametrize(
    ("base", "hard", "rate", "soft_from", "step"),
    [
        ("0.006", 90, "0.016", 74, "0.06"),  # five stars
        ("0.051", 10, "0.130", 9, "0.51"),  # four stars
        ("0.02", 99, "0.0289", 51, "0.02"),  # six stars
    ],
)
def test_the_climb_that_players_found_is_among_the_first(base, hard, rate, soft_from, step):
    """With the first raised draw known there is that climb alone; without, it is told among those that reach 1 just at ``hard``."""
    (only,) = tune.hazard(base, hard, rate, soft_from=soft_from)
    assert only.meets
    low, high = (1 - Fraction(base)) / (hard - soft_from + 1), (1 - Fraction(base)) / (hard - soft_from)
    assert low <= only.soft_step < high
    assert (only.soft_step == Fraction(step)) or low <= Fraction(step) < high
    found = tune.hazard(base, hard, rate)
    assert only in [one for one in found if one.meets]
    assert [one.meets for one in found] == sorted((one.meets for one in found), reverse=True)


def test_every_candidate_is_exact_and_gives_the_published_rate():
    """Its rate is that of its hazard as a Fraction, and rounds to the figure; its rule says so to the linter."""
    for one in tune.hazard("0.006", 90, Decimal("0.016")):
        law = Hazard.rising(one.base, one.soft_from, one.soft_step, one.hard, Fraction(0))
        assert one.hazard == law
        assert one.rate == law.rate()
        assert abs(one.rate - Fraction("0.016")) <= Fraction("0.0005")
        assert (one.pity("p", ["a"]).law(), one.pity("p", ["a"]).declared_rate) == (law, one.rate)


def test_a_rate_without_a_climb_is_told_as_such():
    """One of a chance of 0.006 and a sure hit at 90 is 0.014347…, and needs no climb."""
    flat = next(one for one in tune.hazard("0.006", 90, "0.01435") if one.soft_from is None)
    assert flat.rate == Hazard.rising(Fraction("0.006"), None, None, 90, Fraction(0)).rate()


def test_an_infeasible_rate_says_which_bound_binds():
    """Below what the sure hit brings alone, and above the steepest climb."""
    with pytest.raises(Infeasible, match="without any climb") as caught:
        tune.hazard("0.006", 90, "0.005")
    assert caught.value.nearest == pytest.approx(0.0143472, rel=1e-5)
    with pytest.raises(Infeasible, match="steepest"):
        tune.hazard("0.006", 90, "0.5", soft_from=80)


@pytest.mark.parametrize(
    "arguments", [("2", 90, "0.1"), ("0.1", 0, "0.1"), ("0.1", True, "0.1"), ("0.1", 90, "x"), ("0.1", 10**9, "0.1")], ids=repr
)
def test_bad_input_is_told(arguments):
    """Each names the argument."""
    with pytest.raises(InvalidRequest, match=r"\S"):
        tune.hazard(*arguments)
    with pytest.raises(InvalidRequest, match="soft_from"):
        tune.hazard("0.1", 10, "0.2", soft_from=11)
