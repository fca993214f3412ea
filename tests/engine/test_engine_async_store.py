"""The driver for event loops, on a store with an asynchronous interface: the memory store behind coroutines."""

import asyncio

import pytest

from async_stores import AsyncMemoryStore
from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, DrawRequest, Quota
from prizedraw.storage import MemoryStore
from prizedraw.testing import FixedClock
from scenery import NOON, wheel


@pytest.mark.parametrize("lock_first", [False, True])
def test_an_asynchronous_store_is_driven_on_the_loop(lock_first):
    """What the tasks of a loop draw is what the journal holds, and a synchronous engine on the same store agrees."""
    inner = MemoryStore()

    async def play():
        async with AsyncDrawEngine(AsyncMemoryStore(inner, lock_first=lock_first), clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel(quota=Quota(total_draws=3)))
            drawn = await asyncio.gather(*(engine.draw("wheel", f"user-{k}", request_id=f"r{k}") for k in range(20)))
            again = await asyncio.gather(*(engine.draw("wheel", f"user-{k}", request_id=f"r{k}") for k in range(20)))
            assert again == drawn
            batch = await engine.draw_batch("wheel", [DrawRequest("user-0", n=2), DrawRequest("user-0")])
            assert len(batch[0]) == 2
            assert batch[1].reason == "total_draws"
            found = [receipt async for receipt in engine.receipts("wheel", "user-0")]
            assert [receipt.number for receipt in found] == [3, 2, 1]
            assert (await engine.audit("wheel")).ok
            return drawn

    drawn = asyncio.run(play())
    sync = DrawEngine(inner, clock=FixedClock(NOON))
    assert [sync.receipt(receipt.id) for receipt in drawn] == drawn
    assert sync.audit("wheel").draws == 22


def test_a_hammered_participant_passes_no_cap_on_the_loop():
    """Twenty tasks want three draws: stale views are decided again, exclusivity is asked for, three are made."""
    store = AsyncMemoryStore(lock_first=False)

    async def play():
        async with AsyncDrawEngine(store, clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel(quota=Quota(total_draws=3)))
            found = await asyncio.gather(*(engine.draw("wheel", "ann") for _ in range(20)), return_exceptions=True)
            assert sorted(one.number for one in found if not isinstance(one, DrawRefused)) == [1, 2, 3]
            assert (await engine.standing("wheel", "ann")).number == 3

    asyncio.run(play())
    assert store.exclusives > 0
