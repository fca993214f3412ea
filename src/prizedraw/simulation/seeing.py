"""The pictures of a report: which of its numbers go into which plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prizedraw import plots
from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from prizedraw.simulation.report import Report
    from prizedraw.simulation.scene import Plan
    from prizedraw.simulation.streams import Array

_MOST = 12
"""Panels that can be read; of more prizes the scarcest are shown."""
_LOOKS = 240
"""How often a picture over the time of day looks."""


class Until(NamedTuple):
    """What was won until each place of an axis.

    Attributes:
        at: round numbers from 0, or times as datetime64.
        won: units of each prize, of shape (prizes, runs, places).
        zone: of the times, or None.
    """

    at: Array
    won: Array
    zone: ZoneInfo | None


def picture(report: Report, plan: Plan, of: str | None) -> plots.Picture:
    """``Report.plot``."""
    ordered = report.log is not None and (plan.order == "rounds" or plan.traffic is not None)
    if of is None:
        of = "stock" if ordered and _finite(report, plan) else "granted"
    if of == "granted":
        return _granted(report)
    if of not in ("stock", "cost"):
        raise InvalidRequest(f"{of!r} is no picture; there are granted, stock and cost", "of")
    if not ordered:
        raise InvalidRequest(f"{of!r} is counted from the log of wins; simulate(…, log=True) in the order 'rounds', or with traffic", "of")
    return _stock(report, plan) if of == "stock" else _cost(report, plan)


def until(report: Report, plan: Plan) -> Until:
    """What was won until the end of each round, or with traffic until so many times from the first draw to the last."""
    log = report.log
    assert log is not None  # noqa: S101 - seen to by the caller
    if log.time is None or plan.traffic is None:
        at, place, zone = np.arange(int(log.round.max(initial=0)) + 1), log.round.astype(np.int64), None
    else:
        table = plan.traffic.timetable(report.campaign, _LOOKS, plan.snapshot)
        begin, end = table.time(0), max(table.time(_LOOKS - 1), int(log.time.max(initial=0).astype(np.int64)))
        at = np.linspace(begin, end, _LOOKS).astype(np.int64).view("datetime64[us]")
        place, zone = np.searchsorted(at, log.time), report.campaign.calendar.zone
    shape = (len(report.campaign.prizes), report.runs, len(at))
    rows = np.ravel_multi_index((log.prize.astype(np.int64), log.run.astype(np.int64), place), shape)
    return Until(at, np.bincount(rows, minlength=int(np.prod(shape))).reshape(shape).cumsum(axis=2), zone)


def _finite(report: Report, plan: Plan) -> dict[str, int]:
    """Prize id → its units at the start, the scarcest first, for those that can run out."""
    starts = {prize.id: plan.stock.get(prize.id, prize.stock) for prize in report.campaign.prizes}
    limited = sorted((units, id_) for id_, units in starts.items() if units >= 0)
    return {id_: units for units, id_ in limited[:_MOST]}


def _stock(report: Report, plan: Plan) -> plots.Picture:
    starts = _finite(report, plan)
    if not starts:
        raise InvalidRequest("no prize can run out, so there is no stock to show", "of")
    ids, found = [prize.id for prize in report.campaign.prizes], until(report, plan)
    left = {id_: units - found.won[ids.index(id_)] for id_, units in starts.items()}
    title = f"{report.campaign.title}: stock"
    return plots.stock(found.at, left, names=_names(report), axis=_axis(found), title=title, zone=found.zone)


def _cost(report: Report, plan: Plan) -> plots.Picture:
    cents = [float(prize.value or 0) * 100 for prize in report.campaign.prizes]
    found = until(report, plan)
    worth = np.tensordot(cents, found.won, axes=1)
    return plots.cost(found.at, worth, axis=_axis(found), title=f"{report.campaign.title}: cost", zone=found.zone)


def _axis(found: Until) -> str:
    return "round (draws of each participant)" if found.zone is None else f"time ({found.zone.key})"


def _granted(report: Report) -> plots.Picture:
    ids = [prize.id for prize in report.campaign.prizes]
    granted = {id_: report.granted[id_].runs for id_ in ids}
    demand = {id_: float(report.demand[id_]) for id_ in ids}
    return plots.granted(granted, demand, names=_names(report), title=f"{report.campaign.title}: granted")


def _names(report: Report) -> dict[str, str]:
    return {prize.id: prize.name for prize in report.campaign.prizes}
