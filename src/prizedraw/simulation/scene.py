"""What is simulated, checked and compiled once for all runs: the campaign, who draws how often, in which order, from which start."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prizedraw.draw.rules import Rules
from prizedraw.simulation.automaton import Automaton, whole
from prizedraw.simulation.crowd import Crowd
from prizedraw.simulation.quiet import Quiet
from prizedraw.simulation.rows import Rows
from prizedraw.simulation.shelf import Shelf
from prizedraw.simulation.tally import REFUSALS
from prizedraw.simulation.waits import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prizedraw.campaign import Campaign
    from prizedraw.draw.snapshot import Snapshot
    from prizedraw.draw.state import State
    from prizedraw.simulation.orders import Days
    from prizedraw.simulation.streams import Array, Stream
    from prizedraw.simulation.traffic import Traffic


class Plan:
    """The arguments of a simulation, checked; a value that goes to other processes as it is.

    Attributes:
        campaign: what is simulated.
        participants: how many.
        draws_each: a number, or an array of one for each, or a law of numbers as (first, weights).
        per_day: draws of each participant in a day, without traffic; 0: all on one day.
        order: "rounds", "sessions" or "random".
        traffic: when draws happen, or None.
        stock: prize id → units left at the start.
        everyone: how participants start who are not in the snapshot; None: new.
        snapshot: the live campaign that this goes on from, or None.
        log: whether every win is kept.
    """

    def __init__(
        self,
        campaign: Campaign,
        participants: int,
        draws_each: int | Array | tuple[int, tuple[int, ...]],
        *,
        per_day: int,
        order: str,
        traffic: Traffic | None,
        stock: Mapping[str, int],
        everyone: State | None,
        snapshot: Snapshot | None,
        log: bool,
    ) -> None:
        self.campaign = campaign
        self.participants = participants
        self.draws_each = draws_each
        self.per_day = per_day
        self.order = order
        self.traffic = traffic
        self.stock = stock
        self.everyone = everyone
        self.snapshot = snapshot
        self.log = log

    @property
    def most_draws(self) -> int:
        """The most that a participant may draw."""
        if isinstance(self.draws_each, tuple):
            return self.draws_each[0] + len(self.draws_each[1]) - 1
        return int(np.max(self.draws_each, initial=0))

    def draws(self, stream: Stream) -> Array:
        """How often each participant draws in a run."""
        kind = np.min_scalar_type(self.most_draws)
        if isinstance(self.draws_each, tuple):
            first, weights = self.draws_each
            rows = Rows(len(weights))
            rows.add(weights)
            return (rows.sample(np.zeros(self.participants, np.uint8), stream).astype(np.int64) + first).astype(kind)
        return np.broadcast_to(np.asarray(self.draws_each), (self.participants,)).astype(kind)


def law_of_draws(start: int, pmf: Any) -> tuple[int, tuple[int, ...]]:
    """A law of numbers of draws with whole weights: each double is exactly a fraction."""
    return int(start), tuple(whole(Fraction(float(chance)) for chance in pmf))


class Scene:
    """A plan made ready to run.

    Attributes:
        rules, automaton: the campaign, compiled.
        days: on which day which draw happens.
        code_type: of outcomes and refusals.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rules = Rules(plan.campaign, 1)
        self.automaton = Automaton(self.rules)
        self.order = plan.order
        self.participants = plan.participants
        self.log = plan.log
        self.code_type = np.min_scalar_type(len(self.rules.ids) + len(REFUSALS))
        self.online = plan.snapshot is None or plan.snapshot.online
        self.days: Days = DaysOfRounds(plan.per_day, plan.most_draws)
        self._first_day = plan.snapshot.day.toordinal() if plan.snapshot is not None else 0

    @cached_property
    def refuses(self) -> bool:
        """Whether a draw may be refused."""
        plan, quota = self.plan, self.rules.quota
        most = plan.most_draws
        return (
            0 <= quota.total_draws < most
            or 0 <= quota.campaign_draws < plan.participants * most
            or (quota.daily_draws >= 0 and not 0 < plan.per_day <= quota.daily_draws)
            or plan.traffic is not None
            or plan.snapshot is not None
            or plan.everyone is not None
        )

    @cached_property
    def shares(self) -> bool:
        """Whether participants share something that can run out."""
        plan, rules = self.plan, self.rules
        everything = plan.participants * plan.most_draws
        return (
            any(0 <= units <= everything for units in plan.stock.values())
            or rules.release >= 0
            or any(limit >= 0 for limit in rules.releases)
            or (any(rules.points) and rules.total_points_limit >= 0)
        )

    @cached_property
    def caps(self) -> bool:
        """Whether a participant has another cap than that on all wins."""
        rules = self.rules
        capped = any(prize.per_participant >= 0 for prize in rules.prizes)
        return rules.quota.daily_wins >= 0 or capped or (any(rules.points) and rules.points_limit >= 0)

    @cached_property
    def quiet(self) -> Quiet | None:
        """The laws of waiting, where draws can be skipped and enough of them are quiet; else None."""
        if self.refuses or len(self.rules.ids) > NOTHING or (self.shares and self.order != "rounds"):
            return None
        quiet = Quiet(self.rules, self.automaton, self.plan.most_draws, told_apart=self.log or self.shares or self.caps)
        return quiet if quiet.often else None

    @cached_property
    def renews(self) -> bool:
        """Whether a participant is nothing but the rounds of the hits of one prize; see ``renewal``."""
        rules, quiet = self.rules, self.quiet
        if (
            quiet is None
            or not quiet.renews
            or not (self.shares or rules.quota.total_wins >= 0)
            or self.log
            or self.caps
            or not isinstance(self.plan.draws_each, int)
        ):
            return False
        return (
            rules.release < 0 and all(limit < 0 for limit in rules.releases) and not (any(rules.points) and rules.total_points_limit >= 0)
        )

    def draws(self, stream: Stream) -> Array:
        """How often each participant draws in a run; with it, the days of traffic are set out."""
        draws = self.plan.draws(stream)
        if self.plan.traffic is not None:
            self.days = self.plan.traffic.timetable(self.rules.campaign, int(draws.sum(dtype=np.int64)), self.plan.snapshot)
        return draws

    def crowd(self) -> Crowd:
        """The participants at the start of a run."""
        snapshot = self.plan.snapshot
        starts = list(snapshot.participants.values()) if snapshot is not None else []
        return Crowd(
            self.rules,
            self.automaton,
            self.participants,
            starts,
            self.plan.everyone,
            self._first_day,
            numbers=self.log and self.refuses,
            refusals=self.refuses,
            together=self.order == "rounds" and self.plan.traffic is None,
        )

    def shelf(self) -> Shelf:
        """What is shared at the start of a run."""
        snapshot = self.plan.snapshot
        if snapshot is None:
            return Shelf(self.rules, self.days.days, self.plan.stock)
        return Shelf(
            self.rules,
            self.days.days,
            self.plan.stock,
            off=snapshot.off_shelf,
            released=snapshot.released,
            released_in_all=snapshot.released_in_all,
            points=snapshot.points,
            draws=snapshot.draws,
        )

    def most_number(self, draws: Array) -> int:
        """The greatest number that a draw of a participant can have."""
        snapshot, everyone = self.plan.snapshot, self.plan.everyone
        before = max((one.number for one in snapshot.participants.values()), default=0) if snapshot is not None else 0
        return int(draws.max(initial=0)) + max(before, everyone.number if everyone is not None else 0)

    def time(self, position: int) -> int | None:
        """When the draw at a position happens, in microseconds since the epoch; None without traffic."""
        return self.days.time(position)


class DaysOfRounds:
    """Days without a clock: a participant's draw r is on day ⌈r/per_day⌉, and a window is always open.

    Args:
        per_day: draws of each participant in a day; 0: all on one day.
        most_draws: of a participant.
    """

    def __init__(self, per_day: int, most_draws: int) -> None:
        self._per_day = per_day
        self.days = max(1, -(-most_draws // per_day)) if per_day else 1

    def of(self, rounds: int | Array, start: int, count: int, position: Callable[[], Array]) -> tuple[int | Array, bool | Array]:
        """Day and openness of draws in these rounds."""
        return ((rounds - 1) // self._per_day if self._per_day else 0), True

    def time(self, position: int) -> int | None:
        """There is no clock."""
        return None

    def times(self, positions: Array) -> Array | None:
        """There is no clock."""
        return None
