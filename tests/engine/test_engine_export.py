"""Export and import of a namespace: another store that holds the same, whatever happens on the way."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from lives import CAMPAIGNS, PEOPLE, live, told
from prizedraw import (
    AsyncDrawEngine,
    DrawEngine,
    DrawRefused,
    DrawRequest,
    InvalidRequest,
    StorageBusy,
    StorageCorrupt,
    StorageVersion,
    UnknownCampaign,
    verify,
)
from prizedraw.sampling import SeededEntropy
from prizedraw.storage import UNTOUCHED, Counter, MemoryStore
from prizedraw.testing import FaultyStore, FixedClock
from scenery import NOON, picture, wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prizedraw.flows.importing import Imported


@pytest.fixture
def other_url(store_url: str, tmp_path: Path, new_store: Callable[[str], str]) -> str:
    """A new store of another kind than ``store_url``, so that each kind is once where a move begins and once where it ends."""
    if store_url == ":memory:":
        return str(tmp_path / "other.db")
    if store_url.startswith("postgresql"):
        return new_store("redis")
    return ":memory:" if store_url.startswith("redis") else new_store("postgres")


@pytest.fixture
def source(store_url: str, clock: FixedClock) -> DrawEngine:
    """An engine on a store with a past."""
    with DrawEngine.open(store_url, clock=clock, entropy=SeededEntropy(7)) as engine:
        live(engine, clock)
        yield engine


@pytest.mark.one_home("alerts are not told")
def test_what_is_imported_says_the_same(source: DrawEngine, other_url: str, clock: FixedClock) -> None:
    """Receipts, movements, alerts, journal, stock, standings and the clean audit of both campaigns are equal on both stores."""
    data = b"".join(source.export(actor="operator-7", note="moving"))
    with DrawEngine.open(other_url, clock=clock) as copy:
        brought = copy.import_from(io.BytesIO(data))
        assert copy.campaigns() == source.campaigns() == list(CAMPAIGNS)
        here, there = told(source), told(copy)
        assert there == here
        for name in CAMPAIGNS:
            assert here[name]["audit"].ok
            assert all(verify(receipt, copy.campaign(name, version=receipt.version)) for receipt in there[name]["receipts"])
        assert {alert.kind for alert in there["gala"]["alerts"]} == {"low_stock", "sold_out"}
        entries = sum(len(held[2]) for held in picture(source.store, CAMPAIGNS).values())
        assert (brought.campaigns, brought.entries) == (2, entries)


@pytest.mark.one_home("what is exported is one home")
def test_every_byte_arrives(source: DrawEngine, other_url: str, clock: FixedClock) -> None:
    """Documents, counters with limits, and entries with ids, order and ``after`` are equal; so are the registry's versions."""
    data = b"".join(source.export())
    with DrawEngine.open(other_url, clock=clock) as copy:
        copy.import_from(io.BytesIO(data))
        here, there = picture(source.store, CAMPAIGNS), picture(copy.store, CAMPAIGNS)
    for home, (docs, counters, entries) in here.items():
        other_docs, other_counters, other_entries = there[home]
        other_docs = tuple((key, doc) for key, doc in other_docs if key != "import")
        assert [(key, doc.data) for key, doc in other_docs] == [(key, doc.data) for key, doc in docs]
        assert moved(other_counters) == moved(counters)
        assert [replace(one, cursor=0) for one in other_entries] == [replace(one, cursor=0) for one in entries]
        if home.endswith("registry"):
            assert other_docs == docs


def moved(counters: tuple[tuple[str, Counter], ...]) -> dict[str, Counter]:
    """The counters that are not as if never touched."""
    return {key: counter for key, counter in counters if counter != UNTOUCHED}


def test_life_goes_on_in_the_copy(source: DrawEngine, other_url: str, clock: FixedClock) -> None:
    """A request made before replays, a new one draws, offline stays offline, and the platform's word still rises."""
    data = b"".join(source.export())
    with DrawEngine.open(other_url, clock=clock) as copy:
        copy.import_from(io.BytesIO(data))
        assert copy.draw("gala", "user-1", request_id="user-1/0/1") == source.receipt(campaign="gala", request_id="user-1/0/1")
        assert copy.draw("gala", "user-1").number == 10
        with pytest.raises(DrawRefused, match="offline"):
            copy.draw("wheel", "user-1")
        for participant in ("user-3", "user-5"):
            copy.block(participant)
            assert copy.standing("gala", participant).blocked
            copy.unblock(participant)
            assert not copy.standing("gala", participant).blocked
        copy.bring_online("wheel")
        copy.draw("wheel", "user-1")
        assert all(copy.audit(name).ok for name in CAMPAIGNS)


