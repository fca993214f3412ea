"""Group commit: who asks while a commit is being flushed is carried out with the next one, each as if alone."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, Quota, RequestMismatch, StorageBusy, StorageError
from prizedraw.engine import groups
from prizedraw.storage.memory import MemoryStore
from prizedraw.storage.sqlite import SqliteStore
from prizedraw.testing import FixedClock
from scenery import NOON, wheel


class Gated:
    """A store with one writer, whose next transaction waits until it is let in; it counts transactions, and may fail the next one."""

    lock_first = True

    def __init__(self, inner):
        self.inner, self.transactions, self.failure = inner, 0, None
        self.entered, self.open_gate = threading.Event(), threading.Event()
        self.open_gate.set()

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def exclusive(self, home, docs, wait):
        self.transactions += 1
        self.entered.set()
        self.open_gate.wait(20)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        return self.inner.exclusive(home, docs, wait)


@pytest.fixture
def store():
    return Gated(MemoryStore())


@pytest.fixture
def engine(store):
    engine = DrawEngine(store, clock=FixedClock(NOON))
    engine.publish(wheel(quota=Quota(total_draws=3, daily_draws=3)))
    store.transactions = 0
    return engine


def queued(engine, store, calls, *, then=lambda: None):
    """The results of calls that came, in order, while the transaction of a first draw was under way."""
    store.entered.clear()
    store.open_gate.clear()
    with ThreadPoolExecutor(len(calls) + 1) as pool:
        first = pool.submit(engine.draw, "wheel", "first", request_id="first")
        assert store.entered.wait(20)
        rest = []
        for place, call in enumerate(calls, 1):
            rest.append(pool.submit(call))
            while len(engine._carry_out.__self__._queues["default/campaign/wheel"]) < place:
                pass
        then()
        store.open_gate.set()
        return first.result(20), [one.exception(20) or one.result(20) for one in rest]


def test_what_queued_behind_a_flush_is_one_transaction(engine, store):
    """Five draws that came meanwhile take one transaction, in the order in which they came; each caller gets its own receipt."""
    calls = [lambda k=k: engine.draw("wheel", f"p{k}", request_id=f"r{k}") for k in range(5)]
    first, rest = queued(engine, store, calls)
    assert store.transactions == 2
    assert [(one.participant, one.request_id) for one in (first, *rest)] == [("first", "first"), *((f"p{k}", f"r{k}") for k in range(5))]
    assert list(engine.receipts("wheel", newest_first=False)) == [first, *rest]
    assert engine.audit("wheel").ok


def test_an_idle_engine_passes_each_draw_straight_through(engine, store):
    """Draws one after another are a transaction each."""
    for k in range(4):
        engine.draw("wheel", f"p{k}")
    assert store.transactions == 4


def test_one_that_fails_fails_no_neighbour(engine, store):
    """A refusal, a mismatch and a draw_many beside a plain draw: each as if alone."""
    engine.draw("wheel", "ann", request_id="known")
    engine.block("bob", "wheel")
    calls = [
        lambda: engine.draw("wheel", "bob"),
        lambda: engine.draw("wheel", "eve", request_id="known"),
        lambda: engine.draw("wheel", "ann", request_id="known"),
        lambda: engine.draw_many("wheel", "carl", 3),
        lambda: engine.draw_many("wheel", "dan", 4),
    ]
    _, (bob, eve, ann, carl, dan) = queued(engine, store, calls)
    assert isinstance(bob, DrawRefused)
    assert bob.reason == "blocked"
    assert isinstance(eve, RequestMismatch)
    assert ann == engine.receipt(campaign="wheel", request_id="known")
    assert [one.number for one in carl] == [1, 2, 3]
    assert isinstance(dan, DrawRefused)
    assert dan.reason == "total_draws"
    assert engine.audit("wheel").ok


def test_one_participant_twice_in_a_group_is_drawn_twice(engine, store):
    """The second sees what the first left."""
    _, made = queued(engine, store, [lambda: engine.draw("wheel", "ann")] * 3)
    assert sorted(one.number for one in made) == [1, 2, 3]


def test_a_store_that_fails_tells_each_caller_its_own_request(engine, store):
    """Everyone in the group gets an error of its own with its own request id, and retrying draws exactly once."""

    def fail_next():
        store.failure = None
        real = store.inner.exclusive

        def exclusive(home, docs, wait):
            store.inner.exclusive = real
            store.failure = StorageError("the disk is gone")
            return real(home, docs, wait)

        store.inner.exclusive = exclusive

    calls = [lambda k=k: engine.draw("wheel", f"p{k}", request_id=f"r{k}") for k in range(3)]
    _, errors = queued(engine, store, calls, then=fail_next)
    assert [(type(one), one.request_id) for one in errors] == [(StorageError, f"r{k}") for k in range(3)]
    assert len({id(one) for one in errors}) == 3
    assert [engine.draw("wheel", f"p{k}", request_id=f"r{k}").number for k in range(3)] == [1, 1, 1]
    assert engine.audit("wheel").draws == 4


def test_who_waits_too_long_is_told_and_never_drawn(store):
    """StorageBusy with the time waited; the request left the queue, so it is not carried out later."""
    engine = DrawEngine(store, clock=FixedClock(NOON), wait=0.05)
    engine.publish(wheel())
    store.entered.clear()
    store.open_gate.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(engine.draw, "wheel", "first")
        assert store.entered.wait(20)
        with pytest.raises(StorageBusy) as caught:
            engine.draw("wheel", "ann", request_id="late")
        store.open_gate.set()
        first.result(20)
    assert caught.value.waited >= 0.05
    assert caught.value.request_id == "late"
    assert engine.receipt(campaign="wheel", request_id="late") is None
    assert engine.audit("wheel").draws == 1


class Interrupted:
    """A gate whose first visitor is interrupted at the moment at which it opens."""

    def __init__(self):
        self._gate = threading.Lock()
        self.acquire_now, self.release = self._gate.acquire, self._gate.release

    def acquire(self, timeout=-1):
        self._gate.acquire(timeout=timeout)
        raise KeyboardInterrupt


def test_an_interrupted_leader_hands_the_others_on(engine, store, monkeypatch):
    """The first who waits is to carry out all, and is interrupted: the next one does it, and nobody is left behind."""
    made = []

    class Waits(groups.Waiting):
        def __init__(self, request):
            super().__init__(request)
            made.append(self)
            if len(made) == 1:
                self.gate = Interrupted()
                self.gate.acquire_now()

    monkeypatch.setattr(groups, "Waiting", Waits)
    _, (first, *others) = queued(engine, store, [lambda k=k: engine.draw("wheel", f"p{k}") for k in range(3)])
    assert isinstance(first, KeyboardInterrupt)
    assert [one.participant for one in others] == ["p1", "p2"]
    assert engine.draw("wheel", "afterwards").number == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_forked_while_a_draw_is_under_way_draws(tmp_path):
    """Whoever was at work is a thread of the parent, so the child's queue begins empty."""
    store = Gated(SqliteStore(tmp_path / "draws.db"))
    engine = DrawEngine(store, clock=FixedClock(NOON))
    engine.publish(wheel())
    store.entered.clear()
    store.open_gate.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(engine.draw, "wheel", "first")
        assert store.entered.wait(20)
        child = os.fork()
        if child == 0:
            store.open_gate = threading.Event()
            store.open_gate.set()
            os._exit(engine.draw("wheel", "child").number)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        store.open_gate.set()
        first.result(20)
    assert engine.audit("wheel").draws == 2


