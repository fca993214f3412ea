"""The driver for event loops, on a store with an asynchronous interface: the memory store behind coroutines."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, DrawRequest, Quota
from prizedraw.storage import MemoryStore
from prizedraw.testing import FixedClock
from scenery import NOON, wheel


class Coroutines:
    """A store whose every call yields to the loop first, so that flows of other tasks come in between."""

    durability = MemoryStore.durability

    def __init__(self, inner, *, lock_first=False):
        self.inner, self.lock_first, self.exclusives = inner, lock_first, 0

    def __getattr__(self, name):
        async def call(*args, **kwargs):
            await asyncio.sleep(0)
            return getattr(self.inner, name)(*args, **kwargs)

        return call

    async def read(self, home, reads):
        await asyncio.sleep(0)
        return self.inner.read(home, reads)

    @asynccontextmanager
    async def exclusive(self, home, docs, wait):
        self.exclusives += 1
        yield self


@pytest.mark.parametrize("lock_first", [False, True])
def test_an_asynchronous_store_is_driven_on_the_loop(lock_first):
    """What the tasks of a loop draw is what the journal holds, and a synchronous engine on the same store agrees."""
    inner = MemoryStore()

    async def play():
        async with AsyncDrawEngine(Coroutines(inner, lock_first=lock_first), clock=FixedClock(NOON)) as engine:
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
    store = Coroutines(MemoryStore())

    async def play():
        async with AsyncDrawEngine(store, clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel(quota=Quota(total_draws=3)))
            found = await asyncio.gather(*(engine.draw("wheel", "ann") for _ in range(20)), return_exceptions=True)
            assert sorted(one.number for one in found if not isinstance(one, DrawRefused)) == [1, 2, 3]
            assert (await engine.standing("wheel", "ann")).number == 3

    asyncio.run(play())
    assert store.exclusives > 0
