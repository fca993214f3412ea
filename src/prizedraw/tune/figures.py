"""How the figures that callers aim at are read: exactly, as weights are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.errors import InvalidCampaign, InvalidRequest
from prizedraw.sampling.weights import exact

if TYPE_CHECKING:
    from fractions import Fraction

    from prizedraw.sampling.weights import Weight


def read_number(value: Weight, place: str) -> Fraction:
    """A number of at least 0, exactly.

    Raises:
        InvalidRequest: it is none; names the argument ``place``.
    """
    try:
        return exact(value)
    except InvalidCampaign as error:
        raise InvalidRequest(error.problem, place) from None


def read_share(value: Weight, place: str) -> Fraction:
    """A number in 0..1, exactly; raises as ``read_number``."""
    found = read_number(value, place)
    if found > 1:
        raise InvalidRequest(f"{value!r} is too much; it must lie in 0..1", place)
    return found
