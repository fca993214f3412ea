"""How much stock may go out in a day. Only the definition lives here; counting is for the draw."""

from __future__ import annotations

from attrs import Attribute, field, frozen

from prizedraw.errors import InvalidCampaign


def _limit(_: object, attribute: Attribute[int], value: object) -> None:
    if type(value) is not int or not -1 <= value < 2**53:
        raise InvalidCampaign(f"must be an integer from 0 to 2**53 - 1, or -1 for unlimited, not {value!r}", attribute.name)


@frozen
class Release:
    """How many prizes a campaign gives in one day, over all prizes: -1 for unlimited, 0 for none.

    Raises:
        InvalidCampaign: ``daily`` is no integer from -1.
    """

    daily: int = field(default=-1, validator=_limit)
