"""Every pair of flows, interleaved at every store operation, on a store without locks.

One flow runs, and before one of its operations the other runs from beginning to end. Guards alone must keep what is true of both.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from prizedraw import DrawEngine, DrawRefused, InvalidEdit, Prize, Quota
from prizedraw.storage.memory import MemoryStore
from prizedraw.testing import FixedClock, NoExclusive
from scenery import NOON, SURE, wheel

SMALL = wheel(evolve(SURE, stock=2), quota=Quota(total_draws=2))

FLOWS = {
    "draw": lambda engine: engine.draw("wheel", "ann"),
    "draw_the_same": lambda engine: engine.draw("wheel", "ann", request_id="same"),
    "draw_another": lambda engine: engine.draw_many("wheel", "bob", 2),
    "publish": lambda engine: engine.publish(wheel(evolve(SURE, stock=2), Prize("mug", "Mug", 1, 1), quota=Quota(total_draws=2))),
    "publish_renewed": lambda engine: engine.publish(wheel(evolve(SURE, stock=1, product="new"), quota=Quota(total_draws=2))),
    "publish_capped": lambda engine: engine.publish(wheel(evolve(SURE, stock=2), quota=Quota(total_draws=2, campaign_draws=2))),
    "reallocate": lambda engine: engine.reallocate("wheel", "cup", stock=1),
    "restock": lambda engine: engine.reallocate("wheel", "cup", add=1),
    "void": lambda engine: engine.void("wheel:0:earlier", request_id="void", return_chance=True),
    "void_again": lambda engine: engine.void("wheel:0:earlier", request_id="void-2"),
    "grant": lambda engine: engine.grant_draws("wheel", "ann", 1, request_id="grant"),
    "block": lambda engine: engine.block("ann", "wheel"),
    "offline": lambda engine: engine.take_offline("wheel"),
    "off_shelf": lambda engine: engine.take_off_shelf("wheel", "cup"),
}


class Interrupted(NoExclusive):
    """Runs ``action`` once, before its ``at``-th read or commit."""

    def __init__(self, store, at, action):
        super().__init__(store)
        self.at, self.action, self.operations = at, action, 0

    def _step(self):
        self.operations += 1
        if self.operations == self.at:
            self.action()

    def read(self, home, reads):
        self._step()
        return self.inner.read(home, reads)

    def commit(self, home, commits):
        self._step()
        return self.inner.commit(home, commits)

    def exclusive(self, home, docs, wait):
        store = self

        class Nothing:
            def __enter__(self):
                return store

            def __exit__(self, *_):
                return None

        return Nothing()


def tried(flow, engine):
    """What a flow gives, or the refusal that is legal for it."""
    try:
        return flow(engine)
    except (DrawRefused, InvalidEdit) as refused:
        return refused


def interleaved(first, second, prepare):
    """The stores that every interleaving of the two leaves, with what each flow gave."""
    at = 0
    while True:
        at += 1
        inner = MemoryStore()
        plain = DrawEngine(NoExclusive(inner), clock=FixedClock(NOON))
        prepare(plain)
        given = []
        store = Interrupted(inner, at, lambda: given.append(tried(second, plain)))  # noqa: B023 - called before the next round
        mine = tried(first, DrawEngine(store, clock=FixedClock(NOON)))
        if not given:
            return
        yield plain, mine, given[0]


def prepared(engine):
    engine.publish(SMALL)
    engine.draw("wheel", "ann", request_id="earlier")


@pytest.mark.parametrize("second", FLOWS)
@pytest.mark.parametrize("first", FLOWS)
def test_pitfall_09_no_interleaving_breaks_a_balance_or_a_cap(first, second):
    """The audit is clean, nothing is issued beyond its allocation, no cap is passed, one request id is one draw."""
    rounds = 0
    for engine, mine, other in interleaved(FLOWS[first], FLOWS[second], prepared):
        rounds += 1
        audit = engine.audit("wheel")
        assert audit.differences == ()
        for line in engine.stock("wheel").values():
            assert line.issued <= line.allocated
        most = 2 + ("grant" in (first, second)) + ("void" in (first, second))
        assert engine.standing("wheel", "ann").number <= most
        if first == second == "draw_the_same" and not isinstance(mine, Exception):
            assert mine == other
        if {first, second} == {"void", "void_again"}:
            assert [type(one) for one in (mine, other)].count(InvalidEdit) == 1
        if "publish_capped" in (first, second) and not isinstance(mine if first == "publish_capped" else other, Exception):
            returned = "void" in (first, second)
            assert audit.draws - returned <= 2
    assert rounds >= 2


@pytest.mark.parametrize("publishes_first", [True, False])
def test_no_interleaving_loses_a_block(publishes_first):
    """A campaign is published while somebody is blocked everywhere: whichever comes first, they are blocked in it."""
    flows = [lambda engine: engine.publish(wheel(id="third")), lambda engine: engine.block("zoe")]
    for engine, *_ in interleaved(*(flows if publishes_first else flows[::-1]), prepared):
        assert engine.standing("third", "zoe").blocked
        assert engine.standing("wheel", "zoe").blocked


@pytest.mark.parametrize("publishes_first", [True, False])
def test_no_interleaving_blocks_who_was_unblocked(publishes_first):
    """And the last word counts: unblocked while the campaign is published, they may draw in it."""

    def prepare(engine):
        prepared(engine)
        engine.block("zoe")

    flows = [lambda engine: engine.publish(wheel(id="third")), lambda engine: engine.unblock("zoe")]
    for engine, *_ in interleaved(*(flows if publishes_first else flows[::-1]), prepare):
        assert not engine.standing("third", "zoe").blocked


def test_no_interleaving_gives_one_title_to_two():
    """Two campaigns are published under one title at once: one of them is refused."""
    flows = [lambda engine, id_=id_: engine.publish(wheel(id=id_, title="Gala")) for id_ in ("left", "right")]
    for engine, *given in interleaved(*flows, prepared):
        assert [type(one) for one in given].count(InvalidEdit) == 1
        del engine


def test_no_interleaving_of_two_edits_loses_a_title():
    """One campaign is given two titles at once: it holds the one in force, and the other is free."""
    flows = [lambda engine, title=title: engine.publish(evolve(SMALL, title=title)) for title in ("Gala", "Feast")]
    for engine, *_ in interleaved(*flows, prepared):
        held = engine.campaign("wheel").title
        free = "Feast" if held == "Gala" else "Gala"
        with pytest.raises(InvalidEdit, match="title"):
            engine.publish(wheel(id="other", title=held))
        engine.publish(wheel(id="other", title=free))
