"""What is peculiar to the memory store: forks, and what an entry costs."""

from __future__ import annotations

import os
import threading
import tracemalloc

import pytest

from prizedraw.storage import Commit, Committed, Entry, MemoryStore, Read


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_pitfall_32_a_forked_child_has_a_copy_with_a_free_lock():
    """The child writes to its copy although a thread of the parent held the lock; the parent sees nothing of it."""
    store = MemoryStore()
    store.commit("h", [Commit({"d": 0}, {"d": b"1"})])
    held, done = threading.Event(), threading.Event()

    def hold():
        with store.exclusive("h", (), 1.0):
            held.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    child = os.fork()
    if child == 0:
        (outcome,) = store.commit("h", [Commit({"d": 1}, {"d": b"2"})])
        os._exit(0 if isinstance(outcome, Committed) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    done.set()
    holder.join()
    assert store.read("h", [Read(("d",))])[0].docs["d"].data == b"1"


def test_an_entry_keeps_few_bytes_of_its_own():
    """At most 250 bytes besides the caller's strings and data, over 20,000 entries."""
    store = MemoryStore()
    commits = [Commit({}, entries=(Entry(f"e{n}", "f", "ann", "draw", n, b"x"),)) for n in range(20_000)]
    tracemalloc.start()
    for commit in commits:
        store.commit("h", (commit,))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / len(commits) <= 250
