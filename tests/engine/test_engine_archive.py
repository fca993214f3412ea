"""Forgetting the old part of a journal: what is dropped is in the file, what it added up to is in the audit."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from lives import CAMPAIGNS, PEOPLE, live
from prizedraw import (
    AsyncDrawEngine,
    DrawEngine,
    DrawRefused,
    InvalidEdit,
    InvalidRequest,
    Quota,
    StorageBusy,
    StorageCorrupt,
    UnknownReceipt,
)
from prizedraw.sampling import SeededEntropy
from prizedraw.stock import balances
from prizedraw.storage import Commit, Committed, MemoryStore
from prizedraw.testing import FaultyStore, FixedClock
from scenery import NOON, wheel

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)


@pytest.fixture
def engine(store_url: str, clock: FixedClock) -> DrawEngine:
    """An engine on a store with a past of three days, five days later."""
    with DrawEngine.open(store_url, clock=clock, entropy=SeededEntropy(7)) as engine:
        live(engine, clock)
        clock.advance(5 * DAY)
        yield engine


def small(clock: FixedClock, store: Any = None) -> DrawEngine:
    """An engine on a store with six draws of three participants, two days later."""
    engine = DrawEngine(store if store is not None else MemoryStore(), clock=clock)
    engine.publish(wheel())
    for n in range(6):
        engine.draw("wheel", f"user-{n % 3}", request_id=f"order-{n}")
    clock.advance(2 * DAY)
    return engine


def says(engine: DrawEngine, name: str) -> dict[str, object]:
    """What must not change when entries are dropped."""
    return {
        "standings": [engine.standing(name, participant) for participant in PEOPLE],
        "stock": engine.stock(name),
        "draws": engine.audit(name).draws,
        "balances": balances(engine.movements(name)),
        "differences": engine.audit(name).differences,
    }


@pytest.mark.one_home("their journals stand one after another in the file")
@pytest.mark.parametrize("days", [-1, 0, 1, 2, 3, 5])
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_what_is_dropped_is_in_the_file_and_the_audit_stays_clean(engine: DrawEngine, tmp_path: Path, days: int, name: str) -> None:
    """Before any day of the past: older entries are in the file, whole and in order; the rest is as it was; so is every balance."""
    before = NOON + days * DAY
    entries, was = list(engine.journal(name)), says(engine, name)
    receipts = list(engine.receipts(name))
    done = engine.archive(name, before, tmp_path / "old.jsonl", force=True, actor="operator-7", note="a year is over")
    old = [entry for entry in entries if entry.at < before]
    *lines, end = (tmp_path / "old.jsonl").read_bytes().splitlines(keepends=True)
    assert [json.loads(line) for line in lines] == [json.loads(json.dumps(entry.to_dict())) for entry in old]
    assert json.loads(end)["end"] == {"entries": len(old), "draws": done.draws, "sha256": sha256(b"".join(lines)).hexdigest()}
    assert (done.entries, done.before) == (len(old), before)
    assert says(engine, name) == was
    assert list(engine.receipts(name)) == [receipt for receipt in receipts if receipt.drawn_at >= before]
    left = list(engine.journal(name))
    assert left[: len(entries) - len(old)] == entries[len(old) :]
    assert [(entry.kind, entry.actor, entry.note) for entry in left[len(entries) - len(old) :]] == (
        [("checkpoint", "operator-7", "a year is over")] if old else []
    )
    assert engine.audit(name).archived == len(old)


@pytest.mark.one_home("each keeps a checkpoint")
def test_archives_follow_each_other(engine: DrawEngine, tmp_path: Path) -> None:
    """Day after day, a checkpoint takes in the one before; at last only one is left, and the audit is what it was."""
    was = says(engine, "gala")
    entries = len(list(engine.journal("gala")))
    dropped = 0
    for days in range(9):
        dropped += engine.archive("gala", NOON + days * DAY, tmp_path / f"{days}.jsonl", force=True).entries
        assert says(engine, "gala") == was
        assert engine.audit("gala").archived == dropped
    assert dropped == entries
    assert [entry.kind for entry in engine.journal("gala")] == ["checkpoint"]
    pasts = engine.store.docs("default/campaign/gala", "past/").items
    assert len([key for key, doc in pasts if doc.data]) == 1


def test_life_goes_on_behind_a_checkpoint(engine: DrawEngine, clock: FixedClock) -> None:
    """Draws, voids of what is left, reallocations and edits keep the audit clean; caps still count what was dropped."""
    engine.prune("gala", NOON + 2 * DAY)
    engine.draw("gala", "user-1", request_id="new-1")
    engine.void(engine.receipt(campaign="gala", request_id="user-1/2/0").id, request_id="void-2", return_chance=True)
    engine.reallocate("gala", "phone", add=2)
    clock.advance(2 * DAY)
    engine.prune("gala", clock() - DAY)
    assert engine.audit("gala").ok
    with pytest.raises(InvalidEdit, match="is below the"):
        engine.publish(attrs.evolve(engine.campaign("gala"), quota=Quota(daily_draws=9, campaign_draws=10)))


def test_a_cap_that_comes_later_counts_what_was_dropped(clock: FixedClock) -> None:
    """Six draws were dropped before draws were limited at all: the new limit of seven leaves one."""
    engine = small(clock)
    engine.prune("wheel", clock() - DAY)
    engine.publish(wheel(quota=Quota(campaign_draws=7, daily_draws=-1)))
    engine.draw("wheel", "ann")
    with pytest.raises(DrawRefused, match="campaign_draws"):
        engine.draw("wheel", "ann")
    assert engine.audit("wheel").ok
    engine.prune("wheel", clock() + DAY, force=True)
    assert engine.audit("wheel").ok


def test_days_stay_cut_as_they_were(clock: FixedClock) -> None:
    """Where all draws were dropped, the zone still cannot be changed."""
    engine = small(clock)
    engine.prune("wheel", clock() - DAY)
    with pytest.raises(InvalidEdit, match="put the zone back"):
        engine.publish(attrs.evolve(wheel(), timezone="Asia/Tokyo"))


def test_a_request_that_was_dropped_is_not_known(clock: FixedClock) -> None:
    """Its receipt is gone, it cannot be voided, and a retry of it draws again; a younger one still replays."""
    engine = small(clock)
    old = engine.receipt(campaign="wheel", request_id="order-1")
    young = engine.draw("wheel", "user-1", request_id="young")
    engine.prune("wheel", clock() - DAY)
    assert engine.receipt(old.id) is None
    with pytest.raises(UnknownReceipt):
        engine.void(old.id, request_id="void-1")
    assert engine.draw("wheel", "user-1", request_id="young") == young
    assert engine.draw("wheel", "user-1", request_id="order-1").number == young.number + 1
    assert engine.audit("wheel").ok


def test_what_is_drawn_meanwhile_stays(clock: FixedClock) -> None:
    """A draw between the reading and the dropping is kept, and counted once."""
    engine = small(clock)
    archive = engine._jobs.archive("wheel", clock() - DAY, False, "", "", keep=True)
    while engine._run(engine._jobs.rest(archive.lines.page())) is not None:
        engine.draw("wheel", "ann")
    engine._run(engine._jobs.rest(archive.finish()))
    assert len(list(engine.receipts("wheel", "ann"))) == engine.standing("wheel", "ann").number > 0
    assert engine.audit("wheel").ok


def test_of_two_at_once_one_counts(clock: FixedClock) -> None:
    """Both have read; the second to drop is told, changes nothing, and leaves nothing beside the journal."""
    engine = small(clock)
    first, second = (engine._jobs.archive("wheel", clock() - DAY, False, "", "", keep=False) for _ in range(2))
    for archive in (first, second):
        while engine._run(engine._jobs.rest(archive.lines.page())) is not None:
            pass
    assert engine._run(engine._jobs.rest(first.finish())).entries == 7
    with pytest.raises(StorageBusy, match="archived by somebody else"):
        engine._run(engine._jobs.rest(second.finish()))
    assert [entry.kind for entry in engine.journal("wheel")] == ["checkpoint"]
    assert len([key for key, doc in engine.store.docs("default/campaign/wheel", "past/").items if doc.data]) == 1
    assert engine.audit("wheel").ok


class Meanwhile:
    """A store that lets something happen before its n-th listing."""

    def __init__(self, store: MemoryStore, place: int, action: Any) -> None:
        self._store, self._place, self._action = store, place, action
        self.listings = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _list(self, name: str, *given: Any, **options: Any) -> Any:
        self.listings += 1
        if self.listings == self._place:
            self._action()
        return getattr(self._store, name)(*given, **options)

    def entries(self, *given: Any, **options: Any) -> Any:
        return self._list("entries", *given, **options)

    def counters(self, *given: Any, **options: Any) -> Any:
        return self._list("counters", *given, **options)


def test_an_audit_that_is_overtaken_by_an_archive_is_right(clock: FixedClock) -> None:
    """Dropped before any step of the audit's reading, the entries are counted once."""
    for place in range(1, 5):
        clock = FixedClock(NOON)
        engine = small(clock, store := MemoryStore())
        engine.prune("wheel", clock() - 2 * DAY + timedelta(microseconds=1), force=True)
        for n in range(4):
            engine.draw("wheel", "ann", request_id=f"later-{n}")
        clock.advance(2 * DAY)
        overtaken = Meanwhile(store, place, partial(engine.prune, "wheel", clock() - DAY))
        verdict = DrawEngine(overtaken, clock=clock).audit("wheel")
        assert (verdict.draws, verdict.differences) == (10, ())


