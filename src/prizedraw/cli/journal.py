"""``prizedraw journal``: the entries of a campaign's journal, one a line."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, existing_store, positive, take_store
from prizedraw.draw.receipt import to_instant
from prizedraw.engine import DrawEngine
from prizedraw.flows.drawing import DRAW, from_entry
from prizedraw.flows.keys import campaign_home
from prizedraw.flows.operator import decode

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

    from prizedraw.storage.protocol import Entry, Store

KINDS = ("draw", "publish", "reallocate", "void", "grant", "block", "unblock", "offline", "online", "off_shelf", "on_shelf")
_PAGE = 500


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw journal spring-gala --store draws.db --kind draw --participant user-42",
        "Oldest first. JSON: a line for each entry: {at, kind, participant, request_id, draws: [{prize, reason, points}], moves:\n"
        "[{prize_id, kind, quantity}], detail, actor, note}; a draw has draws, any other entry what follows.",
    )
    journal = command(commands, "journal", "print the journal of a campaign", carry_out, **end)
    journal.add_argument("campaign", metavar="ID", help="the id of a published campaign")
    take_store(journal)
    journal.add_argument("--kind", choices=KINDS, metavar="KIND", help=f"only entries of this kind: {', '.join(KINDS)}")
    journal.add_argument("--participant", metavar="ID", help="only entries about this participant")
    journal.add_argument("--limit", metavar="N", type=positive, help="only the last N of them")


def carry_out(args: Namespace) -> int:
    """Print the entries."""
    with DrawEngine.open(existing_store(args.store)) as engine:
        engine.state(args.campaign)  # raises where there is no such campaign
        home = campaign_home("default", args.campaign)
        found: Iterable[Entry]
        if args.limit is None:
            found = entries(engine.store, home, args.participant, args.kind)
        else:
            last = entries(engine.store, home, args.participant, args.kind, newest_first=True)
            found = reversed(list(islice(last, args.limit)))
        for entry in found:
            told = describe(args.campaign, entry)
            if args.json:
                screen.put_json(told)
            else:
                print(_line(told))
    return 0


def entries(store: Store, home: str, participant: str | None, kind: str | None, *, newest_first: bool = False) -> Iterator[Entry]:
    """The entries of a home, read page by page."""
    after = None
    while True:
        page = store.entries(home, owner=participant, kind=kind, after=after, limit=_PAGE, newest_first=newest_first)
        yield from page.items
        if page.next is None:
            return
        after = page.next


def describe(campaign_id: str, entry: Entry) -> dict[str, Any]:
    """An entry as plain values."""
    told: dict[str, Any] = {"at": to_instant(entry.at).isoformat(), "kind": entry.kind, "participant": entry.owner or None}
    told["request_id"] = entry.id
    if entry.kind == DRAW:
        made = from_entry(campaign_id, entry)
        told["draws"] = [{"prize": one.prize.id, "reason": one.reason, "points": one.points} for one in made]
    else:
        data = decode(entry.data)
        told |= {"moves": [msgspec.structs.asdict(move) for move in data.moves], "detail": data.detail}
        told |= {"actor": data.actor, "note": data.note}
    return told


def _line(told: dict[str, Any]) -> str:
    if told["kind"] == DRAW:
        what = ", ".join(one["prize"] if one["reason"] is None else f"{one['prize']} ({one['reason']})" for one in told["draws"])
    else:
        moves = [f"{move['kind']} {move['quantity']} {move['prize_id']}" for move in told["moves"]]
        detail = [f"{name}={value}" for name, value in told["detail"].items()]
        signed = [f"by {told['actor']}"] * bool(told["actor"]) + [told["note"]] * bool(told["note"])
        what = ", ".join(moves + detail + signed)
    return "  ".join(part for part in (told["at"], told["kind"], told["participant"], told["request_id"], what) if part)
