"""Mutants that only a race can show: each is run in every order of its store operations, and in some order the replay objects."""

from __future__ import annotations

from functools import partial

import pytest
from attrs import evolve

from async_stores import AsyncMemoryStore
from broken_stores import ChecksAValueReadEarlier, ForgetsIdsAtCommit, SkipsTheVersionCheck
from prizedraw import DrawEngine, DrawRefused, RequestMismatch, UnknownCampaign
from prizedraw.storage import MemoryStore
from prizedraw.testing import Bridge, FixedClock, NoExclusive, interleavings, replay
from scenery import NOON, SURE, wheel

LAST = wheel(evolve(SURE, stock=1))
"""A campaign with one cup left."""

RACES = {
    "one id for two participants": (("ann", "order-1"), ("bob", "order-1")),
    "two draws of one participant": (("ann", "order-1"), ("ann", "order-2")),
    "two participants after the last cup": (("ann", "order-1"), ("bob", "order-2")),
}


def problems(make_store, race, lines_of=()):
    """What the replay objects to in each order in which the two draws of a race can go."""

    def run(interleaver):
        store = make_store()
        DrawEngine(store, clock=FixedClock(NOON)).publish(LAST)
        shared = interleaver.pausing(NoExclusive(store))  # but an engine for each, as in processes of their own
        draws = [partial(DrawEngine(shared, clock=FixedClock(NOON)).draw, "wheel", who, request_id=id_) for who, id_ in RACES[race]]
        interleaver.run(*draws, lines_of=lines_of, expected=(DrawRefused, RequestMismatch))
        return replay(store, "wheel").problems

    return list(interleavings(run, preemptions=1 if lines_of else 2))


@pytest.mark.parametrize(
    ("broken", "race", "objection", "lines_of"),
    [
        (ForgetsIdsAtCommit, "one id for two participants", "order-1: the id stands twice", ()),
        (SkipsTheVersionCheck, "two draws of one participant", "number 1 follows 1", ()),
        (ChecksAValueReadEarlier, "two participants after the last cup", "2 of cup are issued, and 1 allocated", ["broken_stores"]),
    ],
    ids=["no idempotency check at commit", "lost update", "stock check outside the lock"],
)
def test_pitfall_09_a_mutant_is_rejected_for_its_own_fault(broken, race, objection, lines_of):
    """In some order the replay names the fault; on a sound store no order of the same race has a problem."""
    found = problems(broken, race, lines_of)
    assert any(objection in problem for one in found for problem in one)
    sound = problems(MemoryStore, race)
    assert len(sound) > 4
    assert not any(sound)


def test_a_mutant_without_a_race_shows_nothing():
    """Ids that nobody races hide a store that forgets them: the scheduler is what finds it."""
    store = ForgetsIdsAtCommit()
    engine = DrawEngine(store, clock=FixedClock(NOON))
    engine.publish(LAST)
    assert engine.draw("wheel", "ann", request_id="order-1") == engine.draw("wheel", "ann", request_id="order-1")
    assert replay(store, "wheel").problems == []


def test_an_asynchronous_store_is_replayed():
    """Through a bridge; and a campaign that is not there is told."""
    store = AsyncMemoryStore()
    engine = DrawEngine(Bridge(store), clock=FixedClock(NOON))
    engine.publish(LAST)
    engine.draw("wheel", "ann", request_id="order-1")
    told = replay(store, "wheel")
    assert (told.problems, list(told.draws)) == ([], ["wheel:0:order-1"])
    with pytest.raises(UnknownCampaign):
        replay(store, "gala")
