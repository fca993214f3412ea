"""Faults that were found once, and must not come back."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from prizedraw import (
    AsyncDrawEngine,
    ClockError,
    DrawEngine,
    InvalidEdit,
    InvalidRequest,
    Prize,
    Quota,
    RequestMismatch,
    UnknownCampaign,
    Window,
)
from prizedraw.storage.memory import MemoryStore
from prizedraw.testing import FixedClock
from scenery import NOON, SURE, picture, wheel


def test_granted_draws_help_whoever_is_above_a_lowered_cap(engine):
    """Three draws made, then total_draws is lowered to two: one granted draw can still be used."""
    engine.publish(wheel(quota=Quota(total_draws=3)))
    engine.draw_many("wheel", "ann", 3)
    engine.publish(wheel(quota=Quota(total_draws=2)))
    engine.grant_draws("wheel", "ann", 1, request_id="gift")
    assert engine.draw("wheel", "ann").own is False


def test_a_receipt_has_one_id_only(engine):
    """A receipt id with a padded place names nothing, so no draw can be voided twice under two spellings."""
    engine.publish(wheel())
    engine.draw("wheel", "ann", request_id="r")
    engine.void("wheel:0:r", request_id="v1")
    with pytest.raises(InvalidRequest):
        engine.void("wheel:00:r", request_id="v2")
    assert engine.stock("wheel")["cup"].issued == 0


@pytest.mark.parametrize("online", [0, 1, None, "no"])
def test_online_must_be_true_or_false(engine, online):
    """Anything else would be kept as it is and make the campaign unreadable."""
    before = picture(engine.store)
    with pytest.raises(InvalidRequest, match="online"):
        engine.publish(wheel(), online=online)
    assert picture(engine.store) == before


def test_a_publication_that_fails_claims_no_title(engine):
    """A refused edit leaves its new title free for others, and the store as it was."""
    engine.publish(wheel())
    before = picture(engine.store)
    with pytest.raises(InvalidEdit):
        engine.publish(wheel(Prize("cup", "Cup", 1, 99), title="New title"))
    with pytest.raises(InvalidRequest):
        engine.publish(wheel(title="New title"), note=5)
    assert picture(engine.store) == before
    engine.publish(wheel(id="other", title="New title"))


def test_publish_with_the_same_request_id_but_another_switch_is_a_mismatch(engine):
    """Online or not is part of what was asked."""
    engine.publish(wheel(), request_id="p")
    with pytest.raises(RequestMismatch):
        engine.publish(wheel(), online=False, request_id="p")


def test_void_of_another_product_adds_nothing_to_the_new_one(engine):
    """A cup of the old product was won; the prize then stands for a new product, and taking the cup back gives none of those."""
    engine.publish(wheel(Prize("cup", "Cup", 1, 5, product="old")))
    receipt = engine.draw("wheel", "ann")
    engine.publish(wheel(Prize("cup", "Cup", 1, 3, product="new")))
    engine.void(receipt.id, request_id="v")
    assert engine.stock("wheel")["cup"].remaining == 3
    assert engine.audit("wheel").ok


def test_void_of_a_deleted_and_recreated_prize_adds_nothing_to_it(engine):
    """The same where the prize was deleted in between and came back under its id."""
    other = Prize("mug", "Mug", 1, 5)
    engine.publish(wheel(SURE, other))
    receipt = next(one for k in range(200) if (one := engine.draw("wheel", f"p{k}")).prize.id == "cup")
    engine.publish(wheel(other))
    engine.publish(wheel(SURE, other))
    assert engine.stock("wheel")["cup"].remaining == 100
    engine.void(receipt.id, request_id="v")
    assert engine.stock("wheel")["cup"].remaining == 100
    assert engine.audit("wheel").ok


def test_alerts_keep_to_the_threshold_of_their_time(engine):
    """An edit of alert_stock tells no crossings of the past."""
    engine.publish(wheel(Prize("cup", "Cup", 1, 10, alert_stock=2)))
    engine.reallocate("wheel", "cup", stock=5)
    engine.publish(wheel(Prize("cup", "Cup", 1, 10, alert_stock=7)))
    assert list(engine.alerts("wheel")) == []


def test_an_async_engine_can_be_opened_again():
    """``async with`` connects each time."""
    calls = []

    class Recording(MemoryStore):
        def open(self):
            calls.append("open")

        def close(self):
            calls.append("close")

    async def main():
        engine = AsyncDrawEngine(Recording(), clock=FixedClock(NOON))
        for _ in range(2):
            async with engine:
                pass

    asyncio.run(main())
    assert calls == ["open", "close"] * 2


@pytest.mark.parametrize("junk", [None, 5, [], "", "No Such", "a/b", "\ud800", "x" * 300])
def test_anything_that_is_no_campaign_id_is_an_unknown_campaign(engine, junk):
    """Whatever it is: nothing of that name can be published."""
    with pytest.raises(UnknownCampaign):
        engine.draw(junk, "ann")


@pytest.mark.parametrize("reading", [None, 1.5, "now", datetime(2027, 3, 10)])
def test_a_clock_must_give_aware_datetimes(store_url, reading):
    """A naive time or none at all is a ClockError, before anything is written."""
    with DrawEngine.open(store_url, clock=lambda: reading) as engine, pytest.raises(ClockError):
        engine.publish(wheel())


@pytest.mark.parametrize("text", [5, None, "\ud800", "x" * 2001])
def test_actor_and_note_are_short_texts(engine, text):
    """What cannot be kept in the journal is refused before anything is written."""
    engine.publish(wheel())
    before = picture(engine.store)
    for field in ("actor", "note"):
        with pytest.raises(InvalidRequest, match=field):
            engine.take_offline("wheel", **{field: text})
    assert picture(engine.store) == before


def test_meta_that_is_not_equal_to_itself_is_refused(engine):
    """A receipt with a NaN would differ from its own replay."""
    engine.publish(wheel())
    with pytest.raises(InvalidRequest, match="meta"):
        engine.draw("wheel", "ann", meta={"x": [float("nan")]})


@pytest.mark.parametrize("moment", ["2027-03-10", 5, datetime(2027, 3, 10)])
def test_since_and_until_are_aware_times(engine, moment):
    """Naive ones and other things are refused at the call."""
    engine.publish(wheel())
    for place in ("since", "until"):
        with pytest.raises(InvalidRequest, match=place):
            engine.receipts("wheel", **{place: moment})


def test_grants_with_one_expiry_make_one_lot(engine):
    """A thousand small grants do not grow the participant's document."""
    engine.publish(wheel())
    for k in range(5):
        engine.grant_draws("wheel", "ann", 2, request_id=f"g{k}")
    assert engine.draw("wheel", "ann").before.granted[0].left == 10


def test_pitfall_20_taking_one_from_nothing_is_not_unlimited(engine):
    """Nought less one is minus one, and that is below what is issued, not the sign for no limit."""
    engine.publish(wheel(Prize("cup", "Cup", 1, 0)))
    with pytest.raises(InvalidEdit, match="below"):
        engine.reallocate("wheel", "cup", add=-1)
    assert engine.stock("wheel")["cup"].remaining == 0


def test_days_are_not_cut_anew_behind_a_moved_window(engine):
    """Draws were made, then the open window was moved to start later: the zone still stays what it is."""
    later = Window(NOON + timedelta(minutes=30), NOON + timedelta(hours=2))
    engine.publish(wheel(windows=[Window(NOON - timedelta(hours=1), NOON + timedelta(hours=1))]))
    engine.draw("wheel", "ann")
    engine.publish(wheel(windows=[later]))
    with pytest.raises(InvalidEdit, match="timezone"):
        engine.publish(wheel(windows=[later], timezone="America/New_York"))
    with pytest.raises(InvalidEdit, match="timezone"):
        engine.publish(wheel(windows=[later], day_starts_at="04:00"))
