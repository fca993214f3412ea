"""A host whose clock is not the store's: told with both times, before anything is written."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prizedraw import AsyncDrawEngine, ClockError, DrawEngine, Prize, Window
from prizedraw.engine import skew
from prizedraw.storage import MemoryStore
from prizedraw.testing import FixedClock
from scenery import NOON, picture, wheel

ALWAYS = wheel(Prize("cup", "Cup", 1, -1), windows=[Window(datetime(2020, 1, 1), datetime(2100, 1, 1))])


class Clocked(MemoryStore):
    """A store with a clock that is off by so many seconds, and the number of times that it was read."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds, self.looks = seconds, 0

    def now(self) -> datetime:
        self.looks += 1
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


@pytest.mark.parametrize("seconds", [-50, 0, 50])
def test_within_a_minute_all_is_well(seconds: float) -> None:
    """Clocks of different hosts are never quite the same; the store's is read once for many calls."""
    store = Clocked(seconds)
    with DrawEngine(store) as engine:
        engine.publish(ALWAYS)
        for _ in range(20):
            engine.draw("wheel", "ann")
    assert store.looks == 1


@pytest.mark.parametrize("seconds", [-70, 70, 86_400])
@pytest.mark.parametrize(
    "call", [lambda engine: engine.__enter__(), lambda engine: engine.publish(ALWAYS), lambda engine: engine.draw("wheel", "a")]
)
def test_beyond_a_minute_nothing_is_written(seconds: float, call: Any) -> None:
    """Whatever is called first, both times are told, and the store stays empty."""
    store = Clocked(seconds)
    with pytest.raises(ClockError, match=r"this host's clock says \d{4}-.*, and the store's \d{4}-"):
        call(DrawEngine(store))
    assert all(not any(kept) for kept in picture(store).values())


def test_a_clock_that_goes_wrong_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a minute the clocks are compared again, by draws too; set right, the engine goes on."""
    time = [1000.0]
    monkeypatch.setattr(skew, "monotonic", lambda: time[0])
    store = Clocked()
    engine = DrawEngine(store)
    engine.publish(ALWAYS)
    store.seconds = 600
    engine.draw("wheel", "ann")
    time[0] += 61
    with pytest.raises(ClockError):
        engine.draw("wheel", "ann")
    store.seconds = 0
    assert engine.draw("wheel", "ann").number == 2
    assert store.looks == 3


def test_a_clock_of_the_callers_own_may_tell_any_time() -> None:
    """Where a clock is given, as in tests and simulations, the store's is not asked."""
    store = Clocked()
    engine = DrawEngine(store, clock=FixedClock(NOON))
    engine.publish(wheel())
    engine.draw("wheel", "ann")
    assert store.looks == 0


def test_on_an_event_loop() -> None:
    """The asynchronous engine compares them too, at the first call."""
    store = Clocked(600)

    async def main() -> None:
        with pytest.raises(ClockError):
            await AsyncDrawEngine(store).publish(ALWAYS)
        store.seconds = 0
        async with AsyncDrawEngine(store) as engine:
            await engine.publish(ALWAYS)
            await engine.draw("wheel", "ann")

    asyncio.run(main())
    assert store.looks == 2
