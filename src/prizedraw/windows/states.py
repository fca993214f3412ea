"""The states of a campaign: what its windows and its switch make of an instant."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from prizedraw.windows.spans import next_window, window_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from prizedraw.windows.spans import Window


class CampaignState(StrEnum):
    """Where a campaign stands."""

    NOT_STARTED = "not_started"
    """Online, with no window open now and one still to come, be it before the first or between two."""
    RUNNING = "running"
    """Online, and a window is open."""
    CLOSED = "closed"
    """After the last window, or taken offline."""


def state_of(windows: Sequence[Window], online: bool, now: datetime) -> CampaignState:
    """The state of a campaign now.

    Args:
        windows: as ``check_windows`` returns them.
        online: the switch; off closes the campaign, and on never opens it outside its windows.
        now: an aware time.

    Raises:
        ClockError: ``now`` is naive.
    """
    running, to_come = window_at(windows, now), next_window(windows, now)
    if not online or not (running or to_come):
        return CampaignState.CLOSED
    return CampaignState.RUNNING if running else CampaignState.NOT_STARTED
