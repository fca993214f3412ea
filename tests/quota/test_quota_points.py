"""Caps on points: positive or left out, and no participant may take them all."""

import pytest

from prizedraw.errors import InvalidCampaign
from prizedraw.quota import UNLIMITED, Points, left


def test_left_out_is_unlimited():
    """The caps of points are the one place where unlimited is written by leaving out; as a limit it is -1 again."""
    assert Points() == Points(total=None, per_participant=None)
    assert (Points().total_limit, Points().participant_limit) == (UNLIMITED, UNLIMITED)


def test_what_is_left_of_the_points():
    """The caps serve as limits like any other."""
    points = Points(total=1000, per_participant=500)
    assert left(points.total_limit, 400) == 600
    assert left(points.participant_limit, 400) == 100


@pytest.mark.parametrize("cap", ["total", "per_participant"])
@pytest.mark.parametrize("value", [0, -1, -7, True, False, 1.5, "5", 2**53])
def test_a_cap_that_is_no_positive_integer_is_an_error(cap, value):
    """0 and -1 are errors here; the remedy is to leave the cap out."""
    with pytest.raises(InvalidCampaign, match="leave it out") as caught:
        Points(**{cap: value})
    assert caught.value.place == cap
    assert repr(value) in caught.value.problem


@pytest.mark.parametrize("each", [1000, 1001])
def test_one_participant_may_not_take_all_points(each):
    """A cap per participant at or above the total has a message of its own, naming both."""
    with pytest.raises(InvalidCampaign, match=rf"per_participant: {each} is not below total, which is 1000"):
        Points(total=1000, per_participant=each)


def test_one_point_less_is_fine():
    """The boundary: 999 of 1000."""
    assert Points(total=1000, per_participant=999).per_participant == 999
