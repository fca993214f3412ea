"""The chain of a participant's draws: how counters move from draw to draw, and what is expected to come of it.

Stock is taken as ample and no cap as reached. The linter and the lab stand on this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.pity import law

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prizedraw.pity.stages import Stages

State = tuple[tuple[int, ...], bool]
"""Counters of the rules (never beyond what can matter), and whether the newcomer's promise has been met."""


class Chain:
    """The Markov chain of one participant's draws, its moves found as they are needed and remembered."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._depths = tuple(len(rule.law.values) - 1 for rule in stages.rules)
        wanted = stages.newcomer.target if stages.newcomer else ()
        self._wanted = frozenset(stages.numbers[id_] for id_ in wanted)
        self._moves: dict[tuple[State, bool], tuple[tuple[int, float, State], ...]] = {}
        self.start: State = (self._clamped(stages.start), not self._wanted)

    def _clamped(self, counters: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(min(counter, depth) for counter, depth in zip(counters, self._depths, strict=True))

    def moves(self, state: State, number: int) -> tuple[tuple[int, float, State], ...]:
        """(outcome, chance, next state) of draw ``number`` (from 1) in this state."""
        newcomer = self._stages.newcomer
        due = newcomer is not None and not state[1] and number >= newcomer.draws
        found = self._moves.get((state, due))
        if found is None:
            chances = law.outcomes(self._stages, state[0], newcomer=due)
            found = self._moves[state, due] = tuple(
                (outcome, float(chance), (self._clamped(self._stages.step(state[0], outcome)), state[1] or outcome in self._wanted))
                for outcome, chance in enumerate(chances)
                if chance
            )
        return found

    def by_draw(self, draws: int) -> Iterator[list[float]]:
        """For each of the first ``draws`` draws of a new participant, the chance of each outcome."""
        spread: dict[State, float] = {self.start: 1.0}
        for number in range(1, draws + 1):
            chances = [0.0] * len(self._stages.ids)
            following: dict[State, float] = {}
            for state, weight in spread.items():
                for outcome, chance, then in self.moves(state, number):
                    chances[outcome] += weight * chance
                    following[then] = following.get(then, 0.0) + weight * chance
            spread = following
            yield chances


def expected(stages: Stages, draws: int) -> dict[str, float]:
    """Prize id → expected number of times it comes in a new participant's first ``draws`` draws.

    The law is exact, the sums are in doubles (relative error below 1e-12 per draw). Cost: draws × states × outcomes.
    """
    sums = [0.0] * len(stages.ids)
    for chances in Chain(stages).by_draw(draws):
        sums = [total + chance for total, chance in zip(sums, chances, strict=True)]
    return dict(zip(stages.ids, sums, strict=True))
