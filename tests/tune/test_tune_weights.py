"""Weights that meet targets: what comes out is asked of ``prizedraw.odds`` again."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odds_cases import wheel as lottery
from prizedraw import Campaign, Pity, Prize, Quota, Window, odds, tune
from prizedraw.errors import Infeasible, InvalidRequest
from prizedraw.sampling.weights import tickets

ALWAYS = [Window(datetime(2020, 1, 1), datetime(2100, 1, 1))]
SOFT = Pity(id="phone-pity", target=["phone"], soft_from=74, soft_step="0.06", hard=90)


def wheel(*pity, **fields):
    """A phone, a cup and a pen, with a thank-you."""
    prizes = [
        Prize("phone", "Phone", 1, 5, value="4999"),
        Prize("cup", "Cup", 10, 1000, value="20"),
        Prize("pen", "Pen", 100, -1, value="1.5"),
    ]
    thanks = Prize.thank_you(weight=500)
    return Campaign(id="wheel", title="Wheel", timezone="UTC", windows=ALWAYS, prizes=prizes, fallback=thanks, pity=pity, **fields)


def worth(rates):
    """What a draw is worth on average."""
    return sum(rates[prize.id] * float(prize.value) for prize in wheel().prizes)


def test_without_guarantees_the_targets_are_the_weights():
    """The answer is exact: the targets themselves, and the rest in its old proportions."""
    tuned = tune.weights(wheel(), targets={"phone": "0.001"}, win_rate="0.3")
    assert tuned.weights == {
        "phone": Fraction(1, 1000),
        "cup": Fraction(299, 11000),
        "pen": Fraction(299, 1100),
        "thank-you": Fraction(7, 10),
    }
    assert odds.long_run_exact(tuned)["phone"] == Fraction(1, 1000)


def test_a_guarantee_is_allowed_for():
    """A soft pity brings most of the phones, so its weight must be far lower than the target; the rates are met all the same."""
    tuned = tune.weights(wheel(SOFT), targets={"phone": "0.016"}, win_rate="0.3")
    rates = odds.long_run(tuned)
    assert rates["phone"] == pytest.approx(0.016, rel=1e-6)
    assert rates["thank-you"] == pytest.approx(0.7, rel=1e-6)
    assert rates["pen"] / rates["cup"] == pytest.approx(10, rel=1e-6)
    assert tuned.weights["phone"] < Fraction(7, 1000)


def test_a_horizon_is_not_the_long_run():
    """In thirty draws a pity at 90 never fires, so there the weights alone are the rates; caps count there too."""
    assert tune.weights(wheel(SOFT), targets={"phone": "0.016"}, draws=30).weights["phone"] == Fraction(16, 1000)
    capped = wheel(quota=Quota(total_draws=30, daily_draws=30, total_wins=3, ordering="relaxed"))
    tuned = tune.weights(capped, win_rate="0.09", draws=30)
    expected = odds.expected(tuned, 30)
    assert 1 - expected["thank-you"] / 30 == pytest.approx(0.09, rel=1e-5)
    assert 1 - tuned.weights["thank-you"] / sum(tuned.weights.values()) > Fraction(9, 100)


def test_a_budget_is_met_beside_a_target():
    """What has no target becomes more or less frequent until a draw is worth the budget."""
    tuned = tune.weights(wheel(), targets={"phone": "0.0003"}, budget="2.5")
    assert worth(odds.long_run(tuned)) == pytest.approx(2.5, rel=1e-9)
    assert odds.long_run(tuned)["phone"] == pytest.approx(0.0003, rel=1e-9)
    tuned = tune.weights(wheel(SOFT), budget=70)
    assert worth(odds.long_run(tuned)) == pytest.approx(70, rel=1e-6)


def test_stock_lasts_as_long_as_asked():
    """Five phones for 100,000 draws are one in 20,000."""
    assert odds.long_run_exact(tune.weights(wheel(), lasts={"phone": 100_000}))["phone"] == Fraction(1, 20_000)


def test_denominators_can_be_small():
    """As tickets of a thousand at most; where that is too coarse it is said."""
    tuned = tune.weights(wheel(), targets={"phone": "0.01", "cup": "0.09"}, win_rate="0.5", max_denominator=100)
    assert {weight.denominator for weight in tuned.weights.values()} <= {100, 50, 10, 5, 2}
    with pytest.raises(Infeasible, match="denominators"):
        tune.weights(wheel(), targets={"phone": "0.001"}, max_denominator=100)
    tuned = tune.weights(wheel(SOFT), targets={"phone": "0.016"}, tolerance=1e-3, max_denominator=2000)
    assert odds.long_run(tuned)["phone"] == pytest.approx(0.016, rel=1e-3)
    assert sum(tickets(tuple(tuned.weights.values()))) <= 2000


def test_as_few_tickets_as_will_do():
    """0.0123 within 2 % on a wheel of four: no number of tickets below 80 has a share so near, and 80 are enough for all."""
    start = lottery({"a": 1, "b": 5, "c": 10}, thanks=84)
    tuned = tune.weights(start, targets={"a": "0.0123"}, tolerance=0.02, max_denominator=100)
    shares = [weight / sum(tuned.weights.values()) for weight in tuned.weights.values()]
    assert shares == [Fraction(1, 80), Fraction(4, 80), Fraction(8, 80), Fraction(67, 80)]
    assert not any(abs(round(total * 0.0123) / total / 0.0123 - 1) <= 0.02 for total in range(1, 80))
    with pytest.raises(Infeasible, match="3 tickets are too few"):
        tune.weights(start, targets={"a": "0.0123"}, tolerance=0.02, max_denominator=3)


@settings(deadline=None, max_examples=25)
@given(phone=st.integers(135, 400), wins=st.integers(450, 900))
def test_every_reachable_target_is_met(phone, wins):
    """Rates from just above what the guarantee brings alone up to 4 %, and any share of wins above that."""
    tuned = tune.weights(wheel(SOFT), targets={"phone": Fraction(phone, 10_000)}, win_rate=Fraction(wins, 1000))
    rates = odds.long_run(tuned)
    assert rates["phone"] == pytest.approx(phone / 10_000, rel=2e-6)
    assert 1 - rates["thank-you"] == pytest.approx(wins / 1000, rel=2e-6)


@pytest.mark.parametrize(
    ("targets", "says", "nearest"),
    [
        ({"phone": "0.005"}, "its guarantee alone", 0.0128523),
        ({"phone": 0}, "without any weight", 0.0128523),
        ({"phone": "0.6", "cup": "0.5"}, "add up to 1.1", 1.1),
    ],
)
def test_an_infeasible_target_says_which_bound_binds(targets, says, nearest):
    """And how near one can get."""
    with pytest.raises(Infeasible, match=says) as caught:
        tune.weights(wheel(SOFT), targets=targets)
    assert caught.value.nearest == pytest.approx(nearest, rel=1e-4)


def test_an_infeasible_budget_says_how_near_one_can_get():
    """Too little for what the guarantee alone costs; more than the dearest prize."""
    with pytest.raises(Infeasible, match="nearest") as caught:
        tune.weights(wheel(SOFT), budget="0.01")
    assert caught.value.nearest == pytest.approx(4999 * 0.0128523, rel=1e-3)
    with pytest.raises(Infeasible, match="4999 at most"):
        tune.weights(wheel(), budget=100_000)
    with pytest.raises(Infeasible, match="alone cost"):
        tune.weights(wheel(), targets={"phone": "0.01"}, budget=1)


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"targets": {"nothing": 1}},
        {"targets": {"phone": "1.5"}},
        {"targets": {"phone": "abc"}},
        {"targets": {"phone": "0.1"}, "draws": 0},
        {"targets": {"phone": "0.1"}, "tolerance": 0},
        {"targets": {"phone": "0.1"}, "max_denominator": 0},
        {"targets": {"thank-you": "0.1"}, "win_rate": "0.5"},
        {"targets": {"phone": "0.1", "cup": "0.1", "pen": "0.1", "thank-you": "0.1"}},
        {"win_rate": "0.5", "budget": 1},
        {"lasts": {"pen": 100}},
        {"lasts": {"phone": 0}},
        {"lasts": {"phone": 10}, "targets": {"phone": "0.5"}},
        {"budget": 0},
        {"budget": "nan"},
    ],
    ids=repr,
)
def test_bad_input_is_told(given_):
    """Each names the argument."""
    with pytest.raises(InvalidRequest, match=r"\S"):
        tune.weights(wheel(), **given_)
