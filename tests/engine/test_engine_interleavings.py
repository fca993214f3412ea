"""Every pair of flows, interleaved at every store operation, on a store without locks: guards alone must keep what is true of both."""

from __future__ import annotations

from functools import partial
from itertools import combinations_with_replacement

import pytest
from attrs import evolve

from prizedraw import DrawEngine, DrawRefused, InvalidEdit, Prize, Quota
from prizedraw.storage.memory import MemoryStore
from prizedraw.testing import FixedClock, NoExclusive, interleavings
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


def interleaved(first, second, prepare, switches=1):
    """An engine on the store that each order of the operations of two flows leaves, with what each flow gave; locks do nothing.

    A flow that could have gone on is stopped ``switches`` times: once is one flow inside the other, wherever in it.
    """

    def race(interleaver):
        store = NoExclusive(MemoryStore())
        plain = DrawEngine(store, clock=FixedClock(NOON))
        prepare(plain)
        flows = [partial(flow, DrawEngine(interleaver.pausing(store), clock=FixedClock(NOON))) for flow in (first, second)]
        return plain, *interleaver.run(*flows, expected=(DrawRefused, InvalidEdit))

    return interleavings(race, preemptions=switches)


def prepared(engine):
    engine.publish(SMALL)
    engine.draw("wheel", "ann", request_id="earlier")


@pytest.mark.parametrize("switches", [1, pytest.param(2, marks=pytest.mark.soak)])
@pytest.mark.parametrize(("first", "second"), list(combinations_with_replacement(FLOWS, 2)))
def test_pitfall_09_no_interleaving_breaks_a_balance_or_a_cap(first, second, switches):
    """The audit is clean, nothing is issued beyond its allocation, no cap is passed, one request id is one draw."""
    rounds = 0
    for engine, mine, other in interleaved(FLOWS[first], FLOWS[second], prepared, switches):
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


def test_no_interleaving_loses_a_block():
    """A campaign is published while somebody is blocked everywhere: whichever comes first, they are blocked in it."""
    flows = [lambda engine: engine.publish(wheel(id="third")), lambda engine: engine.block("zoe")]
    for engine, *_ in interleaved(*flows, prepared):
        assert engine.standing("third", "zoe").blocked
        assert engine.standing("wheel", "zoe").blocked


def test_no_interleaving_blocks_who_was_unblocked():
    """And the last word counts: unblocked while the campaign is published, they may draw in it."""

    def prepare(engine):
        prepared(engine)
        engine.block("zoe")

    flows = [lambda engine: engine.publish(wheel(id="third")), lambda engine: engine.unblock("zoe")]
    for engine, *_ in interleaved(*flows, prepare):
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
