"""The odds of the next draw are the engine's own, in whatever state and with whatever stock."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odds_cases import wheel
from prizedraw import DrawEngine, DrawRefused, Pity, Quota, odds
from prizedraw.sampling import SeededEntropy
from prizedraw.testing import FixedClock, campaigns


@settings(deadline=None, max_examples=60)
@given(campaigns(), st.integers(0, 12), st.integers(0, 12), st.integers(0, 2**32), st.booleans())
def test_effective_is_what_the_engine_says(campaign, mine, others, seed, later):
    """A memory engine after draws of two participants: odds from its standing and stock, on the same day or the next, are its odds."""
    clock = FixedClock(campaign.windows[0].start)
    with DrawEngine.open(":memory:", clock=clock, entropy=SeededEntropy(seed)) as engine:
        engine.publish(campaign)
        for participant, times in (("me", mine), ("other", others)):
            for _ in range(times):
                try:
                    engine.draw(campaign.id, participant)
                except DrawRefused:
                    break
        standing = engine.standing(campaign.id, "me").state
        if later:
            clock.advance(timedelta(days=1))
        given_out = sum(receipt.points or 0 for receipt in engine.receipts(campaign.id))
        found = odds.effective(campaign, standing, stock=engine.stock(campaign.id), now=clock(), points_given=given_out)
        assert found == engine.odds(campaign.id, "me")
        assert list(found) == [*(prize.id for prize in campaign.prizes), "thank-you"]


@settings(deadline=None, max_examples=30)
@given(campaigns())
def test_a_new_participant_of_a_new_campaign(campaign):
    """Left out, state and stock are those of a campaign that has just been published; the sum is 1."""
    with DrawEngine.open(":memory:", clock=lambda: campaign.windows[0].start) as engine:
        engine.publish(campaign)
        assert odds.effective(campaign) == engine.odds(campaign.id, "somebody")
    assert sum(odds.effective(campaign).values()) == 1


def test_stock_release_and_shelf_close_prizes():
    """Each closes what it names: the chance goes to the thank-you."""
    campaign = wheel({"a": 1, "b": 1}, thanks=2, stock={"a": 5, "b": 5})
    half, quarter = Fraction(1, 2), Fraction(1, 4)
    assert odds.effective(campaign) == {"a": quarter, "b": quarter, "thank-you": half}
    assert odds.effective(campaign, stock={"a": 0}) == {"a": 0, "b": quarter, "thank-you": 3 * quarter}
    assert odds.effective(campaign, off_shelf=["b"]) == {"a": quarter, "b": 0, "thank-you": 3 * quarter}


def test_wins_of_an_earlier_day_close_nothing():
    """A win today closes everything under daily_wins = 1; asked on the next day it does not."""
    campaign = wheel({"a": 1}, thanks=1, quota=Quota(daily_draws=5, daily_wins=1, ordering="relaxed"))
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    state = odds.State(wins_today=1, wins={"a": 1}, day=noon.date())
    assert odds.effective(campaign, state, now=noon)["a"] == 0
    assert odds.effective(campaign, state, now=noon + timedelta(days=1))["a"] == Fraction(1, 2)


def test_stationary_odds_are_the_rates_of_the_long_run():
    """Somebody who has been drawing for ever has the odds of the long run, in fractions and in doubles."""
    rules = [Pity(id="top", target=["a", "b"], base="1/8", hard=5), Pity(id="f", target=["a"], scope=["a", "b"], base="1/2", hard=2)]
    campaign = wheel({"a": 1, "b": 1, "c": 1}, *rules, thanks=1)
    exact = odds.long_run_exact(campaign)
    assert odds.effective(campaign, "stationary") == exact
    assert odds.by_draw(campaign, 3, state="stationary")["a"] == pytest.approx([float(exact["a"])] * 3, rel=1e-13)
    assert odds.hits_in(campaign, "a", 50, state="stationary").mean == pytest.approx(50 * float(exact["a"]), rel=1e-13)
    later = odds.draws_until(campaign, "a", state="stationary")
    assert later.mean == pytest.approx(float((later.pmf * later.values).sum()), rel=1e-13)
