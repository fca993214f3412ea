"""What one field of a campaign may hold: attrs validators and converters.

Only rules about a single value live here. A rule about two fields lives with the class that has both. Every check raises
:class:`~prizedraw.errors.InvalidCampaign` whose place is the field's name; outer levels add theirs with ``within``.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from prizedraw.errors import InvalidCampaign
from prizedraw.quota import check_limit
from prizedraw.quota.caps import LARGEST
from prizedraw.sampling import weights

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from fractions import Fraction

    from attrs import Attribute

    Check = Callable[[Any, Attribute[Any], Any], None]

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_ID = 64
_PRICE_DIGITS = 18


def integer(lowest: int) -> Check:
    """A validator: an int, not a bool, from ``lowest`` to 2⁵³-1."""

    def check(_: Any, field: Attribute[Any], value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= LARGEST:
            raise InvalidCampaign(f"{value!r} is not an integer from {lowest} to 2**53 - 1", field.name)

    return check


def one_of(choices: Collection[str]) -> Check:
    """A validator: one of the given words."""

    def check(_: Any, field: Attribute[Any], value: Any) -> None:
        if not isinstance(value, str) or value not in choices:
            raise InvalidCampaign(f"{value!r} is not known; use one of {', '.join(choices)}", field.name)

    return check


def instance(cls: type) -> Check:
    """A validator: an instance of ``cls``."""

    def check(_: Any, field: Attribute[Any], value: Any) -> None:
        if not isinstance(value, cls):
            raise InvalidCampaign(f"{value!r} is not a {cls.__name__}", field.name)

    return check


def limit(_: Any, field: Attribute[Any], value: Any) -> None:
    """Accept an integer from 0, and -1 for unlimited."""
    check_limit(value, field.name)


def flag(_: Any, field: Attribute[Any], value: Any) -> None:
    """Accept True and False only."""
    if not isinstance(value, bool):
        raise InvalidCampaign(f"{value!r} is neither true nor false", field.name)


def identifier(_: Any, field: Attribute[Any], value: Any) -> None:
    """Accept ``[a-z0-9][a-z0-9._-]*`` of at most 64 characters."""
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value) or len(value) > _LONGEST_ID:
        raise InvalidCampaign(
            f"{value!r} is not an id; use 1 to {_LONGEST_ID} of a-z, 0-9, '.', '_' and '-', a letter or digit first", field.name
        )


def line(longest: int | None = None) -> Check:
    """A validator: one line of text, not empty, at most ``longest`` characters (code points)."""

    def check(_: Any, field: Attribute[Any], value: Any) -> None:
        check_line(value, field.name)
        if longest is not None and len(value) > longest:
            raise InvalidCampaign(f"{value!r} has {len(value)} characters; shorten it to {longest}", field.name)

    return check


def check_line(value: object, place: str) -> None:
    """Raise unless ``value`` is a non-empty string without control characters or lone surrogates."""
    if not isinstance(value, str):
        raise InvalidCampaign(f"{value!r} is not a text", place)
    if not value.strip():
        raise InvalidCampaign(f"{value!r} is empty; write a text or leave the key out", place)
    if _CONTROL.search(value):
        raise InvalidCampaign(f"{value!r} holds a control character or line break; remove it", place)
    check_encodable(value, place)


def check_encodable(value: str, place: str) -> None:
    """Raise if ``value`` holds a lone surrogate, which no file or store can keep."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidCampaign(f"{value!r} holds half of a surrogate pair, which is no character; remove it", place) from None


def weight(value: Any) -> Fraction:
    """The exact weight that ``value`` stands for."""
    try:
        return weights.exact(value)
    except InvalidCampaign as error:
        raise error.within("weight") from None


def price(value: Any) -> Decimal | None:
    """The amount of money that ``value`` stands for: not negative, below 10¹⁸, at most 18 decimals; None stays None."""
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | str | float | Decimal):
            raise InvalidOperation  # noqa: TRY301 - one message for every way in which a value is not an amount
        amount = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise InvalidCampaign(f'{value!r} is not an amount; write one like "4999.00"', "value") from None
    if not amount.is_finite() or amount < 0 or amount.adjusted() >= _PRICE_DIGITS:
        raise InvalidCampaign(f"{value!r} is not an amount from 0 to below 10^{_PRICE_DIGITS}", "value")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_PRICE_DIGITS:
        raise InvalidCampaign(f"{value!r} has more than {_PRICE_DIGITS} decimals; round it", "value")
    return abs(amount)
