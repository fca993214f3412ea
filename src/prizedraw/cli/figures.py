"""How numbers are written for people: odds as printed charts have them, percentages, counts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

from prizedraw.quota import UNLIMITED


def against(chance: Fraction) -> str:
    """A chance as "11,000,000:1", one win in so many draws: with one digit after the point below a hundred, else whole.

    Halves are rounded up, from the exact chance; a chance of 0 is "never".
    """
    if not chance:
        return "never"
    tenths = _rounded(10 / chance)
    if tenths < 1000 and tenths % 10:
        return f"{tenths // 10}.{tenths % 10}:1"
    return f"{tenths // 10 if tenths < 1000 else _rounded(1 / chance):,}:1"


def percent(chance: Fraction, digits: int = 4) -> str:
    """A chance in percent with so many significant digits, never in powers of ten."""
    if not chance:
        return "0 %"
    value = Decimal(chance.numerator * 100) / chance.denominator
    text = f"{value:.{max(0, digits - 1 - value.adjusted())}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def count(n: int) -> str:
    """A number of units with its thousands apart; -1 is "unlimited"."""
    return "unlimited" if n == UNLIMITED else f"{n:,}"


def counted(n: int, one: str) -> str:
    """A number with its noun: "1 draw", "2,000 draws"."""
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"


def _rounded(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))
