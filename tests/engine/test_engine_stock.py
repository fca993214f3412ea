"""Stock, voids, receipts and blocks: what is kept, what comes back, and what is told (mission C1, C2, D3, D5, D6)."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from attrs import evolve

from prizedraw import DrawEngine, DrawRefused, InvalidEdit, Points, Prize, Quota, RequestMismatch, UnknownReceipt, verify
from prizedraw.draw import state as states
from prizedraw.storage.protocol import Commit
from scenery import NOON, SURE, picture, wheel, wins

FIVE = evolve(SURE, stock=5)


def kinds(engine, prize_id=None):
    return [(one.kind, one.quantity) for one in engine.movements("wheel", prize_id)]


@pytest.mark.one_home("a movement does not tell the balance after it")
def test_the_ledger_tells_every_movement(engine):
    """C1: allocated, issued, taken back, raised, lowered; each with its balance after it, and what it was for."""
    engine.publish(wheel(FIVE), actor="eve", note="launch")
    receipt = engine.draw("wheel", "ann", request_id="order-1")
    engine.void(receipt.id, request_id="refund", actor="bob", note="returned")
    engine.reallocate("wheel", "cup", stock=8)
    engine.reallocate("wheel", "cup", stock=6)
    moves = list(engine.movements("wheel", "cup"))
    assert [(one.kind, one.quantity) for one in moves] == [("allocate", 5), ("issue", 1), ("void", 1), ("restock", 3), ("release", 2)]
    assert [(one.after.allocated, one.after.issued) for one in moves] == [(5, 0), (5, 1), (5, 0), (8, 0), (6, 0)]
    assert [(one.actor, one.note) for one in moves[:3]] == [("eve", "launch"), ("", ""), ("bob", "returned")]
    assert (moves[1].request_id, moves[2].request_id, moves[0].at) == ("order-1", "refund", NOON)


def test_reallocate_sets_or_adds_and_never_goes_below_what_is_issued(engine):
    """C2: at any time, idempotent by request id."""
    engine.publish(wheel(FIVE))
    engine.draw_many("wheel", "ann", 3)
    for _ in range(2):
        engine.reallocate("wheel", "cup", add=2, request_id="more")
    assert engine.stock("wheel")["cup"].allocated == 7
    for wrong in ({"stock": 2}, {"add": -5}):
        with pytest.raises(InvalidEdit, match="3"):
            engine.reallocate("wheel", "cup", **wrong)
    engine.reallocate("wheel", "cup", stock=3)
    assert wins(engine, "ann", 1) == ["sold_out"]
    with pytest.raises(RequestMismatch):
        engine.reallocate("wheel", "cup", add=3, request_id="more")


def test_unlimited_and_back(engine):
    """C2: -1 lifts the limit; afterwards it can be set again, and nothing can be added to it."""
    engine.publish(wheel(FIVE))
    engine.reallocate("wheel", "cup", stock=-1)
    engine.draw_many("wheel", "ann", 9)
    assert engine.stock("wheel")["cup"].remaining == -1
    with pytest.raises(InvalidEdit, match="unlimited"):
        engine.reallocate("wheel", "cup", add=1)
    engine.take_offline("wheel")
    engine.reallocate("wheel", "cup", stock=10)
    assert engine.stock("wheel")["cup"].remaining == 1
    assert engine.audit("wheel").ok


def test_pitfall_15_a_restock_during_a_sell_out_is_kept(store_url, clock):
    """One engine has seen the stock at nought, another adds three: exactly three more go out."""
    with DrawEngine.open(store_url, clock=clock) as here:
        there = DrawEngine(here.store, clock=clock)
        here.publish(wheel(evolve(SURE, stock=1)))
        assert wins(here, "ann", 2) == [None, "sold_out"]
        there.reallocate("wheel", "cup", add=3)
        assert wins(here, "ann", 4) == [None, None, None, "sold_out"]


def test_pitfall_09_the_last_unit_goes_to_one(store_url, clock):
    """Two engines that both believe it is there: one wins, the other is told that it is sold out."""
    with DrawEngine.open(store_url, clock=clock) as here:
        there = DrawEngine(here.store, clock=clock)
        here.publish(wheel(evolve(SURE, stock=1)))
        reasons = [one.draw("wheel", name).reason for one, name in ((here, "ann"), (there, "bob"))]
        assert reasons == [None, "sold_out"]


def test_a_void_gives_back_what_the_draw_took(engine):
    """D5: stock, the day's release, points and both win caps; the chance and the number stay used."""
    coins = Prize("coins", "Coins", 1, 1, kind="points", points=10, daily_release=1, per_participant=1)
    engine.publish(
        wheel(coins, quota=Quota(total_draws=9, daily_draws=1, total_wins=1, daily_wins=1, ordering="relaxed"), points=Points(total=19))
    )
    engine.grant_draws("wheel", "ann", 5, request_id="g")
    first = engine.draw("wheel", "ann")
    assert engine.draw("wheel", "ann").reason == "total_wins"
    engine.void(first.id, request_id="v")
    standing = engine.standing("wheel", "ann")
    assert (standing.points, standing.wins_left, standing.wins_left_today, dict(standing.won)) == (0, 1, 1, {})
    assert (standing.number, standing.draws_left_today) == (2, 0)
    assert engine.stock("wheel")["coins"].remaining == 1
    assert engine.stock("wheel")["coins"].released_today == 0
    assert engine.draw("wheel", "ann").is_win
    assert engine.audit("wheel").ok


