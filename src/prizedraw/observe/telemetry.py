"""What an engine does, told to OpenTelemetry: counters, a histogram of durations, and a span around each call that draws.

Names follow its semantic conventions: dots, units in UCUM, ``error.type``. No metric ever holds the id of a participant or a request.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from prizedraw.errors import MissingExtra, StorageError
from prizedraw.observe.calls import surround

try:
    from opentelemetry import metrics, trace
except ImportError:
    raise MissingExtra('otel needs OpenTelemetry, which is not installed; pip install "prizedraw[otel]"') from None

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from prizedraw.draw import Receipt
    from prizedraw.engine import AsyncDrawEngine, DrawEngine
    from prizedraw.flows.alerting import Alert
    from prizedraw.observe.calls import Call

SCOPE = "prizedraw"

CAMPAIGN = "prizedraw.campaign.id"
PRIZE = "prizedraw.prize.id"
REASON = "prizedraw.reason"
CALL = "prizedraw.call"
ALERT = "prizedraw.alert"
DRAWS = "prizedraw.draws"
WINS = "prizedraw.wins"
REFUSED = "prizedraw.refused"
REQUEST = "prizedraw.request.id"
ERROR = "error.type"

BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
"""Seconds: from a draw in memory to the longest wait for other writers."""


def otel(
    engine: DrawEngine | AsyncDrawEngine,
    *,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
    request_ids: bool = False,
) -> None:
    """Tell OpenTelemetry what this engine does from now on.

    Args:
        engine: whose calls.
        meter_provider: where measurements go; left out, to the global one.
        tracer_provider: where spans go; left out, to the global one. Which of them are kept is its sampler's business.
        request_ids: whether spans tell request ids.

    Raises:
        MissingExtra: OpenTelemetry is not installed.
    """
    told = _Telemetry(metrics.get_meter(SCOPE, meter_provider=meter_provider), trace.get_tracer(SCOPE, tracer_provider=tracer_provider))
    told.request_ids = request_ids
    engine.on("draw", told.drawn)
    engine.on("replay", told.replayed)
    engine.on("low_stock", told.alerted)
    engine.on("sold_out", told.alerted)
    surround(engine, told.around)


class _Telemetry:
    def __init__(self, meter: metrics.Meter, tracer: trace.Tracer) -> None:
        self.request_ids = False
        self._tracer = tracer
        self._draws = meter.create_counter("prizedraw.draws", "{draw}", "Draws that were made, by campaign, prize and reason.")
        self._replays = meter.create_counter("prizedraw.replays", "{draw}", "Draws answered from the journal, made by an earlier request.")
        self._refusals = meter.create_counter("prizedraw.refusals", "{request}", "Requests that were refused, by campaign and reason.")
        self._alerts = meter.create_counter("prizedraw.stock.alerts", "{alert}", "Stock that ran low or out by a draw of this process.")
        self._errors = meter.create_counter("prizedraw.store.errors", "{error}", "Calls that the store failed, by type of error.")
        self._duration = meter.create_histogram(
            "prizedraw.draw.duration", "s", "How long calls that draw took.", explicit_bucket_boundaries_advisory=BUCKETS
        )

    def drawn(self, receipt: Receipt) -> None:
        labels = {CAMPAIGN: receipt.campaign_id, PRIZE: receipt.prize.id}
        if receipt.reason is not None:
            labels[REASON] = str(receipt.reason)
        self._draws.add(1, labels)

    def replayed(self, receipt: Receipt) -> None:
        self._replays.add(1, {CAMPAIGN: receipt.campaign_id})

    def alerted(self, alert: Alert) -> None:
        self._alerts.add(1, {CAMPAIGN: alert.campaign_id, PRIZE: alert.prize_id, ALERT: alert.kind})

    @contextmanager
    def around(self, call: Call) -> Iterator[None]:
        began = perf_counter()
        # What is refused is no error, and a message may name a participant: neither is recorded by itself.
        with self._tracer.start_as_current_span(f"prizedraw {call.name}", record_exception=False, set_status_on_exception=False) as span:
            try:
                yield
            finally:
                self._measure(call, perf_counter() - began)
                if span.is_recording():
                    self._describe(call, span)

    def _measure(self, call: Call, seconds: float) -> None:
        labels: dict[str, Any] = {CALL: call.name}
        if call.campaign is not None:
            labels[CAMPAIGN] = call.campaign
        for reason in call.refusals:
            self._refusals.add(1, {CAMPAIGN: call.campaign or "", REASON: reason})
        if call.error is not None:
            labels[ERROR] = type(call.error).__qualname__
            if isinstance(call.error, StorageError):
                self._errors.add(1, {name: value for name, value in labels.items() if name != CALL})
        self._duration.record(seconds, labels)

    def _describe(self, call: Call, span: Span) -> None:
        if call.campaign is not None:
            span.set_attribute(CAMPAIGN, call.campaign)
        span.set_attribute(DRAWS, len(call.receipts))
        span.set_attribute(WINS, sum(receipt.is_win for receipt in call.receipts))
        if call.refusals:
            span.set_attribute(REFUSED, sorted(set(call.refusals)))
        if call.error is not None:
            span.set_attribute(ERROR, type(call.error).__qualname__)
            span.set_status(trace.StatusCode.ERROR)
        ids = list(dict.fromkeys(receipt.request_id for receipt in call.receipts))
        if self.request_ids and ids:
            span.set_attribute(REQUEST, ids if call.name == "draw_batch" else ids[0])
