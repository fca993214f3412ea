"""``prizedraw erase``: the id of a participant taken out of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, existing_store, take_store
from prizedraw.engine import DrawEngine

if TYPE_CHECKING:
    from argparse import Namespace


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw erase user-42 --store draws.db",
        "What was kept under the id is kept under a random pseudonym; draws, stock and the audit stay as they were. Exit code 1 if the id"
        " can still be read in request ids, which callers gave.\n\nJSON: {pseudonym, campaigns, entries, remaining}",
    )
    erase = command(commands, "erase", "take a participant's id out of a store", carry_out, **end)
    erase.add_argument("participant", metavar="PARTICIPANT", help="whose id")
    take_store(erase)


def carry_out(args: Namespace) -> int:
    """Erase; 1 if something remains."""
    with DrawEngine.open(existing_store(args.store), namespace=args.namespace) as engine:
        erased = engine.erase(args.participant, actor="prizedraw erase")
    if args.json:
        screen.put_json(msgspec.to_builtins(erased))
    else:
        print(f"{erased.entries:,} entries in {len(erased.campaigns):,} campaigns are those of {erased.pseudonym!r} now")
        if erased.remaining:
            print(f"the id can still be read in {len(erased.remaining):,} request ids: {', '.join(erased.remaining)}")
    return 1 if erased.remaining else 0
