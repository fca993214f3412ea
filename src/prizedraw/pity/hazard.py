"""Hazards: the chance of a hit at the k-th draw since the last one.

Only the list of chances and what follows from it alone live here. It knows no prize and no counter.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import msgspec

LONGEST = 100_000
"""A hazard that has not settled after this many draws is refused: it is a slip of the pen, and would be a table of that size."""


class Hazard(msgspec.Struct, frozen=True):
    """Chances p[1..n] of a hit at the k-th draw since the last one; beyond the list the last value holds.

    A value of None says that the rule does not act at that draw: its target then has its share by weight.
    """

    values: tuple[Fraction | None, ...]

    def at(self, misses: int) -> Fraction | None:
        """The chance of the next draw after ``misses`` draws without a hit. O(1)."""
        return self.values[misses if misses < len(self.values) else -1]

    def rate(self, share: Fraction = Fraction(0)) -> Fraction:
        """Hits per draw in the long run, exactly: 1/E with E = Σ S(k), S(k) = Π (1 − p[j]) over j ≤ k.

        Args:
            share: the chance, in 0..1, of a draw at which the rule does not act.

        Source: the renewal theorem. Cost: an exact product for each change of the chance, and one greatest common divisor.
        """
        values = [share if value is None else value for value in self.values]
        if not values[-1]:
            return Fraction(0) if all(value != 1 for value in values) else Hazard(tuple(values[: values.index(Fraction(1)) + 1])).rate()
        # E = 1 + q₁·(1 + q₂·(1 + …)), q = 1 − p, from the last one on, where it is 1/p; equal neighbours in one step.
        runs: list[tuple[int, int, int]] = []  # chance above, below, draws
        last, start = values[0], 0
        for k, value in enumerate(values):
            if value is not last or k + 1 == len(values):
                runs.append((*last.as_integer_ratio(), k - start))
                last, start = value, k
        scale = lcm(*(ratio[1] for ratio in runs))
        below, above = values[-1].as_integer_ratio()
        for numerator, denominator, length in reversed(runs):
            hit = numerator * (scale // denominator)
            if not hit:
                above += length * below
                continue
            # a run of m draws: E = (1 − qᵐ)/p + qᵐ·E'
            whole, missed = scale**length, (scale - hit) ** length
            above, below = (whole - missed) * scale * below + missed * hit * above, whole * hit * below
        return Fraction(below, above)

    @classmethod
    def rising(
        cls,
        base: Fraction | None,
        soft_from: int | None,
        soft_step: Fraction | None,
        hard: int | None,
        share: Fraction,
    ) -> Hazard:
        """The list of ``p[k] = min(1, base + step·max(0, k − soft_from + 1))`` with ``p[hard] = 1``.

        Args:
            base: chance before the rise; None: the rule does not act there, and the rise starts from ``share``.
            soft_from: the first raised draw, from 1; None: no rise.
            soft_step: what each raised draw adds.
            hard: the draw that is sure, from 1; None: the list ends where the chance reaches 1, or is constant.
            share: the target's share by weight.
        """
        values: list[Fraction | None] = []
        start = share if base is None else base
        while hard is None or len(values) + 1 < hard:
            draw = len(values) + 1
            raised = soft_from is not None and soft_step is not None and draw >= soft_from
            if not raised:
                values.append(base)
                if soft_from is None and hard is None:
                    break
                continue
            assert soft_from is not None and soft_step is not None  # noqa: S101, PT018 - what `raised` has just said
            chance = min(Fraction(1), start + soft_step * (draw - soft_from + 1))
            values.append(chance)
            if chance == 1:
                break
        else:
            values.append(Fraction(1))
        return cls(tuple(values))
