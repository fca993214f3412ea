"""Logging: one record for each thing that happened, at the level that is documented."""

from __future__ import annotations

import asyncio
import logging

import pytest

from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, Prize, Quota
from prizedraw.observe import log
from prizedraw.storage import MemoryStore
from prizedraw.testing import FaultyStore, FixedClock
from scenery import NOON, wheel


@pytest.fixture
def store() -> FaultyStore:
    """A store that can be told to fail."""
    return FaultyStore(MemoryStore())


@pytest.fixture
def engine(store: FaultyStore) -> DrawEngine:
    """One cup, two draws a day."""
    engine = DrawEngine(store, clock=FixedClock(NOON))
    engine.publish(wheel(Prize("cup", "Cup", 1, 1), quota=Quota(daily_draws=2)))
    return engine


def test_each_thing_is_told_at_its_level(engine: DrawEngine, store: FaultyStore, caplog: pytest.LogCaptureFixture) -> None:
    """A win that takes the last cup, its replay, a thank-you, a refusal, and a store that fails."""
    log(engine)
    with caplog.at_level(logging.DEBUG, "prizedraw.engine"):
        engine.draw("wheel", "ann", request_id="order-1")
        engine.draw("wheel", "ann", request_id="order-1")
        engine.draw("wheel", "ann", request_id="order-2")
        with pytest.raises(DrawRefused):
            engine.draw("wheel", "ann", request_id="order-3")
        store._fail_at = store.operations + 2
        with pytest.raises(OSError, match="injected"):
            engine.draw("wheel", "ben", request_id="order-4")
    assert [(record.levelname, record.getMessage().partition(" failed after")[0]) for record in caplog.records] == [
        ("DEBUG", "wheel: a participant drew 'cup', request 'order-1'"),
        ("WARNING", "wheel: sold_out of 'cup', 0 remain"),
        ("DEBUG", "wheel: a participant drew before 'cup', request 'order-1'"),
        ("DEBUG", "wheel: a participant drew 'thank-you' (sold_out), request 'order-2'"),
        ("INFO", "wheel: a request was refused: daily_draws"),
        ("ERROR", "wheel: draw"),
    ]
    assert caplog.records[0].campaign == "wheel"
    assert caplog.records[-1].request_id == "order-4"
    assert "ann" not in caplog.text


def test_participants_are_told_if_asked(engine: DrawEngine, caplog: pytest.LogCaptureFixture) -> None:
    """With ``participants=True`` the id stands in the message and the record; the logger may be the caller's own."""
    log(engine, logger=logging.getLogger("shop.draws"), participants=True)
    with caplog.at_level(logging.DEBUG, "shop.draws"):
        engine.draw("wheel", "ann", request_id="order-1")
    assert caplog.records[0].getMessage() == "wheel: 'ann' drew 'cup', request 'order-1'"
    assert caplog.records[0].participant == "ann"
    assert caplog.records[0].name == "shop.draws"


def test_on_an_event_loop(caplog: pytest.LogCaptureFixture) -> None:
    """The asynchronous engine tells the same."""

    async def main() -> None:
        async with AsyncDrawEngine(MemoryStore(), clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel())
            log(engine)
            await engine.draw("wheel", "ann", request_id="order-1")

    with caplog.at_level(logging.DEBUG, "prizedraw.engine"):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records] == ["wheel: a participant drew 'cup', request 'order-1'"]
