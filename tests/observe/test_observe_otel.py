"""OpenTelemetry: what its in-memory exporters hold after calls of each outcome."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import StatusCode

from prizedraw import AsyncDrawEngine, DrawEngine, DrawRefused, DrawRequest, Prize, Quota, StorageBusy, UnknownCampaign
from prizedraw.observe import otel
from prizedraw.storage import MemoryStore, SqliteStore
from prizedraw.testing import FaultyStore, FixedClock
from scenery import NOON, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUP = Prize("cup", "Cup", 1, 4, alert_stock=2)


class Seen:
    """What was exported, and an engine's arguments to export there."""

    def __init__(self, **tracing: Any) -> None:
        self._reader = InMemoryMetricReader()
        self._spans = InMemorySpanExporter()
        self._meters = MeterProvider([self._reader])
        self._tracers = TracerProvider(**tracing)
        self._tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.providers = {"meter_provider": self._meters, "tracer_provider": self._tracers}

    def points(self, name: str) -> dict[tuple[str, ...], Any]:
        """The values of a metric by the values of their labels, in order of the labels' names."""
        data = self._reader.get_metrics_data()
        metrics = [
            metric for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics for metric in scope.metrics
        ]
        return {
            tuple(value for _, value in sorted(point.attributes.items())): getattr(point, "value", point)
            for metric in metrics
            if metric.name == name
            for point in metric.data.data_points
        }

    def text(self) -> str:
        """Every metric and span as text."""
        return self._reader.get_metrics_data().to_json() + "".join(span.to_json() for span in self.spans())

    def spans(self) -> tuple[Any, ...]:
        """The spans that have ended."""
        return self._spans.get_finished_spans()

    def close(self) -> None:
        self._meters.shutdown()
        self._tracers.shutdown()


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Exporters that keep everything."""
    exporters = Seen()
    yield exporters
    exporters.close()


def observed(seen: Seen, store: Any = None, **options: Any) -> DrawEngine:
    """An engine that is observed, with four cups and two draws a day for each."""
    engine = DrawEngine(store if store is not None else MemoryStore(), clock=FixedClock(NOON), wait=0.2)
    engine.publish(wheel(CUP, quota=Quota(daily_draws=2)))
    otel(engine, **seen.providers, **options)
    return engine


def test_draws_are_counted_by_campaign_prize_and_reason(seen: Seen) -> None:
    """Six draws on four cups: four wins without a reason, two thank-yous as sold out; and both alerts, once each."""
    engine = observed(seen)
    for n in range(3):
        engine.draw_many("wheel", f"user-{n}", 2)
    assert seen.points("prizedraw.draws") == {("wheel", "cup"): 4, ("wheel", "thank-you", "sold_out"): 2}
    assert seen.points("prizedraw.stock.alerts") == {("low_stock", "wheel", "cup"): 1, ("sold_out", "wheel", "cup"): 1}
    assert seen.points("prizedraw.draw.duration")["draw_many", "wheel"].count == 3


def test_replays_and_refusals_are_counted_apart(seen: Seen) -> None:
    """A repeated request is a replay and no draw; refusals are told by reason, alone and in batches, and are no errors."""
    engine = observed(seen)
    engine.draw("wheel", "ann", request_id="order-1")
    engine.draw("wheel", "ann", request_id="order-1")
    engine.draw("wheel", "ann")
    with pytest.raises(DrawRefused):
        engine.draw("wheel", "ann")
    engine.draw_batch("wheel", [DrawRequest("ann"), DrawRequest("ben", "order-1"), DrawRequest("cid", n=2), DrawRequest("dan")])
    assert seen.points("prizedraw.draws") == {("wheel", "cup"): 4, ("wheel", "thank-you", "sold_out"): 1}
    assert seen.points("prizedraw.replays") == {("wheel",): 1}
    assert seen.points("prizedraw.refusals") == {("wheel", "daily_draws"): 2, ("wheel", "request_mismatch"): 1}
    durations = {labels: point.count for labels, point in seen.points("prizedraw.draw.duration").items()}
    assert durations == {("draw", "wheel"): 4, ("draw_batch", "wheel"): 1}
    assert {span.status.status_code for span in seen.spans()} == {StatusCode.UNSET}


def test_a_span_tells_what_came_of_a_call(seen: Seen) -> None:
    """Draws, wins and the reasons of refusals; the request id only if asked."""
    engine = observed(seen, request_ids=True)
    engine.draw("wheel", "ann", request_id="order-1")
    engine.draw_batch("wheel", [DrawRequest("ann", "order-2"), DrawRequest("ann"), DrawRequest("ben", "order-3", 2)])
    alone, batch = seen.spans()
    assert alone.name == "prizedraw draw"
    assert dict(alone.attributes) == {
        "prizedraw.campaign.id": "wheel",
        "prizedraw.draws": 1,
        "prizedraw.wins": 1,
        "prizedraw.request.id": "order-1",
    }
    assert batch.attributes["prizedraw.draws"] == batch.attributes["prizedraw.wins"] == 3
    assert batch.attributes["prizedraw.refused"] == ("daily_draws",)
    assert batch.attributes["prizedraw.request.id"] == ("order-2", "order-3")


def test_no_participant_and_no_request_is_told(seen: Seen) -> None:
    """Whatever comes of their calls, ids stand in no metric and in no span unless asked."""
    engine = observed(seen)
    for _ in range(3):
        try:
            engine.draw("wheel", "participant-7", request_id=None)
            engine.draw("wheel", "participant-7", request_id="request-7")
        except DrawRefused:
            continue
    with pytest.raises(UnknownCampaign):
        engine.draw("nowhere-7", "participant-7", request_id="request-8")
    assert "participant-7" not in seen.text()
    assert "request-7" not in seen.text()
    assert "nowhere-7" not in seen.text()


def test_a_failing_store_is_an_error_by_type(seen: Seen, tmp_path: Path) -> None:
    """A fault, and a store that is busy for longer than the wait, count by their types; the spans are errors."""
    store = FaultyStore(SqliteStore(tmp_path / "draws.db"))
    engine = observed(seen, store)
    store._fail_at = store.operations + 2
    with pytest.raises(OSError, match="injected"):
        engine.draw("wheel", "ann")

    with ThreadPoolExecutor(1) as others, store.exclusive("default/campaign/wheel", (), 5.0), pytest.raises(StorageBusy):
        others.submit(engine.draw, "wheel", "ann").result(30)
    assert seen.points("prizedraw.store.errors") == {("InjectedFault", "wheel"): 1, ("StorageBusy", "wheel"): 1}
    assert [(span.status.status_code, span.attributes["error.type"]) for span in seen.spans()] == [
        (StatusCode.ERROR, "InjectedFault"),
        (StatusCode.ERROR, "StorageBusy"),
    ]
    assert set(seen.points("prizedraw.draw.duration")) == {("InjectedFault", "draw", "wheel"), ("StorageBusy", "draw", "wheel")}


def test_an_event_loop_is_observed_too(seen: Seen) -> None:
    """The asynchronous engine tells the same; spans of concurrent draws are apart."""

    async def main() -> None:
        async with AsyncDrawEngine(MemoryStore(), clock=FixedClock(NOON)) as engine:
            await engine.publish(wheel(CUP))
            otel(engine, **seen.providers)
            await asyncio.gather(*[engine.draw("wheel", f"user-{n}") for n in range(5)])
            with pytest.raises(UnknownCampaign):
                await engine.draw("nowhere", "ann")

    asyncio.run(main())
    assert seen.points("prizedraw.draws") == {("wheel", "cup"): 4, ("wheel", "thank-you", "sold_out"): 1}
    assert len(seen.spans()) == 6
    assert all(span.parent is None for span in seen.spans())


def test_the_sampler_decides_which_spans_are_kept() -> None:
    """With a ratio of nothing no span is kept, and every draw is counted all the same."""
    seen = Seen(sampler=TraceIdRatioBased(0))
    observed(seen).draw("wheel", "ann")
    assert seen.spans() == ()
    assert seen.points("prizedraw.draws") == {("wheel", "cup"): 1}
    seen.close()


def test_other_engines_stay_as_they_are(seen: Seen) -> None:
    """Observing one engine changes neither another one nor the class."""
    before = DrawEngine.draw
    observed(seen)
    other = DrawEngine(MemoryStore(), clock=FixedClock(NOON))
    other.publish(wheel())
    other.draw("wheel", "ann")
    assert DrawEngine.draw is before
    assert "draw" not in vars(other)
    assert seen.points("prizedraw.draws") == {}


def test_without_opentelemetry_the_extra_is_named() -> None:
    """Where it is not installed, asking for it says what to install."""
    code = "import sys; sys.modules['opentelemetry'] = None\nfrom prizedraw import observe\nobserve.log, observe.otel"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert 'MissingExtra: otel needs OpenTelemetry, which is not installed; pip install "prizedraw[otel]"' in done.stderr


def test_observing_is_not_imported_with_prizedraw() -> None:
    """An engine that nobody observes loads neither the adapters nor OpenTelemetry."""
    code = "import sys, prizedraw; prizedraw.DrawEngine.open(':memory:'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert not [name for name in loaded if name.startswith(("opentelemetry", "prizedraw.observe"))]
