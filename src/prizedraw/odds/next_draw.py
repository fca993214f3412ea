"""The exact odds of one participant's next draw, all rules in: the same sums that the engine tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from prizedraw.draw import State as Kept
from prizedraw.draw import odds
from prizedraw.draw.rules import POINTS
from prizedraw.errors import InvalidRequest
from prizedraw.odds import asked
from prizedraw.odds.model import Model, compiled
from prizedraw.odds.stationary import exact_stationary_states
from prizedraw.odds.tables import OddsTable
from prizedraw.quota import UNLIMITED
from prizedraw.windows.spans import require_aware

if TYPE_CHECKING:
    from collections.abc import Collection

    from prizedraw.campaign import Campaign
    from prizedraw.draw.place import State
    from prizedraw.draw.rules import Day
    from prizedraw.odds.asked import At

_TITLE = "Odds of the next draw"


def effective(
    campaign: Campaign,
    state: At = None,
    *,
    stock: Mapping[str, Any] | None = None,
    released_today: Mapping[str, int] | None = None,
    now: datetime | None = None,
    off_shelf: Collection[str] = (),
    points_given: int = 0,
) -> dict[str, Fraction]:
    """Prize id → the exact chance that the next draw grants it, the thank-you last; the sum is 1.

    Args:
        campaign: the definition.
        state: where the participant is; None: a new one; "stationary": one who has been drawing for ever.
        stock: prize id → units left, -1 unlimited, or the line that ``engine.stock`` has of it, which also tells what went out today;
            a prize left out has all of its stock.
        released_today: prize id → units that went out on this campaign day.
        now: an aware time; on a later day than the state's nothing was won today.
        off_shelf: ids of prizes taken off the shelf.
        points_given: points that all participants have won.

    Raises:
        InvalidRequest: an id is unknown to the campaign, or a number is out of range.
        ClockError: ``now`` is naive.
        TooLarge: "stationary" needs more than 10⁴ states.

    Cost: that of a draw of the engine, O(prizes × rules) in fractions; "stationary" once a state.
    """
    model = compiled(campaign)
    rules = model.rules
    off = {model.ids[k] for k in asked.outcomes(model, off_shelf, "off_shelf")} if off_shelf else set()
    ordinal = 1
    if now is not None:
        if not isinstance(now, datetime):
            raise InvalidRequest(f"{now!r} is not a datetime; give an aware one, as datetime.now(UTC) has", "now")
        require_aware(now)
        ordinal = campaign.calendar.day_of(now).toordinal()
    day = rules.day(ordinal)
    known = _known(model, day, stock or {}, released_today, asked.natural(points_given, "points_given"))
    at = asked.state(model, state)
    today = at.wins_today if now is None or at.day is None or at.day.toordinal() >= ordinal else 0
    kept = _kept(model, at, today)
    if state != asked.STATIONARY:
        return OddsTable(campaign, odds(rules, kept, day, off, known), _TITLE)
    found = dict.fromkeys(rules.ids, Fraction(0))
    for misses, weight in exact_stationary_states(model):
        for id_, chance in odds(rules, _with(kept, rules.misses(misses)), day, off, known).items():
            found[id_] += weight * chance
    return OddsTable(campaign, found, _TITLE)


def _with(kept: Kept, misses: dict[str, int]) -> Kept:
    return Kept(number=kept.number, won=kept.won, misses=misses, newcomer=True)


def _kept(model: Model, at: State, today: int) -> Kept:
    """The state as the draw reads it."""
    rules, won = model.rules, dict(at.wins)
    met = any(won.get(model.ids[k]) for k in rules.wanted) if at.newcomer is None else at.newcomer
    points = sum(rules.points[rules.number[id_]] * n for id_, n in won.items()) if at.points is None else at.points
    wins = sum(won.values()) if at.total_wins is None else at.total_wins
    return Kept(number=at.draws, day_wins=today, wins=wins, points=points, won=won, misses=dict(at.misses), newcomer=met)


def _known(model: Model, day: Day, stock: Mapping[str, Any], released: Mapping[str, int] | None, points: int) -> dict[str, tuple[int, int]]:
    """Every counter that can close a prize, with its limit."""
    rules = model.rules
    for place, given in (("stock", stock), ("released_today", released or {})):
        if not isinstance(given, Mapping):
            raise InvalidRequest(f"{given!r:.200} must map prize ids to units", place)
        for id_ in given:
            if id_ not in rules.ids[:-1]:
                raise InvalidRequest(f"{id_!r} is not a prize of {model.campaign.id!r}; there are {', '.join(rules.ids[:-1])}", place)
    known: dict[str, tuple[int, int]] = {POINTS: (points, UNLIMITED)}
    total = 0
    for k, prize in enumerate(model.campaign.prizes):
        line = stock.get(prize.id, prize.stock)
        left = getattr(line, "remaining", line)
        if isinstance(left, bool) or not isinstance(left, int | np.integer) or left < UNLIMITED:
            raise InvalidRequest(f"{left!r} must be a number of units, or -1 for unlimited", f"stock[{prize.id!r}]")
        out = (released or {}).get(prize.id, getattr(line, "released_today", 0) if released is None else 0)
        out = asked.natural(out, f"released_today[{prize.id!r}]")
        total += out
        known[rules.stock[k]] = (0, int(left))
        known[day.prizes[k]] = (out, UNLIMITED)
    known[day.total] = (total, UNLIMITED)
    return known
