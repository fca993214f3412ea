"""``prizedraw simulate``: a campaign played in memory, predictably, at its first window's start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.campaign import Campaign
from prizedraw.cli.arguments import Commands, command, example, seed, take_crowd, take_file
from prizedraw.cli.play import Plan
from prizedraw.cli.report import KEYS
from prizedraw.cli.run import played
from prizedraw.engine.urls import MEMORY

if TYPE_CHECKING:
    from argparse import Namespace

NOTE = "The real engine plays in memory, at the first window's start; nothing is kept. The same seed gives the same table."


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example("prizedraw simulate spring_gala.toml --participants 10000 --draws 3 --seed 1", f"{NOTE}\n\n{KEYS}")
    simulate = command(commands, "simulate", "play a campaign in memory", carry_out, **end)
    take_file(simulate)
    take_crowd(simulate)
    simulate.add_argument("--seed", metavar="S", type=seed, required=True, help="the seed of the predictable source")


def carry_out(args: Namespace) -> int:
    """Play and report; 1 if the audit fails."""
    campaign = Campaign.load(args.file)
    return played(campaign, MEMORY, Plan(args.participants, args.draws, args.seed), campaign.windows[0].start, as_json=args.json)
