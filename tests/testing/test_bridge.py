"""A bridge presents an asynchronous store as a blocking one, errors and blocks included."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from async_stores import AsyncMemoryStore
from prizedraw import DrawEngine
from prizedraw.storage import Commit, Doc, MemoryStore, Read, SqliteStore
from prizedraw.testing import Bridge, FixedClock, bridge
from scenery import NOON, wheel


class Owned(AsyncMemoryStore):
    """Its block must be left, and used, by the task that entered it, and it notes the error it was left with."""

    @asynccontextmanager
    async def exclusive(self, home, docs, wait):
        owner, self.left = asyncio.current_task(), "not yet"
        store = self

        class Handle:
            async def read(self, home, reads):
                assert asyncio.current_task() is owner
                return await store.read(home, reads)

        try:
            yield Handle()
        except BaseException as error:
            self.left = error
            raise
        else:
            self.left = None
        finally:
            assert asyncio.current_task() is owner


def test_a_block_lives_in_one_task():
    """Entered, used and left in one task, as drivers that tie a transaction to a task demand."""
    store = Bridge(Owned())
    with store.exclusive("h", (), 1.0) as handle:
        assert handle.read("h", [Read(("d",))])[0].docs["d"].version == 0
    assert store.inner.left is None
    store.close()


@pytest.mark.parametrize("error", [ZeroDivisionError("in the block"), SystemError(), pytest.fail.Exception("a failed test")])
def test_the_error_of_a_block_reaches_the_store_and_comes_out_as_it_is(error):
    """The very object, in both places."""
    store = Bridge(Owned())
    with pytest.raises(type(error)) as raised, store.exclusive("h", (), 1.0):
        raise error
    assert raised.value is error
    assert store.inner.left is error
    store.close()


def test_an_error_of_a_call_inside_a_block_leaves_the_block_usable():
    """Who catches it goes on in the block."""
    store = Bridge(AsyncMemoryStore())
    with store.exclusive("h", (), 1.0) as handle:
        with pytest.raises(ValueError, match="without a version"):
            handle.commit("h", [Commit({}, {"d": b""})])
        handle.commit("h", [Commit({"d": 0}, {"d": b"x"})])
    assert store.read("h", [Read(("d",))])[0].docs["d"] == Doc(1, b"x")
    store.close()


def test_a_call_that_never_returns_is_told():
    """After the bridge's patience, with the store named; the call is cancelled and the next one is answered."""

    class Stuck(AsyncMemoryStore):
        async def commit(self, home, commits):
            await asyncio.Event().wait()

    store = Bridge(Stuck(), patience=0.05)
    with pytest.raises(TimeoutError, match=r"Stuck.*did not answer within 0.05 s"):
        store.commit("h", [])
    assert store.read("h", []) == []
    store.close()


def test_a_timeout_of_the_store_itself_comes_out_as_it_is():
    """It is not taken for the bridge's."""

    class Late(AsyncMemoryStore):
        async def commit(self, home, commits):
            raise TimeoutError("of the store's own")

    store = Bridge(Late())
    with pytest.raises(TimeoutError, match="of the store's own"):
        store.commit("h", [])
    store.close()


def test_closing_ends_the_thread_and_the_next_call_starts_another():
    """No thread is left behind; what the store kept is there again."""
    store, before = Bridge(AsyncMemoryStore()), threading.active_count()
    store.open()
    store.commit("h", [Commit({"d": 0}, {"d": b"x"})])
    assert threading.active_count() == before + 1
    store.close()
    assert threading.active_count() == before
    assert store.read("h", [Read(("d",))])[0].docs["d"] == Doc(1, b"x")
    store.close()
    assert threading.active_count() == before


def test_only_what_is_asynchronous_gets_a_bridge(tmp_path):
    """A blocking store stays itself."""
    memory, file, coroutines = MemoryStore(), SqliteStore(tmp_path / "draws.db"), AsyncMemoryStore()
    assert bridge.blocking(memory) is memory
    assert bridge.blocking(file) is file
    assert bridge.blocking(coroutines).inner is coroutines


def test_an_engine_draws_across_a_bridge():
    """Publish, draw, replay and audit on an asynchronous store, without a line of asyncio."""
    engine = DrawEngine(Bridge(AsyncMemoryStore()), clock=FixedClock(NOON))
    engine.publish(wheel())
    assert engine.draw("wheel", "ann", request_id="1") == engine.draw("wheel", "ann", request_id="1")
    assert engine.audit("wheel").ok
    engine.close()
