"""Why a prize cannot be given to a participant now: every cap, the shelf and the stock, in order of precedence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prizedraw.draw.receipt import Shortage
from prizedraw.draw.rules import POINTS, shelf_counter
from prizedraw.fallback import Reason
from prizedraw.quota import allows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from prizedraw.draw.rules import Day, Rules
    from prizedraw.draw.state import State


class Closed(NamedTuple):
    """Why a prize is closed, the counter that closes it if one does, and counters that might give a reason that goes before."""

    reason: Reason
    shortage: Shortage | None = None
    asks: tuple[str, ...] = ()


def closed(
    rules: Rules,
    state: State,
    day: Day,
    prize: int,
    off_shelf: Collection[str],
    known: Mapping[str, tuple[int, int]],
    added: Mapping[str, int],
) -> Closed | None:
    """Why a prize cannot be given, the first reason that applies; None if it can, as far as is known.

    A counter of which nothing is known has room. The participant's own caps need no counter; but as a reason sold_out goes before
    them, so the counters that could tell it are asked for.

    Args:
        rules: the compiled campaign.
        state: the participant, on the campaign day.
        day: the campaign day.
        prize: its number; not the thank-you.
        off_shelf: ids of prizes taken off the shelf.
        known: counter → (value, limit).
        added: counter → what earlier draws of the same request add to it.
    """
    if state.wins >= rules.most_wins:
        return Closed(Reason.TOTAL_WINS)
    if state.day_wins >= rules.most_wins_a_day:
        return Closed(Reason.DAILY_WINS)
    if off_shelf and rules.ids[prize] in off_shelf:
        return Closed(Reason.OFF_SHELF, Shortage(shelf_counter(rules.ids[prize]), 0, 0))
    if known:
        for counter, limit, reason in _stock_counters(rules, day, prize):
            shortage = _shortage(counter, 1, limit, known, added)
            if shortage is not None:
                return Closed(reason, shortage)
    own = _own_cap(rules, state, prize)
    if own is not None:
        return Closed(own, None, tuple(counter for counter, _, _ in _stock_counters(rules, day, prize) if counter not in known))
    if known and rules.points[prize]:
        shortage = _shortage(POINTS, rules.points[prize], rules.total_points_limit, known, added)
        if shortage is not None:
            return Closed(Reason.POINTS_CAP, shortage)
    return None


def _own_cap(rules: Rules, state: State, prize: int) -> Reason | None:
    if state.won.get(rules.ids[prize], 0) >= rules.caps[prize]:
        return Reason.PRIZE_CAP
    points = rules.points[prize]
    if points and state.points + points > rules.most_points:
        return Reason.POINTS_CAP
    return None


def _stock_counters(rules: Rules, day: Day, prize: int) -> Iterator[tuple[str, int | None, Reason]]:
    """(counter, limit, reason) of what is shared of a prize; a limit of None is the store's, the others are the rules' own.

    The store keeps the limit that a day's counter had when it last moved, which an edit may have changed since.
    """
    yield rules.stock[prize], None, Reason.SOLD_OUT
    yield day.prizes[prize], rules.releases[prize], Reason.DAILY_RELEASE
    yield day.total, rules.release, Reason.DAILY_RELEASE


def _shortage(
    counter: str, amount: int, limit: int | None, known: Mapping[str, tuple[int, int]], added: Mapping[str, int]
) -> Shortage | None:
    found = known.get(counter)
    if found is None:
        return None
    value, ceiling = found[0] + added.get(counter, 0), found[1] if limit is None else limit
    return None if allows(ceiling, value, amount) else Shortage(counter, value, ceiling)
