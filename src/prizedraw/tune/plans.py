"""Plans side by side: what several campaigns cost and bring, for the same participants."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from prizedraw.errors import InvalidRequest
from prizedraw.quota import UNLIMITED
from prizedraw.simulation import simulate
from prizedraw.tune.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prizedraw.campaign import Campaign
    from prizedraw.plots import Picture
    from prizedraw.sampling.entropy import Seed
    from prizedraw.simulation import Report

FIGURES = {
    "cost": "in all",
    "cost p95": "in all, 95 % of runs",
    "win rate": "of draws",
    "any win": "of participants",
    "wins": "a participant",
    "top prize": "units granted",
    "sold out": "of runs",
}
"""Figure → its unit: the worth of all that is granted (mean, and what 95 % of the runs do not pass); draws that win; participants who win
at least once; wins of a participant; units of the dearest prize; runs in which some prize ran out."""


class Plan(NamedTuple):
    """One plan: its figures, their standard errors where there are several runs, and the report they come from."""

    figures: dict[str, float]
    errors: dict[str, float]
    report: Report


class Comparison:
    """Plans by name, each simulated with all its rules for the same participants."""

    def __init__(self, plans: Mapping[str, Plan], participants: int, draws_each: object, runs: int) -> None:
        self.plans = dict(plans)
        self._told = f"{participants:,} participants, {draws_each} draws each, {runs:,} run{'s' if runs > 1 else ''}"

    def __getitem__(self, name: str) -> Plan:
        return self.plans[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.plans)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each plan: its name, its figures, and ``± figure`` with the standard errors."""
        return [
            {"plan": name, **plan.figures, **{f"± {figure}": error for figure, error in plan.errors.items()}}
            for name, plan in self.plans.items()
        ]

    def to_pandas(self) -> Any:
        """A pandas DataFrame with the plans as its index.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return Sweep(("plan",), self.rows()).to_pandas()

    def plot(self) -> Picture:
        """A panel for each figure, with a bar for each plan.

        Raises:
            MissingExtra: matplotlib is not installed.
        """
        from prizedraw.plots import comparison  # noqa: PLC0415 - matplotlib is optional, and slow to import

        return comparison({name: plan.figures for name, plan in self.plans.items()}, units=FIGURES, title=f"Plans compared: {self._told}")

    def _table(self) -> Sweep:
        return Sweep(("plan",), [{"plan": name, **plan.figures} for name, plan in self.plans.items()])

    def __repr__(self) -> str:
        return f"{self._table()!r}\n{self._told}"

    def _repr_html_(self) -> str:
        return f"{self._table()._repr_html_()}<p>{escape(self._told)}</p>"


def compare(
    plans: Mapping[str, Campaign],
    *,
    participants: int,
    draws_each: int,
    per_day: int | None = None,
    runs: int = 20,
    seed: Seed | None = None,
) -> Comparison:
    """Several plans for the same participants, simulated with all their rules.

    Args:
        plans: name → campaign.
        participants: how many draw.
        draws_each: how often each draws; refused draws count as such.
        per_day: see ``simulate``.
        runs: independent runs of each plan.
        seed: of the predictable source, the same for every plan; None: the secure one.

    Raises:
        InvalidRequest: there is no plan, or an argument is out of range, as in ``simulate``.
    """
    if not isinstance(plans, Mapping) or not plans:
        raise InvalidRequest("there is no plan; give names and campaigns, as in compare({'many small': campaign})", "plans")
    found = {
        name: _plan(simulate(campaign, participants, draws_each, per_day=per_day, runs=runs, seed=seed)) for name, campaign in plans.items()
    }
    return Comparison(found, participants, draws_each, runs)


def _plan(report: Report) -> Plan:
    campaign, n = report.campaign, report.participants
    thank_you = campaign.fallback.id
    draws = max(float(report.draws), 1.0)
    wins = draws - report.granted[thank_you]
    winners = float(report.wins_per_participant[1:].sum()) / max(float(report.wins_per_participant.sum()), 1.0)
    dearest = max(campaign.prizes, key=lambda prize: prize.value or 0)
    finite = [prize.id for prize in campaign.prizes if prize.stock != UNLIMITED]
    sold_out = _share_of_runs(report, finite)
    figures = {
        "cost": report.cost / 100,
        "cost p95": report.cost.quantile(0.95) / 100,
        "win rate": wins / draws,
        "any win": winners,
        "wins": wins / n if n else 0.0,
        "top prize": float(report.granted[dearest.id]),
        "sold out": sold_out,
    }
    lost = report.granted[thank_you].standard_error
    errors = {
        "cost": report.cost.standard_error / 100,
        "win rate": lost / draws,
        "any win": sqrt(winners * (1 - winners) / max(float(report.wins_per_participant.sum()), 1.0)),
        "wins": lost / n if n else 0.0,
        "top prize": report.granted[dearest.id].standard_error,
        "sold out": sqrt(sold_out * (1 - sold_out) / report.runs),
    }
    return Plan(figures, errors if report.runs > 1 else {}, report)


def _share_of_runs(report: Report, prizes: list[str]) -> float:
    """The share of the runs in which at least one of these ran out."""
    runs = [report.remaining[id_].runs == 0 for id_ in prizes]
    return float(sum(any(one) for one in zip(*runs, strict=True)) / report.runs) if runs else 0.0
