"""Draws: caps, replacement, guarantees, refusals, replays, batches (mission A5–A7, A10, B3–B6, D1, D2, E0; decisions D7, D8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from attrs import evolve

from prizedraw import (
    DrawEngine,
    DrawRefused,
    DrawRequest,
    Newcomer,
    Odds,
    Pity,
    Points,
    Prize,
    Quota,
    Refusal,
    Release,
    RequestMismatch,
    Window,
    verify,
)
from scenery import NOON, SURE, picture, wheel, wins

COINS = Prize("coins", "Coins", 1, -1, kind="points", points=40)
RARE = Prize("rare", "Rare", 0, -1)
TOMORROW = datetime(2027, 3, 10, 16, tzinfo=UTC)
"""The next midnight in Shanghai."""


def refusal(call, *arguments, **options):
    with pytest.raises(DrawRefused) as caught:
        call(*arguments, **options)
    return caught.value


def test_total_and_daily_draws(engine, clock):
    """A5: two a day, three in all; the day is renewed, the total is not."""
    engine.publish(wheel(quota=Quota(total_draws=3, daily_draws=2)))
    engine.draw_many("wheel", "ann", 2)
    today = refusal(engine.draw, "wheel", "ann")
    assert (today.reason, today.retry_at) == ("daily_draws", TOMORROW)
    clock.set(TOMORROW)
    engine.draw("wheel", "ann")
    ever = refusal(engine.draw, "wheel", "ann")
    assert (ever.reason, ever.retry_at, ever.standing.draws_left) == ("total_draws", None, 0)
    assert engine.draw("wheel", "bob").number == 1


def test_total_and_daily_wins_become_thank_yous(engine, clock):
    """A5: at a cap on wins the draw goes on and gives the thank-you."""
    engine.publish(wheel(quota=Quota(total_wins=3, daily_wins=2)))
    assert wins(engine, "ann", 3) == [None, None, "daily_wins"]
    clock.set(TOMORROW)
    assert wins(engine, "ann", 2) == [None, "total_wins"]


def test_a_points_prize_is_a_win(engine):
    """A5: it counts under the win caps."""
    engine.publish(wheel(COINS, quota=Quota(total_wins=1)))
    assert wins(engine, "ann", 2) == [None, "total_wins"]


@pytest.mark.parametrize(
    ("zone", "starts", "renewed"), [("Asia/Shanghai", "00:00", TOMORROW), ("America/New_York", "04:30", NOON + timedelta(hours=5.5))]
)
def test_pitfall_21_a_day_is_the_campaigns_and_not_the_hosts(engine, clock, monkeypatch, zone, starts, renewed):
    """Chances come back at the campaign's own hour in its own zone, to the microsecond, whatever the host's zone is."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    engine.publish(wheel(timezone=zone, day_starts_at=starts, quota=Quota(daily_draws=1)))
    engine.draw("wheel", "ann")
    clock.set(renewed - timedelta(microseconds=1))
    assert refusal(engine.draw, "wheel", "ann").retry_at == renewed
    clock.set(renewed)
    assert engine.draw("wheel", "ann").number == 2


def test_pitfall_22_a_day_is_no_rolling_24_hours(engine, clock):
    """A draw at 23:59 and one at 00:01 are on two days; the day of the change to summer time has 23 hours."""
    engine.publish(wheel(timezone="America/New_York", quota=Quota(daily_draws=1)))
    midnight = datetime(2027, 3, 14, 5, tzinfo=UTC)  # clocks go forward that night
    for moment in (midnight - timedelta(minutes=1), midnight + timedelta(minutes=1)):
        clock.set(moment)
        engine.draw("wheel", "ann")
    assert refusal(engine.draw, "wheel", "ann").retry_at == midnight + timedelta(hours=23)


def test_retry_at_is_moved_into_the_next_window(engine):
    """D7: the next day starts at midnight, and the window at ten."""
    evening = [datetime(2027, 3, day, 10) for day in (10, 11)]
    engine.publish(wheel(windows=[Window(at, at + timedelta(hours=4)) for at in evening], quota=Quota(daily_draws=1)))
    engine.draw("wheel", "ann")
    assert refusal(engine.draw, "wheel", "ann").retry_at == datetime(2027, 3, 11, 2, tzinfo=UTC)


