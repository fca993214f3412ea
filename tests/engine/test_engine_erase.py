"""Erasing a participant's id: not a byte of it is left, and everything still adds up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from lives import CAMPAIGNS, live
from prizedraw import AsyncDrawEngine, DrawEngine, InvalidRequest, RequestMismatch, verify
from prizedraw.sampling import SeededEntropy
from prizedraw.storage import MemoryStore
from prizedraw.testing import FaultyStore, FixedClock
from scenery import NOON, picture, wheel

if TYPE_CHECKING:
    from pathlib import Path

ID = "participant-7f3a"
"""An id that no byte of anything else looks like."""


@pytest.fixture
def engine(store_url: str, clock: FixedClock) -> DrawEngine:
    """An engine on a store with a past, in which one more participant left every trace there is."""
    with DrawEngine.open(store_url, clock=clock, entropy=SeededEntropy(7)) as engine:
        live(engine, clock)
        engine.bring_online("wheel")
        leave_traces(engine)
        yield engine


def leave_traces(engine: DrawEngine) -> None:
    """Draws, a void, a grant, blocks here and everywhere, with notes and what callers keep."""
    for n in range(300):
        engine.draw("wheel", ID, request_id=f"a-{n}", meta={"name": ID})
    engine.draw_many("gala", ID, 3, request_id="b-1")
    engine.void("wheel:0:a-1", request_id="void-a", actor="operator-7", note=f"{ID} asked for it")
    engine.grant_draws("gala", ID, 2, request_id="gift-a", note=f"for {ID}")
    engine.block(ID, "gala", request_id="block-a")
    engine.unblock(ID, "gala", request_id="unblock-a")
    engine.block(ID, request_id="block-b")
    engine.unblock(ID, request_id="unblock-b")
    engine.block(ID, request_id="block-c")


@pytest.mark.one_home("the pseudonym has a number behind it")
def test_all_that_was_kept_is_the_pseudonyms(engine: DrawEngine) -> None:
    """Receipts, movements and the standing are those of before under another name; others are untouched; the audit says the same."""
    was = {name: list(engine.receipts(name)) for name in CAMPAIGNS}
    movements = {name: [replace_note(one) for one in engine.movements(name)] for name in CAMPAIGNS}
    standings = {name: engine.standing(name, ID) for name in CAMPAIGNS}
    audits = {name: engine.audit(name) for name in CAMPAIGNS}
    erased = engine.erase(ID, actor="operator-7", note="asked on paper")
    assert (erased.campaigns, erased.remaining) == (("gala", "wheel"), ())
    for name in CAMPAIGNS:
        expected = [replace(one, participant=erased.pseudonym, meta=None) if one.participant == ID else one for one in was[name]]
        assert list(engine.receipts(name)) == expected
        assert [replace_note(one) for one in engine.movements(name)] == movements[name]
        assert engine.standing(name, erased.pseudonym) == standings[name]
        assert engine.audit(name).ok
        assert engine.audit(name).entries == audits[name].entries + 1
        assert engine.audit(name).draws == audits[name].draws
        assert all(verify(one, engine.campaign(name, version=one.version)) for one in expected)
        (mark,) = engine.journal(name, kind="erase")
        assert (mark.participant, mark.actor, mark.note) == (erased.pseudonym, "operator-7", "asked on paper")
    assert erased.entries == sum(1 for name in CAMPAIGNS for _ in engine.journal(name, erased.pseudonym)) - 2 + 3


def replace_note(movement: Any) -> tuple[Any, ...]:
    """A movement without its note."""
    return (movement.prize_id, movement.kind, movement.quantity, movement.at, movement.request_id, movement.after)


def test_nothing_in_the_store_names_them(engine: DrawEngine) -> None:
    """No key, no document, no entry holds the id, in any home."""
    assert ID in repr(picture(engine.store, CAMPAIGNS))
    engine.erase(ID)
    assert ID not in repr(picture(engine.store, CAMPAIGNS))


def test_no_byte_is_left_in_a_file(clock: FixedClock, tmp_path: Path) -> None:
    """After pages were split, freed and written over, neither the SQLite file nor what lies beside it holds the id."""
    with DrawEngine.open(tmp_path / "draws.db", clock=clock) as engine:
        live(engine, clock)
        engine.bring_online("wheel")
        leave_traces(engine)
        others = DrawEngine.open(tmp_path / "draws.db", clock=clock)  # with connections of its own
        assert others.standing("wheel", ID).number == 300
        assert any(ID.encode() in path.read_bytes() for path in tmp_path.iterdir())
        engine.erase(ID)
        assert [path.name for path in tmp_path.iterdir() if ID.encode() in path.read_bytes()] == []
        assert others.audit("wheel").ok
        others.close()
    assert [path.name for path in tmp_path.iterdir() if ID.encode() in path.read_bytes()] == []


def test_whoever_comes_with_the_id_is_new(engine: DrawEngine) -> None:
    """A new participant, not blocked; an old request is not theirs; the operator's old requests replay or are another's."""
    engine.erase(ID)
    assert engine.standing("wheel", ID).number == 0
    assert not engine.standing("wheel", ID).blocked
    with pytest.raises(RequestMismatch):
        engine.draw("wheel", ID, request_id="a-1")
    with pytest.raises(RequestMismatch):
        engine.grant_draws("gala", ID, 2, request_id="gift-a")
    engine.void("wheel:0:a-1", request_id="void-a")
    engine.void("wheel:0:a-2", request_id="void-b", note="still possible")
    assert engine.draw("wheel", ID, request_id="new-1").number == 1
    engine.block(ID)
    assert engine.standing("wheel", ID).blocked
    assert all(engine.audit(name).ok for name in CAMPAIGNS)


def test_erased_twice_is_two_people(engine: DrawEngine) -> None:
    """Nothing is left for a second call, until somebody comes with the id again, whose pseudonym is another."""
    first, none = engine.erase(ID), engine.erase(ID)
    assert (none.campaigns, none.entries) == ((), 0)
    engine.draw("wheel", ID)
    second = engine.erase(ID)
    assert (second.campaigns, second.entries) == (("wheel",), 1)
    assert len({first.pseudonym, none.pseudonym, second.pseudonym}) == 3


def test_what_was_archived_is_renamed_too(engine: DrawEngine, clock: FixedClock) -> None:
    """The sums behind a checkpoint are the pseudonym's; the audit is clean, and can be archived on."""
    engine.prune("wheel", clock() + timedelta(days=1), force=True)
    engine.draw("wheel", "user-1")
    before = engine.audit("wheel")
    erased = engine.erase(ID)
    assert ID not in repr(picture(engine.store, CAMPAIGNS))
    assert erased.campaigns == ("gala", "wheel")
    assert engine.audit("wheel").ok
    assert engine.audit("wheel").draws == before.draws
    engine.prune("wheel", clock() + timedelta(days=2), force=True)
    assert engine.audit("wheel").ok


