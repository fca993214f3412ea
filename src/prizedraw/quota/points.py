"""Caps on the points that a campaign gives. Only the definition lives here; counting is for the draw."""

from __future__ import annotations

from attrs import Attribute, field, frozen

from prizedraw.errors import InvalidCampaign
from prizedraw.quota.caps import LARGEST, UNLIMITED


def _positive(_: object, attribute: Attribute[int | None], value: object) -> None:
    if value is not None and (type(value) is not int or not 0 < value <= LARGEST):
        raise InvalidCampaign(f"must be a positive integer, at most 2**53 - 1, not {value!r}; leave it out for unlimited", attribute.name)


@frozen(kw_only=True)
class Points:
    """How many points a campaign gives in all and to one participant; None, left out, is unlimited.

    Raises:
        InvalidCampaign: a cap is not a positive integer (0 and -1 are none), or per_participant is not below total.
    """

    total: int | None = field(default=None, validator=_positive)
    per_participant: int | None = field(default=None, validator=_positive)

    def __attrs_post_init__(self) -> None:
        if self.total is not None and self.per_participant is not None and self.per_participant >= self.total:
            raise InvalidCampaign(
                f"{self.per_participant!r} is not below total, which is {self.total!r}: one participant could take all"
                " points; lower per_participant or raise total",
                "per_participant",
            )

    @property
    def total_limit(self) -> int:
        """``total`` as a limit for ``left`` and ``allows``: -1 where it was left out."""
        return UNLIMITED if self.total is None else self.total

    @property
    def participant_limit(self) -> int:
        """``per_participant`` as a limit for ``left`` and ``allows``: -1 where it was left out."""
        return UNLIMITED if self.per_participant is None else self.per_participant
