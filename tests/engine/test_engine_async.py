"""The engine for event loops: the same campaign, cancellation, concurrency, and opening without I/O."""

from __future__ import annotations

import asyncio
import threading
from inspect import isasyncgen, iscoroutinefunction

import pytest
from attrs import evolve

from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, DrawRequest, Prize, Quota, Refusal, StorageError, UnknownCampaign
from prizedraw.storage.memory import MemoryStore
from prizedraw.testing import FaultyStore, FixedClock
from scenery import NOON, SURE, wheel


@pytest.fixture
def play(store_url):
    """Run a coroutine function with an engine on a new store."""

    def run(scene):
        async def main():
            async with AsyncDrawEngine.open(store_url, clock=FixedClock(NOON)) as engine:
                return await scene(engine)

        return asyncio.run(main())

    return run


def test_both_engines_have_the_same_calls():
    """Every public name of one is one of the other; what is no iterator, property or hook is a coroutine."""
    names = {name for name in dir(DrawEngine) if not name.startswith("_")}
    assert names == {name for name in dir(AsyncDrawEngine) if not name.startswith("_")}
    assert {name for name in names if not iscoroutinefunction(getattr(AsyncDrawEngine, name))} == {
        "alerts",
        "export",
        "journal",
        "movements",
        "on",
        "open",
        "receipts",
        "store",
    }


def test_open_does_no_io(tmp_path):
    """The file is not there until the first call, which connects by itself."""
    path = tmp_path / "draws.db"
    engine = AsyncDrawEngine.open(path, clock=FixedClock(NOON))
    assert not path.exists()

    async def main():
        assert await engine.campaigns() == []
        await engine.close()

    asyncio.run(main())
    assert path.exists()


def test_a_campaign_from_publication_to_audit(play):
    """A walk through the calls."""

    async def scene(engine):
        assert await engine.publish(wheel(evolve(SURE, stock=6), quota=Quota(daily_draws=4))) == 1
        assert await engine.campaigns() == ["wheel"]
        assert await engine.campaign("wheel") == wheel(evolve(SURE, stock=6), quota=Quota(daily_draws=4))
        assert await engine.state("wheel") == "running"
        first = await engine.draw("wheel", "ann", request_id="r", meta={"x": 1})
        assert await engine.draw("wheel", "ann", request_id="r") == first
        assert len(await engine.draw_many("wheel", "ann", 3)) == 3
        with pytest.raises(DrawRefused, match="daily_draws"):
            await engine.draw("wheel", "ann")
        await engine.grant_draws("wheel", "ann", 1, request_id="g")
        assert (await engine.standing("wheel", "ann")).granted == 1
        one, other = await engine.draw_batch("wheel", [DrawRequest("bob"), DrawRequest("bob", n=9)])
        assert (one.is_win, type(other)) == (True, Refusal)
        await engine.void(first.id, request_id="v")
        await engine.reallocate("wheel", "cup", add=1)
        assert (await engine.stock("wheel"))["cup"].remaining == 3
        await engine.take_off_shelf("wheel", "cup")
        assert (await engine.odds("wheel", "cat"))["cup"] == 0
        await engine.put_on_shelf("wheel", "cup")
        await engine.block("ann")
        await engine.unblock("ann")
        await engine.take_offline("wheel")
        await engine.bring_online("wheel")
        assert len(await engine.preview("wheel", 3, seed=1)) == 3
        assert await engine.receipt(first.id) == first
        return await engine.audit("wheel")

    audit = play(scene)
    assert (audit.ok, audit.draws) == (True, 5)


@pytest.mark.one_home("alerts are not told")
def test_iterators_are_asynchronous(play):
    """Receipts, movements and alerts, page by page; an unknown campaign is told at the first step."""

    async def scene(engine):
        await engine.publish(wheel(evolve(SURE, stock=250, alert_stock=249)))
        made = [one for k in range(5) for one in await engine.draw_many("wheel", "ann", 50, request_id=f"r{k}")]
        pages = engine.receipts("wheel", newest_first=False)
        assert isasyncgen(pages)
        assert [one async for one in pages] == made
        assert [one.kind async for one in engine.movements("wheel")] == ["allocate"] + ["issue"] * 250
        assert [one.kind async for one in engine.alerts("wheel")] == ["low_stock", "sold_out"]
        with pytest.raises(UnknownCampaign):
            await anext(engine.receipts("no"))

    play(scene)


def test_fifty_at_once_share_ten_cups(play):
    """Concurrent draws never oversell, and each has a receipt."""

    async def scene(engine):
        await engine.publish(wheel(evolve(SURE, stock=10)))
        made = await asyncio.gather(*(engine.draw("wheel", f"p{k}") for k in range(50)))
        return sorted(str(one.reason) for one in made), (await engine.audit("wheel")).ok

    assert play(scene) == (["None"] * 10 + ["sold_out"] * 40, True)


def test_one_request_asked_twenty_times_at_once_is_one_draw(play):
    """D8 under concurrency."""

    async def scene(engine):
        await engine.publish(wheel(SURE, fallback=Prize.thank_you(weight=1)))
        made = await asyncio.gather(*(engine.draw("wheel", "ann", request_id="r") for _ in range(20)))
        return made, (await engine.audit("wheel")).draws

    made, draws = play(scene)
    assert (made, draws) == ([made[0]] * 20, 1)


def test_one_participant_at_once_never_passes_a_cap(play):
    """Twenty concurrent draws under a cap of seven: seven receipts, thirteen refusals."""

    async def scene(engine):
        await engine.publish(wheel(quota=Quota(daily_draws=7)))
        made = await asyncio.gather(*(engine.draw("wheel", "ann") for _ in range(20)), return_exceptions=True)
        return [type(one) for one in made].count(DrawRefused), (await engine.standing("wheel", "ann")).number

    assert play(scene) == (13, 7)


def test_a_cancelled_draw_has_happened_or_not_and_its_request_id_tells():
    """The caller is cancelled while the store is at work: the draw is finished all the same, and asked again it is the one draw."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(MemoryStore):
        def commit(self, home, commits):
            if any(entry.kind == "draw" for one in commits for entry in one.entries):
                begun.set()
                assert go_on.wait(10)
            return super().commit(home, commits)

    async def main():
        engine = AsyncDrawEngine(Slow(), clock=FixedClock(NOON))
        await engine.publish(wheel())
        task = asyncio.create_task(engine.draw("wheel", "ann", request_id="r"))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        receipt = await engine.draw("wheel", "ann", request_id="r")
        assert receipt.number == 1
        assert (await engine.audit("wheel")).draws == 1
        assert await engine.receipt(campaign="wheel", request_id="r") == receipt

    asyncio.run(main())


def test_a_failed_store_names_the_request(caplog):
    """The error of an asynchronous draw carries the request id too, and hooks are told of what happened only."""

    async def main():
        inner, told = MemoryStore(), []
        await AsyncDrawEngine(inner, clock=FixedClock(NOON)).publish(wheel())
        engine = AsyncDrawEngine(FaultyStore(inner, 1), clock=FixedClock(NOON))
        engine.on("draw", told.append)
        with pytest.raises(StorageError) as caught:
            await engine.draw("wheel", "ann")
        receipt = await engine.draw("wheel", "ann", request_id=caught.value.request_id)
        assert told == [receipt]

    asyncio.run(main())
