"""Plans side by side: one panel for each figure, one bar for each plan."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from prizedraw.errors import InvalidRequest
from prizedraw.plots.page import GREYS, HATCHES, TITLE, grid, page, some

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prizedraw.plots.page import Picture


def comparison(
    plans: Mapping[str, Mapping[str, float]], *, units: Mapping[str, str] | None = None, title: str = "Plans compared"
) -> Picture:
    """A panel for each figure, on an axis of its own from 0 on, with a bar for each plan.

    Args:
        plans: name of a plan → name of a figure → its value; every plan has the same figures.
        units: name of a figure → its unit.
        title: above the picture.

    Raises:
        InvalidRequest: there is no plan or no figure, or a plan lacks a figure that another has.
    """
    some(plans, "plans")
    figures = list(dict.fromkeys(figure for values in plans.values() for figure in values))
    some(dict.fromkeys(figures), "plans")
    for plan, told in plans.items():
        if lacking := [figure for figure in figures if figure not in told]:
            raise InvalidRequest(f"{plan!r} lacks {lacking[0]!r}; give every plan the same figures", "plans")
    units = {figure: (units or {}).get(figure, "") for figure in figures}
    down, across = grid(len(figures))
    names = {name: name for name in (*plans, *figures, *units.values())}
    with page(1.6 + 2.7 * across, 0.6 + down * (1.0 + 0.32 * len(plans)), names, title) as (picture, labels):
        panels = picture.subplots(down, across, sharey=True, squeeze=False).ravel()
        for axes, figure in zip(panels, figures, strict=False):
            values = [plans[plan][figure] for plan in plans]
            ways = zip(cycle(GREYS), cycle(HATCHES), strict=False)
            for k, (value, (grey, hatch)) in enumerate(zip(values, ways, strict=False)):
                axes.barh(k, value, 0.7, color=grey, hatch=hatch, edgecolor="black", linewidth=0.7)
                axes.annotate(_short(value), (max(value, 0), k), (3, 0), textcoords="offset points", va="center", fontsize=9)
            axes.set_yticks(range(len(plans)), [labels[plan] for plan in plans])
            axes.set_xlim(min(0.0, *values), 1.28 * max(*values, 0.0) or 1.0)
            axes.grid(visible=False, axis="y")
            axes.locator_params(axis="x", nbins=4)
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
            axes.set_title(labels[figure], fontsize=10)
            axes.set_xlabel(labels[units[figure]] if units[figure] else "")
        panels[0].invert_yaxis()
        for axes in panels[len(figures) :]:
            axes.set_axis_off()
        picture.suptitle(labels[TITLE], x=0.01, ha="left", fontsize=12)
    return picture


def _short(value: float) -> str:
    """The value with three digits, or all of them before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
