"""The faulty stores and FixedClock do what their names say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from async_stores import AsyncMemoryStore
from prizedraw.errors import ClockError, StorageError
from prizedraw.storage import Commit, Entry, MemoryStore, Read, SqliteStore
from prizedraw.testing import AsyncFaultyStore, Bridge, FaultyStore, FixedClock

LINE = Entry("e", "f", "ann", "draw", 0, b"")


def work(store):
    """Five operations: enter, read, commit, leave, entry."""
    with store.exclusive("h", ("d",), 1.0) as handle:
        version = handle.read("h", [Read(("d",))])[0].docs["d"].version
        handle.commit("h", [Commit({"d": version}, {"d": b"x"}, entries=(LINE,))])
    return store.entry("h", "e")


def test_without_a_fault_operations_are_counted():
    """The first run tells how many faults there are to enumerate, and where."""
    store = FaultyStore(MemoryStore())
    assert work(store) is not None
    assert store.log == ["enter", "read", "commit", "leave", "entry"]
    assert store.operations == 5


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fail_at", range(1, 6))
def test_each_fault_is_raised_once_and_a_retry_finds_exactly_one_entry(tmp_path, kind, when, fail_at):
    """Whatever the fault, the lock is free afterwards, and the same work again ends with one document version."""
    inner = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "draws.db")
    store = FaultyStore(inner, fail_at, when)
    with pytest.raises(StorageError, match=f"injected {when} operation {fail_at}"):
        work(store)
    assert work(store) is not None
    assert store.read("h", [Read(("d",))])[0].docs["d"].version == 1
    assert len(store.entries("h").items) == 1
    store.close()


@pytest.mark.parametrize(("fail_at", "when", "there"), [(3, "before", False), (4, "after", True)])
def test_before_and_after_differ_in_what_was_done(tmp_path, fail_at, when, there):
    """Before the commit nothing is there; after leaving the block everything is, though the caller saw an error."""
    store = FaultyStore(SqliteStore(tmp_path / "draws.db"), fail_at, when)
    with pytest.raises(StorageError):
        work(store)
    assert (store.entry("h", "e") is not None) is there
    store.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fail_at", range(1, 6))
def test_an_asynchronous_store_fails_at_the_same_operations(fail_at, when):
    """Counted and named as in a blocking one; the lock is free afterwards, and a retry finds exactly one entry."""
    store = AsyncFaultyStore(AsyncMemoryStore(), fail_at, when)
    bridge = Bridge(store)
    with pytest.raises(StorageError, match=f"injected {when} operation {fail_at}"):
        work(bridge)
    assert store.log == ["enter", "read", "commit", "leave", "entry"][:fail_at]
    assert work(bridge) is not None
    assert store.log[fail_at:] == ["enter", "read", "commit", "leave", "entry"]
    assert len(bridge.entries("h").items) == 1
    bridge.close()


def test_an_unknown_moment_is_refused():
    """There is before and after."""
    with pytest.raises(ValueError, match="'before' or 'after'"):
        FaultyStore(MemoryStore(), 1, "during")


def test_the_clock_stands_still_until_moved():
    """Called or asked, it shows the time it was set to."""
    start = datetime(2026, 2, 10, 10, tzinfo=UTC)
    clock = FixedClock(start)
    assert clock() == clock.now() == start
    assert clock.advance(timedelta(seconds=1)) == start + timedelta(seconds=1)
    assert clock.advance(hours=1, days=2, seconds=4, minutes=1) == start + timedelta(days=2, hours=1, minutes=1, seconds=5)
    clock.set(start - timedelta(days=1))
    assert clock() == start - timedelta(days=1)


def test_pitfall_22_an_hour_is_an_hour_when_clocks_change():
    """In Berlin, 24 hours after noon before the change to summer time is one o'clock in the afternoon."""
    clock = FixedClock(datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin")))
    assert clock.advance(hours=24).hour == 13
    assert clock().utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("move", [FixedClock, FixedClock(datetime(2026, 1, 1, tzinfo=UTC)).set])
def test_a_naive_time_is_refused(move):
    """At construction and when it is set."""
    with pytest.raises(ClockError, match="no time zone"):
        move(datetime(2026, 1, 1))
