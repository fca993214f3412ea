"""Publishing a campaign and what an operator does to it: windows, states, edits, titles, the shelf (mission A1–A4, B13, B14, D8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from prizedraw import DrawEngine, DrawRefused, InvalidEdit, Newcomer, Pity, Prize, Quota, RequestMismatch, UnknownCampaign, Window
from prizedraw.storage.memory import MemoryStore
from prizedraw.testing import FixedClock
from scenery import MARCH, NOON, SURE, picture, wheel, wins

DAY_10 = Window(datetime(2027, 3, 10, 10, tzinfo=UTC), datetime(2027, 3, 10, 12, tzinfo=UTC))
DAY_11 = Window(datetime(2027, 3, 11, 10, tzinfo=UTC), datetime(2027, 3, 11, 12, tzinfo=UTC))
DAY_12 = Window(datetime(2027, 3, 12, 10, tzinfo=UTC), datetime(2027, 3, 12, 12, tzinfo=UTC))


def refusal(engine, *arguments, **options):
    with pytest.raises(DrawRefused) as caught:
        engine.draw(*arguments, **options)
    return caught.value


def test_a_published_campaign_can_be_read_back_and_drawn_from(engine):
    """The way of every newcomer: publish, look, draw."""
    assert engine.publish(wheel()) == 1
    assert engine.campaigns() == ["wheel"]
    assert engine.campaign("wheel") == wheel()
    assert engine.state("wheel") == "running"
    receipt = engine.draw("wheel", "ann", request_id="order-1", meta={"page": 7})
    assert (receipt.campaign_id, receipt.participant, receipt.request_id, receipt.number) == ("wheel", "ann", "order-1", 1)
    assert (receipt.prize.id, receipt.prize.name, receipt.prize.kind, receipt.is_win, receipt.reason) == (
        "cup",
        "Cup",
        "product",
        True,
        None,
    )
    assert (receipt.drawn_at, str(receipt.day), receipt.version, receipt.meta) == (NOON, "2027-03-10", 1, {"page": 7})


def test_earlier_versions_can_be_read(engine):
    """Receipts name the version they were made under, so every version is kept."""
    engine.publish(wheel())
    assert engine.publish(wheel(title="Second")) == 2
    assert engine.campaign("wheel", version=1).title == "The wheel"
    assert engine.campaign("wheel").title == engine.campaign("wheel", version=2).title == "Second"


def test_publishing_the_same_again_does_nothing(engine):
    """A service publishes at every start; that keeps versions, reallocations, the shelf and the switch."""
    engine.publish(wheel())
    engine.reallocate("wheel", "cup", stock=7)
    engine.take_off_shelf("wheel", "cup")
    engine.take_offline("wheel")
    before = picture(engine.store)
    assert engine.publish(wheel()) == 1
    assert picture(engine.store) == before


def test_publish_can_insist_on_a_version(engine):
    """``expect_version`` keeps two operators from overwriting each other; 0 is not yet published."""
    engine.publish(wheel(), expect_version=0)
    engine.publish(wheel(title="Second"), expect_version=1)
    with pytest.raises(InvalidEdit, match="version 2"):
        engine.publish(wheel(title="Third"), expect_version=1)


def test_windows_are_half_open(engine, clock):
    """A2: the first second of a window is in, the end is not, and between windows nobody draws."""
    engine.publish(wheel(windows=[DAY_10, DAY_11]))
    told = {}
    for moment in (
        DAY_10.start - timedelta(microseconds=1),
        DAY_10.start,
        DAY_10.end - timedelta(microseconds=1),
        DAY_10.end,
        DAY_11.start,
    ):
        clock.set(moment)
        try:
            engine.draw("wheel", "ann")
            told[moment] = "drawn"
        except DrawRefused as refused:
            told[moment] = refused.reason
    assert list(told.values()) == ["outside_window", "drawn", "drawn", "outside_window", "drawn"]


def test_pitfall_23_the_end_of_a_window_is_enforced_at_the_draw(engine, clock):
    """At the very end the draw is refused, and the refusal names the start of the next window."""
    engine.publish(wheel(windows=[DAY_10, DAY_11]))
    clock.set(DAY_10.end)
    refused = refusal(engine, "wheel", "ann")
    assert (refused.reason, refused.retry_at) == ("outside_window", DAY_11.start)
    clock.set(DAY_11.end)
    assert refusal(engine, "wheel", "ann").retry_at is None


def test_states(engine, clock):
    """A4: not started before and between windows, running inside, closed after the last and offline."""
    engine.publish(wheel(windows=[DAY_10, DAY_11]))
    seen = []
    for moment in (DAY_10.start - timedelta(hours=1), DAY_10.start, DAY_10.end, DAY_11.start, DAY_11.end):
        clock.set(moment)
        online = engine.state("wheel")
        engine.take_offline("wheel")
        seen.append((online, engine.state("wheel")))
        engine.bring_online("wheel")
    assert seen == [(state, "closed") for state in ("not_started", "running", "not_started", "running", "closed")]


def test_the_switch_acts_in_another_engine_at_once(store_url, clock):
    """A4: offline refuses everywhere; online never opens a campaign outside its windows."""
    with DrawEngine.open(store_url, clock=clock) as here:
        there = DrawEngine(here.store, clock=clock)
        here.publish(wheel())
        assert there.draw("wheel", "ann").is_win
        here.take_offline("wheel")
        assert refusal(there, "wheel", "ann").reason == "offline"
        there.bring_online("wheel")
        assert here.draw("wheel", "ann").is_win
        clock.set(MARCH.end.replace(tzinfo=UTC))
        here.bring_online("wheel")
        assert here.state("wheel") == "closed"
        assert refusal(here, "wheel", "ann").reason == "outside_window"


def test_publish_offline(engine):
    """A4: a campaign can be published offline; an edit keeps the switch, and ``online=False`` turns it off later too."""
    engine.publish(wheel(), online=False)
    assert engine.state("wheel") == "closed"
    engine.publish(wheel(title="Second"))
    assert refusal(engine, "wheel", "ann").reason == "offline"
    engine.bring_online("wheel")
    assert engine.draw("wheel", "ann").is_win
    engine.publish(wheel(title="Second"), online=False)
    assert engine.state("wheel") == "closed"


@pytest.mark.parametrize(
    ("windows", "verdict"),
    [
        ([DAY_10, DAY_11], "fine"),
        ([DAY_10], "fine"),  # a window to come is deleted
        ([DAY_10, DAY_12], "fine"),  # or moved
        ([Window(DAY_10.start, DAY_10.end + timedelta(hours=1)), DAY_11], "fine"),  # the open one ends later
        ([DAY_11], "open now"),  # and cannot be deleted
        ([Window(DAY_10.start - timedelta(days=1), DAY_10.start), DAY_10, DAY_11], "over already"),
    ],
)
def test_windows_change_by_publishing_as_the_rules_allow(engine, clock, windows, verdict):
    """A3: during the first of two windows."""
    clock.set(DAY_10.start)
    engine.publish(wheel(windows=[DAY_10, DAY_11]))
    before = picture(engine.store)
    if verdict == "fine":
        engine.publish(wheel(windows=windows))
        assert engine.campaign("wheel").windows == tuple(windows)
    else:
        with pytest.raises(InvalidEdit, match=verdict):
            engine.publish(wheel(windows=windows))
        assert picture(engine.store) == before


def test_a_past_window_stays_as_it_is(engine, clock):
    """A3: history is not rewritten."""
    engine.publish(wheel(windows=[DAY_10, DAY_11]))
    clock.set(DAY_10.end)
    with pytest.raises(InvalidEdit, match="past"):
        engine.publish(wheel(windows=[DAY_11]))


def test_an_unpublished_campaign_is_unknown_to_every_method(engine):
    """UnknownCampaign names the campaign and is a LookupError; iterators raise it at their first step."""
    calls = [
        lambda: engine.campaign("no"),
        lambda: engine.state("no"),
        lambda: engine.take_offline("no"),
        lambda: engine.bring_online("no"),
        lambda: engine.draw("no", "ann"),
        lambda: engine.draw_many("no", "ann", 2),
        lambda: engine.preview("no", 1, seed=1),
        lambda: engine.grant_draws("no", "ann", 1, request_id="g"),
        lambda: engine.void("no:0:r", request_id="v"),
        lambda: engine.standing("no", "ann"),
        lambda: engine.stock("no"),
        lambda: engine.reallocate("no", "cup", stock=1),
        lambda: engine.take_off_shelf("no", "cup"),
        lambda: engine.put_on_shelf("no", "cup"),
        lambda: engine.block("ann", "no"),
        lambda: engine.unblock("ann", "no"),
        lambda: engine.receipt("no:0:r"),
        lambda: engine.receipt(campaign="no", request_id="r"),
        lambda: list(engine.receipts("no")),
        lambda: list(engine.movements("no")),
        lambda: list(engine.alerts("no")),
        lambda: engine.odds("no", "ann"),
        lambda: engine.audit("no"),
    ]
    for call in calls:
        with pytest.raises(UnknownCampaign, match="'no'") as caught:
            call()
        assert caught.value.campaign_id == "no"
        assert isinstance(caught.value, LookupError)
    assert picture(engine.store, ["no"]) == picture(MemoryStore(), ["no"])


def test_titles_are_unique_and_released_by_a_change(engine):
    """A1: another campaign's title is refused; a title given up is free again."""
    engine.publish(wheel(title="Gala"))
    with pytest.raises(InvalidEdit, match="'wheel'"):
        engine.publish(wheel(id="other", title="Gala"))
    assert engine.campaigns() == ["wheel"]
    engine.publish(wheel(title="Feast"))
    engine.publish(wheel(id="other", title="Gala"))
    with pytest.raises(InvalidEdit, match="'other'"):
        engine.publish(wheel(title="Gala"))


