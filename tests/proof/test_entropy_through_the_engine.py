"""The operating system's randomness, through the whole engine."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import exp

from prizedraw import DrawEngine, DrawRequest, Prize
from scenery import NOON, wheel

DRAWS = 100_000
WEIGHTS = {"a": "1/3", "b": "0.25", "c": "1/7", "d": "1/10", "e": "0.01", "f": "1/500"}


def test_a_hundred_thousand_draws_follow_the_odds():
    """Chi-square over six prizes and the thank-you, 6 degrees of freedom; false alarm 1e-6."""
    engine = DrawEngine.open(":memory:", clock=lambda: NOON)
    rest = 1 - sum(map(Fraction, WEIGHTS.values()))
    engine.publish(wheel(*(Prize(id_, id_, weight, -1) for id_, weight in WEIGHTS.items()), fallback=Prize.thank_you(weight=rest)))
    asked = [DrawRequest(f"p{k}") for k in range(1000)]
    counts = Counter(one.prize.id for _ in range(DRAWS // 1000) for one in engine.draw_batch("wheel", asked))
    expected = {id_: DRAWS * Fraction(weight) for id_, weight in WEIGHTS.items()} | {"thank-you": DRAWS * rest}
    assert counts.keys() == expected.keys()
    half = float(sum((counts[id_] - mean) ** 2 / mean for id_, mean in expected.items())) / 2
    assert exp(-half) * (1 + half + half**2 / 2) > 1e-6  # the upper tail in closed form, the degrees of freedom being even
