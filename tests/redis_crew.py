"""What other processes of the tests do on a Redis or Valkey server: each function here is the whole life of one process."""

from __future__ import annotations

from contextlib import contextmanager

from prizedraw import DrawEngine, DrawRefused
from prizedraw.storage import RedisStore
from proof.crew import carry_out, orders
from scenery import NOON


@contextmanager
def opened(url, prefix):
    """An engine at noon."""
    with DrawEngine(RedisStore(url, prefix=prefix), clock=lambda: NOON) as engine:
        yield engine


def draw_for_many(url, prefix, name, draws):
    """Draw so often for fifty participants of this process's own; the ids of the receipts that won."""
    with opened(url, prefix) as engine:
        made = [engine.draw("wheel", f"{name}-{k % 50}", request_id=f"{name}:{k}") for k in range(draws)]
        return [one.id for one in made if one.is_win]


def draw_until_refused(url, prefix, participant):
    """Draw until there is no chance left; the numbers of the draws."""
    numbers = []
    with opened(url, prefix) as engine:
        while True:
            try:
                numbers.append(engine.draw("wheel", participant).number)
            except DrawRefused:
                return numbers


def draw_until_killed(url, prefix, seed, told):
    """Make calls for ever; tell each before it is made, and its answer after."""
    with opened(url, prefix) as engine:
        for order in orders(seed, f"r{seed}", start=3 * seed):
            told.send(order)
            told.send(carry_out(engine, order))
