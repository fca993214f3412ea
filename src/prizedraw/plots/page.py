"""What all pictures share: the paper, the lines and the patterns, which differ in more than colour."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from io import BytesIO
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from prizedraw.errors import InvalidRequest
from prizedraw.plots.fonts import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

STYLE: Final[dict[str, Any]] = {
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "date.converter": "concise",
    "grid.color": "0.87",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "hatch.linewidth": 0.7,
}
COLOURS: Final = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours that colour-blind people tell apart (M. Okabe, K. Ito, Color Universal Design, 2008), after black."""
DASHES: Final = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 1)))
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES: Final = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "oo", "||||")
GREYS: Final = ("0.85", "0.45", "0.95", "0.65", "0.75", "0.55", "0.9", "0.35")
TITLE: Final = ""
"""The id under which a title is written."""


class Picture(Figure):
    """A matplotlib figure that shows itself in a notebook, whether or not pyplot is there."""

    def _repr_png_(self) -> bytes:
        made = BytesIO()
        self.savefig(made, format="png")
        return made.getvalue()


def grid(count: int) -> tuple[int, int]:
    """How many rows and columns so many panels take, at most three side by side."""
    across = min(3, ceil(sqrt(count)))
    return -(-count // across), across


@contextmanager
def page(width: float, height: float, names: Mapping[str, str], title: str) -> Iterator[tuple[Picture, dict[str, str]]]:
    """An empty picture, in inches, and what to write for each id, the title under ``TITLE``."""
    labels, families = written({**names, TITLE: title})
    style: Any = {**STYLE, "font.family": families}
    with mpl.rc_context(style):
        yield Picture(figsize=(width, height), layout="constrained"), labels


def lines(count: int) -> list[dict[str, Any]]:
    """Ways to draw so many lines, which differ in dash, marker and colour; from the eighth on the same colour has another dash."""
    n = len(COLOURS)
    return [{"color": COLOURS[k % n], "linestyle": DASHES[(k + k // n) % n], "marker": MARKERS[k % len(MARKERS)]} for k in range(count)]


def series(values: ArrayLike, place: str, *, ndim: int = 1) -> NDArray[np.float64]:
    """The values as doubles.

    Raises:
        InvalidRequest: they are none, or of another number of dimensions.
    """
    try:
        found = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InvalidRequest(f"{values!r:.200} are no numbers", place) from None
    if found.ndim != ndim or not found.size:
        raise InvalidRequest(f"takes values of {ndim} dimensions, at least one, got an array of shape {found.shape!r}", place)
    return found


def whole_numbers(axes: Axes) -> None:
    """Tick the horizontal axis at whole numbers, their thousands apart."""
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")


def some(values: Mapping[str, Any], place: str) -> None:
    """Refuse to draw an empty picture.

    Raises:
        InvalidRequest: there is nothing, or no mapping.
    """
    if not isinstance(values, Mapping):
        raise InvalidRequest(f"{values!r:.200} must map names to numbers", place)
    if not values:
        raise InvalidRequest("there is nothing to plot; give at least one", place)
