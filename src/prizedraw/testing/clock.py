"""A clock that stands still until it is moved."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from prizedraw.errors import ClockError


class FixedClock:
    """A clock for tests: call it, or its ``now()``, for the time it was set to. Safe to share between threads.

    Args:
        at: an aware datetime; a naive one is a ClockError.
    """

    def __init__(self, at: datetime) -> None:
        self._mutex = threading.Lock()
        self._at = _aware(at)

    def __call__(self) -> datetime:
        """The time it shows."""
        return self._at

    def __repr__(self) -> str:
        return f"FixedClock({self._at.isoformat()})"

    def now(self) -> datetime:
        """The time it shows."""
        return self._at

    def set(self, at: datetime) -> None:
        """Show another time, later or earlier; a naive one is a ClockError."""
        at = _aware(at)
        with self._mutex:
            self._at = at

    def advance(
        self, by: timedelta | None = None, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> datetime:
        """Move on by a timedelta or by the units named, as elapsed time; the new time."""
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days) + (by or timedelta())
        with self._mutex:
            at = self._at
            # Elapsed time, not wall time: through UTC, so that a change to summer time on the way moves the wall clock.
            self._at = (at.astimezone(UTC) + step).astimezone(at.tzinfo)
            return self._at


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ClockError(f"{at!r} has no time zone; give an aware datetime, such as datetime.now(timezone.utc)")
    return at
