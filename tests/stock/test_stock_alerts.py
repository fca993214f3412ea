"""Release rules, and when stock runs low."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prizedraw.errors import InvalidCampaign
from prizedraw.stock import Release, crossing


@pytest.mark.parametrize(
    ("before", "after", "alert", "told"),
    [
        (3, 2, 1, None),
        (2, 1, 1, "low_stock"),
        (1, 0, 1, "sold_out"),
        (5, 0, 3, "sold_out"),
        (1, 0, 0, "sold_out"),
        (1, 0, None, "sold_out"),
        (5, 1, None, None),
        (1, 2, 1, None),
        (0, 5, 1, None),
        (1, 1, 1, None),
        (0, 0, 1, None),
        (-1, -1, 5, None),
        (-1, 3, 5, "low_stock"),
        (-1, 0, 5, "sold_out"),
        (3, -1, 5, None),
    ],
)
def test_what_a_change_of_the_remaining_stock_crosses(before, after, alert, told):
    """Told on the way down, by the change that crosses; unlimited (-1) is above every threshold."""
    assert crossing(before, after, alert) == told


@given(start=st.integers(0, 30), alert=st.integers(0, 30), steps=st.lists(st.integers(1, 5)))
def test_going_down_each_threshold_is_told_once(start, alert, steps):
    """However a stock is used up, low_stock and sold_out come at most once each and in this order."""
    told = []
    for step in steps:
        after = max(0, start - step)
        told.append(crossing(start, after, alert))
        start = after
    assert [t for t in told if t] in ([], ["low_stock"], ["sold_out"], ["low_stock", "sold_out"])


def test_pitfall_20_a_release_of_zero_is_none_and_of_minus_one_unlimited():
    """The same sentinels as everywhere."""
    assert Release().daily == -1
    assert Release(daily=0).daily == 0


@pytest.mark.parametrize("daily", [-2, True, 1.0, "3", None, 2**53])
def test_a_release_that_is_no_integer_from_minus_one_is_an_error(daily):
    """Bools, floats and strings are no integers here."""
    with pytest.raises(InvalidCampaign, match="daily: must be an integer"):
        Release(daily=daily)
