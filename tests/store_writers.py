"""What tests of stores write, in this process and in others (which import it by name)."""

from __future__ import annotations

from prizedraw.storage import Commit, Committed, Entry, Read, SqliteStore


def line(request, owner="ann", at=0):
    """An entry with the fields that a test does not care about filled in."""
    return Entry(request, "f", owner, "draw", at, b"")


def increment(store, request, key="d", home="h"):
    """Add 1 to a document and to a counter and append an entry, in an exclusive block."""
    with store.exclusive(home, (key,), 60.0) as handle:
        doc = handle.read(home, [Read((key,))])[0].docs[key]
        put = {key: b"%d" % (int(doc.data or b"0") + 1)}
        (outcome,) = handle.commit(home, [Commit({key: doc.version}, put, {"n": 1}, entries=(line(request),))])
    return outcome


def create_and_write(path, begin, name):
    """Open a file that others open too, and write once."""
    store = SqliteStore(path)
    begin.wait()
    increment(store, f"from {name}")
    store.close()


def increment_many(path, name, times):
    """Write many times."""
    store = SqliteStore(path, durability="normal")
    for turn in range(times):
        assert isinstance(increment(store, f"{name}-{turn}"), Committed)
    store.close()
