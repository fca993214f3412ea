"""Hooks beyond the usual: replays, and coroutine functions."""

from __future__ import annotations

import asyncio
import logging

import pytest

from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, DrawRequest, InvalidRequest, Quota
from prizedraw.storage import MemoryStore
from prizedraw.testing import FixedClock
from scenery import NOON, wheel


def test_a_replay_is_told_as_such(engine: DrawEngine) -> None:
    """Each receipt of a request that was made before reaches "replay" and not "draw"."""
    engine.publish(wheel())
    seen: list[tuple[str, str]] = []
    engine.on("draw", lambda receipt: seen.append(("draw", receipt.id)))
    engine.on("replay", lambda receipt: seen.append(("replay", receipt.id)))
    engine.draw_many("wheel", "ann", 2, request_id="order-1")
    engine.draw_many("wheel", "ann", 2, request_id="order-1")
    engine.draw_batch("wheel", [DrawRequest("ann", "order-1", 2)])
    ids = ["wheel:0:order-1", "wheel:1:order-1"]
    assert seen == [(event, id_) for event in ("draw", "replay", "replay") for id_ in ids]


def scene(play) -> None:
    """Run a coroutine function with an asynchronous engine: two draws a day."""

    async def main() -> None:
        async with AsyncDrawEngine(MemoryStore(), clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel(quota=Quota(daily_draws=2)))
            await play(engine)

    asyncio.run(main())


def test_coroutine_hooks_are_awaited_before_the_call_returns() -> None:
    """What a hook does after a pause of its own is done when the draw returns; for refusals and batches too, in order."""

    async def play(engine: AsyncDrawEngine) -> None:
        seen: list[str] = []

        async def hook(value: object) -> None:
            await asyncio.sleep(0)
            seen.append(getattr(value, "request_id", None) or str(value.reason))

        engine.on("draw", hook)
        engine.on("refusal", hook)
        await engine.draw("wheel", "ann", request_id="order-1")
        assert seen == ["order-1"]
        await engine.draw_batch("wheel", [DrawRequest("ann", "order-2"), DrawRequest("ben", "order-3")])
        assert seen[1:] == ["order-2", "order-3"]
        with pytest.raises(DrawRefused):
            await engine.draw("wheel", "ann")
        assert seen[3:] == ["daily_draws"]

    scene(play)


def test_a_coroutine_hook_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It fails neither the draw nor the hook after it."""

    async def play(engine: AsyncDrawEngine) -> None:
        seen: list[str] = []

        async def broken(_: object) -> None:
            raise ZeroDivisionError

        async def sound(receipt: object) -> None:
            seen.append(receipt.request_id)

        engine.on("draw", broken)
        engine.on("draw", sound)
        with caplog.at_level(logging.ERROR, "prizedraw"):
            await engine.draw("wheel", "ann", request_id="order-1")
        assert seen == ["order-1"]

    scene(play)
    assert "for draw failed" in caplog.text


def test_a_hook_that_is_cancelled_leaves_none_unawaited() -> None:
    """The caller gives up while a hook waits: the draw stands, and hooks that had not begun are dropped without a warning."""

    async def play(engine: AsyncDrawEngine) -> None:
        async def slow(_: object) -> None:
            await asyncio.sleep(60)

        engine.on("draw", slow)
        engine.on("draw", slow)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(engine.draw("wheel", "ann", request_id="order-1"), 0.3)
        assert (await engine.receipt(campaign="wheel", request_id="order-1")).number == 1

    scene(play)


async def _coroutine(_: object) -> None: ...


class _Callable:
    async def __call__(self, _: object) -> None: ...


@pytest.mark.parametrize("hook", [_coroutine, _Callable()])
def test_an_engine_for_threads_takes_no_coroutine_function(engine: DrawEngine, hook: object) -> None:
    """Nobody would await it, so it is refused where it is given."""
    with pytest.raises(InvalidRequest, match="only AsyncDrawEngine awaits"):
        engine.on("draw", hook)


def test_a_coroutine_from_a_plain_hook_is_told(engine: DrawEngine, caplog: pytest.LogCaptureFixture) -> None:
    """A lambda that returns one passes unseen at first; then it is logged, and the draw stands."""
    engine.publish(wheel())
    engine.on("draw", lambda receipt: _coroutine(receipt.id))
    with caplog.at_level(logging.ERROR, "prizedraw"):
        engine.draw("wheel", "ann")
    assert "returned a coroutine" in caplog.text
