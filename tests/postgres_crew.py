"""What the other processes of the PostgreSQL tests do: each function is the whole life of one, which imports it by name."""

from __future__ import annotations

from prizedraw import DrawEngine, RequestMismatch
from prizedraw.storage import PostgresStore
from prizedraw.testing import FixedClock
from scenery import NOON


def engine_on(url, schema, **options):
    """An engine at noon."""
    return DrawEngine(PostgresStore(url, schema=schema, **options), clock=FixedClock(NOON))


def race(conninfo, schema, name, told):
    """Draw with ids that all share, for a participant of one's own; then 60 draws with ids of one's own."""
    won, made = 0, {}
    with engine_on(conninfo, schema, max_size=2) as engine:
        for k in range(25):
            try:
                made[f"shared-{k}"] = engine.draw("wheel", f"user-{name}", request_id=f"shared-{k}").id
            except RequestMismatch:
                made[f"shared-{k}"] = "mismatch"
        for k in range(60):
            won += engine.draw("wheel", f"user-{name}-{k % 7}", request_id=f"{name}-{k}").is_win
    told.send((won, made))


def draw_for_ever(url, schema, seed, told):
    """Draw until killed; tell each request before it is made, and its receipt's id after."""
    with engine_on(url, schema) as engine:
        for k in range(100_000):
            told.send((f"{seed}-{k}", None))
            told.send((f"{seed}-{k}", engine.draw("wheel", f"user-{seed}", request_id=f"{seed}-{k}").id))