def test_what_is_wrong_is_not_hidden(clock: FixedClock) -> None:
    """Where the audit fails nothing is dropped; what goes wrong behind a checkpoint is found, for prizes and participants."""
    engine = small(clock)
    home = "default/campaign/wheel"
    assert isinstance(engine.store.commit(home, [Commit({}, {}, {"stock/cup": 1})])[0], Committed)
    entries = list(engine.journal("wheel"))
    with pytest.raises(StorageCorrupt, match=r"the audit of 'wheel' fails.*stock/cup stands at 7"):
        engine.prune("wheel", clock() - DAY)
    assert list(engine.journal("wheel")) == entries
    engine.store.commit(home, [Commit({}, {}, {"stock/cup": -1})])
    engine.prune("wheel", clock() - DAY)
    engine.store.commit(home, [Commit({}, {}, {"stock/cup": -1}), Commit({"p/user-1": 2}, {"p/user-1": b""})])
    assert any("stock/cup stands at 5" in line for line in engine.audit("wheel").differences)
    assert any("p/user-1: number is 0, and the journal says 2" in line for line in engine.audit("wheel").differences)


@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_breaks_off_the_audit_is_clean_and_it_can_be_done_again(clock: FixedClock, tmp_path: Path, when: str) -> None:
    """A fault at each operation: all entries are there or in the file, and a second call drops what is left."""
    counting = FaultyStore(MemoryStore())
    engine = small(clock, counting)
    started = counting.operations
    engine.archive("wheel", clock() - DAY, tmp_path / "all.jsonl")
    for place in range(1, counting.operations - started + 1):
        store, clock = MemoryStore(), FixedClock(NOON)
        engine = small(clock, store)
        path = tmp_path / f"{when}-{place}.jsonl"
        with pytest.raises(OSError, match="injected"):
            DrawEngine(FaultyStore(store, place, when), clock=clock).archive("wheel", clock() - DAY, path)
        there = [entry.request_id for entry in engine.journal("wheel") if entry.kind != "checkpoint"]
        assert there or path.exists()
        assert engine.audit("wheel").ok
        assert engine.audit("wheel").draws == 6
        engine.prune("wheel", clock() - DAY)
        assert [entry.kind for entry in engine.journal("wheel")] == ["checkpoint"]
        assert engine.audit("wheel").ok


