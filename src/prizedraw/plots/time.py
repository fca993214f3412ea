"""What goes on while a campaign runs: how stock falls and cost grows, over many simulated runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from prizedraw.errors import InvalidRequest
from prizedraw.plots.page import COLOURS, TITLE, grid, page, series, some

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from prizedraw.plots.page import Picture


def stock(
    at: ArrayLike,
    left: Mapping[str, ArrayLike],
    *,
    names: Mapping[str, str] | None = None,
    axis: str = "draws made in the campaign",
    title: str = "Stock over time",
    zone: tzinfo | None = None,
) -> Picture:
    """A panel for each prize: units left, the median of the runs and the band that nine in ten of them keep to.

    Args:
        at: where it was looked at, ascending, of shape (t,): numbers, or times as datetime64 in UTC.
        left: prize id → units left there in each run, of shape (runs, t).
        names: prize id → name; left out, ids are shown.
        axis: what ``at`` counts, with its unit.
        title: above the picture.
        zone: the zone in which times are shown; None: UTC.

    Raises:
        InvalidRequest: there is nothing to plot, or a shape does not fit.
    """
    some(left, "left")
    where = _where(at)
    runs = {id_: _runs(each, where, f"left[{id_!r}]") for id_, each in left.items()}
    down, across = grid(len(runs))
    width = 5.4 if across == 1 else 3.3 * across
    with page(width, 0.9 + 2.4 * down, {id_: (names or {}).get(id_, id_) for id_ in runs}, title) as (figure, labels):
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for k, (axes, (id_, each)) in enumerate(zip(panels, runs.items(), strict=False)):
            _band(axes, where, each, 0.05, 0.95, facecolor="0.88", hatch="////")
            axes.plot(where, np.quantile(each, 0.5, axis=0, method="inverted_cdf"), color="black", label="median of the runs")
            axes.set_title(labels[id_])
            axes.set_ylim(0, 1.04 * max(each.max(), 1))
            axes.set_xlabel(axis if k + across >= len(runs) else "")
            axes.set_ylabel("units left" if k % across == 0 else "")
            _ticks(axes, where, 4, zone)
        for axes in panels[len(runs) :]:
            axes.set_axis_off()
        figure.suptitle(labels[TITLE], x=0.01, ha="left", fontsize=12)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def cost(
    at: ArrayLike,
    cents: ArrayLike,
    *,
    budget: float | None = None,
    currency: str = "units of value",
    axis: str = "draws made in the campaign",
    title: str = "Cost over time",
    zone: tzinfo | None = None,
) -> Picture:
    """A fan: what was granted so far is worth, the median of the runs and the bands of half and of nine in ten of them.

    Args:
        at: where it was looked at, ascending, of shape (t,): numbers, or times as datetime64 in UTC.
        cents: worth so far in each run, in hundredths, of shape (runs, t).
        budget: a line to keep below, in whole units.
        currency: name of the whole unit.
        axis: what ``at`` counts, with its unit.
        title: above the picture.
        zone: the zone in which times are shown; None: UTC.

    Raises:
        InvalidRequest: a shape does not fit.
    """
    where = _where(at)
    worth = _runs(cents, where, "cents") / 100
    with page(8, 4.2, {"currency": currency}, title) as (figure, labels):
        axes = figure.subplots()
        _band(axes, where, worth, 0.05, 0.95, facecolor="0.9", hatch="....")
        _band(axes, where, worth, 0.25, 0.75, facecolor="0.7", hatch="////")
        axes.plot(where, np.quantile(worth, 0.5, axis=0, method="inverted_cdf"), color="black", label="median of the runs")
        if budget is not None:
            axes.axhline(budget, color=COLOURS[2], linestyle="--", label=f"budget: {budget:,g}")
        axes.set_ylim(bottom=0)
        axes.set_xlabel(axis)
        axes.set_ylabel(f"worth of what was granted ({labels['currency']})")
        axes.set_title(labels[TITLE])
        _ticks(axes, where, 8, zone)
        figure.legend(loc="outside right upper")
    return figure


def _where(at: ArrayLike) -> NDArray[Any]:
    where = np.asarray(at)
    if where.ndim != 1 or not len(where):
        raise InvalidRequest(f"takes places in a row, at least one, got an array of shape {where.shape!r}", "at")
    return where


def _runs(values: ArrayLike, where: NDArray[Any], place: str) -> NDArray[np.float64]:
    runs = series(values, place, ndim=2)
    if runs.shape[1] != len(where):
        raise InvalidRequest(f"takes a value for each of the {len(where)} places in each run, got the shape {runs.shape!r}", place)
    return runs


def _band(axes: Axes, where: NDArray[Any], runs: NDArray[np.float64], low: float, high: float, **way: Any) -> None:
    below, above = np.quantile(runs, [low, high], axis=0, method="inverted_cdf")
    axes.fill_between(where, below, above, edgecolor="0.45", linewidth=0.6, label=f"{100 * low:g} % to {100 * high:g} % of the runs", **way)


def _ticks(axes: Axes, where: NDArray[Any], nbins: int, zone: tzinfo | None) -> None:
    """Few enough to be read, with thousands apart, dates in their zone."""
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    if where.dtype.kind == "M":
        locator = AutoDateLocator(tz=zone, minticks=3, maxticks=nbins + 1)  # type: ignore[no-untyped-call]  # matplotlib.dates has no types
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]  # as above
        axes.set_xlabel(axes.get_xlabel(), loc="left")  # the date stands at the right
    else:
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.xaxis.set_major_locator(MaxNLocator(nbins, steps=[1, 2, 5, 10], integer=where.dtype.kind in "iu"))
