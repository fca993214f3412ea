"""Every pair of flows on a campaign of three stripes, interleaved at every store operation, on a store without locks.

All stock is in the first stripe at the beginning, so that whoever draws in another one must be given a share.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations, combinations_with_replacement

import pytest
from attrs import evolve

from prizedraw import DrawEngine, DrawRefused, InvalidEdit, Points, Prize, Quota, RequestMismatch
from prizedraw.storage import MemoryStore
from prizedraw.testing import FixedClock, NoExclusive, interleavings
from scenery import NOON, SURE, wheel
from stripe_names import ONE, STRIPES, TWO, ZERO, name_in

CUP = evolve(SURE, stock=2)
FLOWS = {
    "zero": lambda engine: engine.draw("wheel", ZERO, request_id=name_in(1, "zero")),
    "one": lambda engine: engine.draw("wheel", ONE, request_id=name_in(2, "one")),
    "two": lambda engine: engine.draw("wheel", TWO, request_id=name_in(2, "two")),
    "two of one": lambda engine: engine.draw_many("wheel", ONE, 2),
    "restock": lambda engine: engine.reallocate("wheel", "cup", add=1),
    "lower": lambda engine: engine.reallocate("wheel", "cup", add=-1),
    "publish": lambda engine: engine.publish(wheel(CUP, Prize("mug", "Mug", 1, 1))),
    "remove": lambda engine: engine.publish(wheel(Prize("mug", "Mug", 1, 1))),
    "void": lambda engine: engine.void("wheel:0:earlier", request_id="void"),
    "offline": lambda engine: engine.take_offline("wheel"),
}


def interleaved(flows, prepare, switches=1):
    """An engine on the store that each order of the operations of two flows leaves, with what each flow gave; locks do nothing."""

    def race(interleaver):
        store = NoExclusive(MemoryStore())
        plain = DrawEngine(store, clock=FixedClock(NOON))
        prepare(plain)
        calls = [partial(flow, DrawEngine(interleaver.pausing(store), clock=FixedClock(NOON))) for flow in flows]
        return plain, interleaver.run(*calls, expected=(DrawRefused, InvalidEdit, RequestMismatch))

    return interleavings(race, preemptions=switches)


def prepared(engine, campaign=None):
    """One unit has gone out in the third stripe, and two are left in the first."""
    engine.publish(campaign or wheel(evolve(CUP, stock=3)), stripes=STRIPES)
    engine.draw("wheel", TWO, request_id="earlier")


ONCE_OR_TWICE = pytest.mark.parametrize("switches", [1, pytest.param(2, marks=pytest.mark.soak)])
"""How often a flow is stopped that could have gone on."""


@ONCE_OR_TWICE
@pytest.mark.parametrize(("first", "second"), list(combinations_with_replacement(FLOWS, 2)))
def test_pitfall_09_no_interleaving_of_stripes_breaks_a_balance(first, second, switches):
    """The audit is clean, nothing is issued beyond its allocation, and what is left can be drawn in any stripe afterwards."""
    for engine, found in interleaved([FLOWS[first], FLOWS[second]], prepared, switches):
        assert engine.audit("wheel").differences == ()
        for line in engine.stock("wheel").values():
            assert line.issued <= line.allocated
        if not {"publish", "remove", "offline"} & {first, second}:
            left = engine.stock("wheel")["cup"].remaining
            after = [engine.draw("wheel", (ZERO, ONE, TWO)[k % 3]) for k in range(left + 1)]
            assert [one.is_win for one in after] == [True] * left + [False]
        if "offline" in (first, second):
            with pytest.raises(DrawRefused):
                engine.draw("wheel", TWO)
        del found


@ONCE_OR_TWICE
@pytest.mark.parametrize("pair", list(combinations(("zero", "one", "two"), 2)))
@pytest.mark.parametrize("left", [1, 2])
def test_no_interleaving_tells_a_false_sold_out(pair, left, switches):
    """Two draw at once in two stripes: with two left both win, with one left exactly one."""
    prepare = partial(prepared, campaign=wheel(evolve(CUP, stock=1 + left)))
    for engine, found in interleaved([FLOWS[name] for name in pair], prepare, switches):
        assert sorted(one.is_win for one in found) == [left == 2, True]
        assert engine.audit("wheel").ok


@ONCE_OR_TWICE
def test_no_interleaving_spends_a_budget_twice(switches):
    """Two draw points in two stripes while the budget has room for one: one gets them."""
    campaign = wheel(Prize("coins", "Coins", 1, -1, kind="points", points=30), points=Points(total=80))
    for engine, found in interleaved([FLOWS["one"], FLOWS["zero"]], partial(prepared, campaign=campaign), switches):
        assert sorted(one.points for one in found) == [0, 30]
        assert engine.audit("wheel").ok


@ONCE_OR_TWICE
def test_no_interleaving_passes_a_daily_release(switches):
    """Two draw in two stripes of a release of two a day, of which one is out: one gets it, and none on top by the edit of it."""
    campaign = wheel(evolve(SURE, stock=9, daily_release=2))
    for engine, found in interleaved([FLOWS["one"], FLOWS["zero"]], partial(prepared, campaign=campaign), switches):
        assert sorted(one.is_win for one in found) == [False, True]
        engine.publish(wheel(evolve(SURE, stock=9, daily_release=3)))
        assert [engine.draw("wheel", name).is_win for name in (ZERO, ONE, TWO)] == [True, False, False]
        assert engine.audit("wheel").ok


@ONCE_OR_TWICE
def test_no_interleaving_passes_the_draws_of_a_campaign(switches):
    """Two draw in two stripes where one more draw is allowed over everybody: one of them may."""
    campaign = wheel(evolve(SURE, stock=9), quota=Quota(campaign_draws=2))
    for engine, found in interleaved([FLOWS["one"], FLOWS["zero"]], partial(prepared, campaign=campaign), switches):
        assert [isinstance(one, DrawRefused) for one in found].count(True) == 1
        assert engine.audit("wheel").draws == 2


@ONCE_OR_TWICE
@pytest.mark.parametrize("place", range(STRIPES))
def test_no_interleaving_gives_one_id_to_two(place, switches):
    """Two participants in two stripes race with one request id, wherever it is claimed: one has a receipt, the other a mismatch."""
    id_ = name_in(place, "order")
    flows = [lambda engine, name=name: engine.draw("wheel", name, request_id=id_) for name in (ZERO, ONE)]
    for engine, found in interleaved(flows, prepared, switches):
        assert [isinstance(one, RequestMismatch) for one in found].count(True) == 1
        assert engine.audit("wheel").draws == 2
        assert engine.receipt(campaign="wheel", request_id=id_) in found
