"""What a campaign of several stripes does otherwise than one of one home, and what nobody must see of its stripes."""

from __future__ import annotations

import asyncio

import pytest
from attrs import evolve

from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, DrawRequest, InvalidEdit, InvalidRequest, Prize, Quota
from prizedraw.flows import sharing
from prizedraw.flows.sharing import Stripes
from prizedraw.storage import Commit, MemoryStore, Read
from prizedraw.testing import FixedClock
from prizedraw.testing.replaying import replay
from scenery import NOON, SURE, wheel
from stripe_names import ONE, STRIPES, TWO, ZERO, name_in


@pytest.fixture
def engine():
    """An engine in memory."""
    return DrawEngine.open(":memory:", clock=FixedClock(NOON))


def test_a_campaign_is_spread_by_its_first_publication(engine):
    """Participants lie in three homes; said again or left out it is the same, and another number is refused."""
    assert engine.publish(wheel(), stripes=STRIPES) == engine.publish(wheel()) == engine.publish(wheel(), stripes=STRIPES) == 1
    for name in (ZERO, ONE, TWO):
        engine.draw("wheel", name)
    for stripe, name in enumerate((ZERO, ONE, TWO)):
        home = Stripes("default/campaign/wheel", STRIPES).at(stripe)
        assert [key for key, _ in engine.store.docs(home, "p/").items] == [f"p/{name}"]
    with pytest.raises(InvalidEdit, match="spread over 3 stripes"):
        engine.publish(wheel(), stripes=4)


@pytest.mark.parametrize("stripes", [0, 65, True, 2.0, "3"])
def test_what_is_no_number_of_stripes_is_refused(engine, stripes):
    """From 1 to 64."""
    with pytest.raises(InvalidRequest, match="from 1 to 64"):
        engine.publish(wheel(), stripes=stripes)


def test_a_campaign_published_in_one_home_stays_there(engine):
    """It cannot be spread afterwards; export it, and import it elsewhere."""
    engine.publish(wheel())
    with pytest.raises(InvalidEdit, match="spread over 1 stripe"):
        engine.publish(wheel(), stripes=2)


def test_a_limit_comes_only_while_offline(engine):
    """Where stripes give out without a limit on their own, nobody knows how much is out: the campaign is taken offline for it."""
    engine.publish(wheel(evolve(SURE, stock=-1)), stripes=STRIPES)
    engine.draw("wheel", ONE)
    with pytest.raises(InvalidEdit, match="take the campaign offline"):
        engine.reallocate("wheel", "cup", stock=5)
    with pytest.raises(InvalidEdit, match="take the campaign offline"):
        engine.publish(wheel(evolve(SURE, stock=-1), quota=Quota(campaign_draws=3)))
    engine.take_offline("wheel")
    engine.reallocate("wheel", "cup", stock=3)
    engine.publish(wheel(evolve(SURE, stock=-1), quota=Quota(campaign_draws=4)))
    engine.bring_online("wheel")
    assert [engine.draw("wheel", name).is_win for name in (ZERO, TWO, ONE)] == [True, True, False]
    with pytest.raises(DrawRefused, match="campaign_draws"):
        engine.draw("wheel", ZERO)
    assert engine.audit("wheel").ok


def test_alerts_come_when_a_share_runs_dry(engine):
    """Low, then out, each once; up by a restock, and out again."""
    engine.publish(wheel(evolve(SURE, stock=4, alert_stock=2)), stripes=STRIPES)
    for _ in range(6):
        engine.draw("wheel", ONE)
    assert [(one.kind, one.remaining) for one in engine.alerts("wheel")] == [("low_stock", 2), ("sold_out", 0)]
    engine.reallocate("wheel", "cup", add=9)
    engine.draw_many("wheel", TWO, 12)
    engine.draw("wheel", ONE)
    assert [one.kind for one in engine.alerts("wheel")] == ["low_stock", "sold_out", "sold_out"]
    assert engine.audit("wheel").ok


def test_an_id_that_the_engine_makes_is_claimed_nowhere(engine):
    """It lies in the stripe of its participant, so a draw stays one commit; one that a caller makes may need a second."""
    engine.publish(wheel(), stripes=STRIPES, request_id=name_in(0))
    made = [engine.draw("wheel", name).request_id for name in (ZERO, ONE, TWO)]
    assert [Stripes("", STRIPES).of(id_) for id_ in made] == [0, 1, 2]
    entries = [len(engine.store.entries(Stripes("default/campaign/wheel", STRIPES).at(stripe)).items) for stripe in range(STRIPES)]
    assert entries == [2, 1, 1]  # the publication is in the first
    id_ = name_in(2, "order")
    receipt = engine.draw("wheel", ONE, request_id=id_)
    assert engine.receipt(campaign="wheel", request_id=id_) == engine.draw("wheel", ONE, request_id=id_) == receipt
    assert [entry.request_id for entry in engine.journal("wheel", participant=ONE)] == [made[1], id_]


def test_a_batch_is_carried_out_stripe_by_stripe(engine):
    """300 requests of people everywhere: each has its receipt in its place, and the stock is gone to the last unit."""
    engine.publish(wheel(evolve(SURE, stock=120)), stripes=STRIPES)
    asked = [DrawRequest(f"user-{k}", f"order-{k}") for k in range(300)]
    made = engine.draw_batch("wheel", asked)
    assert [(one.participant, one.request_id) for one in made] == [(one.participant, one.request_id) for one in asked]
    assert sum(one.is_win for one in made) == 120
    assert engine.draw_batch("wheel", asked) == made
    assert engine.audit("wheel").ok