def test_pitfall_20_minus_one_is_unlimited_and_nought_is_none(engine):
    """Everywhere: draws, wins, stock, release, per participant."""
    engine.publish(wheel(evolve(SURE, stock=-1), quota=Quota(total_draws=-1, daily_draws=-1, total_wins=0, daily_wins=0)))
    assert wins(engine, "ann", 3) == ["total_wins"] * 3
    assert engine.stock("wheel")["cup"].remaining == -1
    engine.publish(wheel(Prize("cup", "Cup", 1, 0), id="none"))
    assert wins(engine, "ann", 1, "none") == ["sold_out"]
    engine.publish(wheel(quota=Quota(daily_draws=0), id="closed"))
    assert refusal(engine.draw, "closed", "ann").reason == "daily_draws"


def test_points_caps_never_split_a_prize(engine):
    """A6: 40 points fit twice under a participant's 99, and twice more under everybody's 190, never in part."""
    engine.publish(wheel(COINS, points=Points(total=190, per_participant=99)))
    assert wins(engine, "ann", 3) == [None, None, "points_cap"]
    assert wins(engine, "bob", 3) == [None, None, "points_cap"]
    assert wins(engine, "cat", 1) == ["points_cap"]
    standing = engine.standing("wheel", "ann")
    assert (standing.points, standing.points_left, engine.standing("wheel", "cat").points_left) == (80, 19, 99)


def test_messages(engine):
    """A7: what is left today, else in all, else no number."""
    for name, quota in (("day", Quota(total_draws=5, daily_draws=2)), ("all", Quota(total_draws=5)), ("free", None)):
        engine.publish(wheel(id=name, quota=quota))
    engine.draw("day", "ann")
    told = [engine.standing(name, "ann").message for name in ("day", "all", "free")]
    assert [(one.kind, one.n) for one in told] == [("today", 1), ("total", 5), ("unlimited", -1)]


def test_campaign_draws(engine):
    """A10: a cap over everybody, refused whole; introduced by an edit it counts what was drawn before."""
    engine.publish(wheel())
    engine.draw_many("wheel", "ann", 3)
    engine.take_offline("wheel")
    engine.publish(wheel(quota=Quota(campaign_draws=5)))
    engine.bring_online("wheel")
    assert refusal(engine.draw_many, "wheel", "bob", 3).reason == "campaign_draws"
    engine.draw_many("wheel", "bob", 2)
    refused = refusal(engine.draw, "wheel", "cat")
    assert (refused.reason, refused.retry_at) == ("campaign_draws", None)


def test_offline_goes_before_outside_goes_before_blocked(engine, clock):
    """D7: with every reason at once, each cure brings up the next; a refusal writes nothing."""
    engine.publish(wheel(quota=Quota(daily_draws=0)))
    engine.block("ann", "wheel")
    engine.take_offline("wheel")
    clock.advance(days=60)
    before = picture(engine.store)
    reasons = [refusal(engine.draw, "wheel", "ann").reason]
    assert picture(engine.store) == before
    engine.bring_online("wheel")
    refused = refusal(engine.draw, "wheel", "ann")
    assert refused.standing.blocked
    clock.set(NOON)
    inside = DrawEngine(engine.store, clock=clock)  # the first would take this for a clock that went back
    assert [*reasons, refused.reason, refusal(inside.draw, "wheel", "ann").reason] == ["offline", "outside_window", "blocked"]


