"""What all participants share: stock, the day's release, the points and the draws of the campaign, and what closes when they run out.

A counter closes right after the draw that fills it. Until then nobody has felt it, so what is drawn later may be drawn afresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prizedraw.draw.rules import Rules
    from prizedraw.simulation.streams import Array

AMPLE = 2**62
"""The units left of what is unlimited."""


class Taken(NamedTuple):
    """Draws that have been decided.

    Attributes:
        granted: of each draw; from the number of outcomes on: refused.
        position: of each draw in the campaign's order.
        day: of each draw.
    """

    granted: Array
    position: Array
    day: Array


class Shelf:
    """The shared counters of a run, and which prizes they close on each day.

    Args:
        rules: the compiled campaign.
        days: how many days the run has.
        stock: prize id → units left, -1 for unlimited.
        off: ids of prizes off the shelf.
        released: prize id → what went out on the first day before.
        released_in_all: of all prizes.
        points: given before.
        draws: made before.
    """

    def __init__(
        self,
        rules: Rules,
        days: int,
        stock: Mapping[str, int],
        *,
        off: Iterable[str] = (),
        released: Mapping[str, int] | None = None,
        released_in_all: int = 0,
        points: int = 0,
        draws: int = 0,
    ) -> None:
        self._outcomes = len(rules.ids)
        self._prizes = rules.thank_you
        self.left = np.array([_units(stock[id_]) for id_ in rules.ids[:-1]], np.int64)
        self._daily = rules.release >= 0 or any(limit >= 0 for limit in rules.releases[:-1])
        days = days if self._daily else 1
        self._release = np.tile(np.array([_units(limit) for limit in rules.releases[:-1]], np.int64), (days, 1))
        self._release_in_all = np.full(days, _units(rules.release), np.int64)
        for k, id_ in enumerate(rules.ids[:-1]):
            self._release[0, k] -= (released or {}).get(id_, 0) if rules.releases[k] >= 0 else 0
        self._release_in_all[0] -= released_in_all if rules.release >= 0 else 0
        self._amounts = np.array(rules.points[:-1], np.int64)
        self._points = _units(rules.total_points_limit) - points
        self.draws_left = max(0, _units(rules.quota.campaign_draws) - draws)
        self.full = not self.draws_left
        self.closed = np.zeros((days, self._outcomes), bool)
        self.closed[:, [rules.number[id_] for id_ in off]] = True
        self.closed[:, :-1] |= (self.left <= 0) | ((self._amounts > 0) & (self._amounts > self._points))
        self.closed[:, :-1] |= (self._release <= 0) | (self._release_in_all <= 0)[:, None]
        self._finite = bool(
            (self.left < AMPLE // 2).any()
            or self._daily
            or self.draws_left < AMPLE // 2
            or (self._points < AMPLE // 2 and self._amounts.any())
        )

    def row(self, day: int | Array) -> int | Array:
        """The row of ``closed`` for a day."""
        return day if self._daily else 0

    def fill(self, counts: Array, day: int | None, taken: Callable[[], Taken]) -> tuple[int, list[int]] | None:
        """Close what the first draw that fills a counter closes; its position, and the prizes that are sold out by it. None: no draw does.

        Args:
            counts: of each outcome granted since ``take`` was last called.
            day: on which all of them were granted, or None.
            taken: the draws they come from.
        """
        if not self._finite or not self._may_fill(counts, day):
            return None
        draws = taken()
        fills = sorted(self._fills(draws), key=lambda one: one[0])
        if not fills:
            return None
        first = fills[0][0]
        sold_out = []
        for position, close, prize in fills:
            if position == first:
                close()
                sold_out += [prize] if prize >= 0 else []
        return first, sold_out

    def _may_fill(self, counts: Array, day: int | None) -> bool:
        won = counts[: self._prizes]
        if (won >= self.left)[~self.closed[:, :-1].all(axis=0)].any():
            return True
        if self._daily:
            open_ = ~self.closed[day or 0, :-1]
            filled = (won >= self._release[day or 0])[open_].any() or (open_.any() and won.sum() >= self._release_in_all[day or 0])
            if day is None or filled:
                return True
        if self._points < AMPLE // 2 and self._reaches(int((won * self._amounts).sum())):
            return True
        return not self.full and int(counts[: self._outcomes].sum()) >= self.draws_left

    def _reaches(self, more: int) -> bool:
        open_ = (self._amounts > 0) & ~self.closed[:, :-1].all(axis=0)
        return bool((open_ & (self._amounts > self._points - more)).any())

    def _fills(self, draws: Taken) -> Iterable[tuple[int, Callable[[], None], int]]:
        """(position, what it closes, the prize sold out or -1) of the draw that fills each counter still open."""
        granted, position = draws.granted, draws.position
        for k in np.flatnonzero(~self.closed[:, :-1].all(axis=0) & (self.left < AMPLE // 2)).tolist():
            at = _nth(position[granted == k], int(self.left[k]))
            if at is not None:
                yield at, lambda k=k: self._close(np.s_[:, k]), k  # type: ignore[misc]  # mypy sees no type in a default
        if self._daily:
            yield from self._released(draws)
        if self._points < AMPLE // 2:
            yield from self._points_filled(draws)
        if not self.full:
            at = _nth(position[granted < self._outcomes], self.draws_left)
            if at is not None:
                yield at, self._fill_up, -1

    def _released(self, draws: Taken) -> Iterable[tuple[int, Callable[[], None], int]]:
        won = draws.granted < self._prizes
        for day in np.unique(draws.day[won]).tolist():
            today = won & (draws.day == day)
            granted, position = draws.granted[today], draws.position[today]
            if not self.closed[day, :-1].all():
                at = _nth(position, int(self._release_in_all[day]))
                if at is not None:
                    yield at, lambda day=day: self._close(np.s_[day, : self._prizes]), -1  # type: ignore[misc]  # as above
            for k in np.flatnonzero(~self.closed[day, :-1] & (self._release[day] < AMPLE // 2)).tolist():
                at = _nth(position[granted == k], int(self._release[day, k]))
                if at is not None:
                    yield at, lambda day=day, k=k: self._close(np.s_[day, k]), -1  # type: ignore[misc]  # as above

    def _points_filled(self, draws: Taken) -> Iterable[tuple[int, Callable[[], None], int]]:
        """Each points prize closes when the points left no longer reach its amount."""
        with_points = np.flatnonzero(draws.granted < self._prizes)
        with_points = with_points[np.argsort(draws.position[with_points])]
        amounts = self._amounts[draws.granted[with_points]]
        left = self._points - np.cumsum(amounts)
        for k in np.flatnonzero((self._amounts > 0) & ~self.closed[:, :-1].all(axis=0)).tolist():
            short = np.flatnonzero((left < self._amounts[k]) & (amounts > 0))
            if len(short):
                yield int(draws.position[with_points[short[0]]]), lambda k=k: self._close(np.s_[:, k]), -1  # type: ignore[misc]  # as above

    def _close(self, which: tuple[slice | int, slice | int]) -> None:
        self.closed[which] = True

    def _fill_up(self) -> None:
        self.full = True

    def take(self, counts: Array, by_day: Sequence[tuple[int, Array]]) -> None:
        """Take what was granted.

        Args:
            counts: of each outcome.
            by_day: the same for each day, where a day's release is limited.
        """
        won = counts[: self._prizes]
        self.left -= np.where(self.left < AMPLE // 2, won, 0)
        self._points -= int((won * self._amounts).sum()) if self._points < AMPLE // 2 else 0
        self.draws_left -= int(counts[: self._outcomes].sum()) if self.draws_left < AMPLE // 2 else 0
        for day, some in by_day:
            self._release[day] -= np.where(self._release[day] < AMPLE // 2, some[: self._prizes], 0)
            self._release_in_all[day] -= int(some[: self._prizes].sum()) if self._release_in_all[day] < AMPLE // 2 else 0

    @property
    def daily(self) -> bool:
        """Whether what goes out in a day is limited."""
        return self._daily


def _units(limit: int) -> int:
    return AMPLE if limit < 0 else limit


def _nth(position: Array, n: int) -> int | None:
    """The n-th smallest of these, or None where there are fewer; n at least 1."""
    if n < 1 or len(position) < n:
        return None
    return int(np.partition(position, n - 1)[n - 1])
