"""Traffic: when the draws of a simulated campaign happen.

A traffic is a curve of intensity. Of n draws in the campaign's order, draw k (from 0) happens when the share (k + ½)/n of all has come,
so a curve says how many come when, without chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from numbers import Real
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from attrs import frozen

from prizedraw.draw.receipt import from_instant, to_instant
from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.campaign import Campaign
    from prizedraw.draw.snapshot import Snapshot
    from prizedraw.simulation.streams import Array

_HOUR = 3_600_000_000
_STEPS = 16
"""In so many steps a burst falls by half."""
_HALVINGS = 20


class Curve(NamedTuple):
    """Stretches of constant intensity, in order: where each begins and ends (microseconds since the epoch), and its share of all draws."""

    begins: Array
    ends: Array
    shares: Array


@frozen
class Traffic:
    """When draws happen; made by ``constant``, ``daily``, ``burst`` or ``observed``.

    Attributes:
        hours: intensity in each hour of a local day.
        half_life: of a burst at the start, or None.
        burst_share: the share of all draws that come in the burst.
        instants: of draws seen before, in microseconds since the epoch.
    """

    hours: tuple[float, ...] = (1.0,) * 24
    half_life: timedelta | None = None
    burst_share: float = 0.0
    instants: tuple[int, ...] = ()

    @classmethod
    def constant(cls) -> Traffic:
        """The same intensity whenever a window is open."""
        return cls()

    @classmethod
    def daily(cls, hours: Sequence[float]) -> Traffic:
        """An intensity for each of the 24 hours of a day in the campaign's zone, wherever a window is open.

        Args:
            hours: 24 numbers of at least 0, not all 0.

        Raises:
            InvalidRequest: they are not.
        """
        given = tuple(hours)
        numbers = all(isinstance(one, Real) and not isinstance(one, bool) and 0 <= one < np.inf for one in given)
        if len(given) != 24 or not numbers or not any(given):
            raise InvalidRequest(f"{hours!r:.200} is not a daily curve; give 24 numbers of at least 0, not all 0", "traffic")
        return cls(hours=tuple(float(one) for one in given))

    @classmethod
    def burst(cls, half_life: timedelta, share: float = 0.5) -> Traffic:
        """A rush when the campaign opens that falls by half every ``half_life`` of open time, over constant traffic.

        Args:
            half_life: positive.
            share: of all draws that come in the rush, in 0..1; the others come evenly.

        Raises:
            InvalidRequest: a value is out of range.
        """
        if not isinstance(half_life, timedelta) or half_life <= timedelta():
            raise InvalidRequest(f"{half_life!r} is not a positive timedelta", "traffic.half_life")
        if not isinstance(share, Real) or isinstance(share, bool) or not 0 <= share <= 1:
            raise InvalidRequest(f"{share!r} is not a share; it must lie in 0..1", "traffic.share")
        return cls(half_life=half_life, burst_share=float(share))

    @classmethod
    def observed(cls, instants: Iterable[datetime]) -> Traffic:
        """As draws came before: the times of requests seen, of which the simulated ones are quantiles.

        Those outside every window stay there, and their draws are refused.

        Args:
            instants: aware datetimes in any order; a pandas column of them will do.

        Raises:
            InvalidRequest: there is none, or one is no aware datetime.
        """
        found = []
        for one in instants:
            if not isinstance(one, datetime) or one.utcoffset() is None:
                raise InvalidRequest(f"{one!r} is not an aware datetime; give times with an offset, as datetime.now(UTC) has", "traffic")
            found.append(from_instant(one.astimezone(UTC)))
        if not found:
            raise InvalidRequest("there is no time in it; give at least one, or leave traffic out", "traffic")
        return cls(instants=tuple(sorted(found)))

    @classmethod
    def of(cls, value: object) -> Traffic:
        """The traffic that an argument stands for: itself, "constant", 24 numbers for the hours of a day, or times seen.

        Raises:
            InvalidRequest: it stands for none.
        """
        if isinstance(value, cls):
            return value
        if value == "constant" and isinstance(value, str):
            return cls.constant()
        if isinstance(value, Iterable) and not isinstance(value, str | bytes):
            listed = list(value)
            if listed and all(isinstance(one, datetime) for one in listed):
                return cls.observed(listed)
            if len(listed) == 24:
                return cls.daily(listed)
        raise InvalidRequest(
            f"{value!r:.200} is no traffic; give Traffic.constant(), .daily(hours), .burst(half_life) or .observed(times)", "traffic"
        )

    def timetable(self, campaign: Campaign, total: int, snapshot: Snapshot | None) -> Timetable:
        """When each of ``total`` draws of a campaign happens, from its first window or from a snapshot on.

        Raises:
            InvalidRequest: no draw falls into a window.
        """
        since = from_instant(campaign.windows[0].start) if snapshot is None else from_instant(snapshot.at)
        windows = [(max(from_instant(one.start), since), from_instant(one.end)) for one in campaign.windows]
        open_ = [(begin, end) for begin, end in windows if begin < end]
        if not open_:
            raise InvalidRequest(
                f"every window of {campaign.id!r} is over by {to_instant(since).isoformat()}; no draw could happen", "traffic"
            )
        return Timetable(campaign, self._curve(campaign, open_, since), open_, total, snapshot)

    def _curve(self, campaign: Campaign, windows: list[tuple[int, int]], since: int) -> Curve:
        if self.instants:
            times = np.array([one for one in self.instants if one >= since], np.int64)
            if not any(((begin <= times) & (times < end)).any() for begin, end in windows):
                raise InvalidRequest(
                    f"none of the {len(self.instants)} times lies in a window of {campaign.id!r} that is still to come; give times inside",
                    "traffic",
                )
            return Curve(times, times, np.full(len(times), 1 / len(times)))
        pieces = list(self._pieces(campaign, windows))
        weight = sum(piece[2] for piece in pieces)
        if not weight:
            raise InvalidRequest(
                f"the daily curve is 0 whenever a window of {campaign.id!r} is open; let an hour of them have some", "traffic"
            )
        even = 1 - self.burst_share
        found = [(begin, end, even * share / weight + self._rush(begin - pieces[0][0], end - pieces[0][0])) for begin, end, share in pieces]
        begins, ends, shares = (np.array(column) for column in zip(*found, strict=True))
        return Curve(begins.astype(np.int64), ends.astype(np.int64), shares / shares.sum())

    def _pieces(self, campaign: Campaign, windows: list[tuple[int, int]]) -> Iterable[tuple[int, int, float]]:
        """The windows cut where the intensity changes, with the weight of each piece."""
        step = self._step()
        for begin, end in windows:
            at = begin
            while at < end:
                following = end
                if len(set(self.hours)) > 1:
                    following = min(end, at - at % _HOUR + _HOUR)
                if step and at < windows[0][0] + _HALVINGS * _STEPS * step:
                    following = min(following, at + step)
                hour = to_instant(at).astimezone(campaign.calendar.zone).hour
                yield at, following, (following - at) * self.hours[hour]
                at = following

    def _step(self) -> int:
        return 0 if self.half_life is None else max(1, self.half_life // timedelta(microseconds=1) // _STEPS)

    def _rush(self, begin: int, end: int) -> float:
        """The share of all draws that the burst brings between two times since the opening."""
        if self.half_life is None:
            return 0.0
        life = self.half_life / timedelta(microseconds=1)
        return float(self.burst_share * (2.0 ** (-begin / life) - 2.0 ** (-end / life)))


class Timetable:
    """When each draw of a run happens.

    Args:
        campaign: its calendar says the days.
        curve: the traffic.
        windows: when draws are allowed, in microseconds since the epoch.
        total: how many draws there are.
        snapshot: where the days are counted from, if given; else from the first draw.
    """

    def __init__(self, campaign: Campaign, curve: Curve, windows: list[tuple[int, int]], total: int, snapshot: Snapshot | None) -> None:
        self._curve = curve
        self._sums = np.cumsum(curve.shares)
        self._total = total
        first, last = (campaign.calendar.day_of(to_instant(self.time(k))) for k in (0, max(0, total - 1)))
        base = first if snapshot is None else snapshot.day
        self.days = (last - base).days + 1
        changes: dict[int, None] = {}
        for edge in (edge for window in windows for edge in window):
            changes[self._first_from(edge)] = None
        for k in range((last - first).days):
            changes[self._first_from(from_instant(campaign.calendar.day_start(first + timedelta(days=k + 1))))] = None
        starts = sorted({0, *(at for at in changes if 0 < at < total)})
        self._starts = np.array(starts, np.int64)
        moments = [self.time(at) for at in starts]
        self._day = np.array([(campaign.calendar.day_of(to_instant(at)) - base).days for at in moments], np.int64)
        self._open = np.array([any(begin <= at < end for begin, end in windows) for at in moments])

    def time(self, position: int) -> int:
        """When the draw at a position happens, in microseconds since the epoch."""
        share = (position + 0.5) / max(1, self._total)
        k = min(int(np.searchsorted(self._sums, share, side="right")), len(self._sums) - 1)
        begin, end, width = int(self._curve.begins[k]), int(self._curve.ends[k]), float(self._curve.shares[k])
        into = (share - (float(self._sums[k]) - width)) / width if width else 0.0
        return begin + int(min(max(into, 0.0), 1.0) * max(0, end - begin - 1))

    def times(self, positions: Array) -> Array:
        """The same of many positions at once, as int64."""
        share = (positions + 0.5) / max(1, self._total)
        k = np.minimum(np.searchsorted(self._sums, share, side="right"), len(self._sums) - 1)
        begins, ends, width = self._curve.begins[k], self._curve.ends[k], self._curve.shares[k]
        into = np.divide(share - (self._sums[k] - width), width, out=np.zeros(len(share)), where=width > 0)
        found: Array = begins + (np.clip(into, 0.0, 1.0) * np.maximum(0, ends - begins - 1)).astype(np.int64)
        return found

    def _first_from(self, instant: int) -> int:
        """The first position whose draw happens at an instant or later."""
        low, high = 0, self._total
        while low < high:
            middle = (low + high) // 2
            if self.time(middle) < instant:
                low = middle + 1
            else:
                high = middle
        return low

    def of(self, rounds: int | Array, start: int, count: int, position: Callable[[], Array]) -> tuple[int | Array, bool | Array]:
        """Day and openness of draws at these positions."""
        first, last = np.searchsorted(self._starts, [start, start + count - 1], side="right") - 1
        if first == last:
            return int(self._day[first]), bool(self._open[first])
        place = np.searchsorted(self._starts, position(), side="right") - 1
        return self._day[place], self._open[place]
