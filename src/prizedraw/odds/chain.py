"""The Markov chain of one participant's draws, in arrays: which states there are, where each draw leads, with what chance.

Only what the question depends on is kept: an axis is left out when no law on the axes that matter varies along it (strong
lumpability on coordinates, decided in exact fractions), and outcomes that do the same are one move.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING, Protocol

import numpy as np

from prizedraw.errors import TooLarge
from prizedraw.odds import asked
from prizedraw.odds.asked import MOST_STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from prizedraw.odds.arrays import Floats, Ints
    from prizedraw.odds.linear import Cut
    from prizedraw.odds.model import Axis, Effect, Law, Model


_MOST_LAWS = 20_000
"""Beyond so many combinations of kinds no axis is tried for leaving out."""
_KEPT = 8
"""How many chains of a campaign are remembered."""
_DENSE = 60_000
"""Below so many states all of them are listed, reached or not, where that does no harm."""


class Moves(Protocol):
    """What linear systems and walks need of a chain; see ``Chain`` for the arrays."""

    to: Ints
    chance: Floats
    law: Ints
    exact: list[list[Fraction]]
    begin: tuple[Ints, Floats]
    start: int

    def __len__(self) -> int:
        """How many states there are."""

    def order(self) -> Ints:
        """A number by state that rises along as many moves as possible."""

    def check_exact(self) -> None:
        """Refuse fractions where there are too many states."""


class Chain:
    """States in columns, moves in rows.

    Attributes:
        axes: the axes that matter.
        values: (axes, states) the value of each axis.
        to: (moves, states) the state that follows.
        chance: (moves, states) in doubles.
        law: state → number of its law.
        exact: law → the exact chance of each move.
        marks: move → what the caller distinguishes the outcomes by.
        begin: states before the first draw, and their chances.
        start: the first of them.
    """

    def __init__(
        self,
        model: Model,
        axes: Sequence[Axis],
        marks: Sequence[int],
        *,
        keep: Sequence[str] = (),
        reached: bool = True,
        begin: Callable[[Model, list[Axis]], tuple[Ints, Floats]] | None = None,
        counting: int = 0,
    ) -> None:
        """Compile.

        Args:
            model: the campaign.
            axes: every axis that may matter.
            marks: outcome → a number; outcomes of different numbers stay apart.
            keep: names of axes that matter in themselves.
            reached: whether states that are never reached are left out.
            begin: gives (axes, states) values to start from and their chances; None: the start of each axis.
            counting: so many axes, the first ones, count up to what is wanted; where all of them are at their end, all ends, in one state.

        Raises:
            TooLarge: there would be too many states.
        """
        self.model = model
        self.opened: Cut | None = None
        self.axes = _relevant(model, axes, marks, keep)
        groups = _groups(self.axes, marks)
        self.marks = np.array([marks[group[0]] for group in groups])
        sizes = np.array([axis.size for axis in self.axes], dtype=object)
        strides = [int(np.prod(sizes[k + 1 :], dtype=object)) for k in range(len(sizes))]
        self.full = int(np.prod(sizes, dtype=object))
        if self.full >= 1 << 62:
            raise _too_many(self.full)
        kinds = [len(axis.effects) for axis in self.axes]
        self._strides, self._kinds = strides, kinds
        self._groups = groups
        self._end = self.full - strides[counting - 1] if counting else self.full
        begin_values, weights = begin(model, self.axes) if begin else (np.array([[axis.start] for axis in self.axes]), np.ones(1))
        start = np.array(strides, np.int64) @ begin_values if strides else np.zeros(1, np.int64)
        codes = np.arange(self.full) if not reached and self.full <= _DENSE else self._reach(start)
        self.codes = codes
        self.values = self._values(codes)
        law = self._law(self.values)
        used: Ints = np.unique(law)
        self.law: Ints = np.searchsorted(used, law)
        self._used = used
        outcome_laws = [model.law(self._effects(int(one))) for one in used]
        self.outcome_laws: list[Law] = outcome_laws
        self.exact: list[list[Fraction]] = [_grouped(one, groups) for one in outcome_laws]
        table = np.array([[float(p) for p in row] for row in self.exact])
        self.chance: Floats = np.ascontiguousarray(table[self.law].T)
        following = self._following(self.values)
        if len(codes) == self.full:
            self.to = following
        else:
            self.to = np.minimum(np.searchsorted(codes, following), len(codes) - 1)
        self.begin = (np.searchsorted(codes, start), weights)
        self.start = int(self.begin[0][0])

    @classmethod
    def of(
        cls,
        model: Model,
        axes: Sequence[Axis],
        marks: Sequence[int],
        *,
        keep: Sequence[str] = (),
        reached: bool = True,
        begin: Callable[[Model, list[Axis]], tuple[Ints, Floats]] | None = None,
        counting: int = 0,
    ) -> Chain:
        """The same as calling the class, remembered with the model: axes of one name, start and size are the same."""
        key = (tuple((axis.name, axis.start, axis.size) for axis in axes), tuple(marks), tuple(keep), reached, begin, counting)
        found: Chain | None = model.chains.get(key)
        if found is None:
            while len(model.chains) >= _KEPT:
                model.chains.pop(next(iter(model.chains)))
            found = model.chains[key] = cls(model, axes, marks, keep=keep, reached=reached, begin=begin, counting=counting)
        return found

    @staticmethod
    def matter(model: Model, axes: Sequence[Axis], marks: Sequence[int]) -> list[Axis]:
        """The axes on which the law of these marks depends; remembered as by ``of``."""
        key = ("matter", tuple((axis.name, axis.start, axis.size) for axis in axes), tuple(marks))
        found: list[Axis] | None = model.chains.get(key)
        if found is None:
            found = model.chains[key] = _relevant(model, axes, marks, ())
        return found

    def __len__(self) -> int:
        return len(self.codes)

    def axis(self, name: str) -> Ints | None:
        """The value of an axis in each state, None if it does not matter."""
        for k, axis in enumerate(self.axes):
            if axis.name == name:
                found: Ints = self.values[k]
                return found
        return None

    def outcome_table(self) -> Floats:
        """(laws, outcomes) the chance of each outcome."""
        return np.array([[float(p) for p in law] for law in self.outcome_laws])

    def _values(self, codes: Ints) -> Ints:
        found = np.empty((len(self.axes), len(codes)), np.int64)
        rest = codes
        for k, stride in enumerate(self._strides):
            found[k], rest = np.divmod(rest, stride)
        return found

    def _law(self, values: Ints) -> Ints:
        law = np.zeros(values.shape[1], np.int64)
        for axis, count, value in zip(self.axes, self._kinds, values, strict=True):
            law = law * count + axis.kind[value]
        return law

    def _effects(self, law: int) -> tuple[Effect, ...]:
        found: list[Effect] = []
        for axis, count in zip(reversed(self.axes), reversed(self._kinds), strict=True):
            law, kind = divmod(law, count)
            found.insert(0, axis.effects[kind])
        return tuple(found)

    def _following(self, values: Ints) -> Ints:
        """(moves, states) the code of the state that follows."""
        found = np.zeros((len(self._groups), values.shape[1]), np.int64)
        for axis, stride, value in zip(self.axes, self._strides, values, strict=True):
            for g, group in enumerate(self._groups):
                found[g] += stride * axis.step[group[0]][value]
        return np.minimum(found, self._end)

    def _reach(self, start: Ints) -> Ints:
        """The codes of all states that can be reached, in order."""
        seen = np.unique(start)
        frontier, count = seen, len(seen)
        possible: dict[int, list[bool]] = {}
        mask = np.zeros(self.full, bool) if self.full <= 50_000_000 else None
        if mask is not None:
            mask[start] = True
        while len(frontier):
            values = self._values(frontier)
            laws, inverse = np.unique(self._law(values), return_inverse=True)
            for law in laws.tolist():
                if law not in possible:
                    possible[law] = [bool(p) for p in _grouped(self.model.law(self._effects(law)), self._groups)]
            allowed = np.array([possible[law] for law in laws.tolist()])[inverse].T
            following = np.unique(self._following(values)[allowed])
            if mask is None:
                frontier = np.setdiff1d(following, seen, assume_unique=True)
                seen = np.union1d(seen, frontier)
            else:
                frontier = following[~mask[following]]
                mask[frontier] = True
            count += len(frontier)
            if count > MOST_STATES:
                raise _too_many(count)
        return seen if mask is None else np.flatnonzero(mask)

    def check_exact(self) -> None:
        """Refuse fractions where there are too many states.

        Raises:
            TooLarge: with their number.
        """
        asked.exact_states(len(self))

    def order(self) -> Ints:
        """A number by state that rises along as many moves as possible, so that few states cut every cycle (see ``linear``)."""
        moving = (self.chance > 0) & (self.to != np.arange(len(self)))
        source = np.broadcast_to(np.arange(len(self)), self.to.shape)[moving]
        target = self.to[moving]
        sizes = [axis.size for axis in self.axes]
        # What can only go down is a cap; what can only go up is a count. Both come first.
        falls = [bool(np.all(value[target] <= value[source])) for value in self.values]
        rises = [bool(np.all(value[target] >= value[source])) for value in self.values]
        first = [k for k in range(len(sizes)) if falls[k] or rises[k]]
        others = [k for k in range(len(sizes)) if k not in first]
        orders = list(permutations(others)) if len(others) <= 4 else [(k, *(j for j in others if j != k)) for k in others]
        best: tuple[int, Ints] | None = None
        for rest in orders:
            key = np.zeros(len(self), np.int64)
            for k in (*first, *rest):
                value = self.values[k]
                key = key * sizes[k] + (sizes[k] - 1 - value if falls[k] else value)
            back = len(np.unique(target[key[target] <= key[source]]))
            if best is None or back < best[0]:
                best = back, key
        assert best is not None  # noqa: S101 - there is at least the empty permutation
        return best[1]


def _too_many(count: int) -> TooLarge:
    return TooLarge(
        f"{count:,} states are more than {MOST_STATES:,}; leave out caps or rules that do not matter here, or use prizedraw.simulate",
        count=count,
    )


def _grouped(law: Law, groups: Sequence[Sequence[int]]) -> list[Fraction]:
    return [law[group[0]] if len(group) == 1 else sum((law[k] for k in group), law[group[0]] * 0) for group in groups]


def _groups(axes: Sequence[Axis], marks: Sequence[int]) -> list[list[int]]:
    """The outcomes that do the same on these axes and have the same mark."""
    found: dict[tuple[object, ...], list[int]] = {}
    rows = [[row.tobytes() for row in axis.step] for axis in axes]
    for outcome, mark in enumerate(marks):
        found.setdefault((mark, *(row[outcome] for row in rows)), []).append(outcome)
    return list(found.values())


def _relevant(model: Model, axes: Sequence[Axis], marks: Sequence[int], keep: Sequence[str]) -> list[Axis]:
    """The axes on which the law of what is asked depends, be it by way of others."""
    kept = [axis.name in keep for axis in axes]
    trying = [k for k, axis in enumerate(axes) if len(axis.effects) > 1 and not kept[k]]
    fixed = [axis.effects[0] for axis in axes]
    for k, axis in enumerate(axes):
        if all(effect.closed for effect in axis.effects):
            kept[k] = True  # it closes prizes whatever its value, which leaving it out would open
    if not trying:
        return [axis for axis, one in zip(axes, kept, strict=True) if one]
    combinations = int(np.prod([len(axes[k].effects) for k in trying], dtype=object))
    if combinations > _MOST_LAWS:
        return list(axes)
    laws: dict[tuple[int, ...], Law] = {}
    for kinds in product(*(range(len(axes[k].effects)) for k in trying)):
        effects = list(fixed)
        for k, kind in zip(trying, kinds, strict=True):
            effects[k] = axes[k].effects[kind]
        laws[kinds] = model.law(tuple(effects))
    return _closure(axes, marks, kept, trying, laws)


def _closure(
    axes: Sequence[Axis], marks: Sequence[int], kept: list[bool], trying: list[int], laws: dict[tuple[int, ...], Law]
) -> list[Axis]:
    """Add axes until the law of the moves varies along none of those left out."""
    while True:
        groups = _groups([axis for axis, one in zip(axes, kept, strict=True) if one], marks)
        grouped = {kinds: _grouped(law, groups) for kinds, law in laws.items()}
        for place, k in enumerate(trying):
            if not kept[k] and any(law != grouped[(*kinds[:place], 0, *kinds[place + 1 :])] for kinds, law in grouped.items()):
                kept[k] = True
                break
        else:
            return [axis for axis, one in zip(axes, kept, strict=True) if one]
