"""Windows: half-open spans of time in which draws happen, and what a sorted set of them says of an instant.

No zone is known here. A naive time waits for a Calendar to localize it; everything that compares wants aware times.
"""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import pairwise
from typing import TYPE_CHECKING

from attrs import Attribute, field, frozen

from prizedraw.errors import ClockError, InvalidCampaign

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""The years a window may lie in: every instant of them has a neighbour in every zone."""


def fixed(moment: datetime) -> datetime:
    """The same moment with a fixed offset instead of a zone's rules, so that equality and order are by instant.

    A naive moment stays naive; which of two equal hours it is (``fold``) is forgotten: it is the first.
    """
    offset = moment.utcoffset()
    return moment.replace(tzinfo=None if offset is None else timezone(offset), fold=0)


def require_aware(moment: datetime, name: str = "now") -> datetime:
    """The moment itself.

    Raises:
        ClockError: it is naive, so no instant.
    """
    if moment.utcoffset() is None:
        raise ClockError(f"{name} is the naive time {moment!r}; give an aware one, as datetime.now(UTC) does")
    return moment


def _moment(moment: datetime) -> datetime:
    return fixed(moment) if isinstance(moment, datetime) else moment


def _to_the_second(_: object, attribute: Attribute[datetime], moment: object) -> None:
    if not isinstance(moment, datetime):
        raise InvalidCampaign(f"must be a date with a time, as 2026-02-10T10:00:00, not {moment!r}", attribute.name)
    if moment.microsecond:
        raise InvalidCampaign(f"must be to the second, not {moment.isoformat()!r}", attribute.name)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidCampaign(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}, not at {moment.isoformat()!r}", attribute.name)


@frozen
class Window:
    """A span of time that holds its start and not its end.

    Equality is by instant: 10:00+08:00 equals 02:00+00:00. A naive time is local to the campaign's zone until
    ``Calendar.localize_window`` makes it an instant.

    Attributes:
        start: the first instant, to the second; an aware one keeps its offset, not its zone.
        end: the first instant after, likewise.

    Raises:
        InvalidCampaign: a time is no datetime, has a fraction of a second, or lies outside the years 1970 to 9998.
    """

    start: datetime = field(converter=_moment, validator=_to_the_second)
    end: datetime = field(converter=_moment, validator=_to_the_second)

    def holds(self, instant: datetime) -> bool:
        """Whether the instant lies in the window: the start does, the end does not."""
        return self.start <= instant < self.end

    def overlaps(self, other: Window) -> bool:
        """Whether an instant lies in both; windows that only touch do not overlap."""
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


def check_windows(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The windows in order of time, if a campaign may have them.

    Args:
        windows: aware ones (localize them first), in any order.

    Raises:
        InvalidCampaign: there is none, one does not end after it starts, two overlap, or one is naive. The place is
            ``windows[i]`` by the order given; of two that overlap, the later one.
    """
    given = list(windows)
    if not given:
        raise InvalidCampaign("must have at least one window", "windows")
    for i, window in enumerate(given):
        if window.start.tzinfo is None or window.end.tzinfo is None:
            raise InvalidCampaign(f"{window} is naive; give an offset, or localize it with a Calendar", f"windows[{i}]")
        if window.end <= window.start:
            raise InvalidCampaign(f"must end after it starts, not run from {window}", f"windows[{i}]")
    in_time = sorted(range(len(given)), key=lambda i: given[i].start)
    for i, j in pairwise(in_time):
        if given[i].overlaps(given[j]):
            raise InvalidCampaign(
                f"{given[j]} overlaps windows[{i}], {given[i]}; make them one, or let one start when the other ends",
                f"windows[{j}]",
            )
    return tuple(given[i] for i in in_time)


def window_at(windows: Sequence[Window], now: datetime) -> Window | None:
    """The window that holds ``now``, or None. Windows as ``check_windows`` returns them; O(n).

    Raises:
        ClockError: ``now`` is naive.
    """
    require_aware(now)
    return next((window for window in windows if window.holds(now)), None)


def next_window(windows: Sequence[Window], now: datetime) -> Window | None:
    """The first window that starts after ``now``, or None. Windows as ``check_windows`` returns them; O(n).

    Raises:
        ClockError: ``now`` is naive.
    """
    require_aware(now)
    return next((window for window in windows if window.start > now), None)


def first_open(windows: Sequence[Window], instant: datetime) -> datetime | None:
    """The earliest instant from ``instant`` on that lies in a window, or None after the last; O(n).

    Raises:
        ClockError: ``instant`` is naive.
    """
    require_aware(instant, "instant")
    return next((max(window.start, instant) for window in windows if window.end > instant), None)
