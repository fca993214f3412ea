"""Caps on draws and wins, and what is left of them.

The meaning of -1 lives here and nowhere else: whoever holds a limit asks ``left`` or ``allows``. -1 is unlimited, 0 is
none.
"""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
from attrs import Attribute, field, frozen

from prizedraw.errors import InvalidCampaign

if TYPE_CHECKING:
    from collections.abc import Iterable

UNLIMITED = -1
"""The limit that stands for no limit."""

LARGEST = 2**53 - 1
"""The largest limit: beyond it, stores that count in doubles lose digits."""

Ordering: TypeAlias = Literal["documented", "relaxed"]

_DOCUMENTED = ("total_draws", "total_wins", "daily_draws", "daily_wins")
_RELAXED = (
    ("total_draws", "total_wins"),
    ("daily_draws", "daily_wins"),
    ("total_draws", "daily_draws"),
    ("total_wins", "daily_wins"),
)


def check_limit(value: object, place: str = "") -> int:
    """The value itself, if it can be a limit: an integer from -1 (unlimited) over 0 (none) to 2**53 - 1.

    Args:
        value: what was given. A bool, a float and a string are no integers.
        place: the field to name in the error.

    Raises:
        InvalidCampaign: it cannot be a limit.
    """
    if type(value) is not int or not UNLIMITED <= value <= LARGEST:
        raise InvalidCampaign(f"must be an integer from 0 to 2**53 - 1, or -1 for unlimited, not {value!r}", place)
    return value


def ceiling(limit: int) -> float:
    """The limit as a number to compare with: infinity if it is unlimited."""
    return inf if limit == UNLIMITED else limit


def left(limit: int, used: int) -> int:
    """What is left of a limit: -1 if it is unlimited, else never below 0, not even after the limit was lowered."""
    return UNLIMITED if limit == UNLIMITED else max(0, limit - used)


def allows(limit: int, used: int, n: int = 1) -> bool:
    """Whether ``n`` more fit under the limit as a whole."""
    return limit == UNLIMITED or used + n <= limit


def _limit(_: object, attribute: Attribute[int], value: object) -> None:
    check_limit(value, attribute.name)


@frozen(kw_only=True)
class Quota:
    """How often one participant may draw and win, and how often all may draw; every cap counts over all windows.

    Caps are integers, -1 for unlimited and 0 for none. In the ``documented`` ordering, what is limited of total_draws,
    total_wins, daily_draws, daily_wins must not increase in this order. The ``relaxed`` one asks only for
    total_wins ≤ total_draws, daily_wins ≤ daily_draws, daily_draws ≤ total_draws and daily_wins ≤ total_wins, each
    where both are limited.

    Attributes:
        total_draws: draws of one participant in the campaign.
        daily_draws: draws of one participant in a day; what is unused does not carry over.
        total_wins: wins of one participant in the campaign; a points prize is a win.
        daily_wins: wins of one participant in a day.
        campaign_draws: draws of all participants together; has no part in the ordering.
        ordering: "documented" or "relaxed".

    Raises:
        InvalidCampaign: a cap is no integer from -1, or the ordering is broken; the place is the field.
    """

    total_draws: int = field(default=UNLIMITED, validator=_limit)
    daily_draws: int = field(default=UNLIMITED, validator=_limit)
    total_wins: int = field(default=UNLIMITED, validator=_limit)
    daily_wins: int = field(default=UNLIMITED, validator=_limit)
    campaign_draws: int = field(default=UNLIMITED, validator=_limit)
    ordering: Ordering = "documented"

    def __attrs_post_init__(self) -> None:
        if self.ordering not in ("documented", "relaxed"):
            raise InvalidCampaign(f'must be "documented" or "relaxed", not {self.ordering!r}', "ordering")
        broken = self._broken(self._pairs(self.ordering))
        if broken is None:
            return
        outer, inner = broken
        remedy = f"lower {inner} or raise {outer}"
        if self.ordering == "documented" and self._broken(self._pairs("relaxed")) is None:
            remedy += ', or set ordering = "relaxed", which allows it'
        raise InvalidCampaign(f"{getattr(self, inner)!r} is more than {outer}, which is {getattr(self, outer)!r}; {remedy}", inner)

    def _pairs(self, ordering: Ordering) -> Iterable[tuple[str, str]]:
        """The pairs (outer, inner) of limited caps whose inner may not be the greater."""
        limited = [name for name in _DOCUMENTED if getattr(self, name) != UNLIMITED]
        if ordering == "documented":
            return pairwise(limited)
        return [(outer, inner) for outer, inner in _RELAXED if outer in limited and inner in limited]

    def _broken(self, pairs: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
        return next(((outer, inner) for outer, inner in pairs if getattr(self, inner) > getattr(self, outer)), None)


class Chances(msgspec.Struct, frozen=True):
    """The remaining chances to tell a participant: ``n`` today, ``n`` in all, or unlimited (``n`` is then -1)."""

    kind: Literal["today", "total", "unlimited"]
    n: int


def chances(quota: Quota, used_today: int, used_total: int) -> Chances:
    """What to tell a participant who has drawn so often today and in all.

    Where daily draws are limited, what is left today, and no more than is left in all; else, where total draws are
    limited, what is left in all; else that draws are unlimited. Granted draws are for the caller to add.
    """
    today = left(quota.daily_draws, used_today)
    total = left(quota.total_draws, used_total)
    if total == UNLIMITED:
        return Chances("unlimited" if today == UNLIMITED else "today", today)
    if today == UNLIMITED:
        return Chances("total", total)
    return Chances("today", min(today, total))
