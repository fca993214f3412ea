"""Hazards behind published figures: a base chance, a draw that is sure, and the rate of both together.

An operator that publishes these three leaves open how the chance climbs in between. Every straight climb that gives the published rate
is found here, and its rate is told exactly (``Hazard.rate``).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prizedraw.errors import Infeasible, InvalidRequest
from prizedraw.pity import Hazard, Pity
from prizedraw.sampling.weights import exact
from prizedraw.tune.figures import read_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prizedraw.sampling.weights import Weight

LONGEST = 10_000
"""Draws that ``hard`` may be."""
_HALVINGS = 60


class Candidate(NamedTuple):
    """A straight climb: p[k] = min(1, base + soft_step·max(0, k − soft_from + 1)), p[hard] = 1.

    Attributes:
        base, hard: as published.
        soft_from: the first raised draw; None: there is no climb before ``hard``.
        soft_step: what each raised draw adds, with as few digits as the published rate allows.
        rate: hits per draw in the long run, exactly.
        sure: the draw at which the chance reaches 1 by the climb or by ``hard``.
    """

    base: Fraction
    hard: int
    soft_from: int | None
    soft_step: Fraction | None
    rate: Fraction
    sure: int

    @property
    def meets(self) -> bool:
        """Whether the climb reaches 1 just at ``hard``, not before it, and not by a leap."""
        if self.soft_from is None or self.soft_step is None:
            return False
        draws = self.hard - self.soft_from + 1
        return self.base + self.soft_step * (draws - 1) < 1 <= self.base + self.soft_step * draws

    @property
    def hazard(self) -> Hazard:
        """The chance of each draw since the last hit."""
        return Hazard.rising(self.base, self.soft_from, self.soft_step, self.hard, Fraction(0))

    def pity(self, id: str, target: Sequence[str]) -> Pity:  # noqa: A002 - the campaign file's name
        """A rule of a campaign with this climb, which declares its rate."""
        return Pity(
            id=id,
            target=tuple(target),
            base=self.base,
            hard=self.hard,
            soft_from=self.soft_from,
            soft_step=self.soft_step,
            declared_rate=self.rate,
        )

    def __repr__(self) -> str:
        climb = "no climb" if self.soft_step is None else f"from draw {self.soft_from} by {float(self.soft_step):g}"
        return f"<Candidate {float(self.base):g}, {climb}, sure at {self.sure}: rate {float(self.rate):.8g}>"


def hazard(base: Weight, hard: int, rate: Weight, *, soft_from: int | None = None, tolerance: Weight | None = None) -> list[Candidate]:
    """Every straight climb that gives a published rate, the most plausible first.

    Before all others come those that reach 1 just at ``hard``, then those whose step has fewer digits, then those whose rate is
    nearer. From each first raised draw at most one climb is told. O(hard²) and one exact rate for each candidate.

    Args:
        base: the chance before the climb, in 0..1, read exactly as weights are.
        hard: the draw that is sure, from 1.
        rate: hits per draw in the long run, as published.
        soft_from: the first raised draw, where that is known too; None: any.
        tolerance: how far the rate may be off; None: half a unit of the last digit of ``rate``.

    Raises:
        InvalidRequest: an argument is out of range.
        Infeasible: no climb gives the rate; says which bound binds and the nearest rate.
    """
    p, r = read_share(base, "base"), read_share(rate, "rate")
    hard = int(hard) if isinstance(hard, np.integer) else hard
    if type(hard) is not int or not 1 <= hard <= LONGEST:
        raise InvalidRequest(f"{hard!r} is not a draw; it must be an integer from 1 to {LONGEST}", "hard")
    if soft_from is not None and (type(soft_from) is not int or not 1 <= soft_from <= hard):
        raise InvalidRequest(f"{soft_from!r} is not a draw from 1 to hard = {hard}", "soft_from")
    slack = _last_digit(rate) / 2 if tolerance is None else read_share(tolerance, "tolerance")
    low, high = r - slack, r + slack
    found = []
    flat = _flat(p, hard)
    if soft_from is None and low <= flat.rate <= high:
        found.append(flat)
    starts = np.array([soft_from] if soft_from is not None else range(1, hard))
    if len(starts):
        steps = zip(starts.tolist(), _steps(p, hard, starts, float(low)), _steps(p, hard, starts, float(high)), strict=True)
        found += [one for start, least, most in steps if (one := _simplest(p, hard, start, least, most, low, high)) is not None]
    if not found:
        raise _out_of_reach(p, hard, soft_from, r, flat)
    return sorted(found, key=lambda one: (not one.meets, _digits(one.soft_step), abs(one.rate - r)))


def _flat(base: Fraction, hard: int) -> Candidate:
    return Candidate(base, hard, None, None, Hazard.rising(base, None, None, hard, Fraction(0)).rate(), hard)


def _climb(base: Fraction, hard: int, start: int, step: Fraction) -> Candidate:
    law = Hazard.rising(base, start, step, hard, Fraction(0))
    return Candidate(base, hard, start, step, law.rate(), len(law.values))


def _steps(base: Fraction, hard: int, starts: NDArray[np.int64], rate: float) -> list[float]:
    """For each first raised draw the step that gives a rate, by halving: 0 where the rate is had without, 1 where it is out of reach."""
    below, above = np.zeros(len(starts)), np.ones(len(starts))
    draws = np.maximum(np.arange(1, hard + 1)[None, :] - starts[:, None] + 1, 0)
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        chances = np.minimum(float(base) + middle[:, None] * draws, 1.0)
        missed = np.cumprod(1 - chances[:, :-1], axis=1).sum(axis=1) + 1  # draws until a hit, on average
        enough = 1 / missed >= rate
        above, below = np.where(enough, middle, above), np.where(enough, below, middle)
    return above.tolist()


def _simplest(base: Fraction, hard: int, start: int, least: float, most: float, low: Fraction, high: Fraction) -> Candidate | None:
    """The climb from a draw that gives the rate: one that reaches 1 just at ``hard``, if there is; few digits of step."""
    meets = float(1 - base) / (hard - start + 1), float(1 - base) / max(hard - start, 0.5)
    for lower, upper in ((max(least, meets[0]), min(most, meets[1])), (least, most)):
        for digits in range(1, 13) if lower <= upper else ():
            for step in _decimals(lower, upper, digits):
                made = _climb(base, hard, start, step)
                if low <= made.rate <= high:
                    return made
    return None


def _decimals(lower: float, upper: float, digits: int) -> list[Fraction]:
    """The decimal of so many digits nearest to the middle of an interval, if one is in it, and its neighbours."""
    unit = Fraction(1, 10**digits)
    middle = (Fraction(lower) + Fraction(upper)) / 2
    near = sorted((round(middle / unit) + k for k in (-1, 0, 1)), key=lambda whole: abs(whole * unit - middle))
    return [whole * unit for whole in near if whole > 0 and lower <= whole * unit <= min(upper, 1)]


def _out_of_reach(base: Fraction, hard: int, soft_from: int | None, rate: Fraction, flat: Candidate) -> Infeasible:
    if rate < flat.rate:
        least = float(flat.rate)
        return Infeasible(
            f"a base of {float(base):g} with a sure hit at {hard} comes {least:.6g} of the time without any climb, more than the rate of "
            f"{float(rate):g}; lower the base or raise hard",
            nearest=least,
        )
    most = _climb(base, hard, soft_from or 1, Fraction(1))
    return Infeasible(
        f"even with the steepest climb{f' from draw {soft_from}' if soft_from else ''} the rate is {float(most.rate):.6g}, less than "
        f"{float(rate):g}, or no step of twelve digits meets it; raise the base, begin to climb sooner, or allow a tolerance",
        nearest=float(most.rate),
    )


def _last_digit(rate: Weight) -> Fraction:
    """A unit of the last digit that is written; of a fraction, a millionth of it."""
    text = rate if isinstance(rate, str) else repr(rate) if isinstance(rate, float) else str(rate)
    if isinstance(rate, Fraction) or "/" in text:
        return exact(rate) / 1_000_000
    exponent = Decimal(text).as_tuple().exponent
    return Fraction(10) ** int(exponent)


def _digits(step: Fraction | None) -> int:
    """The digits of a step but for zeros at either end; 0 where there is none."""
    return 0 if step is None else len(str(step.numerator * 10**12 // step.denominator).rstrip("0"))