def test_quota_refusals_have_an_order(engine):
    """D7: blocked, total_draws, campaign_draws, daily_draws, each found once the one before is lifted."""
    tight = Quota(total_draws=1, daily_draws=1, campaign_draws=1)
    engine.publish(wheel(quota=tight))
    engine.draw("wheel", "ann")
    engine.block("ann", "wheel")
    reasons = [refusal(engine.draw, "wheel", "ann").reason]
    engine.unblock("ann", "wheel")
    for quota in (tight, evolve(tight, total_draws=5), evolve(tight, total_draws=5, campaign_draws=9)):
        engine.publish(wheel(quota=quota))
        reasons.append(refusal(engine.draw, "wheel", "ann").reason)
    assert reasons == ["blocked", "total_draws", "campaign_draws", "daily_draws"]


CLOSING = {
    "total_wins": {"quota": Quota(total_wins=1)},
    "daily_wins": {"quota": Quota(daily_wins=1)},
    "off_shelf": {},
    "sold_out": {"prize": {"stock": 1}},
    "daily_release": {"prize": {"daily_release": 1}},
    "prize_cap": {"prize": {"per_participant": 1}},
    "points_cap": {"points": Points(per_participant=79)},
}
"""What closes the coins to whoever has won them once."""


@pytest.mark.parametrize(("first", "second"), [(a, b) for k, a in enumerate(CLOSING) for b in list(CLOSING)[k + 1 :]])
def test_reasons_have_an_order(engine, first, second):
    """B3: where two reasons close the prize that was drawn, the receipt tells the one that goes first."""
    both = [CLOSING[first], CLOSING[second]]
    quotas = [one["quota"] for one in both if "quota" in one]
    quota = Quota(total_wins=1, daily_wins=1) if len(quotas) == 2 else quotas[0] if quotas else None
    prize = evolve(COINS, **{key: value for one in both for key, value in one.get("prize", {}).items()})
    points = next((one["points"] for one in both if "points" in one), None)
    engine.publish(wheel(prize, quota=quota, points=points))
    assert engine.draw("wheel", "ann").is_win
    if "off_shelf" in (first, second):
        engine.take_off_shelf("wheel", "coins")
    receipt = engine.draw("wheel", "ann")
    assert (receipt.reason, receipt.drawn, receipt.points) == (first, "coins", 0)
    assert verify(receipt, engine.campaign("wheel", version=receipt.version))


def test_pitfall_16_daily_release_paces_a_prize(engine, clock):
    """B4: two a day go out however many draw; the next day brings two more."""
    engine.publish(wheel(evolve(SURE, daily_release=2)))
    assert [wins(engine, f"p{k}", 1)[0] for k in range(4)] == [None, None, "daily_release", "daily_release"]
    assert engine.stock("wheel")["cup"].released_today == 2
    clock.set(TOMORROW)
    assert [wins(engine, f"p{k}", 1)[0] for k in range(3)] == [None, None, "daily_release"]


def test_release_over_all_prizes_and_its_edit_in_mid_day(engine):
    """B4: what went out before an edit counts under the new figure, raised, lowered, or introduced."""
    engine.publish(wheel())
    assert wins(engine, "ann", 2) == [None, None]
    engine.publish(wheel(release=Release(3)))
    assert wins(engine, "ann", 2) == [None, "daily_release"]
    engine.publish(wheel(release=Release(4)))
    assert wins(engine, "ann", 2) == [None, "daily_release"]
    engine.publish(wheel(release=Release(1)))
    assert wins(engine, "ann", 1) == ["daily_release"]
    engine.publish(wheel(evolve(SURE, daily_release=5)))
    assert wins(engine, "ann", 2) == [None, "daily_release"]
    assert engine.audit("wheel").ok


def test_redraw_spreads_the_odds_over_what_is_open(engine):
    """With ``when_unavailable = "redraw"`` a sold-out prize makes room for the others instead of the thank-you."""
    engine.publish(wheel(evolve(SURE, stock=1), Prize("mug", "Mug", 1, -1), odds=Odds(when_unavailable="redraw")))
    assert wins(engine, "ann", 20) == [None] * 20
    assert engine.odds("wheel", "ann") == {"cup": 0, "mug": 1, "thank-you": 0}


