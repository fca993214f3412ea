"""A tour through every method of an engine, the same for both kinds: what each answered, to compare with another store's answers."""

from __future__ import annotations

import inspect

from prizedraw import DrawRefused, DrawRequest, Newcomer, Pity, Points, Prize, Quota, RequestMismatch
from scenery import wheel

CAMPAIGN = wheel(
    Prize("phone", "Phone", "1/20", 3, alert_stock=2, daily_release=2),
    Prize("cup", "Cup", "1/4", 8, per_participant=4),
    Prize("coins", "Coins", "1/4", -1, kind="points", points=7),
    fallback=Prize.thank_you(weight="9/20"),
    quota=Quota(daily_draws=12, daily_wins=6, campaign_draws=500),
    points=Points(total=1000, per_participant=100),
    pity=[Pity(id="rare", target=["phone"], hard=9)],
    newcomer=Newcomer(draws=3, target=["cup"]),
)


async def tour(engine):
    """The answers of an engine, of either kind, in order; refusals are answers. Its clock stands still and its entropy is seeded."""
    answers = []
    heard = []

    async def call(name, *args, **options):
        try:
            found = getattr(engine, name)(*args, **options)
            if inspect.isawaitable(found):
                found = await found
            elif hasattr(found, "__aiter__"):
                found = [item async for item in found]
            elif hasattr(found, "__next__"):
                found = list(found)
        except (DrawRefused, RequestMismatch) as error:
            found = str(error)
        answers.append((name, found))
        return found

    engine.on("draw", lambda receipt: heard.append(receipt.id))
    await call("publish", CAMPAIGN, request_id="publish", actor="ops", note="first")
    await call("publish", CAMPAIGN)
    await call("campaigns")
    await call("campaign", "wheel")
    await call("state", "wheel")
    await call("preview", "wheel", 3, seed=5)
    first = await call("draw", "wheel", "ann", request_id="a1", meta={"from": "shop"})
    await call("draw", "wheel", "ann", request_id="a1")
    await call("draw", "wheel", "bob", request_id="a1")
    await call("draw_many", "wheel", "ann", 7, request_id="a2")
    await call("draw_batch", "wheel", [DrawRequest(f"p{k % 5}", f"b{k}", 1 + k % 3) for k in range(20)])
    await call("draw_many", "wheel", "ann", 9, request_id="a3")
    await call("grant_draws", "wheel", "ann", 6, request_id="g1", actor="ops")
    await call("draw_many", "wheel", "ann", 9, request_id="a3")
    await call("void", first.id, request_id="v1", return_chance=True, note="by mistake")
    await call("standing", "wheel", "ann")
    await call("odds", "wheel", "p1")
    await call("stock", "wheel")
    await call("reallocate", "wheel", "cup", add=5, request_id="r1")
    await call("take_off_shelf", "wheel", "phone", request_id="s1")
    await call("draw_many", "wheel", "zoe", 10, request_id="z1")
    await call("put_on_shelf", "wheel", "phone", request_id="s2")
    await call("block", "p2", "wheel", request_id="k1")
    await call("draw", "wheel", "p2", request_id="p2")
    await call("unblock", "p2", "wheel", request_id="k2")
    await call("block", "p3", request_id="k3")
    await call("draw", "wheel", "p3", request_id="p3")
    await call("unblock", "p3", request_id="k4")
    await call("draw", "wheel", "p3", request_id="p3")
    await call("take_offline", "wheel", request_id="o1")
    await call("draw", "wheel", "p4", request_id="p4")
    await call("bring_online", "wheel", request_id="o2")
    await call("draw", "wheel", "p4", request_id="p4")
    await call("receipt", first.id)
    await call("receipt", campaign="wheel", request_id="b7")
    await call("receipt", campaign="wheel", request_id="nobody's")
    await call("receipts", "wheel")
    await call("receipts", "wheel", "ann", newest_first=False)
    await call("receipts", "wheel", wins_only=True, prize_id="cup")
    await call("movements", "wheel")
    await call("movements", "wheel", "cup")
    await call("alerts", "wheel")
    audit = await call("audit", "wheel")
    assert audit.ok
    answers.append(("heard", heard))
    return answers
