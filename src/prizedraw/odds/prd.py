"""Pseudo-random distributions: a chance that grows by C with each miss, P(N) = min(1, N·C), and starts again with a hit.

Only the constant C that gives a stated chance in the long run is found here.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil, log, sqrt
from typing import Any

import numpy as np

from prizedraw.errors import InvalidCampaign, InvalidRequest, TooLarge
from prizedraw.odds import asked
from prizedraw.sampling import weights

_MOST_TERMS = 20_000_000
_MOST_DIGITS = 20_000_000
"""Digits that a step of Newton's iteration in decimals may multiply."""
_MOST_STEPS = 200


def prd_constant(p: Any, *, digits: int | None = None) -> float | Decimal:
    """The constant C of a pseudo-random distribution that hits with chance ``p`` in the long run: 1/E[N] = p.

    Args:
        p: the chance, above 0 and up to 1, exact as weights are (a float is its shortest decimal).
        digits: significant digits wanted; None: a double, right to its last digit or two.

    Returns:
        A double, or a Decimal of so many digits.

    Raises:
        InvalidRequest: ``p`` or ``digits`` is out of range.
        TooLarge: a chance so small needs too many terms.

    E is a sum of products that falls where C grows; Newton's iteration inside a bracket. Cost: about √(digits/C) terms a step. For p
    of at least 2/3, C = 2 − 1/p.
    """
    try:
        chance = weights.exact(p)
    except InvalidCampaign as error:
        raise InvalidRequest(error.problem, "p") from None
    if not 0 < chance <= 1:
        raise InvalidRequest(f"{p!r} must be above 0 and at most 1", "p")
    size = 17 if digits is None else asked.natural(digits, "digits", 1)
    if digits is None:
        return float(chance) if chance == 1 else _double(float(chance))
    terms = _terms(float(chance), size)
    if terms > _MOST_TERMS // 50 or terms * size > _MOST_DIGITS:
        raise TooLarge(
            f"{size} digits at a chance of {float(chance):.3g} need {terms:,} terms a step; ask for fewer", count=terms, unit="terms"
        )
    return _decimal(chance, size)


def _terms(chance: float, digits: int) -> int:
    """How many terms of E matter, as C is about π·p²/2 for small p: the products fall like exp(−C·n²/2)."""
    constant = min(1.0, 1.6 * chance * chance)
    return min(ceil(1 / constant), ceil(sqrt(2 * (digits + 6) * log(10) / constant)) + 2)


def _double(chance: float) -> float:
    terms = _terms(chance, 17)
    if terms > _MOST_TERMS:
        raise TooLarge(f"a chance of {chance:.3g} needs {terms:,} terms; there is no use in so small a one", count=terms, unit="terms")
    low, high = chance * chance / 2, min(1.0, 2 * chance)
    guess = min(high, max(low, np.pi * chance * chance / 2))
    order = np.arange(min(terms * 2, _MOST_TERMS) + 1)
    for _ in range(_MOST_STEPS):
        miss = np.maximum(1 - guess * order, 0)
        survival = np.cumprod(miss)
        survival = survival[: int(np.searchsorted(-survival, -1e-25)) + 1]
        mean = float(survival.sum())
        # d/dC of a product is the product times a sum of −k/(1 − kC)
        slope = float(
            -(survival[1:] * np.cumsum(order[1 : len(survival)] / np.maximum(miss[1 : len(survival)], 1e-300)))[survival[1:] > 0].sum()
        )
        wrong = mean - 1 / chance
        low, high = (guess, high) if wrong > 0 else (low, guess)
        following = guess - wrong / slope if slope else (low + high) / 2
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - guess) <= 2e-16 * guess:
            break
        guess = following
    # A few more digits than numpy's sums have: the last correction in decimals
    return float(_decimal(Fraction(repr(chance)), 20, start=guess)) if terms < 20_000 else float(guess)


def _decimal(chance: Fraction, digits: int, start: float | None = None) -> Decimal:
    with localcontext() as context:
        context.prec = digits + 12
        one = Decimal(1)
        wanted = Decimal(chance.denominator) / Decimal(chance.numerator)
        if 3 * chance >= 2:
            context.prec = digits
            return 2 - wanted if digits < 20 else +(2 - wanted)
        enough = Decimal(10) ** -(digits + 8)
        low, high = Decimal(0), one
        guess = Decimal(start if start is not None else _double(float(chance)))
        for _ in range(_MOST_STEPS):
            mean, slope = _mean(guess, enough)
            wrong = mean - wanted
            low, high = (guess, high) if wrong > 0 else (low, guess)
            following = guess - wrong / slope
            if not low <= following <= high:
                following = (low + high) / 2
            if abs(following - guess) <= guess * Decimal(10) ** -(digits + 6):
                guess = following
                break
            guess = following
        context.prec = digits
        return +guess


def _mean(constant: Decimal, enough: Decimal) -> tuple[Decimal, Decimal]:
    """E[N] and its derivative in C."""
    mean, slope, survival, growth, n = Decimal(1), Decimal(0), Decimal(1), Decimal(0), 0
    while survival > enough:
        n += 1
        miss = 1 - n * constant
        if miss <= 0:
            break
        survival *= miss
        growth += n / miss
        mean += survival
        slope -= survival * growth
    return mean, slope