def test_pity_through_the_engine(engine):
    """B5: after four misses the fifth draw is sure; the receipt names the rule, the standing counts the misses."""
    engine.publish(wheel(SURE, RARE, pity=[Pity(id="p", target=["rare"], hard=5)]))
    made = [engine.draw("wheel", "ann") for _ in range(10)]
    assert [one.prize.id for one in made] == (["cup"] * 4 + ["rare"]) * 2
    assert [one.forced_by for one in made] == ([None] * 4 + ["p"]) * 2
    engine.draw_many("wheel", "ann", 4)
    assert engine.standing("wheel", "ann").misses == {"p": 4}
    assert engine.odds("wheel", "ann") == {"cup": 0, "rare": 1, "thank-you": 0}


def test_pity_inside_a_multi_draw_is_the_same(engine):
    """Ten at once go through the same counters as ten one by one."""
    engine.publish(wheel(SURE, RARE, pity=[Pity(id="p", target=["rare"], hard=5)]))
    assert [one.prize.id for one in engine.draw_many("wheel", "ann", 10)] == (["cup"] * 4 + ["rare"]) * 2


def test_pitfall_10_a_due_prize_respects_stock_and_stays_owed(engine):
    """The guarantee is due and the prize is gone: a thank-you that tells what is owed, until stock comes."""
    engine.publish(wheel(SURE, evolve(RARE, stock=0), pity=[Pity(id="p", target=["rare"], hard=1)]))
    made = [engine.draw("wheel", "ann") for _ in range(2)]
    assert [(one.drawn, one.forced_by, one.owed) for one in made] == [("rare", None, ("p",))] * 2
    engine.reallocate("wheel", "rare", stock=1)
    assert engine.draw("wheel", "ann").forced_by == "p"
    assert engine.stock("wheel")["rare"].remaining == 0


def test_pitfall_18_a_natural_win_resets_the_counter(engine):
    """A hit clears the misses, and a refused draw moves nothing."""
    engine.publish(wheel(Prize("rare", "Rare", 1, -1), pity=[Pity(id="p", target=["rare"], hard=9)], quota=Quota(daily_draws=2)))
    engine.draw_many("wheel", "ann", 2)
    refusal(engine.draw, "wheel", "ann")
    assert engine.standing("wheel", "ann").misses == {"p": 0}


def test_pitfall_19_two_due_guarantees_go_in_file_order(engine):
    """Both due: the first in the file is honoured, the other stays due and is honoured next."""
    other = Prize("other", "Other", 0, -1)
    rules = [Pity(id="b", target=["rare"], hard=3), Pity(id="a", target=["other"], hard=3)]
    engine.publish(wheel(SURE, RARE, other, pity=rules))
    assert [one.prize.id for one in engine.draw_many("wheel", "ann", 4)] == ["cup", "cup", "rare", "other"]


def test_newcomer(engine):
    """B6: forced on the third draw, and only once."""
    engine.publish(wheel(SURE, RARE, newcomer=Newcomer(draws=3, target=["rare"])))
    made = [engine.draw("wheel", "ann") for _ in range(6)]
    assert [one.forced_by for one in made] == [None, None, "newcomer", None, None, None]
    assert engine.standing("wheel", "ann").newcomer is False
    assert engine.standing("wheel", "bob").newcomer is True


def test_granted_draws_come_last_and_go_beyond_caps(engine, clock):
    """E0: the day's own first, then granted ones, beyond the daily and the total cap; the next day renews the own ones only."""
    engine.publish(wheel(quota=Quota(total_draws=2, daily_draws=1)))
    engine.grant_draws("wheel", "ann", 3, request_id="gift")
    engine.grant_draws("wheel", "ann", 3, request_id="gift")
    assert engine.standing("wheel", "ann").granted == 3
    assert [engine.draw("wheel", "ann").own for _ in range(2)] == [True, False]
    clock.set(TOMORROW)
    assert [one.own for one in engine.draw_many("wheel", "ann", 3)] == [True, False, False]
    assert refusal(engine.draw, "wheel", "ann").reason == "total_draws"
    assert engine.audit("wheel").ok