def test_a_copy_of_the_copy_is_the_copy(source: DrawEngine, other_url: str, clock: FixedClock) -> None:
    """An imported namespace can be exported and imported again, into another namespace of the same store too."""
    with DrawEngine.open(other_url, clock=clock) as copy:
        copy.import_from(io.BytesIO(b"".join(source.export())))
        again = DrawEngine(copy.store, clock=clock, namespace="again")
        again.import_from(io.BytesIO(b"".join(copy.export())))
        assert told(again) == told(copy)


def test_a_path_is_imported_too(source: DrawEngine, other_url: str, clock: FixedClock, tmp_path: Path) -> None:
    """The lines written to a file are imported from its path."""
    with (tmp_path / "dump.jsonl").open("wb") as file:
        file.writelines(source.export())
    with DrawEngine.open(other_url, clock=clock) as copy:
        copy.import_from(tmp_path / "dump.jsonl")
        assert told(copy) == told(source)


def test_on_an_event_loop(source: DrawEngine, other_url: str, clock: FixedClock) -> None:
    """The asynchronous engine exports and imports the same."""

    async def main() -> Imported:
        lines = [line async for line in AsyncDrawEngine(source.store, clock=clock).export()]
        async with AsyncDrawEngine.open(other_url, clock=clock) as copy:
            brought = await copy.import_from(io.BytesIO(b"".join(lines)))
            assert [one async for one in copy.receipts("gala")] == list(source.receipts("gala"))
            assert await copy.audit("gala") == source.audit("gala")
            return brought

    assert asyncio.run(main()).campaigns == 2


