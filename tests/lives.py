"""A store with a past: two campaigns in which everything happened, and all that an engine says of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from prizedraw import DrawRequest, Newcomer, Pity, Points, Prize, Quota
from scenery import wheel

if TYPE_CHECKING:
    from prizedraw import DrawEngine
    from prizedraw.testing import FixedClock

PEOPLE = [f"user-{n}" for n in range(12)]
CAMPAIGNS = ("gala", "wheel")


def live(engine: DrawEngine, clock: FixedClock) -> None:
    """Two campaigns with all that leaves a trace: days, caps, points, pity, stock that runs out, and every call of an operator."""
    prizes = (
        Prize("phone", "Phone", 1, 4, alert_stock=2, daily_release=3),
        Prize("pen", "Pen", 3, -1),
        Prize("coin", "Coins", 2, 50, kind="points", points=5, alert_stock=45),
    )
    engine.publish(wheel(), actor="operator-7", note="the start")
    rules = {"points": Points(total=1000, per_participant=100), "pity": [Pity(id="sure", target=["phone"], hard=30)]}
    engine.publish(wheel(*prizes, id="gala", quota=Quota(daily_draws=9), **rules))
    engine.block("user-3")
    engine.unblock("user-3")
    for day in range(3):
        for participant in PEOPLE:
            if participant != "user-5":
                engine.draw_batch("gala", [DrawRequest(participant, f"{participant}/{day}/{n}") for n in range(3)])
                engine.draw_many("wheel", participant, 2, request_id=f"{participant}/{day}")
        clock.advance(timedelta(days=1))
    engine.void(engine.receipt(campaign="gala", request_id="user-1/0/0").id, request_id="void-1", return_chance=True)
    engine.grant_draws("gala", "user-2", 5, request_id="gift", expires=clock() + timedelta(days=5))
    engine.reallocate("gala", "phone", add=3)
    engine.reallocate("gala", "coin", stock=-1)
    engine.take_off_shelf("gala", "pen")
    capped = Quota(daily_draws=9, campaign_draws=500)
    engine.take_offline("gala")
    engine.publish(wheel(*prizes, id="gala", title="Another", quota=capped, newcomer=Newcomer(3, ["pen"]), **rules))
    engine.bring_online("gala")
    engine.block("user-4", "gala")
    engine.block("user-5")
    engine.take_offline("wheel")


def told(engine: DrawEngine) -> dict[str, object]:
    """All that an engine says of its campaigns."""
    return {
        name: {
            "campaign": engine.campaign(name),
            "state": engine.state(name),
            "receipts": list(engine.receipts(name)),
            "movements": list(engine.movements(name)),
            "alerts": list(engine.alerts(name)),
            "journal": [replace(entry, cursor="") for entry in engine.journal(name)],
            "stock": engine.stock(name),
            "standings": [engine.standing(name, participant) for participant in PEOPLE],
            "audit": engine.audit(name),
        }
        for name in engine.campaigns()
    }
