"""``prizedraw archive`` and ``prizedraw prune``: the old part of a journal dropped, kept in a file or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, aware_time, command, example, existing_store, take_store
from prizedraw.engine import DrawEngine

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from prizedraw.flows.archiving import Archived

_NOTE = (
    "The audit stays clean: a checkpoint says what the entries added up to. But a request that was dropped is not known any more, and a"
    " retry of it draws again.\n\nJSON: {campaign, entries, draws, before}"
)


def add(commands: Commands) -> None:
    """The commands and their arguments."""
    end = example("prizedraw archive spring-gala 2026.jsonl --store draws.db --before 2027-01-01T00:00:00+08:00", _NOTE)
    archive = command(commands, "archive", "move the old part of a journal to a file", keep, **end)
    archive.add_argument("campaign", metavar="ID", help="the id of a published campaign")
    archive.add_argument("file", metavar="FILE", help="a new file of JSON lines")
    _take_rest(archive)
    end = example("prizedraw prune spring-gala --store draws.db --before 2027-01-01T00:00:00+08:00", _NOTE)
    prune = command(commands, "prune", "drop the old part of a journal, receipts and all", drop, **end)
    prune.add_argument("campaign", metavar="ID", help="the id of a published campaign")
    _take_rest(prune)


def _take_rest(to: ArgumentParser) -> None:
    take_store(to)
    to.add_argument("--before", metavar="ISO", type=aware_time, required=True, help="what is older is dropped; a time with its offset")
    to.add_argument("--force", action="store_true", help="allow a time less than a day ago; only while the campaign is offline")


def keep(args: Namespace) -> int:
    """Archive."""
    with DrawEngine.open(existing_store(args.store), namespace=args.namespace) as engine:
        done = engine.archive(args.campaign, args.before, args.file, force=args.force, actor="prizedraw archive")
    return _tell(args, done)


def drop(args: Namespace) -> int:
    """Prune."""
    with DrawEngine.open(existing_store(args.store), namespace=args.namespace) as engine:
        done = engine.prune(args.campaign, args.before, force=args.force, actor="prizedraw prune")
    return _tell(args, done)


def _tell(args: Namespace, done: Archived) -> int:
    if args.json:
        screen.put_json({"campaign": args.campaign, **msgspec.to_builtins(done)})
    else:
        print(f"{args.campaign}: {done.entries:,} entries with {done.draws:,} draws dropped, all before {done.before.isoformat()}")
    return 0