@pytest.mark.parametrize("doing", ["draw", "block", "publish", "grant"])
def test_what_is_written_meanwhile_is_found(source: DrawEngine, doing: str) -> None:
    """Whatever line had come when somebody else wrote: the export ends in StorageBusy before its last line, or the write came after."""
    actions = {
        "draw": lambda n: source.draw("gala", f"late-{n}", request_id=f"late-{n}"),
        "block": lambda n: source.block(f"late-{n}"),
        "publish": lambda n: source.publish(wheel(id=f"late-{n}")),
        "grant": lambda n: source.grant_draws("wheel", "user-1", 1, request_id=f"late-{n}"),
    }
    total = len(list(source.export()))
    for stop in range(0, total, total // 12):
        lines = source.export()
        seen = [next(lines) for _ in range(stop + 1)]
        actions[doing](stop)
        try:
            seen += lines
        except StorageBusy as busy:
            assert "changed while it was exported" in str(busy)
            assert not seen[-1].startswith(b'["end"')
        else:
            copy = DrawEngine(MemoryStore(), clock=FixedClock(NOON + timedelta(days=3)))
            copy.import_from(io.BytesIO(b"".join(seen)))
            assert all(copy.audit(name).ok for name in copy.campaigns())


@pytest.fixture
def lines(clock: FixedClock) -> list[bytes]:
    """The lines of a small export."""
    engine = DrawEngine(MemoryStore(), clock=clock)
    engine.publish(wheel())
    engine.draw_batch("wheel", [DrawRequest(participant, f"order-{participant}") for participant in PEOPLE])
    return list(engine.export())


def imported(lines: list[bytes], clock: FixedClock) -> DrawEngine:
    """An engine on a new store, and what came of importing these lines."""
    engine = DrawEngine(MemoryStore(), clock=clock)
    engine.import_from(io.BytesIO(b"".join(lines)))
    return engine


def test_a_file_that_is_cut_short_is_found(lines: list[bytes], clock: FixedClock) -> None:
    """Cut after any line, or within the last one, nothing is written."""
    for size in range(1, len(lines)):
        with pytest.raises(StorageCorrupt, match=f"cut short after {size} lines"):
            imported(lines[:size], clock)
    with pytest.raises(StorageCorrupt, match="is not a line"):
        imported([*lines[:-1], lines[-1][:-20]], clock)


def test_a_changed_file_is_found(lines: list[bytes], clock: FixedClock) -> None:
    """A line that is left out, comes twice, or says something else does not fit the checksum."""
    for changed in (lines[:5] + lines[6:], lines[:5] + lines[4:], [line.replace(b"order-user-3", b"order-user-X") for line in lines]):
        with pytest.raises(StorageCorrupt, match="the export was changed"):
            imported(changed, clock)
    with pytest.raises(StorageCorrupt, match="goes on behind its end"):
        imported([*lines, *lines], clock)


@pytest.mark.parametrize(
    ("content", "error", "complaint"),
    [
        (b"", InvalidRequest, "is empty"),
        (b"hello\n", InvalidRequest, "does not begin an export"),
        (b'{"a": 1}\n', InvalidRequest, "does not begin an export"),
        (b'["prizedraw",2,"default",{"new":1}]\n', StorageVersion, "format 2"),
        (b'["prizedraw",1,"default","now"]\n["award",1]\n', StorageCorrupt, "is not a line"),
    ],
)
def test_what_is_no_export_is_refused(clock: FixedClock, content: bytes, error: type[Exception], complaint: str) -> None:
    """An empty file, another kind of file, and one of a later format are told apart."""
    with pytest.raises(error, match=complaint):
        imported([content], clock)


@pytest.mark.parametrize("source", [7, io.StringIO("x"), "no/such/file"])
def test_what_cannot_be_read_is_refused(clock: FixedClock, source: object) -> None:
    """A number, a text file and a path that leads nowhere are InvalidRequest."""
    with pytest.raises(InvalidRequest, match="file"):
        DrawEngine(MemoryStore(), clock=clock).import_from(source)  # type: ignore[arg-type]


def test_only_an_empty_namespace_takes_an_import(lines: list[bytes], clock: FixedClock) -> None:
    """Where something was published, or the same file was imported, nothing is changed."""
    engine = DrawEngine(MemoryStore(), clock=clock)
    engine.publish(wheel(id="other"))
    before = picture(engine.store, ("other", "wheel"))
    with pytest.raises(InvalidRequest, match="there is something in it already"):
        engine.import_from(io.BytesIO(b"".join(lines)))
    assert picture(engine.store, ("other", "wheel")) == before
    done = imported(lines, clock)
    before = picture(done.store)
    with pytest.raises(InvalidRequest, match="this file was imported in it already"):
        done.import_from(io.BytesIO(b"".join(lines)))
    assert picture(done.store) == before


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_import_that_breaks_off_shows_nothing_and_goes_on(lines: list[bytes], clock: FixedClock, when: str) -> None:
    """Broken at each operation: either no campaign is there for anybody, or all of it is; called again, all of it is there once."""
    whole = picture(imported(lines, clock).store)
    counting = FaultyStore(MemoryStore())
    DrawEngine(counting, clock=clock).import_from(io.BytesIO(b"".join(lines)))
    for place in range(1, counting.operations + 1):
        store = MemoryStore()
        with pytest.raises(OSError, match="injected"):
            DrawEngine(FaultyStore(store, place, when), clock=clock).import_from(io.BytesIO(b"".join(lines)))
        engine = DrawEngine(store, clock=clock)
        try:
            assert len(list(engine.receipts("wheel"))) == len(PEOPLE)
        except UnknownCampaign:
            assert engine.campaigns() == []
        if picture(store) != whole:
            engine.import_from(io.BytesIO(b"".join(lines)))
        assert picture(store) == whole


def test_an_interrupted_import_is_not_finished_with_another_file(lines: list[bytes], source: DrawEngine, clock: FixedClock) -> None:
    """What was begun with one file is refused for another."""
    store = MemoryStore()
    with pytest.raises(OSError, match="injected"):
        DrawEngine(FaultyStore(store, 6), clock=clock).import_from(io.BytesIO(b"".join(lines)))
    with pytest.raises(InvalidRequest, match="there is something in it"):
        DrawEngine(store, clock=clock).import_from(io.BytesIO(b"".join(source.export())))


def test_who_writes_during_an_import_disturbs_it(lines: list[bytes], clock: FixedClock) -> None:
    """A publication into the namespace in the middle of the import stops it with an error, and not with a mixture."""
    store = MemoryStore()
    with pytest.raises(OSError, match="injected"):
        DrawEngine(FaultyStore(store, 6), clock=clock).import_from(io.BytesIO(b"".join(lines)))
    engine = DrawEngine(store, clock=clock)
    engine.publish(wheel(id="other", title="The wheel"))
    with pytest.raises(StorageBusy, match="written to by somebody else"):
        engine.import_from(io.BytesIO(b"".join(lines)))