def test_tasks_share_transactions_too(tmp_path):
    """64 tasks that draw at once on an event loop take far fewer transactions than draws; each gets its own receipt."""

    async def main():
        store = Gated(SqliteStore(tmp_path / "draws.db"))
        async with AsyncDrawEngine(store, clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel())
            store.transactions = 0
            made = await asyncio.gather(*[engine.draw("wheel", f"p{k}", request_id=f"r{k}") for k in range(64)])
            assert [(one.participant, one.request_id) for one in made] == [(f"p{k}", f"r{k}") for k in range(64)]
            assert store.transactions == 1  # all had asked before the first could begin
            with pytest.raises(RequestMismatch):
                await engine.draw("wheel", "ann", request_id="r1")
            assert (await engine.audit("wheel")).ok

    asyncio.run(main())


def test_a_cancelled_task_takes_nobody_with_it(tmp_path):
    """The draw of a cancelled caller is carried out, and found by its request id; its neighbours get theirs; close() waits for all."""

    async def main():
        async with AsyncDrawEngine.open(tmp_path / "draws.db", clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel())
            tasks = [asyncio.create_task(engine.draw("wheel", f"p{k}", request_id=f"r{k}")) for k in range(5)]
            await asyncio.sleep(0)
            tasks[2].cancel()
            others = await asyncio.gather(*tasks[:2], *tasks[3:])
            assert [one.participant for one in others] == ["p0", "p1", "p3", "p4"]
            assert (await engine.receipt(campaign="wheel", request_id="r2")).participant == "p2"
            last = asyncio.create_task(engine.draw("wheel", "late", request_id="late"))
            await asyncio.sleep(0)
            last.cancel()
        with DrawEngine.open(tmp_path / "draws.db", clock=FixedClock(NOON)) as engine:
            assert engine.receipt(campaign="wheel", request_id="late").number == 1

    asyncio.run(main())
