"""Many threads on one engine, and an engine after a fork."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from attrs import evolve

from prizedraw import DrawEngine, DrawRefused, DrawRequest, Prize, Quota
from prizedraw.storage.memory import MemoryStore
from prizedraw.storage.protocol import Stale
from prizedraw.testing import FixedClock, NoExclusive
from scenery import NOON, SURE, wheel


@pytest.fixture
def eager_switching():
    """Threads take turns after each few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def hammered(engine, draws):
    """The outcomes of so many draws of one participant from eight threads: a receipt's reason, or "refused"."""

    def one(_):
        try:
            return engine.draw("wheel", "ann").reason
        except DrawRefused:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(draws)))


def test_pitfall_17_eight_threads_never_pass_a_cap(engine, eager_switching):
    """120 draws of one participant under a cap of 50 draws and 20 wins."""
    engine.publish(wheel(quota=Quota(total_draws=50, daily_draws=50, total_wins=20, ordering="relaxed")))
    outcomes = hammered(engine, 120)
    assert [outcomes.count(one) for one in (None, "total_wins", "refused")] == [20, 30, 70]
    assert engine.standing("wheel", "ann").number == 50
    assert engine.audit("wheel").ok


def test_pitfall_09_without_locks_the_guards_alone_keep_caps_and_stock(eager_switching):
    """On a store whose exclusivity does nothing the same holds: locks are for progress only."""
    engine = DrawEngine(NoExclusive(MemoryStore()), clock=FixedClock(NOON))
    engine.publish(wheel(evolve(SURE, stock=15), quota=Quota(total_draws=50)))
    outcomes = hammered(engine, 120)
    assert [outcomes.count(one) for one in (None, "sold_out", "refused")] == [15, 35, 70]
    assert engine.audit("wheel").ok


class Counted(MemoryStore):
    """Counts stale replies, and is asked for exclusivity."""

    def __init__(self):
        super().__init__()
        self.stale, self.locks = 0, 0

    def commit(self, home, commits):
        outcomes = super().commit(home, commits)
        self.stale += sum(type(one) is Stale for one in outcomes)
        return outcomes

    def exclusive(self, home, docs, wait):
        self.locks += 1
        return super().exclusive(home, docs, wait)


class Overtaking(Counted):
    """Lets another engine draw for ann before a commit for her, as many times as told."""

    def __init__(self, times):
        super().__init__()
        self.times, self.other = times, DrawEngine(self, clock=FixedClock(NOON))

    def commit(self, home, commits):
        if self.times and any("p/ann" in commit.put for commit in commits):
            left, self.times = self.times - 1, 0
            self.other.draw("wheel", "ann")
            self.times = left
        return super().commit(home, commits)


def test_a_participant_who_was_fought_for_is_locked_first():
    """After the second stale reply a draw asks for exclusivity; for a while that participant's next draws ask at once, and only those."""
    store, clock = Overtaking(2), FixedClock(NOON)
    engine = DrawEngine(store, clock=clock)
    engine.publish(wheel())
    store.locks = 0
    engine.draw("wheel", "ann")
    assert (store.stale, store.locks) == (2, 1)
    engine.draw("wheel", "bob")
    assert store.locks == 1
    engine.draw("wheel", "ann")
    assert store.locks == 2
    clock.advance(seconds=11)
    engine.draw("wheel", "ann")
    assert (store.stale, store.locks) == (2, 2)
    assert engine.standing("wheel", "ann").number == 5
    assert engine.audit("wheel").ok


def test_pitfall_29_a_batch_locks_nothing_for_one_of_its_requests():
    """It would hold what its other requests have changed, and two such batches could wait for each other."""
    store = Overtaking(5)
    engine = DrawEngine(store, clock=FixedClock(NOON))
    engine.publish(wheel())
    store.locks = 0
    made = engine.draw_batch("wheel", [DrawRequest("ann"), DrawRequest("bob"), DrawRequest("ann")])
    assert [(one.participant, one.number) for one in made] == [("ann", 6), ("bob", 1), ("ann", 7)]
    assert (store.stale, store.locks) == (5, 0)
    assert engine.audit("wheel").ok


def test_an_allocation_lowered_while_others_draw_is_never_passed(engine, eager_switching):
    """D6: at the end no more is issued than is allocated, whatever came first."""
    engine.publish(wheel(evolve(SURE, stock=60)))
    with ThreadPoolExecutor(8) as pool:
        draws = [pool.submit(engine.draw, "wheel", f"p{k}") for k in range(80)]
        lowered = pool.submit(lower, engine)
        won = sum(one.result().is_win for one in draws)
        lowered.result()
    line = engine.stock("wheel")["cup"]
    assert (line.issued, line.issued <= line.allocated) == (won, True)
    assert engine.audit("wheel").ok


def lower(engine):
    """Take back all stock that is left, again and again until it holds."""
    for k in range(20):
        line = engine.stock("wheel")["cup"]
        try:
            engine.reallocate("wheel", "cup", stock=line.issued, request_id=f"lower-{k}")
        except ValueError:
            continue
        return


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_pitfall_32_a_forked_child_draws_other_tickets(store_url):
    """Parent and child go on from one engine with the secure source: 20 tickets of 2⁶⁰ agree with a chance below 1e-300."""
    engine = DrawEngine.open(store_url, clock=FixedClock(NOON))
    engine.publish(wheel(Prize("cup", "Cup", 1, -1), fallback=Prize.thank_you(weight=2**60)))
    engine.draw("wheel", "before")
    reading, writing = os.pipe()
    child = os.fork()
    tickets = lambda name: [ticket.value for one in engine.draw_many("wheel", name, 20) for ticket in one.tickets]
    if not child:
        code = 1
        try:
            os.write(writing, repr(tickets("child")).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    mine = tickets("parent")
    with os.fdopen(reading) as pipe:
        theirs = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    assert len(mine) == 20
    assert theirs.startswith("[")
    assert set(mine).isdisjoint(map(int, theirs.strip("[]").split(", ")))
    engine.close()
