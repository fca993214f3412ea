"""Odds as people see them: a dict from prize id to figures that shows itself in a notebook, with names and in percent."""

from __future__ import annotations

from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prizedraw.campaign import Campaign
    from prizedraw.plots import Picture

V = TypeVar("V")

_SHOWN = 10
"""Draws that a table shows; the rest is for a plot."""


class OddsTable(dict[str, V]):
    """Prize id → figure: a plain dict in all but its looks.

    Attributes:
        title: what the figures are.
        names: prize id → name.
        percent: whether they are chances, to be shown in percent.
    """

    def __init__(self, campaign: Campaign, figures: Mapping[str, V], title: str, *, percent: bool = True) -> None:
        super().__init__(figures)
        self.title = title
        self.names = {prize.id: prize.name for prize in (*campaign.prizes, campaign.fallback)}
        self.percent = percent

    def plot(self) -> Picture:
        """The chances draw by draw; see ``plots.by_draw``.

        Raises:
            MissingExtra: matplotlib is not installed.
            InvalidRequest: there is one figure for each prize only.
        """
        from prizedraw import plots  # noqa: PLC0415 - matplotlib is optional, and slow to import

        if not all(isinstance(figure, np.ndarray) for figure in self.values()):
            raise InvalidRequest("there is one figure for each prize, so nothing goes on; plot odds.by_draw(campaign, draws)", "plot")
        chances: Any = self
        return plots.by_draw(chances, names=self.names, title=self.title)

    def _repr_html_(self) -> str:
        body = "".join(f"<tr>{self._row(id_, figure)}</tr>" for id_, figure in self.items())
        first: Any = next(iter(self.values()), None)
        heads = [f"draw {k + 1}" for k in range(min(_SHOWN, len(first)))] if isinstance(first, np.ndarray) else [self._unit()]
        heads += ["…"] if isinstance(first, np.ndarray) and len(first) > _SHOWN else []
        head = "".join(f"<th>{one}</th>" for one in ("prize", "name", *heads))
        return f"<table><caption>{escape(self.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _unit(self) -> str:
        return "chance" if self.percent else "expected"

    def _row(self, id_: str, figure: Any) -> str:
        if isinstance(figure, np.ndarray):
            cells = [self._cell(one) for one in figure[:_SHOWN]] + ["…"] * (len(figure) > _SHOWN)
        else:
            cells = [self._cell(figure)]
        return "".join(f"<td>{escape(cell)}</td>" for cell in (id_, self.names.get(id_, id_), *cells))

    def _cell(self, figure: Any) -> str:
        shown = f"{100 * float(figure):.4g} %" if self.percent else f"{float(figure):,.4g}"
        exact = isinstance(figure, Fraction) and len(str(figure)) <= 24
        return f"{shown} ({figure})" if exact else shown
