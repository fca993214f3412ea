"""``prizedraw draw``: one request of a participant, and its receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.campaign import Campaign
from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, positive, take_file, take_store
from prizedraw.engine import DrawEngine
from prizedraw.errors import DrawRefused, StorageError

if TYPE_CHECKING:
    from argparse import Namespace

    from prizedraw.draw import Receipt


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw draw spring_gala.toml user-42 --store draws.db --request-id order-9001",
        "The same request id gives the same receipt again. Exit code 1 if the draw is refused.\n"
        "JSON: {campaign, receipts: [all fields of a receipt], refused: null or {reason, retry_at}}",
    )
    draw = command(commands, "draw", "publish a campaign if need be, and draw for a participant", carry_out, **end)
    take_file(draw)
    draw.add_argument("participant", metavar="PARTICIPANT", help="who draws")
    take_store(draw)
    draw.add_argument("--request-id", metavar="ID", help="the idempotency key; left out, one is made")
    draw.add_argument("-n", metavar="N", type=positive, default=1, help="draws, all or none, at most 100 (default: 1)")


def carry_out(args: Namespace) -> int:
    """Draw; 1 if it is refused."""
    campaign = Campaign.load(args.file)
    receipts: list[Receipt] = []
    refused = None
    with DrawEngine.open(args.store, namespace=args.namespace) as engine:
        engine.publish(campaign, actor="prizedraw draw")
        try:
            receipts = engine.draw_many(campaign.id, args.participant, args.n, request_id=args.request_id)
        except DrawRefused as refusal:
            refused = refusal
            screen.note(f"prizedraw: {refusal}")
        except StorageError as error:
            raise StorageError(f"{error}; try again with --request-id {error.request_id}") from error
    if args.json:
        told = None if refused is None else {"reason": refused.reason, "retry_at": refused.retry_at and refused.retry_at.isoformat()}
        screen.put_json({"campaign": campaign.id, "receipts": [receipt.to_dict() for receipt in receipts], "refused": told})
    else:
        print(*map(_lines, receipts), sep="\n\n", end="\n" if receipts else "")
    return 0 if refused is None else 1


def _lines(receipt: Receipt) -> str:
    shown = {
        "receipt": receipt.id,
        "participant": f"{receipt.participant}, draw {receipt.number}",
        "drawn at": f"{receipt.drawn_at.isoformat()} (day {receipt.day})",
        "prize": f"{receipt.prize.name} ({receipt.prize.id})",
        "points": receipt.points or None,
        "reason": receipt.reason,
        "named first": None if receipt.drawn == receipt.prize.id else receipt.drawn,
        "forced by": receipt.forced_by,
        "owed": ", ".join(receipt.owed),
        "tickets": ", ".join(f"{ticket.value:,} of {ticket.size:,}" for ticket in receipt.tickets),
        "rules": f"version {receipt.version}, {receipt.rules[:12]}",
    }
    return "\n".join(f"{name:<12} {value}" for name, value in shown.items() if value)
