"""``prizedraw migrate``: a store's schema created, or brought to the version that this prizedraw writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example
from prizedraw.engine.urls import open_store

if TYPE_CHECKING:
    from argparse import Namespace


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw migrate draws.db",
        "Every start of an engine does the same; run it beforehand where the application has no right to change a schema, or to learn"
        " that a deployment fits its store. Run again, it changes nothing.\n\nJSON: {store, from, to, durability}; from is 0 where"
        " there was no schema",
    )
    migrate = command(commands, "migrate", "create a store's schema, or upgrade it", carry_out, **end)
    migrate.add_argument("store", metavar="URL", help="the path of an SQLite file, or the URL of a server")


def carry_out(args: Namespace) -> int:
    """Open the store and say what became of its schema."""
    store = open_store(args.store)
    try:
        before = store.schema_version()
        store.open()
        after = store.schema_version()
    finally:
        store.close()
    if args.json:
        screen.put_json({"store": args.store, "from": before, "to": after, "durability": store.durability})
    elif before == after:
        print(f"schema version {after}: nothing to do")
    else:
        print(f"schema version {after}: {'created' if before == 0 else f'upgraded from {before}'}")
    return 0
