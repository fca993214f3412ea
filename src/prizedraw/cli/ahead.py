"""What lies ahead of a new participant, for people: so many draws, and the wait for a prize."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from prizedraw.cli import screen

if TYPE_CHECKING:
    from prizedraw.campaign import Campaign
    from prizedraw.odds import Distribution

QUANTILES = (0.1, 0.5, 0.9, 0.99)
_EXPECTED = (screen.Column("prize", number=False, prose=True), screen.Column("expected"))
_LAWS = (screen.Column("", number=False, prose=True), *map(screen.Column, ("mean", "std", "10 %", "50 %", "90 %", "99 %", "max", "never")))


def ahead(campaign: Campaign, draws: int | None, target: str | None) -> dict[str, Any]:
    """What is asked for, as JSON has it."""
    from prizedraw import odds  # noqa: PLC0415 - numpy is loaded where it is used

    told: dict[str, Any] = {}
    if draws is not None:
        expected = odds.expected(campaign, draws)
        told["draws"] = {"n": draws, "expected": [{"id": id_, "name": campaign.prize(id_).name, "n": n} for id_, n in expected.items()]}
    if target is not None:
        found: dict[str, Any] = {"id": target, "draws_until": _figures(odds.draws_until(campaign, target))}
        if draws is not None:
            found["hits"] = _figures(odds.hits_in(campaign, target, draws))
        told["target"] = found
    return told


def _figures(law: Distribution) -> dict[str, Any]:
    """A law in figures; null where there is none: no mean where never has a chance, no quantile beyond what is listed."""
    listed = 1 - law.never - law.beyond
    return {
        "mean": None if law.mean == inf else law.mean,
        "std": None if law.never else law.std,
        "quantiles": {f"{q}": law.quantile(q) if q <= listed else None for q in QUANTILES},
        "max": None if law.max == inf else law.max,
        "never": law.never,
    }


def show(told: dict[str, Any]) -> None:
    """The same in tables."""
    if "draws" in told:
        print(f"\nIn {told['draws']['n']:,} draws:")
        screen.table(_EXPECTED, [(one["name"], f"{one['n']:.6g}") for one in told["draws"]["expected"]])
    if "target" in told:
        print(f"\n{told['target']['id']}:")
        laws = [("draws until it comes", told["target"]["draws_until"])]
        if "hits" in told["target"]:
            laws.append((f"how often in {told['draws']['n']:,} draws", told["target"]["hits"]))
        screen.table(_LAWS, [(name, *_cells(law)) for name, law in laws])


def _cells(law: dict[str, Any]) -> list[str]:
    values = [law["mean"], law["std"], *law["quantiles"].values(), law["max"], law["never"]]
    return ["–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}" for value in values]