def test_namespaces_are_apart(clock):
    """Two tenants on one store share nothing: neither campaigns nor titles, request ids or blocks."""
    store = MemoryStore()
    one, two = (DrawEngine(store, clock=clock, namespace=name) for name in ("one", "two"))
    one.publish(wheel())
    assert two.campaigns() == []
    with pytest.raises(UnknownCampaign):
        two.draw("wheel", "ann")
    two.publish(wheel())
    one.block("ann")
    assert one.draw("wheel", "bob", request_id="r").participant == "bob"
    assert two.draw("wheel", "ann", request_id="r").participant == "ann"


def test_a_changed_stock_figure_is_refused_and_points_to_reallocate(engine):
    """B13: the file's figure is compared with the one last published, not with what is allocated now."""
    engine.publish(wheel())
    engine.reallocate("wheel", "cup", stock=7)
    with pytest.raises(InvalidEdit, match=r"prizes\[0\]\.stock.*reallocate"):
        engine.publish(wheel(evolve(SURE, stock=7)))
    engine.publish(wheel(evolve(SURE, name="Mug", weight=2, alert_stock=1, order=5, image="mug.png")))
    assert engine.stock("wheel")["cup"].allocated == 7
    assert engine.draw("wheel", "ann").prize.name == "Mug"


