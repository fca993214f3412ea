"""Hits counted without drawing each trial: exact at the edges, and of the binomial law in between."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2

from prizedraw.simulation import counts
from prizedraw.simulation.streams import Streams


def stream(name):
    """A stream of its own."""
    return Streams("counts").of(0, 0, name)


def test_what_is_sure_and_what_is_impossible() -> None:
    """No trial, no chance, and a chance of 1 need no luck."""
    assert counts.hits(0, 1, 2, stream("a")) == counts.hits(100, 0, 2, stream("b")) == 0
    assert counts.hits(100, 7, 7, stream("c")) == 100


@pytest.mark.parametrize(("n", "chance", "of"), [(1, 1, 3), (7, 1, 2), (64, 5, 7), (65, 1, 100), (200, 999, 1000)])
@pytest.mark.parametrize("way", [counts.hits, counts._by_gaps, counts._bitwise])
def test_the_law_is_binomial(way, n, chance, of) -> None:
    """6,000 counts against the binomial law, by chi-square over cells of at least 10 (false alarm 1e-8 each)."""
    source = stream(f"{n} {chance}")
    found = np.bincount([way(n, chance, of, source) for _ in range(6000)], minlength=n + 1)
    expected = 6000 * binom.pmf(np.arange(n + 1), n, chance / of)
    common = expected >= 10
    cells = [(found[common], expected[common]), (np.array([found[~common].sum()]), np.array([max(expected[~common].sum(), 1.0)]))]
    distance = sum((((one - mean) ** 2) / mean).sum() for one, mean in cells)
    assert chi2.sf(distance, max(1, common.sum())) > 1e-8


def test_outcomes_add_up() -> None:
    """Every trial has one outcome, and one of weight 0 never comes."""
    found = counts.outcomes(10**7, [1, 0, 3, 10**6], stream("d"))
    assert found.sum() == 10**7
    assert found[1] == 0
    assert abs(found[2] - 30) < 6 * 30**0.5
