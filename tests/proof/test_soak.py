"""A long run on each store: four processes with a mixed load, and an operator among them who must not grow.

The memory store is left out: all that it keeps is memory.
"""

from __future__ import annotations

import os
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from postgres_servers import PostgresServer, fresh_schema
from prizedraw.testing.replaying import replay
from proof.crew import MIXED, load, opened, together

pytest_plugins = ("valkey_servers",)

SECONDS = float(os.environ.get("PRIZEDRAW_SOAK_SECONDS", "600"))
GROWTH = 8 * 2**20
"""Bytes that the resident set may grow by after a quarter of the run: what SQLite's cache of 16 MiB still lacks may come in."""
TIDY = ("fsync=off", "full_page_writes=off")
"""A server that clears away old rows, as one that runs for long must."""
STATM = Path("/proc/self/statm")


def resident():
    """Bytes of this process in memory."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def where(where):
    """As for every proof, but PostgreSQL is a server of its own with autovacuum."""
    if not (isinstance(where, tuple) and where[0].startswith("postgresql:")):
        yield where
        return
    server = PostgresServer(*TIDY).start()
    yield server.url, fresh_schema()
    server.stop()


@pytest.mark.soak
@pytest.mark.skipif(not STATM.exists(), reason="the resident set is read from /proc")
def test_a_long_mixed_load_leaves_a_clean_journal_and_a_flat_memory(where, record_property):
    """Draws, batches, grants, voids and reallocations for PRIZEDRAW_SOAK_SECONDS; memory after a quarter is memory at the end."""
    began = time.monotonic()
    until = began + SECONDS
    made = []
    with opened(where) as engine:
        engine.publish(MIXED)
        others = threading.Thread(target=lambda: made.extend(together(load, *((where, k, f"soak{k}", until) for k in range(4)))))
        others.start()
        settled, most = 0, 0
        for turn in count():
            if time.monotonic() >= until:
                break
            engine.draw("wheel", f"mine{turn // 40}")
            engine.reallocate("wheel", "cup", add=1)
            assert all(line.issued <= line.allocated for line in engine.stock("wheel").values() if line.allocated >= 0)
            engine.standing("wheel", "p1")
            if time.monotonic() < began + SECONDS / 4:
                settled = resident()
            most = max(most, resident())
        others.join()
        told = replay(engine.store, "wheel")
        assert told.problems == []
        audit = engine.audit("wheel")
        assert audit.differences == ()
    calls = {kind: sum(one[kind] for one in made) for kind in made[0]}
    record_property("figures", f"{audit.draws} draws in {audit.entries} entries; {calls}; {settled >> 20} MiB, then at most {most >> 20}")
    print(f"{audit.draws} draws in {audit.entries} entries; calls {calls}; {settled / 2**20:.1f} MiB, then at most {most / 2**20:.1f} MiB")
    assert most - settled <= GROWTH