def test_a_draw_is_voided_once(engine):
    """D5: the same request id has no second effect, another one is refused, and another draw needs another id."""
    engine.publish(wheel(FIVE))
    receipts = engine.draw_many("wheel", "ann", 2)
    engine.void(receipts[0].id, request_id="v")
    before = picture(engine.store)
    engine.void(receipts[0].id, request_id="v")
    with pytest.raises(InvalidEdit, match="before"):
        engine.void(receipts[0].id, request_id="v2")
    with pytest.raises(RequestMismatch):
        engine.void(receipts[1].id, request_id="v")
    assert picture(engine.store) == before
    assert engine.receipt(receipts[0].id) == receipts[0]


def test_a_chance_comes_back_if_asked(engine):
    """D5: an own one under its caps and the campaign's, a granted one as a granted one."""
    engine.publish(wheel(quota=Quota(daily_draws=1, campaign_draws=2)))
    engine.grant_draws("wheel", "ann", 1, request_id="g")
    own, granted = engine.draw_many("wheel", "ann", 2)
    engine.void(granted.id, request_id="v1", return_chance=True)
    assert (engine.standing("wheel", "ann").granted, engine.standing("wheel", "ann").draws_left_today) == (1, 0)
    engine.void(own.id, request_id="v2", return_chance=True)
    assert (engine.standing("wheel", "ann").granted, engine.standing("wheel", "ann").draws_left_today) == (1, 1)
    assert [one.own for one in engine.draw_many("wheel", "ann", 2)] == [True, False]
    assert engine.audit("wheel").ok


def test_a_thank_you_has_only_its_chance_to_give_back(engine):
    """D5: to void it without that would be nothing, and is refused."""
    engine.publish(wheel(evolve(SURE, stock=0), quota=Quota(daily_draws=1)))
    receipt = engine.draw("wheel", "ann")
    with pytest.raises(InvalidEdit, match="return_chance"):
        engine.void(receipt.id, request_id="v")
    engine.void(receipt.id, request_id="v", return_chance=True)
    assert engine.draw("wheel", "ann").number == 2


def test_the_third_of_a_multi_draw_can_be_voided_alone(engine):
    """D5: each draw of a request has a receipt of its own."""
    engine.publish(wheel(FIVE))
    made = engine.draw_many("wheel", "ann", 4)
    engine.void(made[2].id, request_id="v")
    assert engine.stock("wheel")["cup"].issued == 3
    assert engine.audit("wheel").ok


def test_a_chance_of_yesterday_does_not_come_back_today(engine, clock):
    """D5: the daily cap it was under is over; the total one has it back."""
    engine.publish(wheel(quota=Quota(total_draws=3, daily_draws=1)))
    receipt = engine.draw("wheel", "ann")
    clock.advance(days=1)
    engine.draw("wheel", "ann")
    engine.void(receipt.id, request_id="v", return_chance=True)
    standing = engine.standing("wheel", "ann")
    assert (standing.draws_left_today, standing.draws_left) == (0, 2)
    assert engine.audit("wheel").ok


def test_void_of_a_deleted_prize(engine):
    """D5, B13: its unit is taken back and released at once."""
    mug = Prize("mug", "Mug", 0, 1)
    engine.publish(wheel(FIVE, mug))
    receipt = engine.draw("wheel", "ann")
    engine.publish(wheel(evolve(mug, weight=1)))
    engine.void(receipt.id, request_id="v")
    assert kinds(engine, "cup")[-2:] == [("void", 1), ("release", 1)]
    assert engine.audit("wheel").ok


def test_receipts_are_listed_newest_first_and_by_what_is_asked(engine, clock):
    """D3: all, one participant's, wins only, one prize's, a span of time; ``since`` is in, ``until`` is not."""
    engine.publish(wheel(evolve(SURE, stock=2)))
    made = []
    for name in ("ann", "bob", "ann"):
        made += engine.draw_many("wheel", name, 2)
        clock.advance(hours=1)
    listed = lambda *names, **wanted: list(engine.receipts("wheel", *names, **wanted))
    assert listed() == made[::-1]
    assert listed(newest_first=False) == made
    assert listed("ann") == [made[5], made[4], made[1], made[0]]
    assert listed("ann", wins_only=True) == [made[1], made[0]]
    assert listed(prize_id="thank-you") == made[:1:-1]
    assert listed(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=2)) == [made[3], made[2]]
    assert listed("nobody") == []


