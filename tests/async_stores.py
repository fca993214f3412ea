"""An asynchronous store for tests: the memory store behind coroutines, which give way before and after all that they do."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

from prizedraw.errors import StorageBusy
from prizedraw.storage import MemoryStore


class AsyncMemoryStore:
    """Every call lets the other tasks of the loop come in between; ``exclusive`` is one lock, waited for in turn.

    Args:
        inner: where things are kept.
        lock_first: what flows are told; see Store.
        durability: see Store.
    """

    def __init__(self, inner=None, *, lock_first=True):
        self.inner = MemoryStore() if inner is None else inner
        self.lock_first = lock_first
        self.durability = self.inner.durability
        self.exclusives = 0
        self._lock = asyncio.Lock()

    def __getattr__(self, name):
        async def call(*args, **kwargs):
            await asyncio.sleep(0)
            return getattr(self.inner, name)(*args, **kwargs)

        return call

    async def read(self, home, reads):
        await asyncio.sleep(0)
        return self.inner.read(home, reads)

    async def commit(self, home, commits):
        await asyncio.sleep(0)
        outcomes = self.inner.commit(home, commits)
        await asyncio.sleep(0)
        return outcomes

    @asynccontextmanager
    async def exclusive(self, home, docs, wait):
        self.exclusives += 1
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(wait):
                await self._lock.acquire()
        except TimeoutError:
            waited = asyncio.get_running_loop().time() - began
            raise StorageBusy(f"another task kept the store for {waited:.3g} s; nothing was written, try again", waited=waited) from None
        try:
            yield SimpleNamespace(read=self.read, commit=self.commit)  # not itself: its lock cannot be taken twice
        finally:
            self._lock.release()
