"""Where a participant is in a campaign, as exact odds need it: the value that a standing gives and the lab takes.

What is stored of a participant is ``state``; this is its part that moves odds, with names that a person can write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date  # noqa: TC003 - msgspec reads the type of a field when a standing is encoded
from typing import Any

import attrs

from prizedraw.errors import InvalidRequest


def _natural(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is None and field.default is None:
        return
    if type(value) is not int or value < 0:
        raise InvalidRequest(f"{value!r} must be an integer of at least 0", f"state.{field.name}")


def _counts(_: object, field: attrs.Attribute[Mapping[str, int]], value: object) -> None:
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{value!r} must map ids to integers", f"state.{field.name}")
    for key, n in value.items():
        if type(n) is not int or n < 0:
            raise InvalidRequest(f"{n!r} of {key!r} must be an integer of at least 0", f"state.{field.name}")


@attrs.frozen
class State:
    """A participant before a draw; left out, a new one.

    Attributes:
        misses: rule id → misses since its last hit, or level; a rule left out is at its start.
        draws: draws made so far, granted ones among them.
        wins: prize id → how often it was won and not voided.
        newcomer: whether the newcomer's promise has been met; None: it has if one of its target is in ``wins``.
        own_draws: draws that count for total_draws, granted ones left out; None: ``draws``.
        total_wins: wins in all; None: the sum of ``wins``.
        points: points won in all; None: what ``wins`` gave.
        wins_today: wins on ``day``; what they close is closed on that day alone.
        day: the campaign day of ``wins_today``; None: whatever day it is.

    Raises:
        InvalidRequest: a count is not an integer of at least 0.
    """

    misses: Mapping[str, int] = attrs.field(factory=dict, validator=_counts)
    draws: int = attrs.field(default=0, validator=_natural)
    wins: Mapping[str, int] = attrs.field(factory=dict, validator=_counts)
    newcomer: bool | None = attrs.field(default=None, kw_only=True)
    own_draws: int | None = attrs.field(default=None, validator=_natural, kw_only=True)
    total_wins: int | None = attrs.field(default=None, validator=_natural, kw_only=True)
    points: int | None = attrs.field(default=None, validator=_natural, kw_only=True)
    wins_today: int = attrs.field(default=0, validator=_natural, kw_only=True)
    day: date | None = attrs.field(default=None, kw_only=True)
