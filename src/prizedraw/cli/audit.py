"""``prizedraw audit``: every balance of a campaign counted again from its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, existing_store, take_store
from prizedraw.cli.report import audit_json, verdict
from prizedraw.engine import DrawEngine

if TYPE_CHECKING:
    from argparse import Namespace


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw audit spring-gala --store draws.db",
        "Exit code 1 if a balance is not what the journal says. JSON: {campaign, ok, entries, draws, differences}",
    )
    audit = command(commands, "audit", "count every balance of a campaign again from its journal", carry_out, **end)
    audit.add_argument("campaign", metavar="ID", help="the id of a published campaign")
    take_store(audit)


def carry_out(args: Namespace) -> int:
    """Audit; 1 if something differs."""
    with DrawEngine.open(existing_store(args.store), namespace=args.namespace) as engine:
        audit = engine.audit(args.campaign)
    if args.json:
        screen.put_json({"campaign": args.campaign, **audit_json(audit)})
    else:
        print(*verdict(audit), sep="\n")
    return 0 if audit.ok else 1
