"""Time: the windows of a campaign, its days in its own zone, its states, and how windows may be edited."""

from prizedraw.windows.days import Calendar
from prizedraw.windows.edits import check_window_edit
from prizedraw.windows.spans import Window, check_windows, first_open, next_window, window_at
from prizedraw.windows.states import CampaignState, state_of

__all__ = [
    "Calendar",
    "CampaignState",
    "Window",
    "check_window_edit",
    "check_windows",
    "first_open",
    "next_window",
    "state_of",
    "window_at",
]