def test_what_callers_named_is_told(clock: FixedClock) -> None:
    """Request ids belong to the caller and stay; those that hold the id are named."""
    engine = DrawEngine(MemoryStore(), clock=clock)
    engine.publish(wheel())
    engine.draw("wheel", ID, request_id=f"{ID}/1")
    engine.draw("wheel", ID, request_id="order-2")
    assert engine.erase(ID).remaining == (f"{ID}/1",)


class Drawing(MemoryStore):
    """A store on which the participant draws before each of the first two redactions."""

    engine: DrawEngine
    draws = 2

    def redact(self, *given: Any) -> Any:
        if self.draws:
            self.draws -= 1
            self.engine.draw("wheel", ID)
        return super().redact(*given)


def test_a_draw_that_comes_in_between_is_erased_too(clock: FixedClock) -> None:
    """The participant draws while the entries are being read: they are read again, and none is left behind."""
    store = Drawing()
    engine = store.engine = DrawEngine(store, clock=clock)
    engine.publish(wheel())
    engine.draw("wheel", ID)
    erased = engine.erase(ID)
    assert erased.entries == engine.standing("wheel", erased.pseudonym).number == 3
    assert ID not in repr(picture(store))
    assert engine.audit("wheel").ok


@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_breaks_off_it_can_be_done_again(when: str) -> None:
    """A fault at each operation leaves a clean audit; a second call leaves nothing of the id."""

    def scene(store: Any) -> DrawEngine:
        engine = DrawEngine(store, clock=FixedClock(NOON))
        for name in ("one", "two"):
            engine.publish(wheel(id=name))
            engine.draw(name, ID)
        engine.block(ID)
        return engine

    counting = FaultyStore(MemoryStore())
    engine = scene(counting)
    started = counting.operations
    engine.erase(ID)
    for place in range(1, counting.operations - started + 1):
        store = MemoryStore()
        engine = scene(store)
        with pytest.raises(OSError, match="injected"):
            DrawEngine(FaultyStore(store, place, when), clock=FixedClock(NOON)).erase(ID)
        assert engine.audit("one").ok
        assert engine.audit("two").ok
        engine.erase(ID)
        assert ID not in repr(picture(store, ("one", "two")))
        assert engine.audit("one").ok
        assert engine.audit("two").draws == 1


def test_on_an_event_loop(clock: FixedClock) -> None:
    """The asynchronous engine erases the same."""

    async def main() -> None:
        async with AsyncDrawEngine(MemoryStore(), clock=clock) as engine:
            await engine.publish(wheel())
            await engine.draw("wheel", ID)
            assert (await engine.erase(ID)).entries == 1
            assert (await engine.audit("wheel")).ok

    asyncio.run(main())


def test_nobody_is_erased_by_a_wrong_id(clock: FixedClock) -> None:
    """An id that can be nobody's is refused; one that is unknown changes nothing."""
    engine = DrawEngine(MemoryStore(), clock=clock)
    engine.publish(wheel())
    before = picture(engine.store)
    with pytest.raises(InvalidRequest):
        engine.erase("")
    assert engine.erase("nobody").entries == 0
    assert picture(engine.store) == before
