"""A campaign as it stands at one instant, as a value: what the lab goes on from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from prizedraw.campaign import Campaign
    from prizedraw.draw.state import State


class Snapshot(NamedTuple):
    """Today's state and stock of a live campaign.

    Attributes:
        campaign: the definition in force.
        at: when it was read, aware.
        day: the campaign day of that instant.
        online: the switch.
        off_shelf: ids of the prizes off the shelf.
        stock: prize id → units left, -1 for unlimited.
        released: prize id → units that went out on ``day``.
        released_in_all: units of all prizes that went out on ``day``.
        points: points given so far.
        draws: draws made so far, where the campaign limits them; else 0.
        participants: id → state, of everybody who has drawn, or was granted draws or blocked.
    """

    campaign: Campaign
    at: datetime
    day: date
    online: bool
    off_shelf: frozenset[str]
    stock: Mapping[str, int]
    released: Mapping[str, int]
    released_in_all: int
    points: int
    draws: int
    participants: Mapping[str, State]

    def __repr__(self) -> str:
        return f"<Snapshot of {self.campaign.id!r} at {self.at.isoformat()}, {len(self.participants)} participants>"
