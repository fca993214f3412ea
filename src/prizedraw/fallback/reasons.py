"""The reasons why a draw ends in a thank-you, and which of several goes first.

Nothing but this order lives here: whether a prize is closed is for the draw to find out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Reason(StrEnum):
    """Why a draw gave the thank-you. After DRAWN, which says that no prize was closed, in order of precedence."""

    DRAWN = "drawn"
    """The ticket named the thank-you itself."""
    TOTAL_WINS = "total_wins"
    """The participant has won as often as the campaign allows."""
    DAILY_WINS = "daily_wins"
    """The participant has won as often as one day allows."""
    OFF_SHELF = "off_shelf"
    """The prize was taken off the shelf."""
    SOLD_OUT = "sold_out"
    """Nothing is left of the prize's allocation."""
    DAILY_RELEASE = "daily_release"
    """The prize, or the campaign, has released what it may in one day."""
    PRIZE_CAP = "prize_cap"
    """The participant has this prize as often as one participant may."""
    POINTS_CAP = "points_cap"
    """The points would pass the campaign's or the participant's cap."""


def first(reasons: Iterable[Reason]) -> Reason:
    """The reason that goes first among several which close one prize.

    Args:
        reasons: members or their values, in any order, repeats allowed. DRAWN gives way to every other one.

    Returns:
        The first in order of precedence; DRAWN where there is none, because then nothing was closed.

    Raises:
        ValueError: a value is not a reason.
    """
    given = {Reason(reason) for reason in reasons} - {Reason.DRAWN}
    return next((reason for reason in Reason if reason in given), Reason.DRAWN)
