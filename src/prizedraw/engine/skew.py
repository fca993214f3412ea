"""Whether the system's clock agrees with the store's: looked at when an engine is opened, and then at most once a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic

from prizedraw.errors import ClockError

MOST = timedelta(minutes=1)
"""What they may differ by."""
EVERY = 60.0
"""Seconds between two looks."""


class Skew:
    """Compares two clocks from time to time.

    Args:
        watched: False where the caller gave a clock of their own, which may tell any time.
    """

    def __init__(self, *, watched: bool) -> None:
        self.watched = watched
        """Whether there is anything to compare; a store without a clock ends it."""
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time to look again."""
        return self.watched and monotonic() >= self._next

    def compare(self, theirs: datetime | None) -> None:
        """Compare the store's time, just read, with the system's.

        Raises:
            ClockError: they differ by more than a minute.
        """
        if theirs is None:
            self.watched = False
            return
        ours = datetime.now(UTC)
        if abs(ours - theirs) > MOST:
            raise ClockError(
                f"this host's clock says {ours.isoformat()}, and the store's {theirs.astimezone(UTC).isoformat()}; more than a minute"
                " apart, days and windows would differ between hosts: set the clocks right, nothing was written"
            )
        self._next = monotonic() + EVERY