def test_a_journal_is_followed_from_any_line(engine):
    """Forwards and backwards, in pages of any length, each line comes once; what comes later is found behind the last cursor."""
    engine.publish(wheel(evolve(SURE, stock=-1)), stripes=STRIPES)
    for k in range(250):
        engine.draw("wheel", f"user-{k}")
    lines = list(engine.journal("wheel"))
    assert len({line.request_id for line in lines}) == len(lines) == 251
    for place in (0, 1, 100, 249):
        assert list(engine.journal("wheel", after=lines[place].cursor)) == lines[place + 1 :]
        before = engine.journal("wheel", after=lines[place].cursor, newest_first=True)
        assert [line.request_id for line in before] == [line.request_id for line in lines[:place][::-1]]
    last = engine.draw("wheel", TWO)
    assert [line.request_id for line in engine.journal("wheel", after=lines[-1].cursor)] == [last.request_id]


def test_what_is_archived_is_each_stripes_and_the_audit_goes_on(engine, tmp_path):
    """Half of the journal goes into a file, claims left out; standings, stock and the audit are as they were."""
    clock = FixedClock(NOON)
    engine = DrawEngine(MemoryStore(), clock=clock)
    engine.publish(wheel(evolve(SURE, stock=90)), stripes=STRIPES)
    for k in range(60):
        engine.draw("wheel", f"user-{k % 20}", request_id=f"order-{k}")
    clock.advance(days=3)
    standings = [engine.standing("wheel", f"user-{k}").won for k in range(20)]
    for k in range(60, 70):
        engine.draw("wheel", f"user-{k}", request_id=f"order-{k}")
    done = engine.archive("wheel", clock(), tmp_path / "old.jsonl", force=True)
    assert (done.entries, done.draws) == (61, 60)
    assert len((tmp_path / "old.jsonl").read_text().splitlines()) == 62
    assert [engine.standing("wheel", f"user-{k}").won for k in range(20)] == standings
    assert (engine.audit("wheel").differences, engine.audit("wheel").draws, engine.audit("wheel").archived) == ((), 70, 61)
    assert engine.stock("wheel")["cup"].issued == 70
    assert engine.draw("wheel", "user-3", request_id="order-3").is_win  # a request that was dropped draws again


def test_a_replay_is_of_one_home(engine):
    """The checker says so, instead of finding fault with what it cannot know."""
    engine.publish(wheel(), stripes=STRIPES)
    with pytest.raises(InvalidRequest, match="several stripes"):
        replay(engine.store, "wheel")


def test_units_on_their_way_set_no_limit_where_there_is_none(engine):
    """A stripe that was given units while its counter was limited is left as it is once the counter is unlimited."""
    store, stripes, counter = engine.store, Stripes("default/campaign/wheel", STRIPES), "stock/cup"
    engine.publish(wheel(evolve(SURE, stock=6)), stripes=STRIPES)
    given = sharing.encode(sharing.Shares(given={1: {counter: 4}}))
    version = store.read(stripes.home, [Read(("shares",))])[0].docs["shares"].version
    store.commit(stripes.home, [Commit({"shares": version}, {"shares": given}, limits={counter: 2})])  # and then the giver died
    assert engine.stock("wheel")["cup"].remaining == 6
    engine.reallocate("wheel", "cup", stock=-1)
    assert all(engine.draw("wheel", name).is_win for name in (ONE, TWO, ZERO) * 5)
    engine.take_offline("wheel")
    engine.reallocate("wheel", "cup", stock=20)
    engine.bring_online("wheel")
    assert sum(engine.draw("wheel", name).is_win for name in (ONE, TWO, ZERO) * 5) == 5
    assert engine.audit("wheel").ok


def test_nobody_finds_a_name_that_was_erased(engine):
    """Not in any stripe, be it as the owner of a claim: the pseudonym stands in its place."""
    engine.publish(wheel(), stripes=STRIPES)
    for stripe in range(STRIPES):
        engine.draw("wheel", ONE, request_id=name_in(stripe, "order"))
    standing = engine.standing("wheel", ONE)
    erased = engine.erase(ONE)
    homes = [Stripes("default/campaign/wheel", STRIPES).at(stripe) for stripe in range(STRIPES)]
    kept = repr([(engine.store.docs(home, ""), engine.store.entries(home)) for home in homes])
    assert ONE not in kept
    (name,) = {one.participant for one in engine.receipts("wheel")}
    assert name.startswith(erased.pseudonym)
    assert engine.standing("wheel", name) == standing
    assert engine.audit("wheel").ok


def test_on_an_event_loop():
    """Fifty callers at once, each in the lane of its stripe: the last unit goes to one of them."""

    async def play():
        async with AsyncDrawEngine.open(":memory:", clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel(evolve(SURE, stock=20), Prize("mug", "Mug", 0, 1)), stripes=STRIPES)
            made = await asyncio.gather(*(engine.draw("wheel", f"user-{k}", request_id=f"order-{k}") for k in range(50)))
            assert sum(one.is_win for one in made) == 20
            assert (await engine.audit("wheel")).ok

    asyncio.run(play())
