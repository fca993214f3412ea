"""How the windows of a published campaign may change: the old set is compared with the new one.

Windows have no names, so one that was moved is known by where it lies:

- past (end ≤ now): stays as it is;
- current (start ≤ now < end): its successor is a new window that overlaps it and ends after now. Start and end may
  change, even so that the campaign pauses now; moved clear of its old span it would be deleted and another one added;
- future: free to be moved and deleted, and new ones may be added, as long as none is over before it was published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.errors import InvalidEdit
from prizedraw.windows.spans import require_aware

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from prizedraw.windows.spans import Window


def check_window_edit(old: Sequence[Window], new: Sequence[Window], now: datetime) -> None:
    """Check that the windows ``old`` of a published campaign may become ``new``; equal sets always may.

    Args:
        old: the published windows, as ``check_windows`` returns them.
        new: the wanted ones, likewise.
        now: an aware time.

    Raises:
        InvalidEdit: a past window is changed or missing, the current one is missing, or a new one is over already. The
            message names the window; for one of ``new`` the place is ``windows[i]``.
        ClockError: ``now`` is naive.
    """
    require_aware(now)
    for window in old:
        if window.end <= now and window not in new:
            raise InvalidEdit(f"the window {window} is past and stays as it is; put it back unchanged", "windows")
    for i, window in enumerate(new):
        if window.end <= now and window not in old:
            raise InvalidEdit(f"{window} would be over already at {now}; let it end later", f"windows[{i}]")
    for window in old:
        if window.holds(now) and not any(other.end > now and other.overlaps(window) for other in new):
            raise InvalidEdit(
                f"the window {window} is open now and cannot be deleted; change its start or end, or take the campaign offline",
                "windows",
            )
