"""Days: the one place that says on which day of a campaign an instant lies, and when that day starts and ends.

A day starts at the first instant whose local time is not before the hour declared, so days follow each other without
gap or overlap whatever clocks do: they have 23, 24 or 25 hours, and one that a zone skipped has none. The host's zone
plays no part.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING

from attrs import Attribute, field, frozen

from prizedraw.errors import InvalidCampaign
from prizedraw.windows.spans import Window, require_aware

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


@cache
def _zones() -> frozenset[str]:
    """The names of the IANA database, from the tzdata package: the same on every host, whatever files it has."""
    import pkgutil  # noqa: PLC0415 - importing prizedraw stays light

    listed = pkgutil.get_data("tzdata", "zones") or b""
    return frozenset(listed.decode().split())


def _known(_: object, attribute: Attribute[str], name: object) -> None:
    if not isinstance(name, str) or name not in _zones():
        raise InvalidCampaign(
            f'{name!r} is no time zone; give an IANA name in its exact spelling, as "Asia/Shanghai" or "UTC"',
            attribute.name,
        )


def _hour(_: object, attribute: Attribute[str], text: object) -> None:
    if not isinstance(text, str) or _HOUR.fullmatch(text) is None:
        raise InvalidCampaign(f'must be an hour as "00:00" or "04:30:00", not {text!r}', attribute.name)


@frozen
class Calendar:
    """The days of a campaign: an IANA zone and the hour at which its day starts.

    Attributes:
        timezone: an IANA name of the tzdata package, in its exact spelling.
        day_starts_at: local time as "HH:MM" or "HH:MM:SS".

    Raises:
        InvalidCampaign: the zone is unknown, or the hour is none; the place is the field.
    """

    timezone: str = field(validator=_known)
    day_starts_at: str = field(default="00:00", validator=_hour)
    zone: ZoneInfo = field(init=False, eq=False, repr=False)
    """The rules of the zone."""
    _starts_at: time = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - importing prizedraw stays light

        object.__setattr__(self, "zone", ZoneInfo(self.timezone))
        object.__setattr__(self, "_starts_at", time.fromisoformat(self.day_starts_at))

    def in_gap(self, naive: datetime) -> bool:
        """Whether clocks jump over this local time, so that it never shows on them."""
        before, after = self._offsets(naive)
        return before < after

    def localize(self, naive: datetime) -> datetime:
        """The instant of a local time, with the offset it has there.

        A time that clocks show twice is the first. One in a gap is mapped forward by the gap's length: 02:30 on the day
        that clocks jump from 02:00 to 03:00 is 03:30.

        Raises:
            InvalidCampaign: the time is aware and needs no zone.
        """
        if naive.tzinfo is not None:
            raise InvalidCampaign(f"{naive} has an offset already; localize takes naive times")
        before, after = self._offsets(naive)
        if before < after:
            return (naive + (after - before)).replace(tzinfo=timezone(after), fold=0)
        return naive.replace(tzinfo=timezone(before), fold=0)

    def localize_window(self, window: Window) -> Window:
        """The window with both ends aware: a naive one is local to the zone, an aware one stays as it is."""
        return Window(*(end if end.tzinfo else self.localize(end) for end in (window.start, window.end)))

    def day_start(self, day: date) -> datetime:
        """The start of a day, in UTC: the first instant whose local time is at or after day_starts_at on that date.

        Where clocks jump over that hour, it is the instant of the jump; where they show it twice, the first time. A day
        that the zone skips starts when the next one does.
        """
        wanted = datetime.combine(day, self._starts_at)
        before, after = self._offsets(wanted)
        if before >= after:
            return (wanted - before).replace(tzinfo=UTC)
        # The jump is where local time leaps past what is wanted: at most the gap's length before ``wanted - before``.
        earliest = (wanted - after).replace(tzinfo=UTC)
        seconds = range(int((after - before).total_seconds()) + 1)
        jump = bisect_left(seconds, True, key=lambda s: self._local(earliest + timedelta(seconds=s)) >= wanted)
        return earliest + timedelta(seconds=jump)

    def day_of(self, instant: datetime) -> date:
        """The day on which an instant lies: the last one that has started.

        Raises:
            ClockError: the instant is naive.
        """
        # Clocks set back may show yesterday's date again after the day has started, hence from one day on downwards.
        day = self._local(require_aware(instant, "instant")).date() + _DAY
        while self.day_start(day) > instant:
            day -= _DAY
        return day

    def day_span(self, instant: datetime) -> tuple[date, datetime, datetime]:
        """The day on which an instant lies, its start, and its end, which is the next day's start; both in UTC.

        Raises:
            ClockError: the instant is naive.
        """
        day = self.day_of(instant)
        return day, self.day_start(day), self.day_start(day + _DAY)

    def _offsets(self, naive: datetime) -> tuple[timedelta, timedelta]:
        """The offsets before and after a change of clocks at this local time; equal where there is none (PEP 495)."""
        first, second = (naive.replace(tzinfo=self.zone, fold=fold).utcoffset() for fold in (0, 1))
        assert first is not None  # noqa: S101 - a zone with rules has an offset at every datetime
        assert second is not None  # noqa: S101 - likewise
        return first, second

    def _local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None)
