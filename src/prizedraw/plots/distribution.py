"""A law on the numbers: its chances as bars, its quantiles as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from prizedraw.errors import InvalidRequest
from prizedraw.plots.page import DASHES, TITLE, page, series, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from prizedraw.plots.page import Picture

_TAIL: Final = 0.001
"""Of the values at either end that have no more than this chance together, only the chance is told."""
_BARS: Final = 60


def distribution(
    values: ArrayLike,
    chances: ArrayLike,
    *,
    name: str = "",
    unit: str = "draws",
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    never: float = 0.0,
) -> Picture:
    """The chance of each value, in percent, and where the quantiles are.

    Where only every tenth value or so has a chance, bars are as wide as those steps. Values at the ends that have a chance of
    less than 0.1 % together are not drawn; what is left out is told.

    Args:
        values: ascending and evenly spaced, of shape (n,).
        chances: of each, at least 0, of shape (n,).
        name: what this is the law of, above the picture.
        unit: of the values.
        quantiles: which to mark, each in 0..1.
        never: the chance that there is no value at all.

    Raises:
        InvalidRequest: the lengths differ, or a quantile is not in 0..1.
    """
    at, mass = series(values, "values"), series(chances, "chances")
    if len(at) != len(mass):
        raise InvalidRequest(f"takes as many chances as values, got {len(mass)!r} and {len(at)!r}", "chances")
    for q in quantiles:
        if not 0 <= q <= 1:
            raise InvalidRequest(f"{q!r} must lie in 0..1", "quantiles")
    at, mass = _lattice(at, mass)
    sums = np.cumsum(mass)
    low = int(np.searchsorted(sums, _TAIL, side="right"))
    high = int(np.searchsorted(sums, sums[-1] - _TAIL, side="left")) + 1
    shown = slice(min(low, len(at) - 1), max(high, low + 1))
    width = at[1] - at[0] if len(at) > 1 else 1.0
    with page(8, 4.2, {}, name or f"How many {unit}") as (figure, labels):
        axes = figure.subplots()
        if len(at[shown]) <= _BARS:
            axes.bar(at[shown], 100 * mass[shown], 0.8 * width, color="0.75", edgecolor="black", linewidth=0.6)
        else:
            axes.stairs(100 * mass[shown], np.append(at[shown] - width / 2, at[shown][-1] + width / 2), fill=True, color="0.7")
        for q, dash in zip(quantiles, DASHES, strict=False):
            place = int(np.searchsorted(sums, q - 1e-14, side="left"))
            if place < len(at):
                axes.axvline(at[place], color="black", linestyle=dash, label=f"{100 * q:g} % within {at[place]:,g} {unit}")
        left = [(sums[shown.start - 1] if shown.start else 0.0, f"below {at[shown][0]:,g}")]
        left += [(sums[-1] - sums[min(shown.stop, len(at)) - 1], f"above {at[shown][-1]:,g}"), (never, "never")]
        for chance, where in left:
            if chance > 1e-9:
                axes.plot([], [], " ", label=f"{where}: {100 * chance:.2g} %")
        axes.set_ylim(bottom=0)
        if width >= 1:
            whole_numbers(axes)
        axes.set_xlabel(unit)
        axes.set_ylabel("chance (%)")
        axes.set_title(labels[TITLE])
        figure.legend(loc="outside right upper")
    return figure


def _lattice(at: NDArray[np.float64], mass: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values on the widest even steps that leave none out that has a chance."""
    places = np.flatnonzero(mass)
    if len(places) < 2:
        return at, mass
    step = int(np.gcd.reduce(np.diff(places)))
    return at[places[0] % step :: step], mass[places[0] % step :: step]
