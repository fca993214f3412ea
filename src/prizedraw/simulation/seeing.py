"""The pictures of a report: which of its numbers go into which plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw import plots
from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from prizedraw.simulation.report import Report
    from prizedraw.simulation.scene import Plan
    from prizedraw.simulation.streams import Array

_AXIS = "round (draws of each participant)"
_MOST = 12
"""Panels that can be read; of more prizes the scarcest are shown."""


def picture(report: Report, plan: Plan, of: str | None) -> plots.Picture:
    """``Report.plot``."""
    in_rounds = report.log is not None and plan.order == "rounds" and plan.traffic is None
    if of is None:
        of = "stock" if in_rounds and _finite(report, plan) else "granted"
    if of == "granted":
        return _granted(report)
    if of not in {"stock", "cost"}:
        raise InvalidRequest(f"{of!r} is no picture; there are granted, stock and cost", "of")
    if not in_rounds:
        raise InvalidRequest(f"{of!r} is counted from wins in rounds; simulate(…, log=True) in the order 'rounds', without traffic", "of")
    return _stock(report, plan) if of == "stock" else _cost(report)


def won(report: Report) -> Array:
    """Units of each prize won until the end of each round, of shape (prizes, runs, rounds + 1)."""
    log = report.log
    assert log is not None  # noqa: S101 - seen to by the caller
    shape = (len(report.campaign.prizes), report.runs, int(log.round.max(initial=0)) + 1)
    rows = np.ravel_multi_index((log.prize.astype(np.int64), log.run.astype(np.int64), log.round.astype(np.int64)), shape)
    return np.bincount(rows, minlength=int(np.prod(shape))).reshape(shape).cumsum(axis=2)


def _finite(report: Report, plan: Plan) -> dict[str, int]:
    """Prize id → its units at the start, the scarcest first, for those that can run out."""
    starts = {prize.id: plan.stock.get(prize.id, prize.stock) for prize in report.campaign.prizes}
    limited = sorted((units, id_) for id_, units in starts.items() if units >= 0)
    return {id_: units for units, id_ in limited[:_MOST]}


def _stock(report: Report, plan: Plan) -> plots.Picture:
    starts = _finite(report, plan)
    if not starts:
        raise InvalidRequest("no prize can run out, so there is no stock to show", "of")
    ids, until = [prize.id for prize in report.campaign.prizes], won(report)
    left = {id_: units - until[ids.index(id_)] for id_, units in starts.items()}
    title = f"{report.campaign.title}: stock"
    return plots.stock(np.arange(until.shape[2]), left, names=_names(report), axis=_AXIS, title=title)


def _cost(report: Report) -> plots.Picture:
    cents = [float(prize.value or 0) * 100 for prize in report.campaign.prizes]
    until = np.tensordot(cents, won(report), axes=1)
    return plots.cost(np.arange(until.shape[1]), until, axis=_AXIS, title=f"{report.campaign.title}: cost")


def _granted(report: Report) -> plots.Picture:
    ids = [prize.id for prize in report.campaign.prizes]
    granted = {id_: report.granted[id_].runs for id_ in ids}
    demand = {id_: float(report.demand[id_]) for id_ in ids}
    return plots.granted(granted, demand, names=_names(report), title=f"{report.campaign.title}: granted")


def _names(report: Report) -> dict[str, str]:
    return {prize.id: prize.name for prize in report.campaign.prizes}
