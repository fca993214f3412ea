"""Caps on draws and wins: which combinations may run, and what is left of them."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prizedraw.errors import InvalidCampaign
from prizedraw.quota import UNLIMITED, Chances, Quota, RefusalReason, allows, chances, check_limit, left

CAPS = ["total_draws", "total_wins", "daily_draws", "daily_wins"]
caps = st.fixed_dictionaries({name: st.integers(-1, 4) for name in CAPS})


def accepts(**fields):
    try:
        Quota(**fields)
    except InvalidCampaign:
        return False
    return True


def test_without_a_word_everything_is_unlimited():
    """A campaign without a quota limits nothing."""
    quota = Quota()
    assert (quota.total_draws, quota.daily_draws, quota.total_wins, quota.daily_wins) == (UNLIMITED,) * 4
    assert quota.campaign_draws == UNLIMITED
    assert quota.ordering == "documented"


def test_the_documented_order_leaves_out_what_is_unlimited():
    """Ten draws in all, three a day, one win a day: what is limited does not increase."""
    Quota(total_draws=10, daily_draws=3, daily_wins=1)


def test_more_draws_a_day_than_wins_in_all_needs_the_relaxed_order():
    """The error names both caps with their values, and the remedy."""
    with pytest.raises(InvalidCampaign) as caught:
        Quota(total_wins=2, daily_draws=5)
    assert str(caught.value) == (
        "daily_draws: 5 is more than total_wins, which is 2; lower daily_draws or raise total_wins,"
        ' or set ordering = "relaxed", which allows it'
    )
    assert caught.value.place == "daily_draws"
    Quota(total_wins=2, daily_draws=5, ordering="relaxed")


def test_what_no_order_allows_is_not_offered_the_relaxed_one():
    """Five wins out of three draws are wrong in both orders."""
    with pytest.raises(InvalidCampaign, match=r"total_wins: 5 is more than total_draws, which is 3") as caught:
        Quota(total_draws=3, total_wins=5)
    assert "relaxed" not in str(caught.value)


@given(caps)
def test_documented_accepts_exactly_what_does_not_increase(fields):
    """Oracle: the limited caps, listed in order, equal themselves sorted downwards."""
    limited = [fields[name] for name in CAPS if fields[name] != -1]
    assert accepts(**fields) == (limited == sorted(limited, reverse=True))


@given(caps)
def test_relaxed_accepts_exactly_the_four_conditions(fields):
    """Oracle: of the six pairs in order, all but two are compared."""
    free = {("total_wins", "daily_draws"), ("total_draws", "daily_wins")}
    compared = [pair for pair in combinations(CAPS, 2) if pair not in free]
    fine = all(-1 in (fields[a], fields[b]) or fields[b] <= fields[a] for a, b in compared)
    assert accepts(**fields, ordering="relaxed") == fine


@given(caps)
def test_what_is_documented_is_also_relaxed_and_the_remedy_is_told_only_if_it_helps(fields):
    """Following the remedy of the message leads to a quota that is accepted."""
    relaxed = accepts(**fields, ordering="relaxed")
    if accepts(**fields):
        assert relaxed
        return
    with pytest.raises(InvalidCampaign) as caught:
        Quota(**fields)
    assert ("relaxed" in str(caught.value)) == relaxed


def test_the_cap_of_the_whole_campaign_has_no_part_in_the_order():
    """A campaign may end after one draw, whatever one participant may."""
    assert Quota(campaign_draws=1, total_draws=10).campaign_draws == 1


@pytest.mark.parametrize("cap", [*CAPS, "campaign_draws"])
@pytest.mark.parametrize("value", [-2, True, False, 1.0, "3", None, 2**53, float("nan")])
def test_a_cap_that_is_no_integer_from_minus_one_is_an_error_naming_it(cap, value):
    """Bools, floats and strings are no integers here, and beyond 2**53 - 1 stores lose digits."""
    with pytest.raises(InvalidCampaign) as caught:
        Quota(**{cap: value})
    assert caught.value.place == cap
    assert repr(value) in caught.value.problem


@pytest.mark.parametrize("ordering", ["strict", "", None, 1])
def test_an_unknown_ordering_is_an_error(ordering):
    """Only the two documented orderings exist."""
    with pytest.raises(InvalidCampaign, match="ordering: must be"):
        Quota(ordering=ordering)


def test_a_limit_is_checked_for_others_under_their_own_name():
    """Prizes check their own limits with the same rule."""
    assert check_limit(0, "prizes[2].stock") == 0
    with pytest.raises(InvalidCampaign, match=r"^prizes\[2\]\.stock: .*-5$"):
        check_limit(-5, "prizes[2].stock")


def test_pitfall_20_minus_one_is_unlimited_and_zero_is_none():
    """One meaning of each sentinel, everywhere: -1 never runs out and 0 never begins."""
    assert left(-1, 10**9) == UNLIMITED
    assert allows(-1, 10**9)
    assert left(0, 0) == 0
    assert not allows(0, 0)
    assert Quota(daily_draws=0).daily_draws == 0


@given(limit=st.integers(0, 20), used=st.integers(0, 40), n=st.integers(1, 20))
def test_what_is_left_is_what_can_still_be_used_one_by_one(limit, used, n):
    """Oracle: count how many of the next fifty fit."""
    countable = sum(1 for extra in range(1, 51) if used + extra <= limit)
    assert left(limit, used) == countable
    assert allows(limit, used, n) == (n <= countable)


@pytest.mark.parametrize(
    ("quota", "used_today", "used_total", "told"),
    [
        (Quota(daily_draws=3), 1, 9, Chances("today", 2)),
        (Quota(daily_draws=3, total_draws=10), 1, 4, Chances("today", 2)),
        (Quota(daily_draws=3, total_draws=10), 0, 9, Chances("today", 1)),
        (Quota(daily_draws=3, total_draws=10), 0, 12, Chances("today", 0)),
        (Quota(total_draws=10), 1, 4, Chances("total", 6)),
        (Quota(daily_draws=0), 0, 0, Chances("today", 0)),
        (Quota(total_draws=0), 0, 0, Chances("total", 0)),
        (Quota(), 5, 500, Chances("unlimited", -1)),
        (Quota(daily_wins=1, campaign_draws=1), 5, 500, Chances("unlimited", -1)),
    ],
)
def test_the_remaining_chances_told_to_a_participant(quota, used_today, used_total, told):
    """Today's where days are limited, and never more than in all; else the total; else unlimited."""
    assert chances(quota, used_today, used_total) == told


def test_refusals_are_listed_in_order_of_precedence():
    """The values are what a refusal carries."""
    assert list(RefusalReason) == [
        "offline", "outside_window", "blocked", "total_draws", "campaign_draws", "daily_draws", "request_mismatch",
    ]  # fmt: skip