def test_a_past_can_be_moved(engine: DrawEngine, clock: FixedClock) -> None:
    """An archived campaign is exported and imported; the audit is the same, and can be archived on."""
    engine.prune("gala", NOON + 2 * DAY)
    copy = DrawEngine(MemoryStore(), clock=clock)
    copy.import_from(BytesIO(b"".join(engine.export())))
    assert copy.audit("gala") == engine.audit("gala")
    assert says(copy, "gala") == says(engine, "gala")
    copy.prune("gala", NOON + 3 * DAY)
    assert says(copy, "gala") == says(engine, "gala")


def test_a_request_that_is_called_like_a_checkpoint(clock: FixedClock) -> None:
    """A caller's id does not stand in the way."""
    engine = small(clock)
    engine.draw("wheel", "ann", request_id="checkpoint-000001")
    engine.prune("wheel", clock() - DAY)
    assert engine.audit("wheel").ok
    assert next(engine.journal("wheel", kind="checkpoint")).request_id == "checkpoint-000002"


def test_more_participants_than_a_document_holds(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Participants are kept in pieces: with two in a piece, seven take four."""
    monkeypatch.setattr("prizedraw.flows.recounting._TOGETHER", 2)
    engine = DrawEngine(MemoryStore(), clock=clock)
    engine.publish(wheel())
    for n in range(7):
        engine.draw("wheel", f"user-{n}")
    clock.advance(2 * DAY)
    engine.prune("wheel", clock() - DAY)
    assert len(engine.store.docs("default/campaign/wheel", "past/").items) == 4
    assert engine.audit("wheel").ok


def test_on_an_event_loop(clock: FixedClock, tmp_path: Path) -> None:
    """The asynchronous engine archives and prunes the same."""
    engine = small(clock)

    async def main() -> None:
        twin = AsyncDrawEngine(engine.store, clock=clock)
        done = await twin.archive("wheel", clock() - DAY, tmp_path / "old.jsonl")
        assert (done.entries, done.draws) == (7, 6)
        assert (await twin.prune("wheel", clock() - DAY)).entries == 0
        assert (await twin.audit("wheel")).ok

    asyncio.run(main())
    assert len((tmp_path / "old.jsonl").read_text("utf-8").splitlines()) == 8


def test_a_file_gives_its_room_back(clock: FixedClock, tmp_path: Path) -> None:
    """An SQLite file is smaller after pruning, and its log is empty."""
    path = tmp_path / "draws.db"
    with DrawEngine.open(path, clock=clock) as engine:
        engine.publish(wheel(quota=Quota()))
        for _ in range(50):
            engine.draw("wheel", "ann", meta="x" * 4000)
        clock.advance(2 * DAY)
        kept = path.stat().st_size + path.with_name("draws.db-wal").stat().st_size
        assert kept > 200_000
        engine.prune("wheel", clock() - DAY)
        assert path.stat().st_size < 50_000
        assert path.with_name("draws.db-wal").stat().st_size == 0
        engine.draw("wheel", "ann")
        assert engine.audit("wheel").ok


@pytest.mark.parametrize(
    ("before", "complaint"),
    [
        (NOON.replace(tzinfo=None), "must be an aware datetime"),
        ("yesterday", "must be an aware datetime"),
        (NOON + 2 * DAY, "less than a day ago"),
        (NOON + 9 * DAY, "less than a day ago"),
    ],
)
def test_a_time_that_cannot_be_right(clock: FixedClock, tmp_path: Path, before: object, complaint: str) -> None:
    """A naive time, no time, and one that is too young are refused, and nothing is dropped."""
    engine = small(clock)
    with pytest.raises(InvalidRequest, match=complaint):
        engine.archive("wheel", before, tmp_path / "old.jsonl")
    with pytest.raises(InvalidRequest, match=complaint):
        engine.prune("wheel", before)
    assert len(list(engine.journal("wheel"))) == 7
    assert not list(tmp_path.iterdir())


def test_a_file_is_not_written_over(clock: FixedClock, tmp_path: Path) -> None:
    """A file of that name, or a folder that is not there, is refused before anything is dropped."""
    engine = small(clock)
    (tmp_path / "old.jsonl").write_text("precious")
    with pytest.raises(InvalidRequest, match="is there already"):
        engine.archive("wheel", clock() - DAY, tmp_path / "old.jsonl")
    with pytest.raises(InvalidRequest, match="cannot be written"):
        engine.archive("wheel", clock() - DAY, tmp_path / "no" / "old.jsonl")
    assert (tmp_path / "old.jsonl").read_text() == "precious"
    assert len(list(engine.journal("wheel"))) == 7
