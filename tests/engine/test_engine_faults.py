"""Every flow against every fault: the store fails once, before or after any of its operations, and the caller tries again.

A fault after an operation means that it happened and the answer was lost. Whatever failed, a second call with the same request id
leaves what one call without a fault leaves (pitfalls 9, 12, 15, 17, 30).
"""

from __future__ import annotations

from contextlib import closing
from itertools import count
from shutil import copy

import pytest
from attrs import evolve

from prizedraw import DrawEngine, DrawRequest, Prize, Quota, StorageError
from prizedraw.sampling import SeededEntropy
from prizedraw.storage.memory import MemoryStore
from prizedraw.storage.sqlite import SqliteStore
from prizedraw.testing import FaultyStore, FixedClock, NoExclusive
from scenery import NOON, SURE, picture, wheel

TIGHT = wheel(evolve(SURE, stock=3, alert_stock=1, daily_release=5), quota=Quota(total_draws=9, daily_draws=6))
EDITED = wheel(evolve(SURE, stock=3, alert_stock=1, daily_release=5), Prize("mug", "Mug", 1, 7), title="Edited", quota=TIGHT.quota)


def prepared(store):
    """Two campaigns with some history, on a store that does not fail."""
    engine = DrawEngine(store, clock=FixedClock(NOON), entropy=SeededEntropy(1))
    engine.publish(TIGHT, request_id="first")
    engine.publish(wheel(id="other"), request_id="other")
    engine.draw("wheel", "ann", request_id="earlier")
    engine.block("zoe", request_id="bar")


FLOWS = {
    "draw": lambda engine: engine.draw("wheel", "ann", request_id="call"),
    "draw_many": lambda engine: engine.draw_many("wheel", "ann", 4, request_id="call"),
    "draw_batch": lambda engine: engine.draw_batch("wheel", [DrawRequest("ann", "call"), DrawRequest("bob", "call-2", n=2)]),
    "publish": lambda engine: engine.publish(EDITED, request_id="call"),
    "publish_new": lambda engine: engine.publish(wheel(id="third"), request_id="call"),
    "reallocate": lambda engine: engine.reallocate("wheel", "cup", add=2, request_id="call"),
    "void": lambda engine: engine.void("wheel:0:earlier", request_id="call", return_chance=True),
    "grant_draws": lambda engine: engine.grant_draws("wheel", "ann", 2, request_id="call"),
    "block_here": lambda engine: engine.block("ann", "wheel", request_id="call"),
    "block_everywhere": lambda engine: engine.block("ann", request_id="call"),
    "unblock_everywhere": lambda engine: engine.unblock("zoe", request_id="call"),
    "take_off_shelf": lambda engine: engine.take_off_shelf("wheel", "cup", request_id="call"),
    "take_offline": lambda engine: engine.take_offline("wheel", request_id="call"),
}
HOMES = ["wheel", "other", "third"]


def without_versions(taken):
    """A picture without the versions of documents: a chain that was resumed may have written the same words once more."""
    return {home: ([(key, doc.data) for key, doc in docs], counters, entries) for home, (docs, counters, entries) in taken.items()}


@pytest.mark.parametrize("kind", ["memory", "no locks", "sqlite"])
@pytest.mark.parametrize("flow", FLOWS)
def test_pitfall_12_every_fault_of_every_flow_is_survived_by_a_retry(flow, kind, tmp_path):
    """The store is left as by one call that met no fault, the answer is the same, and every campaign passes its audit."""
    files = count()
    if kind == "sqlite":
        with closing(SqliteStore(tmp_path / "prepared.db")) as store:
            prepared(store)

    def fresh():
        if kind == "sqlite":
            path = copy(tmp_path / "prepared.db", tmp_path / f"{next(files)}.db")
            return SqliteStore(path, durability="normal")
        store = MemoryStore()
        prepared(store)
        return store

    def played(fail_at, when):
        inner = fresh()
        faulty = FaultyStore(NoExclusive(inner) if kind == "no locks" else inner, fail_at, when)
        engine = DrawEngine(faulty, clock=FixedClock(NOON), entropy=SeededEntropy(2))
        failed = None
        try:
            answer = FLOWS[flow](engine)
        except StorageError as error:
            failed = error
            answer = FLOWS[flow](DrawEngine(inner, clock=FixedClock(NOON), entropy=SeededEntropy(2)))
        taken = picture(inner, HOMES)
        auditor = DrawEngine(inner, clock=FixedClock(NOON))
        assert all(auditor.audit(id_).ok for id_ in auditor.campaigns())
        inner.close()
        return faulty.operations, failed, answer, taken

    operations, failed, answer, taken = played(None, "before")
    assert failed is None
    for fail_at in range(1, operations + 1):
        for when in ("before", "after"):
            _, failed, again, found = played(fail_at, when)
            assert failed is not None
            assert again == answer
            assert without_versions(found) == without_versions(taken)
            if flow in {"draw", "draw_many"}:
                assert failed.request_id == "call"


def failure(engine, participant):
    """The storage error that a draw without a request id raises, or None."""
    try:
        engine.draw("wheel", participant)
    except StorageError as error:
        return error
    return None


@pytest.mark.parametrize("when", ["before", "after"])
def test_pitfall_30_a_request_id_that_the_engine_made_is_told_by_the_error(when):
    """Without a request id of the caller's own the error names the one to try again with; the draw happens once."""
    inner = MemoryStore()
    prepared(inner)
    sound = DrawEngine(inner, clock=FixedClock(NOON))
    for fail_at in range(1, 100):
        engine = DrawEngine(FaultyStore(inner, fail_at, when), clock=FixedClock(NOON))
        participant, draws = f"p{fail_at}", sound.audit("wheel").draws
        lost = failure(engine, participant)
        if lost is None:
            break
        assert lost.request_id
        assert sound.draw("wheel", participant, request_id=lost.request_id).number == 1
        assert sound.audit("wheel").draws == draws + 1
    assert 2 < fail_at < 99


def test_a_block_reaches_a_campaign_whose_publication_broke_off():
    """Whoever is blocked everywhere cannot draw in a new campaign, wherever its publication failed and however it was resumed."""
    operations = None
    fail_at = 0
    while operations is None or fail_at < operations:
        inner = MemoryStore()
        prepared(inner)
        faulty = FaultyStore(NoExclusive(inner), fail_at or None)
        try:
            DrawEngine(faulty, clock=FixedClock(NOON)).publish(wheel(id="third"))
        except StorageError:
            DrawEngine(inner, clock=FixedClock(NOON)).publish(wheel(id="third"))
        operations = operations or faulty.operations
        assert DrawEngine(inner, clock=FixedClock(NOON)).standing("third", "zoe").blocked
        fail_at += 1


def test_a_campaign_whose_publication_broke_off_is_not_listed():
    """``campaigns()`` names what can be drawn from, wherever a first publication stopped."""
    for fail_at in range(1, 100):
        inner = MemoryStore()
        sound = DrawEngine(inner, clock=FixedClock(NOON))
        failed = False
        try:
            DrawEngine(FaultyStore(NoExclusive(inner), fail_at), clock=FixedClock(NOON)).publish(wheel())
        except StorageError:
            failed = True
        assert all(sound.campaign(id_) for id_ in sound.campaigns())
        if not failed:
            break
    assert sound.campaigns() == ["wheel"]
