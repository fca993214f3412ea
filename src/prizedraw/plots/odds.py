"""Odds per draw number: how the chance of each prize goes from draw to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from prizedraw.errors import InvalidRequest
from prizedraw.plots.page import TITLE, lines, page, series, some, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from prizedraw.plots.page import Picture

_WIDE: Final = 10_000
"""Where they lie so far apart, tens are numbered alone."""
_LOG_FROM: Final = 30
"""Where the greatest chance is so many times the least, small ones are seen on a logarithmic axis only."""


def by_draw(
    chances: Mapping[str, ArrayLike], *, names: Mapping[str, str] | None = None, title: str = "Odds per draw number", first: int = 1
) -> Picture:
    """A line for each prize: the chance, in percent, that a draw brings it.

    The axis of chances is logarithmic where they differ widely; chances of 0, and prizes that have no other, are left out there.

    Args:
        chances: prize id → chance of each draw, 0..1, of shape (draws,), equally long; as ``odds.by_draw`` gives them.
        names: prize id → name; left out, ids are shown.
        title: above the picture.
        first: the number of the first draw.

    Raises:
        InvalidRequest: there is nothing to plot, or the lengths differ.
    """
    some(chances, "chances")
    rows = {id_: 100 * series(each, f"chances[{id_!r}]") for id_, each in chances.items()}
    lengths = {len(row) for row in rows.values()}
    if len(lengths) > 1:
        raise InvalidRequest(f"takes chances of equally many draws, got {sorted(lengths)!r}", "chances")
    numbers = np.arange(first, first + lengths.pop())
    seen = np.concatenate([row[row > 0] for row in rows.values()])
    logarithmic = bool(seen.size) and seen.max() > _LOG_FROM * seen.min()
    if logarithmic:
        rows = {id_: row for id_, row in rows.items() if row.any()}
    with page(8, 4.2, {id_: (names or {}).get(id_, id_) for id_ in rows}, title) as (figure, labels):
        axes = figure.subplots()
        every = max(1, len(numbers) // 12)
        for k, ((id_, row), way) in enumerate(zip(rows.items(), lines(len(rows)), strict=True)):
            shown = np.where(row > 0, row, np.nan) if logarithmic else row
            axes.plot(numbers, shown, label=labels[id_], markevery=(k * every // len(rows) % len(numbers), every), **way)
        if logarithmic:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if seen.max() < _WIDE * seen.min() else (1,)))
            axes.yaxis.set_minor_locator(NullLocator())
        else:
            axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlim(first - 0.5, numbers[-1] + 0.5)
        whole_numbers(axes)
        axes.set_xlabel("draw number")
        axes.set_ylabel("chance of the draw (%)")
        axes.set_title(labels[TITLE])
        figure.legend(loc="outside right upper")
    return figure
