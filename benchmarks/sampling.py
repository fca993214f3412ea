"""How fast outcomes are drawn, beside what people use now: ratios of medians, contestants taking turns in one process.

    python benchmarks/sampling.py [--n 10000000] [--rounds 9] [--json FILE] [--quick]

Scalar times are nanoseconds a call with the call of an empty function as the floor; batch times are nanoseconds a draw
with the reading of the same number of random bits as the floor. A ratio above 1 means that prizedraw is faster.
``exact`` says whether a contestant's odds are the stated ones, ``secure`` whether its stream can be predicted.
"""

from __future__ import annotations

import random
import secrets
import statistics
import time
import timeit
from bisect import bisect_right
from importlib.metadata import version
from importlib.util import find_spec
from itertools import accumulate
from ssl import RAND_bytes
from typing import TYPE_CHECKING, Any

import numpy as np
from _results import parser, put, result, row

from prizedraw.sampling import AliasTable, SecureEntropy, SeededEntropy, Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CALLS = 20_000
CHOICE = "numpy Generator.choice (inexact, predictable)"
URN = "scipy DiscreteAliasUrn (inexact, predictable)"
LEAST = {8: (15, 12, 8), 64: (12, 7, None), 1000: (30, 7, 20), 100_000: (30, 4, None)}
"""Outcomes → how many times as fast as CHOICE and URN a batch should be at least, and as CHOICE in its own dtype."""


def weights(k: int) -> list[int]:
    return [1 + 7919 * i % 1009 for i in range(k)]


def nothing() -> None:
    pass


def compare(
    contestants: Mapping[str, str | Callable[[], object]],
    rounds: int,
    calls: int,
    units: int = 1,
    names: dict[str, Any] | None = None,
) -> dict[str, float]:
    """Median nanoseconds a unit of each contestant; in each round they take turns, in an order of its own."""
    timers = {name: timeit.Timer(call, globals=names) for name, call in contestants.items()}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for timer in timers.values():  # one call of the same size to warm up
        timer.timeit(calls)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            times[name].append(timers[name].timeit(calls) / calls / units * 1e9)
    return {name: round(statistics.median(each), 3) for name, each in times.items()}


def ratios(times: dict[str, float], ours: str) -> dict[str, float]:
    return {name: round(each / times[ours], 2) for name, each in times.items() if name != ours}


def scalar(k: int, rounds: int) -> dict[str, Any]:
    sums = list(accumulate(weights(k)))
    ours = "AliasTable.sample, SecureEntropy (exact, secure)"
    times = compare(
        {
            ours: "sample(secure)",
            "AliasTable.sample, SeededEntropy (exact, predictable)": "sample(seeded)",
            "secrets.randbelow + bisect (exact, secure)": "bisect_right(sums, randbelow(total))",
            "SystemRandom().choices (inexact, secure)": "system_choices(outcomes, cum_weights=sums)",
            "random.choices (inexact, predictable)": "choices(outcomes, cum_weights=sums)",
            "floor: an empty function": "nothing()",
        },
        rounds,
        CALLS,
        names={
            "sample": AliasTable(weights(k)).sample,
            "secure": SecureEntropy(),
            "seeded": SeededEntropy(1),
            "bisect_right": bisect_right,
            "randbelow": secrets.randbelow,
            "system_choices": random.SystemRandom().choices,
            "choices": random.choices,
            "nothing": nothing,
            "sums": sums,
            "total": sums[-1],
            "outcomes": range(k),
        },
    )
    return {"k": k, "ns": times, "ratio": ratios(times, ours)}


def tape(rounds: int) -> dict[str, Any]:
    ours = "Tape(entropy).below(22_000_000)"
    times = compare(
        {
            ours: ours,
            "entropy.below(22_000_000)": "entropy.below(22_000_000)",
            "secrets.randbelow(22_000_000)": "randbelow(22_000_000)",
            "random.randrange(22_000_000)": "randrange(22_000_000)",
            "floor: an empty function": "nothing()",
        },
        rounds,
        CALLS,
        names={
            "Tape": Tape,
            "entropy": SecureEntropy(),
            "randbelow": secrets.randbelow,
            "randrange": random.randrange,
            "nothing": nothing,
        },
    )
    return {"ns": times, "ratio": ratios(times, ours)}


def read_bits(size: int) -> None:
    for start in range(0, size, 1 << 16):
        RAND_bytes(min(1 << 16, size - start))


