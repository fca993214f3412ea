"""Where a participant stands: what is left, what was won, what is due. And whether a draw may happen at all.

Admission is decided here, in its documented order of precedence; what an admitted draw gives is ``decide``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw import place
from prizedraw.quota import UNLIMITED, Chances, RefusalReason, allows, chances, left

if TYPE_CHECKING:
    from prizedraw.draw.rules import Rules
    from prizedraw.draw.state import State


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A participant's standing in a campaign at one instant; -1 is unlimited throughout.

    Attributes:
        draws_left_today, draws_left: own draws left on this campaign day and in all.
        wins_left_today, wins_left: wins left likewise.
        granted: granted draws that can be used now, beyond the others.
        number: draws made so far.
        won: prize id → how often it was won and not voided.
        points, points_left: points won, and what the participant's cap leaves.
        misses: rule id → misses since its last hit, or level.
        newcomer: whether the newcomer's promise is still open.
        blocked: whether the participant is refused, here or everywhere.
        day: the campaign day.
        message: what to tell the participant: ``.kind`` "today", "total" or "unlimited", and ``.n`` with granted draws counted in.
        state: the same participant as ``prizedraw.odds`` takes it.
    """

    draws_left_today: int
    draws_left: int
    wins_left_today: int
    wins_left: int
    granted: int
    number: int
    won: Mapping[str, int]
    points: int
    points_left: int
    misses: Mapping[str, int]
    newcomer: bool
    blocked: bool
    day: date
    message: Chances
    state: place.State


def standing(rules: Rules, state: State, day: date, now: int) -> Standing:
    """The standing of a participant; ``state`` is on the campaign day, ``now`` in microseconds since the epoch."""
    quota, granted = rules.quota, state.usable(now)
    told = chances(quota, state.day_draws, state.draws)
    return Standing(
        draws_left_today=left(quota.daily_draws, state.day_draws),
        draws_left=left(quota.total_draws, state.draws),
        wins_left_today=left(quota.daily_wins, state.day_wins),
        wins_left=left(quota.total_wins, state.wins),
        granted=granted,
        number=state.number,
        won=state.won,
        points=state.points,
        points_left=left(rules.points_limit, state.points),
        misses=rules.misses(rules.counters(state.misses)),
        newcomer=rules.newcomer is not None and not state.newcomer,
        blocked=state.refused,
        day=day,
        message=told if told.n == UNLIMITED else Chances(told.kind, told.n + granted),
        state=_place(rules, state, day),
    )


def _place(rules: Rules, state: State, day: date) -> place.State:
    """What of a participant moves the odds; prizes and rules that are no more are left out."""
    return place.State(
        misses=rules.misses(rules.counters(state.misses)),
        draws=state.number,
        wins={id_: n for id_, n in state.won.items() if id_ in rules.number},
        newcomer=state.newcomer,
        own_draws=state.draws,
        total_wins=state.wins,
        points=state.points,
        wins_today=state.day_wins,
        day=day,
    )


def admit(rules: Rules, state: State, n: int, now: int, counted: int | None) -> int | RefusalReason:
    """How many of ``n`` draws use the participant's own chances, granted ones being used after them; or why they may not happen.

    Args:
        rules: the compiled campaign.
        state: the participant, on the campaign day.
        n: draws asked for, all or none.
        now: microseconds since the epoch.
        counted: draws made in the whole campaign, where that is known.
    """
    granted = state.usable(now) if state.granted else 0
    free = max(0, rules.most_draws - state.draws)  # an edit may have lowered the cap below what was drawn
    if n > free + granted:
        return RefusalReason.TOTAL_DRAWS
    if counted is not None and not allows(rules.quota.campaign_draws, counted, n):
        return RefusalReason.CAMPAIGN_DRAWS
    today = max(0, rules.most_draws_a_day - state.day_draws)
    if n > today + granted:
        return RefusalReason.DAILY_DRAWS
    if n <= free and n <= today:
        return n
    return int(min(free, today))


class Refusal(msgspec.Struct, frozen=True):
    """A draw of a batch that may not happen, as a value; nothing was written.

    Attributes:
        reason: why, the first that applies in the order of ``RefusalReason``.
        retry_at: from when it may succeed, or None where waiting does not help.
        standing: the participant's standing; None for a request_mismatch.
    """

    reason: RefusalReason
    retry_at: datetime | None = None
    standing: Standing | None = None
