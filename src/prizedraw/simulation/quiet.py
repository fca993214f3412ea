"""Which outcomes of a campaign are quiet, and what follows from that: how its draws may be skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw.sampling.alias import CELLS, shares
from prizedraw.simulation import counts
from prizedraw.simulation.automaton import whole
from prizedraw.simulation.rows import Rows
from prizedraw.simulation.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prizedraw.draw.rules import Rules
    from prizedraw.simulation.automaton import Automaton, Law
    from prizedraw.simulation.streams import Array, Stream

_OFTEN = 4
"""One draw in so many must be quiet: skipping costs more than stepping where nearly every draw is an event."""


class Quiet:
    """The quiet outcomes of a campaign and its laws of waiting.

    The thank-you is quiet. Where it can never come and wins need not be told apart, so are the prizes that no guarantee promises: then
    every draw wins.

    Args:
        rules: the compiled campaign.
        automaton: its states.
        longest: the most draws of a participant.
        told_apart: whether every win must be told apart.

    Attributes:
        always: whether every draw wins.
        often: whether enough draws are quiet for skipping to be worth it.
        renews: whether there is one kind of event, and after it all is as at the start.
        loud: the outcomes that can come and are not quiet, in sets that move every counter alike; all but what a guarantee promises
            keep their shares of a set in every state.
    """

    def __init__(self, rules: Rules, automaton: Automaton, longest: int, *, told_apart: bool) -> None:
        self.automaton = automaton
        self.outcomes = len(rules.ids)
        self.thank_you = rules.thank_you
        weights = rules.campaign.weights
        targets = frozenset().union(*(rule.target for rule in rules.stages.rules), rules.wanted)
        free = [k for k in range(self.outcomes) if k not in targets and weights[rules.ids[k]]]
        self.always = not weights[rules.ids[-1]] and not told_apart and rules.quota.total_wins < 0 and bool(_alike(rules, free))
        self._quiet = tuple(_alike(rules, free)) if self.always else (self.thank_you,)
        self._weights = whole(weights[rules.ids[k]] for k in self._quiet) if self.always else [1]
        self.loud = [[k] for k in sorted(targets)]
        others = [k for k in free if k not in self._quiet]
        while others:
            alike = _alike(rules, others)
            self.loud.append(alike)
            others = [k for k in others if k not in alike]
        self._shares = [whole(weights[rules.ids[k]] for k in one) for one in self.loud]
        self._rows: dict[int, tuple[Rows, Array]] = {}
        for one, share in zip(self.loud, self._shares, strict=True):
            if len(one) > 1:
                self._rows[one[0]] = Rows(len(one)), np.array(one)
                self._rows[one[0]][0].add(share)
        self.waits = Waits(automaton, self.loud, self._quiet, longest)
        first = automaton.law(automaton.start).weights
        self.often = _OFTEN * sum(first[k] for k in self._quiet) >= sum(first)
        self.renews = len(self.loud) == 1 == len(self.loud[0]) and not self.always and self._renews(longest)
        if self.renews:
            self.renewal = Renewal(self.waits.weights(self._path()[1]))

    def _path(self) -> tuple[list[int], list[Law]]:
        """The states and laws of the quiet path from the start, as far as one step reaches."""
        path, laws = [self.automaton.start], [self.automaton.law(self.automaton.start)]
        while len(laws) < self.waits.longest:
            path.append(self.automaton.following(path[-1], self._quiet[0]))
            laws.append(self.automaton.law(path[-1]))
        return path, laws

    def _renews(self, longest: int) -> bool:
        """Whether one look tells when the next event comes, or that it is too late, and every path after one begins at the start."""
        path, laws = self._path()
        back = {
            self.automaton.following(state, self.loud[0][0]) for state, law in zip(path, laws, strict=True) if law.weights[self.loud[0][0]]
        }
        told = self.waits.longest >= longest or not self.waits.weights(laws)[-1]
        return told and back == {self.automaton.start}

    def told_apart(self, named: Array, stream: Stream) -> Array:
        """The outcomes of events of which the set is known, in place."""
        for first, (rows, members) in self._rows.items():
            places = np.flatnonzero(named == first)
            if len(places):
                named[places] = members[rows.sample(np.zeros(len(places), np.uint8), stream)]
        return named

    def counted(self, sets: Array, stream: Stream) -> Array:
        """How often each outcome comes, of how often each set came, which is told under its first outcome."""
        found = sets.copy()
        for one, share in zip(self.loud, self._shares, strict=True):
            found[one] = counts.outcomes(int(sets[one[0]]), share, stream) if len(one) > 1 else sets[one[0]]
        return found

    def spread(self, n: int, stream: Stream) -> Array:
        """How often each outcome comes in n quiet draws."""
        found = np.zeros(self.outcomes, np.int64)
        found[list(self._quiet)] = counts.outcomes(n, self._weights, stream)
        return found


def _alike(rules: Rules, outcomes: Sequence[int]) -> list[int]:
    """Those of these outcomes that move counters as the first of them does."""

    def moves(k: int) -> tuple[bool, ...]:
        counted = [rule.counts is None or k in rule.counts for rule in rules.stages.rules]
        return (*counted, k in rules.wanted)

    return [k for k in outcomes if moves(k) == moves(outcomes[0])]


class Renewal:
    """Waits of one law, a word of 16 bits each: as in ``prizedraw.sampling``, with the words left over read against the rest.

    Args:
        weights: whole, of an event at draw 1, 2, …; the last one may stand for all that is too late.

    Attributes:
        longest: the longest wait.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        alone, rest = shares(weights, CELLS)
        self.longest = len(weights)
        self._settled = sum(alone)
        self._table = np.zeros(CELLS, np.min_scalar_type(len(weights)))
        self._table[: self._settled] = np.repeat(np.arange(1, len(weights) + 1), alone)
        self._rest = Rows(len(weights))
        self._rest.add(rest if any(rest) else [1] * len(weights))

    def sample(self, n: int, stream: Stream) -> Array:
        """At which draw the next event comes, n times."""
        words = stream.quarters(n)
        found = self._table.take(words, mode="clip")
        over = np.flatnonzero(words >= self._settled)
        if len(over):
            found[over] = self._rest.sample(np.zeros(len(over), np.uint8), stream).astype(found.dtype) + 1
        return found

    def hits(self, last: int | Array, n: int, stream: Stream) -> Iterator[Array]:
        """At which draws participants come to their first, second, … event: each time of those whose event before was within their draws.

        Args:
            last: how often each draws: all the same, or an array of n.
            n: how many they are.
            stream: where the words come from.
        """
        place = np.zeros(n, np.min_scalar_type(int(np.max(last, initial=0)) + self.longest))
        while len(place):
            place = place + self.sample(len(place), stream)
            yield place
            if isinstance(last, int):
                place = place.take(np.flatnonzero(place <= last))
            else:
                within = np.flatnonzero(place <= last)
                place, last = place.take(within), last.take(within)
