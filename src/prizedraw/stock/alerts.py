"""When stock has run low or out. Only the comparison lives here; telling is for the engine."""

from __future__ import annotations

from math import inf
from typing import Literal, TypeAlias

Crossing: TypeAlias = Literal["low_stock", "sold_out"]


def crossing(before: int, after: int, alert: int | None) -> Crossing | None:
    """What a change of the remaining stock crossed on its way down.

    Stock is low when ``alert`` or fewer units remain, and sold out at 0. Each is told by the one change that crosses
    it; a change that crosses both tells sold_out, and what goes up tells nothing.

    Args:
        before: units that remained before the change; -1 is unlimited, more than any number.
        after: units that remain after it, likewise.
        alert: the alert stock, 0 or more; None if there is none.
    """
    had, has = _units(before), _units(after)
    if has == 0 < had:
        return "sold_out"
    if alert is not None and has <= alert < had:
        return "low_stock"
    return None


def _units(remaining: int) -> float:
    return inf if remaining < 0 else remaining