def test_granted_draws_expire_soonest_first(engine, clock):
    """E0: of two lots the one that ends first is used first, and what has expired is gone."""
    engine.publish(wheel(quota=Quota(daily_draws=0)))
    engine.grant_draws("wheel", "ann", 2, request_id="late", expires=NOON + timedelta(hours=2))
    engine.grant_draws("wheel", "ann", 2, request_id="soon", expires=NOON + timedelta(hours=1))
    engine.draw("wheel", "ann")
    assert engine.standing("wheel", "ann").granted == 3
    clock.set(NOON + timedelta(hours=1))
    assert engine.standing("wheel", "ann").granted == 2
    clock.set(NOON + timedelta(hours=2))
    assert refusal(engine.draw, "wheel", "ann").reason == "daily_draws"


def test_a_multi_draw_is_all_or_nothing(engine):
    """D2: n receipts in one entry, or a refusal and nothing written."""
    engine.publish(wheel(quota=Quota(daily_draws=5)))
    made = engine.draw_many("wheel", "ann", 3, request_id="r")
    assert [(one.number, one.request_id) for one in made] == [(1, "r"), (2, "r"), (3, "r")]
    assert len({one.id for one in made}) == 3
    before = picture(engine.store)
    assert refusal(engine.draw_many, "wheel", "ann", 3).reason == "daily_draws"
    assert picture(engine.store) == before
    assert len(engine.store.entries("default/campaign/wheel", kind="draw").items) == 1


def test_pitfall_11_a_multi_draw_takes_the_last_unit_and_no_more(engine):
    """The last unit can be won, and draws of one request see what the earlier ones took."""
    engine.publish(wheel(evolve(SURE, stock=3)))
    assert [one.reason for one in engine.draw_many("wheel", "ann", 5)] == [None, None, None, "sold_out", "sold_out"]
    assert engine.stock("wheel")["cup"].remaining == 0


def test_pitfall_14_everything_sold_out_gives_thank_yous(engine):
    """With nothing left nobody wins anything, in either mode."""
    for mode in ("fallback", "redraw"):
        engine.publish(wheel(evolve(SURE, stock=1), Prize("mug", "Mug", 1, 0), id=mode, odds=Odds(when_unavailable=mode)))
        engine.draw_many(mode, "ann", 30)
        assert engine.stock(mode)["cup"].issued <= 1
        assert engine.stock(mode)["mug"].issued == 0
        assert engine.draw(mode, "ann").prize.id == "thank-you"


def test_pitfall_30_the_same_request_is_the_same_receipt(engine):
    """D8: asked again it writes nothing and gives what it gave."""
    engine.publish(wheel(SURE, fallback=Prize.thank_you(weight=1)))
    receipt = engine.draw("wheel", "ann", request_id="order-1", meta={"x": 1})
    before = picture(engine.store)
    assert [engine.draw("wheel", "ann", request_id="order-1") for _ in range(5)] == [receipt] * 5
    assert picture(engine.store) == before


def test_replay_comes_before_admission(engine, clock):
    """D7: a known request id answers when the campaign is offline, over, and the participant blocked."""
    engine.publish(wheel(quota=Quota(daily_draws=1)))
    receipt = engine.draw("wheel", "ann", request_id="r")
    engine.block("ann")
    assert engine.draw("wheel", "ann", request_id="r") == receipt
    engine.take_offline("wheel")
    clock.advance(days=60)
    assert engine.draw("wheel", "ann", request_id="r") == receipt


def test_a_request_id_is_for_one_request(engine):
    """D8: for another participant or another number it is a mismatch, named in the error; in another campaign it is free."""
    engine.publish(wheel())
    engine.publish(wheel(id="other"))
    engine.draw("wheel", "ann", request_id="r")
    for call in (
        lambda: engine.draw("wheel", "bob", request_id="r"),
        lambda: engine.draw_many("wheel", "ann", 2, request_id="r"),
        lambda: engine.grant_draws("wheel", "ann", 1, request_id="r"),
    ):
        with pytest.raises(RequestMismatch, match="'r'") as caught:
            call()
        assert caught.value.request_id == "r"
    assert engine.draw("other", "bob", request_id="r").number == 1