@pytest.mark.one_home("the order of the journal is by time, and here all is done at once")
def test_receipts_that_were_voided_are_left_out_if_asked(engine):
    """A receipt tells what was drawn, voided or not; a list of what participants have leaves those out, page after page."""
    engine.publish(wheel(evolve(SURE, stock=400)))
    made = [one for n in range(3) for one in engine.draw_many("wheel", "ann", 100, request_id=f"many-{n}")]
    singles = [engine.draw("wheel", "bob", request_id=f"one-{n}") for n in range(120)]
    taken = {one.id for one in (*made[::7], *singles[::3])}
    for id_ in taken:
        engine.void(id_, request_id=f"void {id_}", return_chance=True)
    listed = lambda **wanted: list(engine.receipts("wheel", newest_first=False, **wanted))
    assert listed() == [*made, *singles]
    assert listed(voided=False) == [one for one in (*made, *singles) if one.id not in taken]
    assert listed(voided=False, wins_only=True) == [one for one in (*made, *singles) if one.is_win and one.id not in taken]


def test_receipts_are_read_page_by_page_while_others_draw(engine):
    """D3: five hundred of them, none twice and none left out, though new ones come in between."""
    engine.publish(wheel(evolve(SURE, stock=-1)))
    for k in range(500):
        engine.draw("wheel", "ann", request_id=f"r{k}")
    pages = engine.receipts("wheel", "ann")
    seen = [next(pages)]
    engine.draw("wheel", "ann")
    seen += pages
    assert [one.request_id for one in seen] == [f"r{k}" for k in range(499, -1, -1)]


def test_one_receipt_by_its_id_or_by_its_request(engine):
    """D3: "did order-1 happen?"; a request for several is found by its first."""
    engine.publish(wheel())
    made = engine.draw_many("wheel", "ann", 3, request_id="order-1")
    assert [engine.receipt(one.id) for one in made] == made
    assert engine.receipt(campaign="wheel", request_id="order-1") == made[0]
    assert engine.receipt(campaign="wheel", request_id="order-2") is None
    assert engine.receipt("wheel:3:order-1") is None


def test_receipts_can_be_checked_again(engine):
    """Each receipt holds what its decision needs; one that was altered fails."""
    engine.publish(wheel(evolve(SURE, stock=3), Prize("mug", "Mug", 1, 2), fallback=Prize.thank_you(weight=1)))
    for receipt in engine.draw_many("wheel", "ann", 30):
        assert verify(receipt, engine.campaign("wheel"))
        assert not verify(msgspec.structs.replace(receipt, points=5), engine.campaign("wheel"))


def test_blocks_in_one_campaign(engine):
    """D6: refused there and nowhere else, until unblocked."""
    engine.publish(wheel())
    engine.publish(wheel(id="other"))
    engine.block("ann", "wheel", actor="eve")
    with pytest.raises(DrawRefused) as caught:
        engine.draw("wheel", "ann")
    assert (caught.value.reason, caught.value.retry_at, caught.value.standing.blocked) == ("blocked", None, True)
    assert engine.draw("other", "ann").number == 1
    engine.unblock("ann", "wheel")
    assert engine.draw("wheel", "ann").number == 1


def test_blocks_everywhere_hold_in_campaigns_published_later(engine):
    """D6: and a block for one campaign is apart from the one for all."""
    engine.publish(wheel())
    engine.block("ann")
    engine.block("ann", "wheel")
    engine.publish(wheel(id="later"))
    blocked = lambda: [engine.standing(id_, "ann").blocked for id_ in ("wheel", "later")]
    assert blocked() == [True, True]
    engine.unblock("ann")
    assert blocked() == [True, False]
    engine.unblock("ann", "wheel")
    assert blocked() == [False, False]
    engine.block("ann")
    assert blocked() == [True, True]


def test_the_audit_finds_what_does_not_add_up(engine):
    """A counter and a document that were changed behind the journal's back are named."""
    engine.publish(wheel(FIVE))
    engine.draw("wheel", "ann")
    audit = engine.audit("wheel")
    assert (bool(audit), audit.ok, audit.draws, audit.differences) == (True, True, 1, ())
    engine.store.commit("default/campaign/wheel", [Commit({}, add={"stock/cup": 1})])
    engine.store.commit("default/campaign/wheel", [Commit({"p/bob": 0}, {"p/bob": states.encode(states.State(wins=1))})])
    audit = engine.audit("wheel")
    assert not audit
    assert [one.split()[0] for one in audit.differences] == ["stock/cup", "p/bob:"]


def test_an_unknown_receipt_cannot_be_voided(engine):
    """Neither one that never was, nor an operator's request, nor a place past the end."""
    engine.publish(wheel(), request_id="publication")
    engine.draw("wheel", "ann", request_id="r")
    for id_ in ("wheel:0:nothing", "wheel:1:r", "wheel:0:publication"):
        with pytest.raises(UnknownReceipt, match=id_):
            engine.void(id_, request_id="v")