LAWS: dict[str, Callable[[int], list[int]]] = {
    "weights": weights,
    "Zipf": lambda k: [10**12 // rank for rank in range(1, k + 1)],
    "90 % on one": lambda k: [9 * (k - 1), *[1] * (k - 1)],
}


def batch(k: int, n: int, rounds: int, law: str = "weights") -> dict[str, Any]:
    """``sample_many`` and others, their tables built and one call made before."""
    weights = LAWS[law](k)
    table = AliasTable(weights)
    chances = np.array(weights) / sum(weights)
    sums = np.cumsum(chances)
    generator = np.random.default_rng()
    ours = "sample_many (exact, secure)"
    contestants: dict[str, Callable[[], object]] = {
        ours: lambda: table.sample_many(n),
        "sample_many, dtype=int64": lambda: table.sample_many(n, dtype=np.int64),
        "sample_many, seed (exact, predictable)": lambda: table.sample_many(n, seed=1),
        CHOICE: lambda: generator.choice(k, size=n, p=chances),
        "numpy searchsorted (inexact, predictable)": lambda: sums.searchsorted(generator.random(n), side="right"),
        "floor: the random bits alone": lambda: read_bits(n * (2 if k <= 4096 else 4)),
    }
    try:
        from scipy.stats.sampling import DiscreteAliasUrn  # noqa: PLC0415  # shown where it is installed
    except ImportError:
        pass
    else:
        urn = DiscreteAliasUrn(chances, random_state=generator)
        contestants[URN] = lambda: urn.rvs(n)
    times = compare(contestants, rounds, 1, n)
    int64 = ratios(times, "sample_many, dtype=int64")
    return {"k": k, "n": n, "law": law, "ns": times, "ratio": ratios(times, ours), "int64_ratio": {CHOICE: int64[CHOICE]}}


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


def rows(found: dict[str, Any], measure: str, targets: Mapping[str, float]) -> list[dict[str, Any]]:
    """Ours, which comes first, against the others in the order of the contest; other ways to call us are no contestants."""
    (_, own), *others = found["ns"].items()
    others = [(name, time) for name, time in others if not name.startswith(("AliasTable", "sample_many", "entropy"))]
    return [row(f"{measure}, ns", own, time, name, at_least=targets.get(name)) for name, time in others]


def as_numpy(found: dict[str, Any], at_least: float | None) -> dict[str, Any]:
    """Ours in the type of numpy's, which costs more than the smallest one."""
    times, measure = found["ns"], f"`sample_many` of {found['k']:,} outcomes, `dtype=int64`, a draw, ns"
    return row(measure, times["sample_many, dtype=int64"], times[CHOICE], CHOICE, at_least=at_least)


def told(found: dict[str, Any]) -> str:
    """What was drawn in a batch."""
    law = "" if found["law"] == "weights" else f", {found['law']}"
    return f"`sample_many` of {found['k']:,} outcomes{law}, exact and secure, a draw"


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--n", type=int, default=10**7, help="draws in a batch")
    arguments.add_argument("--rounds", type=int, default=9)
    given = arguments.parse_args()
    n, rounds = (10**5, 1) if given.quick else (given.n, given.rounds)
    scalars = [scalar(k, 3 * rounds) for k in (8, 64, 1000)]
    taped = tape(3 * rounds)
    batches = [batch(k, n, rounds) for k in (8, 64, 1000, 100_000)]
    shown = [batch(k, n, rounds, law) for law in ("Zipf", "90 % on one") for k in (64, 1000)]
    builds = [build(k) for k in (8, 64, 1000, 100_000)]
    targets = {"secrets.randbelow + bisect (exact, secure)": 10, "SystemRandom().choices (inexact, secure)": 15}
    table = [
        line for found in scalars for line in rows(found, f"`AliasTable.sample` of {found['k']:,} outcomes, exact and secure", targets)
    ]
    table += rows(taped, "a ticket of 22,000,000 from a tape", {})
    for found in batches:
        choice, urn, int64 = LEAST[found["k"]]
        table += rows(found, told(found), {CHOICE: choice, URN: urn})
        table.append(as_numpy(found, int64))
    table += [line for found in shown for line in rows(found, told(found), {})]
    table += [row(f"building a table of {found['k']:,} outcomes, ms", found["table_ms"]) for found in builds]
    more = {"scalar": scalars, "tape": taped, "batch": [*batches, *shown], "build": builds}
    libraries = {name: version(name) for name in ("numpy", "scipy") if find_spec(name)}
    put(result("Sampling", table, libraries, **more), given.json)


if __name__ == "__main__":
    main()