def test_odds_are_exact(engine):
    """Weights 1, 2 and 0.5: two, four and one sevenths; what is closed is the thank-you's."""
    engine.publish(wheel(SURE, Prize("mug", "Mug", 2, 0), fallback=Prize.thank_you(weight="0.5")))
    assert engine.odds("wheel", "ann") == {"cup": Fraction(2, 7), "mug": 0, "thank-you": Fraction(5, 7)}


def test_a_batch_keeps_its_order_and_tells_refusals_as_values(engine):
    """One participant several times, a multi-draw, a duplicate id, a mismatch, a cap: each as if alone, in order."""
    engine.publish(wheel(quota=Quota(daily_draws=3)))
    asked = [
        DrawRequest("ann", "a1"),
        DrawRequest("bob", "b1", n=2),
        DrawRequest("ann", "a1"),
        DrawRequest("cat", "a1"),
        DrawRequest("ann", n=3),
        DrawRequest("ann"),
        DrawRequest("bob", n=1),
        DrawRequest("bob"),
    ]
    first, pair, again, mismatch, capped, second, third, over = engine.draw_batch("wheel", asked)
    assert (first.participant, first.number, again) == ("ann", 1, first)
    assert [one.number for one in pair] == [1, 2]
    assert (mismatch.reason, mismatch.standing, mismatch.retry_at) == ("request_mismatch", None, None)
    assert (capped.reason, capped.retry_at, capped.standing.draws_left_today) == ("daily_draws", TOMORROW, 2)
    assert (second.number, third.number) == (2, 3)
    assert isinstance(over, Refusal)
    assert engine.audit("wheel").draws == 5


def test_a_batch_may_be_empty_or_longer_than_a_transaction(engine):
    """Nothing asked is nothing done; three hundred requests are three hundred receipts."""
    engine.publish(wheel(evolve(SURE, stock=-1)))
    assert engine.draw_batch("wheel", []) == []
    made = engine.draw_batch("wheel", (DrawRequest(f"p{k}") for k in range(300)))
    assert [one.participant for one in made] == [f"p{k}" for k in range(300)]


@pytest.mark.one_home("alerts are not told")
def test_hooks_are_told_once_and_can_fail_nothing(engine, caplog):
    """B12: each draw, refusal and alert reaches its hook once, not again by a replay; what a hook raises is logged."""
    told = []

    def broken(value):
        told.append(value)
        raise RuntimeError("the mail server is down")

    for event in ("draw", "refusal", "low_stock", "sold_out"):
        engine.on(event, broken)
    engine.publish(wheel(evolve(SURE, stock=2, alert_stock=1), quota=Quota(daily_draws=2)))
    receipts = [engine.draw("wheel", "ann", request_id=id_) for id_ in ("r1", "r2", "r1")]
    refusal(engine.draw, "wheel", "ann")
    assert receipts[0] == receipts[2]
    kinds = [getattr(one, "kind", None) or getattr(one, "reason", None) or one.request_id for one in told]
    assert kinds == ["r1", "low_stock", "r2", "sold_out", "daily_draws"]
    assert len([record for record in caplog.records if record.name == "prizedraw"]) == 5


@pytest.mark.one_home("alerts are not told")
def test_alerts_stand_in_the_journal_once_for_each_downward_crossing(engine):
    """B12: down to two, to nothing, up by a restock, down again; by draws and by an operator alike."""
    engine.publish(wheel(evolve(SURE, stock=4, alert_stock=2)))
    engine.draw_many("wheel", "ann", 3)
    engine.draw("wheel", "ann")
    engine.draw("wheel", "ann")
    engine.reallocate("wheel", "cup", add=5)
    engine.reallocate("wheel", "cup", add=-4)
    assert [(one.prize_id, one.kind, one.remaining) for one in engine.alerts("wheel")] == [
        ("cup", "low_stock", 1),
        ("cup", "sold_out", 0),
        ("cup", "low_stock", 1),
    ]
