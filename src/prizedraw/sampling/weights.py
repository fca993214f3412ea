"""Weights: how a number that someone wrote down becomes an exact one.

Only the reading of weights lives here: one value to a Fraction, many Fractions to whole tickets. No float takes part.
"""

from __future__ import annotations

import math
import re
import reprlib
from decimal import Decimal
from fractions import Fraction
from operator import index
from typing import TYPE_CHECKING, Final, TypeAlias

from prizedraw.errors import InvalidCampaign

if TYPE_CHECKING:
    from collections.abc import Iterable

Weight: TypeAlias = int | float | str | Decimal | Fraction
"""What may be written for a weight; a float stands for its shortest decimal."""

MAX_DIGITS: Final = 400
"""Digits before and after the point that one weight may have; the whole range of a float fits."""

MAX_TICKET_BITS: Final = 4096
"""Bits that the sum of scaled weights may have; beyond, the weights have no sensible common measure."""

_MAX_BITS: Final = (10**MAX_DIGITS).bit_length()
_MAX_TEXT: Final = 2 * MAX_DIGITS + 16
_DECIMAL: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE](?P<exponent>[-+]?\d+))?", re.ASCII)
_RATIO: Final = re.compile(r"[-+]?\d+/(?P<below>\d+)", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[-+]?(?:s?nan|inf(?:inity)?)", re.ASCII | re.IGNORECASE)
_FORMS: Final = 'write an integer, a decimal such as "0.001" or a fraction such as "1/1000"'


def exact(value: Weight) -> Fraction:
    """The exact number that a weight stands for.

    Args:
        value: an int, Fraction or Decimal, a text such as ``"0.001"``, ``"1e-3"`` or ``"1/1000"``, or a float, which is
            read as its shortest decimal (0.1 is 1/10). At most ``MAX_DIGITS`` digits before and after the point.

    Raises:
        InvalidCampaign: the value is a bool, not a number, NaN, infinite, negative, or too long.
    """
    if isinstance(value, str):
        number = _from_text(value)
    elif isinstance(value, float):
        number = _from_float(value)
    elif isinstance(value, Decimal):
        number = _from_decimal(value)
    elif isinstance(value, Fraction):
        number = value
    else:
        number = Fraction(_integer(value))
    if max(number.numerator.bit_length(), number.denominator.bit_length()) > _MAX_BITS:
        raise _too_long()
    if number < 0:
        raise InvalidCampaign(f"a weight must not be negative, got {reprlib.repr(value)}; 0 means never")
    return number


def tickets(fractions: Iterable[Fraction | int]) -> tuple[int, ...]:
    """The smallest whole numbers in the same ratios: how many tickets each outcome holds.

    Args:
        fractions: exact weights, at least one of them positive. O(n).

    Raises:
        InvalidCampaign: there is no weight, all are zero, one is negative, or their common measure is so fine that the
            sum passes ``MAX_TICKET_BITS`` bits.
    """
    shares = tuple(fractions)
    if not shares:
        raise InvalidCampaign("there are no weights; at least one positive weight is needed")
    if min(shares) < 0:
        raise InvalidCampaign(f"a weight must not be negative, got {str(min(shares))!r}; 0 means never")
    common = 1
    for share in shares:
        common = math.lcm(common, share.denominator)
        if common.bit_length() > MAX_TICKET_BITS:
            raise _too_fine()
    scaled = [share.numerator * (common // share.denominator) for share in shares]
    measure = math.gcd(*scaled)
    if measure == 0:
        raise InvalidCampaign("all weights are zero; at least one positive weight is needed")
    counts = tuple(count // measure for count in scaled)
    if sum(counts).bit_length() > MAX_TICKET_BITS:
        raise _too_fine()
    return counts


def _from_text(text: str) -> Fraction:
    if len(text) > _MAX_TEXT:
        raise _too_long()
    if decimal := _DECIMAL.fullmatch(text):
        if abs(int(decimal["exponent"] or 0)) > MAX_DIGITS:
            raise _too_long()
        return Fraction(text)
    if ratio := _RATIO.fullmatch(text):
        if int(ratio["below"]) == 0:
            raise InvalidCampaign(f"a weight must not be divided by zero, got {text!r}; {_FORMS}")
        return Fraction(text)
    if _NOT_FINITE.fullmatch(text):
        raise InvalidCampaign(f"a weight must be finite, got {text!r}; {_FORMS}")
    if not text:
        raise InvalidCampaign(f"a weight must not be empty; {_FORMS}")
    raise InvalidCampaign(f"not a weight: {reprlib.repr(text)}; {_FORMS}")


def _from_float(value: float) -> Fraction:
    if not math.isfinite(value):
        raise InvalidCampaign(f"a weight must be finite, got {value!r}; {_FORMS}")
    return Fraction(float.__repr__(value))  # a subclass such as numpy's float64 has a repr of its own


def _from_decimal(value: Decimal) -> Fraction:
    if not value.is_finite():
        raise InvalidCampaign(f"a weight must be finite, got {value!r}; {_FORMS}")
    if not value:
        return Fraction(0)
    exponent = int(value.as_tuple().exponent)
    if value.adjusted() > MAX_DIGITS or exponent < -2 * MAX_DIGITS:
        raise _too_long()
    return Fraction(value)


def _integer(value: object) -> int:
    if isinstance(value, bool):
        raise InvalidCampaign(f"a weight must be a number, got {value!r}; {_FORMS}")
    try:
        return index(value)  # type: ignore[arg-type]  # whatever calls itself an integer is one
    except TypeError:
        raise InvalidCampaign(f"not a weight: {reprlib.repr(value)}; {_FORMS}") from None


def _too_long() -> InvalidCampaign:
    return InvalidCampaign(f"a weight has more than {MAX_DIGITS} digits before or after the point; round it")


def _too_fine() -> InvalidCampaign:
    return InvalidCampaign(f"the weights have no common measure within {MAX_TICKET_BITS} bits; use weights with a common denominator")