def test_pitfall_13_an_edit_in_mid_campaign_refills_nothing(engine):
    """Three of five are won; an edit of anything else leaves two."""
    cup = evolve(SURE, stock=5)
    engine.publish(wheel(cup))
    engine.draw_many("wheel", "ann", 3)
    engine.publish(wheel(evolve(cup, name="Mug", weight=9), title="Second"))
    assert (engine.stock("wheel")["cup"].issued, engine.stock("wheel")["cup"].remaining) == (3, 2)
    assert wins(engine, "bob", 3) == [None, None, "sold_out"]


def test_another_kind_or_product_is_new_stock(engine):
    """B13: the old remainder is released and the new stock comes on top of what was issued under the id."""
    engine.publish(wheel(evolve(SURE, stock=5, product="old")))
    engine.draw_many("wheel", "ann", 2)
    engine.publish(wheel(evolve(SURE, stock=3, product="new")))
    assert (engine.stock("wheel")["cup"].issued, engine.stock("wheel")["cup"].remaining) == (2, 3)
    assert [(m.kind, m.quantity) for m in engine.movements("wheel") if m.kind != "issue"] == [("allocate", 5)]
    engine.publish(wheel(evolve(SURE, stock=4, product=None, kind="points", points=10)))
    assert engine.stock("wheel")["cup"].remaining == 4
    assert engine.audit("wheel").ok


def test_a_deleted_prize_releases_its_stock_and_keeps_its_history(engine):
    """B13: and a re-used id goes on counting what was issued."""
    mug = Prize("mug", "Mug", 0, 1)
    engine.publish(wheel(SURE, mug))
    receipt = engine.draw("wheel", "ann")
    engine.publish(wheel(evolve(mug, weight=1)))
    assert list(engine.stock("wheel")) == ["mug"]
    assert engine.receipt(receipt.id) == receipt
    assert [(m.kind, m.quantity) for m in engine.movements("wheel", "cup")] == [("allocate", 100), ("issue", 1), ("release", 99)]
    engine.publish(wheel(SURE, mug))
    assert (engine.stock("wheel")["cup"].issued, engine.stock("wheel")["cup"].remaining) == (1, 100)
    assert engine.audit("wheel").ok


