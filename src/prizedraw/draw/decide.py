"""The decision: what one draw gives, from the rules, the participant, what is known of stock, and the tape.

The law of D10 is followed here ticket by ticket; ``prizedraw.pity.law`` is the same law in sums. Nothing is read or written:
what the decision would move is part of its value. It supposes that a counter of which nothing is known has room; the commit finds
out, and the decision is made again from the same tape, so that what is refused adds a ticket and never changes one.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from prizedraw.draw.closing import closed
from prizedraw.draw.receipt import Shortage, Ticket
from prizedraw.draw.rules import POINTS
from prizedraw.draw.state import State
from prizedraw.fallback import Reason
from prizedraw.pity import Class, Members
from prizedraw.pity.law import NOTHING
from prizedraw.pity.stages import unit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from prizedraw.draw.closing import Closed
    from prizedraw.draw.rules import Day, Place, Rules
    from prizedraw.pity import Settled


_new = tuple.__new__  # a third of the time of Decision(…), in every draw
_DRAWN = Reason.DRAWN
_NOTHING_KNOWN: Mapping[str, Any] = {}


class Tickets(Protocol):
    """Where tickets are drawn: a tape, or a script of one."""

    def below(self, n: int, /) -> int:
        """A number uniform in [0, n)."""

    def rewind(self) -> None:
        """Go back to the first one."""


class Decision(NamedTuple):
    """What a draw gives.

    Attributes:
        prize: number of what is granted.
        drawn: number of what the first ticket named.
        reason: None on a win, else why it is a thank-you.
        forced_by: id of the rule that was due and honoured, or None.
        owed: ids of the rules that were due and followed but not honoured.
        tickets: every number drawn.
        refused: the counters that closed prizes.
        asks: counters that the reason depends on and of which nothing is known yet; where there are any, the decision is to
            be made again with them.
        misses: what to keep of the counters of the rules after the draw; not to be changed.
    """

    prize: int
    drawn: int
    reason: Reason | None
    forced_by: str | None
    owed: tuple[str, ...]
    tickets: tuple[Ticket, ...]
    refused: tuple[Shortage, ...]
    asks: tuple[str, ...]
    misses: dict[str, int]


def decide(
    rules: Rules,
    state: State,
    day: Day,
    tape: Tickets,
    off_shelf: Collection[str] = (),
    known: Mapping[str, tuple[int, int]] = _NOTHING_KNOWN,
    added: Mapping[str, int] = _NOTHING_KNOWN,
) -> Decision:
    """Decide one draw.

    Args:
        rules: the compiled campaign.
        state: the participant before the draw, on the draw's day (see ``State.on``).
        day: the draw's campaign day.
        tape: the draw's own, from its start.
        off_shelf: ids of prizes taken off the shelf.
        known: counter → (value, limit), of those that were refused or asked for.
        added: counter → what earlier draws of the same request add to it.
    """
    place = rules.place(state.misses)
    first = rules.stages.first
    settled = place.settled if first is None or not rules.newcomer_due(state) else first
    # Nearly always the first prize named is open and nothing due was followed; that is read here in a fraction of the time.
    below, k = tape.below, settled.sole
    if k < 0:
        size = settled.total
        ticket = below(size) if size else 0
        one = settled.classes[bisect_right(settled.bounds, ticket)] if size else _NO_CLASS
        chosen = Ticket(size, ticket)
    else:
        one, chosen = settled.classes[k], None
    size = one.members.total
    if size and not one.due and one.inner is None:
        ticket = below(size)
        outcome = one.members.outcomes[bisect_right(one.members.bounds, ticket)]
        named = Ticket(size, ticket)
        tickets = (named,) if chosen is None else (chosen, named)
        if outcome == rules.thank_you:
            return _new(Decision, (outcome, outcome, _DRAWN, None, (), tickets, (), (), place.after(outcome)))
        if outcome > NOTHING and closed(rules, state, day, outcome, off_shelf, known, added) is None:
            return _new(Decision, (outcome, outcome, None, None, (), tickets, (), (), place.after(outcome)))
    tape.rewind()
    return _Reading(rules, state, day, tape, place, off_shelf, known, added).decision(settled)


_NO_CLASS = Class(Fraction(0), Members.of((), ()), None, False, None)


class _Reading:
    """One run over the tape."""

    __slots__ = (
        "_added",
        "_asks",
        "_day",
        "_drawn",
        "_followed",
        "_known",
        "_off",
        "_place",
        "_reason",
        "_refused",
        "_rules",
        "_state",
        "_tape",
        "_tickets",
    )

    def __init__(
        self,
        rules: Rules,
        state: State,
        day: Day,
        tape: Tickets,
        place: Place,
        off_shelf: Collection[str],
        known: Mapping[str, tuple[int, int]],
        added: Mapping[str, int],
    ) -> None:
        self._rules = rules
        self._state = state
        self._day = day
        self._tape = tape
        self._off = off_shelf
        self._known = known
        self._added = added
        self._place = place
        self._tickets: list[Ticket] = []
        self._followed: list[str] = []
        self._refused: list[Shortage] = []
        self._asks: list[str] = []
        self._drawn = NOTHING
        self._reason: Reason | None = None

    def decision(self, first: Settled) -> Decision:
        rules = self._rules
        prize = self._settle(first)
        if prize == NOTHING:
            prize = rules.thank_you
        forced_by, owed = self._honour(prize) if self._followed else (None, ())
        reason = None
        if prize == rules.thank_you:
            reason = self._reason or Reason.DRAWN
        drawn = self._drawn if self._drawn != NOTHING else prize
        tickets, refused, asks = tuple(self._tickets), tuple(self._refused), tuple(self._asks)
        return Decision(prize, drawn, reason, forced_by, owed, tickets, refused, asks, self._place.after(prize))

    def _settle(self, settled: Settled) -> int:
        """The outcome of a stage, or NOTHING if nothing in it is open."""
        while True:
            k = settled.sole
            if k < 0:
                if not settled.total:
                    return NOTHING
                ticket = self._tape.below(settled.total)
                self._tickets.append(Ticket(settled.total, ticket))
                k = bisect_right(settled.bounds, ticket)
            one = settled.classes[k]
            if one.due and one.rule is not None:
                self._followed.append(one.rule)
            found = self._name(one.members) if one.inner is None else self._settle(one.inner.at(self._place.counters))
            if found != NOTHING:
                return found
            settled = settled.after(k)

    def _name(self, members: Members) -> int:
        """The outcome of a class: tickets name prizes until one is open; NOTHING if none is.

        Where a closed prize is not redrawn it ends the draw, unless a due rule has been followed in it, be it in a class before.
        """
        outcomes, weights, total = members.outcomes, members.weights, members.total
        bounds: Sequence[int] = members.bounds
        thank_you = self._rules.thank_you
        while total:
            ticket = self._tape.below(total)
            self._tickets.append(Ticket(total, ticket))
            place = bisect_right(bounds, ticket)
            outcome = outcomes[place]
            if outcome < NOTHING:
                found = self._settle(self._rules.stages.inner[unit(outcome)].at(self._place.counters))
                if found != NOTHING:
                    return found
            else:
                if self._drawn == NOTHING:
                    self._drawn = outcome
                if outcome == thank_you:
                    return thank_you
                shut = closed(self._rules, self._state, self._day, outcome, self._off, self._known, self._added)
                if shut is None:
                    return outcome
                reason = self._note(shut)
                if reason is Reason.TOTAL_WINS or reason is Reason.DAILY_WINS:
                    return thank_you  # every other prize is closed for the same reason
                if not (self._followed or self._rules.redraw):
                    return thank_you
            outcomes, weights, bounds, total = _without(outcomes, weights, place)
        return NOTHING

    def _note(self, shut: Closed) -> Reason:
        """Remember why a prize that a ticket named was closed; the first reason is the one told."""
        if self._reason is None:
            self._reason = shut.reason
        if shut.shortage is not None:
            self._refused.append(shut.shortage)
        self._asks += shut.asks
        return shut.reason

    def _honour(self, prize: int) -> tuple[str | None, tuple[str, ...]]:
        """Which due rule brought the prize (the first that was followed), and which were followed in vain."""
        targets = {rule.pity.id: rule.target for rule in self._rules.stages.rules}
        kept = [id_ for id_ in self._followed if prize in targets.get(id_, self._rules.wanted)]
        return (kept[0] if kept else None), tuple(id_ for id_ in self._followed if id_ not in kept)


def _without(outcomes: tuple[int, ...], weights: tuple[int, ...], place: int) -> tuple[tuple[int, ...], tuple[int, ...], list[int], int]:
    """The same class with one outcome crossed out."""
    outcomes = outcomes[:place] + outcomes[place + 1 :]
    weights = weights[:place] + weights[place + 1 :]
    bounds, total = [], 0
    for weight in weights:
        total += weight
        bounds.append(total)
    return outcomes, weights, bounds, total


def moves(rules: Rules, day: Day, prize: int, added: dict[str, int], limits: dict[str, int]) -> None:
    """Add to ``added`` and ``limits`` what granting a prize moves: its stock, the day's release, the points."""
    if prize == rules.thank_you:
        return
    for counter, limit in ((day.prizes[prize], rules.releases[prize]), (day.total, rules.release)):
        added[counter] = added.get(counter, 0) + 1
        limits[counter] = limit
    stock = rules.stock[prize]
    added[stock] = added.get(stock, 0) + 1
    points = rules.points[prize]
    if points:
        added[POINTS] = added.get(POINTS, 0) + points


def advance(rules: Rules, state: State, decision: Decision, now: int, own: bool) -> State:
    """The participant after a draw.

    Args:
        rules: the compiled campaign.
        state: the participant before it, on the draw's day.
        decision: what the draw gave.
        now: microseconds since the epoch.
        own: whether it used a chance of the participant's own, not a granted one.
    """
    prize = decision.prize
    won = state.won
    win = prize != rules.thank_you
    if win:
        id_ = rules.ids[prize]
        won = {**won, id_: won.get(id_, 0) + 1}
    return State(
        state.format,
        state.number + 1,
        state.day,
        state.day_draws + own,
        state.day_wins + win,
        state.draws + own,
        state.wins + win,
        state.points + rules.points[prize],
        won,
        decision.misses,
        state.newcomer or prize in rules.wanted,
        state.granted if own else state.without_one(now),
        state.blocked,
        state.barred,
    )
