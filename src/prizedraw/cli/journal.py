"""``prizedraw journal``: the entries of a campaign's journal, one a line."""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, existing_store, positive, take_store
from prizedraw.engine import DrawEngine
from prizedraw.flows.drawing import DRAW

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from prizedraw.flows.journaling import JournalEntry

KINDS = (
    *("draw", "publish", "reallocate", "void", "grant", "block", "unblock", "offline", "online", "off_shelf", "on_shelf"),
    *("export", "checkpoint", "erase"),
)


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw journal spring-gala --store draws.db --kind draw --participant user-42",
        "Oldest first. JSON: a line for each entry: {cursor, at, kind, participant, request_id, draws: [{prize, reason, points}], moves:\n"
        "[{prize_id, kind, quantity}], detail, actor, note}; a draw has draws, any other entry what follows.\n\n"
        "--follow goes on with what comes until it is interrupted, and skips nothing. With --after CURSOR it goes on where it was.",
    )
    journal = command(commands, "journal", "print the journal of a campaign", carry_out, **end)
    journal.add_argument("campaign", metavar="ID", help="the id of a published campaign")
    take_store(journal)
    journal.add_argument("--kind", choices=KINDS, metavar="KIND", help=f"only entries of this kind: {', '.join(KINDS)}")
    journal.add_argument("--participant", metavar="ID", help="only entries about this participant")
    journal.add_argument("--after", metavar="CURSOR", type=cursor, help="only entries behind the one with this cursor")
    journal.add_argument("--limit", metavar="N", type=positive, help="only the last N of them")
    journal.add_argument("--follow", action="store_true", help="do not end, but print what comes as it comes")


def cursor(text: str) -> str:
    """A cursor, as the JSON of an entry has it."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a cursor; give that of an entry, as --json prints it")
    return text


def carry_out(args: Namespace) -> int:
    """Print the entries."""
    with DrawEngine.open(existing_store(args.store), namespace=args.namespace) as engine:
        after = args.after
        for entry in _found(engine, args):
            _put(entry, as_json=args.json)
            after = entry.cursor
        if args.follow:
            sys.stdout.flush()
            for entry in engine.journal(args.campaign, args.participant, kind=args.kind, after=after, follow=True):
                _put(entry, as_json=args.json)
                sys.stdout.flush()
    return 0


def _found(engine: DrawEngine, args: Namespace) -> Iterable[JournalEntry]:
    """What is there now, oldest first."""
    if args.limit is None:
        return engine.journal(args.campaign, args.participant, kind=args.kind, after=args.after)
    newest = engine.journal(args.campaign, args.participant, kind=args.kind, newest_first=True)
    return reversed([entry for entry in islice(newest, args.limit) if args.after is None or int(entry.cursor) > int(args.after)])


def _put(entry: JournalEntry, *, as_json: bool) -> None:
    told = describe(entry)
    if as_json:
        screen.put_json(told)
    else:
        print(_line(told))


def describe(entry: JournalEntry) -> dict[str, Any]:
    """An entry as plain values."""
    told: dict[str, Any] = {"cursor": entry.cursor, "at": entry.at.isoformat(), "kind": entry.kind}
    told |= {"participant": entry.participant, "request_id": entry.request_id}
    if entry.kind == DRAW:
        told["draws"] = [{"prize": one.prize.id, "reason": one.reason, "points": one.points} for one in entry.receipts]
    else:
        moves = [{"prize_id": move.prize_id, "kind": move.kind, "quantity": move.quantity} for move in entry.movements]
        told |= {"moves": moves, "detail": entry.detail, "actor": entry.actor, "note": entry.note}
    return told


def _line(told: dict[str, Any]) -> str:
    if told["kind"] == DRAW:
        what = ", ".join(one["prize"] if one["reason"] is None else f"{one['prize']} ({one['reason']})" for one in told["draws"])
    else:
        moves = [f"{move['kind']} {move['quantity']} {move['prize_id']}" for move in told["moves"]]
        detail = [f"{name}={value}" for name, value in told["detail"].items() if not isinstance(value, dict)]
        signed = [f"by {told['actor']}"] * bool(told["actor"]) + [told["note"]] * bool(told["note"])
        what = ", ".join(moves + detail + signed)
    return "  ".join(part for part in (told["at"], told["kind"], told["participant"], told["request_id"], what) if part)
