"""Two servers whose clocks differ by less than a minute draw for one participant around midnight (decision D9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from prizedraw import DrawEngine, DrawRefused, Quota
from prizedraw.storage import MemoryStore
from prizedraw.storage.sqlite import SqliteStore
from prizedraw.testing.replaying import replay
from scenery import wheel

MIDNIGHT = datetime(2027, 3, 10, 16, tzinfo=UTC)
"""The start of 11 March in Shanghai."""
SKEW = timedelta(seconds=20)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_pitfall_21_a_clock_that_is_behind_cannot_reopen_a_day(path, kind):
    """The day of a participant only moves forward: what the server ahead has used up is used up for the one behind."""
    store = MemoryStore() if kind == "memory" else SqliteStore(path)
    behind, ahead = (DrawEngine(store, clock=lambda now=now: now) for now in (MIDNIGHT - SKEW, MIDNIGHT + SKEW))
    behind.publish(wheel(quota=Quota(daily_draws=2)))
    receipts = [behind.draw("wheel", "ann"), ahead.draw("wheel", "ann"), behind.draw("wheel", "ann")]
    for engine in (behind, ahead):
        with pytest.raises(DrawRefused) as refused:
            engine.draw("wheel", "ann")
        assert refused.value.reason == "daily_draws"
    assert [one.day for one in receipts] == [date(2027, 3, 10), date(2027, 3, 11), date(2027, 3, 11)]
    assert replay(behind.store, "wheel").problems == []
    assert ahead.audit("wheel").ok
    store.close()