def test_a_prize_that_a_guarantee_names_cannot_be_deleted(engine):
    """B13: participants have counters towards it; first the rule goes, then the prize."""
    mug = Prize("mug", "Mug", 1, 9)
    engine.publish(wheel(SURE, mug, pity=[Pity(id="p", target=["mug"], hard=5)], newcomer=Newcomer(draws=2, target=["mug"])))
    with pytest.raises(InvalidEdit, match="'mug' is named"):
        engine.publish(wheel())
    engine.publish(wheel(SURE, mug))
    engine.publish(wheel())
    assert list(engine.stock("wheel")) == ["cup"]


def test_the_shelf_acts_in_another_engine_at_once(store_url, clock):
    """B14: a prize off the shelf keeps its weight, and the thank-you takes it; both moves are in the journal."""
    with DrawEngine.open(store_url, clock=clock) as here:
        there = DrawEngine(here.store, clock=clock)
        here.publish(wheel())
        here.take_off_shelf("wheel", "cup", actor="eve", note="broken")
        receipt = there.draw("wheel", "ann")
        assert (receipt.is_win, receipt.reason, receipt.drawn) == (False, "off_shelf", "cup")
        assert there.odds("wheel", "ann") == {"cup": 0, "thank-you": 1}
        there.put_on_shelf("wheel", "cup")
        assert here.draw("wheel", "ann").is_win
        assert [entry.kind for entry in here.store.entries("default/campaign/wheel").items] == [
            "publish",
            "off_shelf",
            "draw",
            "on_shelf",
            "draw",
        ]


def test_the_thank_you_is_there_by_itself(engine):
    """B2: last, never out of stock, and cannot be moved by an operator."""
    engine.publish(wheel(SURE, fallback=Prize.thank_you(weight=1)))
    assert engine.campaign("wheel").fallback.id == "thank-you"
    assert "thank-you" not in engine.stock("wheel")
    for call in (engine.take_off_shelf, lambda *ids: engine.reallocate(*ids, stock=1)):
        with pytest.raises(InvalidEdit, match="thank-you"):
            call("wheel", "thank-you")


def test_an_operators_request_id_makes_each_call_idempotent(engine):
    """A call repeated late does not undo what was done since; the same id for another call is a mismatch."""
    engine.publish(wheel())
    engine.take_offline("wheel", request_id="off")
    engine.bring_online("wheel")
    engine.take_offline("wheel", request_id="off")
    assert engine.state("wheel") == "running"
    with pytest.raises(RequestMismatch) as caught:
        engine.take_off_shelf("wheel", "cup", request_id="off")
    assert caught.value.request_id == "off"


def test_preview_writes_nothing_and_repeats_by_its_seed(engine):
    """A look at what draws would be, from a predictable source."""
    engine.publish(wheel(SURE, fallback=Prize.thank_you(weight=1), quota=Quota(daily_draws=1)))
    before = picture(engine.store)
    shown = engine.preview("wheel", 50, seed=7)
    assert [one.number for one in shown] == list(range(1, 51))
    assert {one.is_win for one in shown} == {True, False}
    assert engine.preview("wheel", 50, seed=7) == shown
    assert picture(engine.store) == before


def test_two_clocks_of_one_store_cannot_reopen_a_day(store_url):
    """Midnight in Shanghai has passed for one engine and not for the other, 50 s behind: each participant has one day only."""
    ahead, behind = FixedClock(datetime(2027, 3, 10, 16, 0, 20, tzinfo=UTC)), FixedClock(datetime(2027, 3, 10, 15, 59, 30, tzinfo=UTC))
    with DrawEngine.open(store_url, clock=ahead) as first:
        second = DrawEngine(first.store, clock=behind)
        first.publish(wheel(quota=Quota(daily_draws=2)))
        days = [str(one.draw("wheel", "ann").day) for one in (second, first, second)]
        assert days == ["2027-03-10", "2027-03-11", "2027-03-11"]
        for one in (first, second):
            assert refusal(one, "wheel", "ann").reason == "daily_draws"
