"""``prizedraw import``: a file of ``prizedraw export`` into another store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, take_store
from prizedraw.cli.report import audit_json, verdict
from prizedraw.engine import DrawEngine

if TYPE_CHECKING:
    from argparse import Namespace


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw import gala.jsonl --store other.db",
        "The namespace must be empty. The file is checked whole before anything is written, no campaign is there before all of it is, and"
        " an import that was interrupted can be started again. Ends with the audit of every campaign; exit code 1 if one fails.\n\n"
        "JSON: {campaigns, documents, counters, entries, audits: [{campaign, ok, entries, draws, differences}]}",
    )
    load = command(commands, "import", "bring an exported namespace into a store", carry_out, **end)
    load.add_argument("file", metavar="FILE", help="what prizedraw export wrote")
    take_store(load)


def carry_out(args: Namespace) -> int:
    """Import, and audit what came."""
    with DrawEngine.open(args.store, namespace=args.namespace) as engine:
        brought = engine.import_from(args.file)
        audits = {campaign: engine.audit(campaign) for campaign in engine.campaigns()}
    if args.json:
        told = [{"campaign": campaign, **audit_json(audit)} for campaign, audit in audits.items()]
        screen.put_json({**msgspec.structs.asdict(brought), "audits": told})
    else:
        print(f"imported: {brought.campaigns:,} campaigns, {brought.documents:,} documents, {brought.entries:,} journal entries")
        for campaign, audit in audits.items():
            print(f"{campaign}:", *verdict(audit), sep="\n  ")
    return 0 if all(audits.values()) else 1
