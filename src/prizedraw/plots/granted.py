"""How much of each prize was granted over many simulated runs, and how much was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw.errors import InvalidRequest
from prizedraw.plots.page import COLOURS, TITLE, page, series, some

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from prizedraw.plots.page import Picture

_LOG_FROM = 100
"""Where the most is so many times the least, small counts are seen on a logarithmic axis only."""


def granted(
    counts: Mapping[str, ArrayLike], demand: Mapping[str, float], *, names: Mapping[str, str] | None = None, title: str = "Granted"
) -> Picture:
    """A bar for each prize up to the median of the runs, with a line over nine in ten of them, and a mark where demand was.

    Args:
        counts: prize id → units granted in each run, of shape (runs,).
        demand: prize id → how often a ticket named it, in the mean.
        names: prize id → name; left out, ids are shown.
        title: above the picture.

    Raises:
        InvalidRequest: there is nothing to plot, or a prize has no demand.
    """
    some(counts, "counts")
    runs = {id_: series(each, f"counts[{id_!r}]") for id_, each in counts.items()}
    if lacking := [id_ for id_ in runs if id_ not in demand]:
        raise InvalidRequest(f"{lacking[0]!r} is not there; give the demand of every prize", "demand")
    low, middle, high = (np.array([np.quantile(each, q, method="inverted_cdf") for each in runs.values()]) for q in (0.05, 0.5, 0.95))
    asked = np.array([demand[id_] for id_ in runs])
    rows = np.arange(len(runs))
    with page(8, 1.3 + 0.36 * len(runs), {id_: (names or {}).get(id_, id_) for id_ in runs}, title) as (figure, labels):
        axes = figure.subplots()
        axes.barh(rows, middle, 0.62, color="0.8", edgecolor="black", linewidth=0.7, label="median of the runs")
        if len(next(iter(runs.values()))) > 1:
            spread = np.array([middle - low, high - middle])
            axes.errorbar(middle, rows, xerr=spread, fmt="none", color="black", capsize=4, label="5 % to 95 % of the runs")
        axes.plot(asked, rows, marker="D", linestyle="none", color=COLOURS[2], markerfacecolor="white", label="demand")
        positive = np.concatenate([middle, asked])[np.concatenate([middle, asked]) > 0]
        if positive.size and positive.max() > _LOG_FROM * positive.min():
            axes.set_xscale("log")
        else:
            axes.set_xlim(left=0)
        axes.set_yticks(rows, [labels[id_] for id_ in runs])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.set_xlabel("units in the campaign")
        axes.set_title(labels[TITLE])
        figure.legend(loc="outside right upper")
    return figure
