"""``prizedraw export``: everything in a namespace as JSON lines, for ``prizedraw import``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from prizedraw.cli.arguments import Commands, command, example, existing_store, take_store
from prizedraw.engine import DrawEngine

if TYPE_CHECKING:
    from argparse import Namespace


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw export --store draws.db --take-offline > gala.jsonl",
        "Every campaign, draw and counter, as they were at one moment. Exit code 2 if something was written meanwhile; the file then has"
        " no last line and cannot be imported. An entry of kind export is left in each journal.\n\n"
        "JSON: the lines are arrays, with or without --json; each begins with what it is",
    )
    export = command(commands, "export", "write a whole namespace to stdout", carry_out, **end)
    take_store(export)
    export.add_argument("--take-offline", action="store_true", help="take every campaign offline first; they stay so, in the export too")


def carry_out(args: Namespace) -> int:
    """Write the lines."""
    with DrawEngine.open(existing_store(args.store), namespace=args.namespace) as engine:
        if args.take_offline:
            for campaign in engine.campaigns():
                engine.take_offline(campaign, actor="prizedraw export")
        for line in engine.export(actor="prizedraw export"):
            sys.stdout.buffer.write(line)
    return 0
