"""A campaign made ready to draw from: everything that a decision looks up, found once.

Only derived values live here; the law itself is ``prizedraw.pity`` and ``decide``.
"""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from prizedraw.draw.receipt import Won, from_instant, to_instant
from prizedraw.pity import Stages
from prizedraw.quota import ceiling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prizedraw.campaign import Campaign
    from prizedraw.draw.state import State

DRAWS = "draws"
"""The counter of all draws of a campaign, kept once campaign_draws has limited them; that is its limit."""
POINTS = "points"
"""The counter of all points won in a campaign; its limit is points.total."""


_KEPT = 4096
"""How many places of counters the rules remember."""


def stock_counter(prize_id: str) -> str:
    """The counter of what is issued of a prize; its limit is the allocation."""
    return f"stock/{prize_id}"


def release_counter(day: date, prize_id: str = "") -> str:
    """The counter of what is issued on a campaign day, of one prize or of all."""
    return f"day/{day.isoformat()}/{prize_id}"


def shelf_counter(prize_id: str) -> str:
    """The name under which a receipt tells that a prize was off the shelf; no such counter is stored."""
    return f"shelf/{prize_id}"


class Day(NamedTuple):
    """The counters of one campaign day: all prizes, then each."""

    ordinal: int
    date: date
    total: str
    prizes: tuple[str, ...]


class Place:
    """Where counters stand: what settles the next draw there, and what to keep of them after it, by the prize that it grants."""

    __slots__ = ("_after", "_rules", "counters", "settled")

    def __init__(self, rules: Rules, counters: tuple[int, ...]) -> None:
        self.counters = counters
        self.settled = rules.stages.root.at(counters)
        self._rules = rules
        self._after: dict[int, dict[str, int]] = {}

    def after(self, prize: int) -> dict[str, int]:
        """The counters to keep after a draw that granted ``prize``; one dictionary for all who get there, so never to be changed."""
        found = self._after.get(prize)
        if found is None:
            found = self._after[prize] = self._rules.misses(self._rules.stages.step(self.counters, prize))
        return found


class Rules:
    """A campaign compiled for drawing. Prizes are numbered in prize order, the thank-you last.

    Args:
        campaign: the definition.
        version: the number of this version of it, from 1.
    """

    def __init__(self, campaign: Campaign, version: int) -> None:
        self.campaign = campaign
        self.version = version
        self.digest = campaign.digest[:32]
        self.digest_bytes = bytes.fromhex(self.digest)
        prizes = (*campaign.prizes, campaign.fallback)
        self.prizes = prizes
        self.ids = tuple(prize.id for prize in prizes)
        self.number = {id_: k for k, id_ in enumerate(self.ids)}
        self.thank_you = len(prizes) - 1
        self.won = tuple(Won(prize.id, prize.name, prize.kind) for prize in prizes)
        self.points = tuple(prize.points or 0 for prize in prizes)
        self.caps = tuple(ceiling(prize.per_participant) for prize in prizes)
        self.releases = tuple(prize.daily_release for prize in prizes)
        self.release = campaign.release.daily
        self.stock = tuple(stock_counter(id_) for id_ in self.ids)
        self.points_limit = campaign.points.participant_limit
        self.most_points = ceiling(self.points_limit)
        self.total_points_limit = campaign.points.total_limit
        quota = self.quota = campaign.quota
        self.most_draws, self.most_wins = ceiling(quota.total_draws), ceiling(quota.total_wins)
        self.most_draws_a_day, self.most_wins_a_day = ceiling(quota.daily_draws), ceiling(quota.daily_wins)
        self.redraw = campaign.odds.when_unavailable == "redraw"
        self.stages = Stages(campaign.pity, {prize.id: prize.weight for prize in prizes}, campaign.newcomer)
        self.newcomer = campaign.newcomer
        self.wanted = frozenset(self.number[id_] for id_ in campaign.newcomer.target) if campaign.newcomer else frozenset()
        self.rule_ids = tuple(rule.pity.id for rule in self.stages.rules)
        self.windows = tuple((from_instant(window.start), from_instant(window.end)) for window in campaign.windows)
        self._starts = tuple(zip(self.rule_ids, self.stages.start, strict=True))
        self._sole = self.rule_ids[0] if len(self.rule_ids) == 1 else None
        self._places: dict[tuple[int | None, ...] | int | None, Place] = {}
        self._day: Day | None = None
        self._span = (0, 0, (self.day(1), False))

    def today(self, now: int) -> tuple[Day, bool]:
        """The campaign day of ``now``, in microseconds since the epoch, and whether a window holds it; remembered while both last."""
        start, end, found = self._span
        if not start <= now < end:
            moment, *span = self.campaign.calendar.day_span(to_instant(now))
            found = self.day(moment.toordinal()), any(window[0] <= now < window[1] for window in self.windows)
            turns = [*map(from_instant, span), *chain.from_iterable(self.windows)]
            self._span = max(turn for turn in turns if turn <= now), min(turn for turn in turns if turn > now), found
        return found

    def day(self, ordinal: int) -> Day:
        """The counters of a campaign day; the last one asked is remembered."""
        found = self._day
        if found is None or found.ordinal != ordinal:
            moment = date.fromordinal(ordinal)
            found = self._day = Day(ordinal, moment, release_counter(moment), tuple(release_counter(moment, id_) for id_ in self.ids[:-1]))
        return found

    def shared(self, day: Day) -> tuple[str, ...]:
        """Every counter that can close a prize on a campaign day."""
        return (*self.stock[:-1], *day.prizes, day.total, POINTS)

    def counters(self, misses: Mapping[str, int]) -> tuple[int, ...]:
        """The counters of the rules in file order, from what is kept of a participant; a rule not kept is at its start."""
        return tuple([misses.get(id_, start) for id_, start in self._starts])

    def misses(self, counters: tuple[int, ...]) -> dict[str, int]:
        """What to keep of the counters."""
        return dict(zip(self.rule_ids, counters, strict=True))

    def place(self, misses: Mapping[str, int]) -> Place:
        """Where the counters that are kept of a participant stand; remembered."""
        sole = self._sole  # one rule, or none, is the usual case
        key = tuple(map(misses.get, self.rule_ids)) if sole is None else misses.get(sole)
        found = self._places.get(key)
        if found is None:
            if len(self._places) >= _KEPT:
                self._places.clear()
            found = self._places[key] = Place(self, self.counters(misses))
        return found

    def newcomer_due(self, state: State) -> bool:
        """Whether the newcomer's promise is due at this participant's next draw."""
        return self.newcomer is not None and not state.newcomer and state.number + 1 >= self.newcomer.draws

    def __repr__(self) -> str:
        return f"<Rules of {self.campaign.id!r}, version {self.version}>"
