"""How fast outcomes are drawn, beside what people use now: ratios of medians, contestants taking turns in one process.

    python benchmarks/sampling.py [--n 10000000] [--rounds 7] [--out sampling.json]

Scalar times are nanoseconds a call with the call of an empty function as the floor; batch times are nanoseconds a draw
with the reading of the same number of random bits as the floor. A ratio above 1 means that prizedraw is faster.
``exact`` says whether a contestant's odds are the stated ones, ``secure`` whether its stream can be predicted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import secrets
import statistics
import sys
import time
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from ssl import RAND_bytes
from typing import TYPE_CHECKING, Any

import numpy as np

from prizedraw.sampling import AliasTable, SecureEntropy, SeededEntropy, Tape

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = 20_000


def weights(k: int) -> list[int]:
    return [1 + 7919 * i % 1009 for i in range(k)]


def nothing() -> None:
    pass


def per_call(call: Callable[[], object], calls: int) -> float:
    turns = range(calls)
    start = time.perf_counter_ns()
    for _ in turns:
        call()
    return (time.perf_counter_ns() - start) / calls


def compare(contestants: dict[str, Callable[[], object]], rounds: int, calls: int, units: int = 1) -> dict[str, float]:
    """Median nanoseconds a unit of each contestant; in each round they take turns, in an order of its own."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for call in contestants.values():
        call()
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            times[name].append(per_call(contestants[name], calls) / units)
    return {name: round(statistics.median(each), 3) for name, each in times.items()}


def ratios(times: dict[str, float], ours: str) -> dict[str, float]:
    return {name: round(each / times[ours], 2) for name, each in times.items() if name != ours}


def scalar(k: int, rounds: int) -> dict[str, Any]:
    sums = list(accumulate(weights(k)))
    total, outcomes = sums[-1], range(k)
    table, entropy, seeded = AliasTable(weights(k)), SecureEntropy(), SeededEntropy(1)
    system, sample, choices = random.SystemRandom(), table.sample, random.choices
    ours = "AliasTable.sample, SecureEntropy (exact, secure)"
    times = compare(
        {
            ours: lambda: sample(entropy),
            "AliasTable.sample, SeededEntropy (exact, predictable)": lambda: sample(seeded),
            "secrets.randbelow + bisect (exact, secure)": lambda: bisect_right(sums, secrets.randbelow(total)),
            "SystemRandom().choices (inexact, secure)": lambda: system.choices(outcomes, cum_weights=sums),
            "random.choices (inexact, predictable)": lambda: choices(outcomes, cum_weights=sums),
            "floor: an empty function": nothing,
        },
        rounds,
        CALLS,
    )
    return {"k": k, "ns": times, "ratio": ratios(times, ours)}


def tape(rounds: int) -> dict[str, Any]:
    entropy = SecureEntropy()
    ours = "Tape(entropy).below(22_000_000)"
    times = compare(
        {
            ours: lambda: Tape(entropy).below(22_000_000),
            "entropy.below(22_000_000)": lambda: entropy.below(22_000_000),
            "secrets.randbelow(22_000_000)": lambda: secrets.randbelow(22_000_000),
            "random.randrange(22_000_000)": lambda: random.randrange(22_000_000),
            "floor: an empty function": nothing,
        },
        rounds,
        CALLS,
    )
    return {"ns": times, "ratio": ratios(times, ours)}


def read_bits(size: int) -> None:
    for start in range(0, size, 1 << 16):
        RAND_bytes(min(1 << 16, size - start))


def batch(k: int, n: int, rounds: int) -> dict[str, Any]:
    table = AliasTable(weights(k))
    chances = np.array(weights(k)) / sum(weights(k))
    sums = np.cumsum(chances)
    generator = np.random.default_rng()
    ours = "sample_many (exact, secure)"
    contestants: dict[str, Callable[[], object]] = {
        ours: lambda: table.sample_many(n),
        "sample_many, dtype=int64": lambda: table.sample_many(n, dtype=np.int64),
        "sample_many, seed (exact, predictable)": lambda: table.sample_many(n, seed=1),
        "numpy Generator.choice (inexact, predictable)": lambda: generator.choice(k, size=n, p=chances),
        "numpy searchsorted (inexact, predictable)": lambda: sums.searchsorted(generator.random(n), side="right"),
        "floor: the random bits alone": lambda: read_bits(n * (2 if k <= 4096 else 4)),
    }
    try:
        from scipy.stats.sampling import DiscreteAliasUrn
    except ImportError:
        pass
    else:
        urn = DiscreteAliasUrn(chances, random_state=generator)
        contestants["scipy DiscreteAliasUrn (inexact, predictable)"] = lambda: urn.rvs(n)
    times = compare(contestants, rounds, 1, n)
    int64 = ratios(times, "sample_many, dtype=int64")
    choice = "numpy Generator.choice (inexact, predictable)"
    return {"k": k, "n": n, "ns": times, "ratio": ratios(times, ours), "int64_ratio": {choice: int64[choice]}}


def build(k: int) -> dict[str, Any]:
    start = time.perf_counter()
    table = AliasTable(weights(k))
    built = time.perf_counter()
    table.sample(SecureEntropy())
    cells = time.perf_counter()
    table.sample_many(1)
    many = time.perf_counter()
    return {
        "k": k,
        "table_ms": round((built - start) * 1e3, 3),
        "first_sample_ms": round((cells - built) * 1e3, 3),
        "first_sample_many_ms": round((many - cells) * 1e3, 3),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--n", type=int, default=10**7, help="draws in a batch")
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--out", type=Path, help="write the JSON here instead of to stdout")
    given = arguments.parse_args()
    result = {
        "machine": {
            "python": sys.version.split()[0],
            "numpy": np.__version__,
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "system": platform.system(),
        },
        "scalar": [scalar(k, 3 * given.rounds) for k in (8, 64, 1000)],
        "tape": tape(3 * given.rounds),
        "batch": [batch(k, given.n, given.rounds) for k in (8, 64, 1000, 100_000)],
        "build": [build(k) for k in (8, 64, 1000, 100_000)],
    }
    text = json.dumps(result, indent=2)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
