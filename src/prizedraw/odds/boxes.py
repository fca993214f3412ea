"""Finite boxes: so many tickets, some of them of the prizes that are wanted, drawn without putting back.

The hypergeometric law and the law of the wait in it (negative hypergeometric), from exact integers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from prizedraw.errors import InvalidRequest
from prizedraw.odds import asked
from prizedraw.odds.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.odds.arrays import Floats

_EXACT_TICKETS = 4_000


def box_hits(tickets: int | Mapping[str, int], targets: int | str | Collection[str], draws: int) -> Distribution:
    """How many of the tickets that are wanted come in ``draws`` draws from a full box.

    Args:
        tickets: how many there are, or prize id → how many.
        targets: how many of them are wanted; or, where ``tickets`` names them, a prize id or several.
        draws: how many are drawn, from 0 to all.

    Raises:
        InvalidRequest: an argument is out of range.
        TooLarge: a box of so many tickets would take too much memory.

    The hypergeometric law; cost: one ratio of neighbours a value. Source: N. L. Johnson, A. W. Kemp, S. Kotz, *Univariate
    Discrete Distributions*, chapter 6.
    """
    size, wanted = _box(tickets, targets)
    drawn = asked.natural(draws, "draws")
    if drawn > size:
        raise InvalidRequest(f"{drawn} draws are more than the {size} tickets", "draws")
    low, high = max(0, drawn - (size - wanted)), min(drawn, wanted)

    def ratio(k: Any) -> tuple[Any, Any]:
        return (wanted - k) * (drawn - k), (k + 1) * (size - wanted - drawn + k + 1)

    mode = min(high, max(low, (drawn + 1) * (wanted + 1) // (size + 2)))
    mean = Fraction(drawn * wanted, size) if size else Fraction(0)
    var = mean * Fraction((size - wanted) * (size - drawn), size * (size - 1)) if size > 1 else Fraction(0)
    anchor = Fraction(comb(wanted, mode) * comb(size - wanted, drawn - mode), comb(size, drawn)) if size <= _EXACT_TICKETS else None
    pmf = _outwards(low, high, mode, ratio, anchor)
    return Distribution(low, pmf, moments=lambda: (float(mean), float(var)), exact=lambda: (mean, var), unit="hits", name="box")


def box_until(
    tickets: int | Mapping[str, int], targets: int | str | Collection[str], copies: int = 1, *, last_one: bool = False
) -> Distribution:
    """How many draws from a full box it takes until ``copies`` of the tickets that are wanted have come.

    Args:
        tickets: as in ``box_hits``.
        targets: as in ``box_hits``.
        copies: how many, at least 1, at most all that are wanted.
        last_one: whether who takes the last ticket of all gets one copy more, as in ichiban kuji; so one more may be asked for.

    Raises:
        InvalidRequest: an argument is out of range.
        TooLarge: a box of so many tickets would take too much memory.

    The negative hypergeometric law; cost: one ratio of neighbours a ticket. Source: as ``box_hits``.
    """
    size, wanted = _box(tickets, targets)
    need = asked.natural(copies, "copies", 1)
    if need > wanted + bool(last_one and size):
        extra = " and the last one" if last_one else "; with last_one=True the last ticket gives one more"
        raise InvalidRequest(f"{need} copies are more than the {wanted} tickets wanted{extra}", "copies")
    if need > wanted:
        return Distribution(size, [1.0], exact=lambda: (Fraction(size), Fraction(0)), name="box")
    low, high = need, size - wanted + need

    def ratio(n: Any) -> tuple[Any, Any]:
        return n * (size - n - wanted + need), (n - need + 1) * (size - n)

    mode = high if wanted == need else min(high, max(low, 1 + (need - 1) * size // max(1, wanted - 1)))
    mean = Fraction(need * (size + 1), wanted + 1)
    var = Fraction(need * (size + 1) * (size - wanted) * (wanted + 1 - need), (wanted + 1) ** 2 * (wanted + 2))
    anchor = Fraction(comb(mode - 1, need - 1) * comb(size - mode, wanted - need), comb(size, wanted)) if size <= _EXACT_TICKETS else None
    pmf = _outwards(low, high, mode, ratio, anchor)
    return Distribution(low, pmf, moments=lambda: (float(mean), float(var)), exact=lambda: (mean, var), name="box")


def _box(tickets: int | Mapping[str, int], targets: int | str | Collection[str]) -> tuple[int, int]:
    """How many tickets there are, and how many of them are wanted."""
    if isinstance(tickets, Mapping):
        counts = {id_: asked.natural(n, f"tickets[{id_!r}]") for id_, n in tickets.items()}
        ids = (targets,) if isinstance(targets, str) else tuple(targets) if isinstance(targets, Collection) else ()
        for id_ in ids or (targets,):
            if id_ not in counts:
                raise InvalidRequest(f"{id_!r} is not in the box; there are {', '.join(counts) or 'none'}", "targets")
        return sum(counts.values()), sum(counts[id_] for id_ in set(ids))
    size = asked.natural(tickets, "tickets")
    if isinstance(targets, (str, Collection)):
        raise InvalidRequest(f"{targets!r} needs tickets by prize id; give a mapping, or the number of tickets wanted", "targets")
    wanted = asked.natural(targets, "targets")
    if wanted > size:
        raise InvalidRequest(f"{wanted} of {size} tickets cannot be wanted", "targets")
    asked.room(8 * size, f"a box of {size:,} tickets")
    return size, wanted


def _outwards(low: int, high: int, mode: int, ratio: Callable[[Any], tuple[Any, Any]], anchor: Fraction | None) -> Floats:
    """Chances from ``low`` to ``high`` by the ratios of neighbours (above, below), from the mode outwards, where they are greatest.

    In fractions where the chance of the mode is given; else in doubles, scaled to a sum of 1.
    """
    pmf: Floats = np.ones(high - low + 1)
    if anchor is None:
        above, below = ratio(np.arange(mode, high, dtype=float))
        pmf[mode - low + 1 :] = np.cumprod(above / below)
        above, below = ratio(np.arange(mode - 1, low - 1, -1, dtype=float))
        pmf[: mode - low] = np.cumprod(below / above)[::-1]
        pmf /= pmf.sum()
        return pmf
    pmf[mode - low] = float(anchor)
    value = anchor
    for k in range(mode, high):
        value *= Fraction(*ratio(k))
        pmf[k + 1 - low] = float(value)
    value = anchor
    for k in range(mode - 1, low - 1, -1):
        value /= Fraction(*ratio(k))
        pmf[k - low] = float(value)
    return pmf
