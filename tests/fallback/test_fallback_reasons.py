"""Why a draw ended in a thank-you: the order of precedence."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prizedraw.fallback import Reason, first

PRECEDENCE = ["total_wins", "daily_wins", "off_shelf", "sold_out", "daily_release", "prize_cap", "points_cap"]


def test_the_reasons_are_listed_in_order_of_precedence_after_drawn():
    """The values are what a receipt carries, and their order is the documented one."""
    assert list(Reason) == ["drawn", *PRECEDENCE]


def test_a_capped_winner_of_a_sold_out_prize_is_told_of_the_cap():
    """Of several reasons one is told, whatever the order in which they were found."""
    for found in permutations([Reason.SOLD_OUT, Reason.DAILY_WINS, Reason.POINTS_CAP]):
        assert first(found) is Reason.DAILY_WINS


def test_where_nothing_was_closed_the_thank_you_itself_was_drawn():
    """DRAWN is the reason of last resort: it gives way to every other."""
    assert first([]) is Reason.DRAWN
    assert first([Reason.DRAWN, Reason.POINTS_CAP]) is Reason.POINTS_CAP


@given(st.lists(st.sampled_from(PRECEDENCE), min_size=1))
def test_the_first_is_the_least_by_place_in_the_list(found):
    """Oracle: the least index in the documented list."""
    assert first(found) == min(found, key=PRECEDENCE.index)


def test_a_word_that_is_no_reason_is_an_error():
    """A misspelt reason does not pass as "nothing was closed"."""
    with pytest.raises(ValueError, match="soldout"):
        first(["soldout"])
