"""``prizedraw compare``: several campaign files side by side, for the same participants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prizedraw.campaign import Campaign
from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, positive, seed, take_crowd, take_plot
from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from argparse import Namespace

NOTE = """\
Each campaign is simulated with all its rules. "cost" is the worth of all that is granted (the mean over the runs, and what 95 % of the
runs do not pass), "win rate" the share of draws that win, "any win" the share of participants who win at least once, "wins" those of a
participant, "top prize" how often the dearest prize is granted, "sold out" the share of the runs in which some prize ran out.

JSON: {participants, draws_each, runs, seed, plans: [{plan, cost, "cost p95", "win rate", "any win", wins, "top prize", "sold out",
"± cost", …}]}."""


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example("prizedraw compare many_small.toml one_big.toml --participants 10000 --draws 3 --seed 1", NOTE)
    compare = command(commands, "compare", "compare campaigns for the same participants", carry_out, **end)
    compare.add_argument("files", metavar="FILE", nargs="+", help="campaign files, TOML or JSON")
    take_crowd(compare)
    compare.add_argument("--seed", metavar="S", type=seed, required=True, help="the seed of the predictable source")
    compare.add_argument("--runs", metavar="R", type=positive, default=20, help="independent runs of each (20)")
    take_plot(compare, "a panel for each figure")


def carry_out(args: Namespace) -> int:
    """Simulate all and print the table."""
    if not args.json:
        screen.need_rich()
    from prizedraw import tune  # noqa: PLC0415 - loads numpy, which few commands need

    plans = {Path(file).stem: Campaign.load(file) for file in args.files}
    if len(plans) < len(args.files):
        raise InvalidRequest("two files have the same name; plans are told apart by it", "FILE")
    found = tune.compare(plans, participants=args.participants, draws_each=args.draws, runs=args.runs, seed=args.seed)
    if args.plot is not None:
        found.plot().savefig(args.plot)
    if args.json:
        told = {"participants": args.participants, "draws_each": args.draws, "runs": args.runs, "seed": args.seed}
        screen.put_json({**told, "plans": found.rows()})
        return 0
    figures = list(next(iter(found.plans.values())).figures)
    columns = (screen.Column("plan", number=False, prose=True), *map(screen.Column, figures))
    screen.table(columns, [(name, *(f"{plan.figures[figure]:,.4g}" for figure in figures)) for name, plan in found.plans.items()])
    return 0
