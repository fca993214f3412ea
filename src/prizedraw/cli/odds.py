"""``prizedraw odds``: the exact odds of a campaign file, of a first draw and of what lies ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prizedraw.campaign import Campaign
from prizedraw.cli import screen
from prizedraw.cli.ahead import ahead, show
from prizedraw.cli.arguments import Commands, command, example, positive, take_file, take_plot
from prizedraw.cli.chances import Guarantee, guarantees, opening
from prizedraw.cli.figures import against, percent

if TYPE_CHECKING:
    from argparse import Namespace
    from fractions import Fraction
    from pathlib import Path

COLUMNS = (screen.Column("prize", number=False, prose=True), screen.Column("chance"), screen.Column("percent"), screen.Column("odds"))

_SHOWN = 100
"""Draws that a picture shows where nobody says how many."""


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw odds spring_gala.toml",
        "JSON: {campaign, prizes: [{id, name, chance, percent, odds}], any_prize: {chance, percent, odds},\n"
        "guarantees: [{id, target, scope, course, rate}]}; chances and rates are exact fractions in text. With --draws also\n"
        "draws: {n, expected: [{id, name, n}]}; with --target target: {id, draws_until, hits}, each {mean, std, quantiles, max, never}.",
    )
    odds = command(commands, "odds", "print the exact odds of a new participant's next draw", carry_out, **end)
    take_file(odds)
    odds.add_argument("--draws", metavar="N", type=positive, help="also what is expected of so many draws")
    odds.add_argument(
        "--target", metavar="ID", help="also how many draws it takes until this prize comes, and with --draws how often it does"
    )
    take_plot(odds, "the odds of so many draws (100)")


def carry_out(args: Namespace) -> int:
    """Print the odds."""
    campaign = Campaign.load(args.file)
    chances, rules = opening(campaign), guarantees(campaign)
    anything = 1 - chances[campaign.fallback.id]
    more = ahead(campaign, args.draws, args.target)
    if args.plot is not None:
        _plot(campaign, args.draws or _SHOWN, args.plot)
    if args.json:
        prizes = [{"id": id_, "name": campaign.prize(id_).name, **_json(chance)} for id_, chance in chances.items()]
        listed = [
            {
                "id": rule.id,
                "target": rule.target,
                "scope": rule.scope,
                "course": rule.course,
                "rate": None if rule.rate is None else str(rule.rate),
            }
            for rule in rules
        ]
        screen.put_json({"campaign": campaign.id, "prizes": prizes, "any_prize": _json(anything), "guarantees": listed} | more)
        return 0
    rows = [(campaign.prize(id_).name, *_cells(chance)) for id_, chance in chances.items()]
    screen.table(COLUMNS, rows, ("any prize", *_cells(anything)))
    _tell(campaign, rules)
    show(more)
    return 0


def _plot(campaign: Campaign, draws: int, path: Path) -> None:
    from prizedraw import plots  # noqa: PLC0415 - matplotlib is optional, and slow to import
    from prizedraw.odds import by_draw  # noqa: PLC0415 - loads numpy

    names = {prize.id: prize.name for prize in (*campaign.prizes, campaign.fallback)}
    plots.by_draw(by_draw(campaign, draws), names=names, title=f"{campaign.title}: odds per draw number").savefig(path)


def _json(chance: Fraction) -> dict[str, Any]:
    return {"chance": str(chance), "percent": float(chance * 100), "odds": against(chance)}


def _cells(chance: Fraction) -> tuple[str, str, str]:
    return str(chance), percent(chance), against(chance)


def _tell(campaign: Campaign, rules: list[Guarantee]) -> None:
    """What the first draw does not show: later draws follow the guarantees."""
    if rules or campaign.newcomer:
        print("\nThese are the odds of a first draw; later ones follow the guarantees:")
    for rule in rules:
        where = f" within {', '.join(rule.scope)}" if rule.scope else ""
        rate = "" if rule.rate is None else f"; alone {percent(rule.rate)} in the long run"
        print(f"- {rule.id} ({', '.join(rule.target)}){where}: {rule.course}{rate}")
    if campaign.newcomer:
        print(f"- newcomer ({', '.join(campaign.newcomer.target)}): sure on draw {campaign.newcomer.draws} if none came before")
