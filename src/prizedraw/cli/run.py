"""``prizedraw run``: a campaign played through the real engine, into a store that keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.campaign import Campaign
from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, seed, take_crowd, take_file, take_store
from prizedraw.cli.chances import opening
from prizedraw.cli.figures import counted
from prizedraw.cli.play import ChunkedEntropy, Plan, Tally, opening_time, play
from prizedraw.cli.report import KEYS, Report
from prizedraw.engine import DrawEngine
from prizedraw.engine.urls import MEMORY

if TYPE_CHECKING:
    from argparse import Namespace
    from datetime import datetime

NOTE = """\
Participants are p-0000001, p-0000002, …; each draws once a round. The request ids follow from the seed, the participant and the round, so
the same command on the same store never draws twice: one that was interrupted goes on, and one that was done replays and ends with the same
table. Play again on another store or with another --seed. Outside the campaign's windows the first window's start is the time.
Refusals, such as a daily cap, are counted and no error. Exit code 1 if the audit fails."""


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example("prizedraw run game_of_life.toml --store draws.db --participants 200000 --draws 1", f"{NOTE}\n\n{KEYS}")
    run = command(commands, "run", "play a campaign through the real engine, and audit it", carry_out, **end)
    take_file(run)
    take_store(run)
    take_crowd(run)
    run.add_argument("--seed", metavar="S", type=seed, help="draw predictably; left out, the secure source is used")


def carry_out(args: Namespace) -> int:
    """Play and report; 1 if the audit fails."""
    campaign = Campaign.load(args.file)
    at = opening_time(campaign)
    if at is not None:
        screen.note(f"no window of {campaign.id!r} is open now: playing at {at.isoformat()} on a simulated clock")
    plan = Plan(args.participants, args.draws, args.seed)
    return played(campaign, args.store, plan, at, namespace=args.namespace, as_json=args.json)


def played(campaign: Campaign, store: str, plan: Plan, at: datetime | None, *, namespace: str, as_json: bool) -> int:
    """Play a game on a store and print the report.

    Args:
        campaign: published first, which does nothing if it was before.
        store: a URL.
        plan: who draws how often.
        at: the time on a simulated clock; None: the real one.
        namespace: whose campaign it is there.
        as_json: print JSON instead of a table.

    Returns:
        The exit code: 1 if the audit fails.

    Raises:
        KeyboardInterrupt: stopped; the message says what is kept.
    """
    if not as_json:
        screen.need_rich()
    entropy = None if plan.seed is None else ChunkedEntropy(plan.seed)
    tally = Tally()
    with DrawEngine.open(store, clock=None if at is None else lambda: at, entropy=entropy, namespace=namespace) as engine:
        engine.publish(campaign, actor="prizedraw run")
        try:
            with screen.progress(campaign.id, plan.requests) as advance:
                play(engine, campaign.id, plan, tally, entropy=entropy, advance=advance)
        except KeyboardInterrupt:
            kept = "nothing is kept" if store == MEMORY else f"they are kept in {store!r}, and the same command goes on from there"
            done = f"stopped after {tally.answered:,} of {counted(plan.requests, 'request')}"
            raise KeyboardInterrupt(f"{done}; {kept}") from None
        report = Report(campaign, plan, tally, at, engine.stock(campaign.id), opening(campaign), engine.audit(campaign.id))
    if as_json:
        report.put_json()
    else:
        report.put()
    return report.exit_code()
