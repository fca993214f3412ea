"""How fast exact odds are, beside GGanalysis 0.4.2 on the same laws: medians, contestants taking turns in one process.

    python benchmarks/odds.py [--rounds 15] [--json FILE] [--quick]

GGanalysis (``pip install GGanalysis==0.4.2``) is no dependency; without it the rows that need it are left out. A campaign is compiled once
and remembered, as in use; GGanalysis is given its hazard as an array likewise. "first call" rows compile the campaign anew. Each
contestant is called once before it is timed.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # one thread, read when numpy is imported

import numpy as np
from _results import parser, put, result, row

from prizedraw import Campaign, Pity, Prize, Window, odds
from prizedraw.odds import model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FIVE = {"base": "0.006", "soft_from": 74, "soft_step": "0.06", "hard": 90}
GGANALYSIS = "GGanalysis"
COMPARED = find_spec(GGANALYSIS) is not None
FOUR = {"base": "0.051", "soft_from": 9, "soft_step": "0.51", "hard": 10}


def banner(*rules: Pity, **caps: int) -> Campaign:
    return Campaign(
        id="banner",
        title="Banner",
        timezone="UTC",
        windows=[Window(datetime(2027, 1, 1), datetime(2028, 1, 1))],  # noqa: DTZ001 - local times, as in a campaign file
        prizes=[Prize("a", "A", 1, caps.get("stock", -1), per_participant=caps.get("cap", -1)), *(Prize(p, p, 1, -1) for p in "bc")],
        pity=rules,
    )


def turns(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of a call of each."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for call in contestants.values():
        call()
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            start = time.perf_counter()
            contestants[name]()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(each) for name, each in times.items()}


def anew(call: Callable[[], object]) -> Callable[[], object]:
    """The same with the campaign compiled again."""

    def first() -> object:
        model._compiled.cache_clear()
        return call()

    return first


def hazard(rule: Pity) -> Any:
    """The hazard as GGanalysis takes it: an array from draw 0."""
    return np.array([0.0, *(float(p or 0) for p in rule.law().values)])


def other_hits(rule: Pity, n: int, most: int) -> Callable[[], object]:
    """GGanalysis' law of hits in ``n`` draws, told of up to ``most``: the laws of the draws until each copy, then the law of hits."""
    import GGanalysis  # noqa: PLC0415 - where it is installed

    model, calculate = GGanalysis.PityModel(hazard(rule)), GGanalysis.calc_item_num_dist

    return lambda: calculate(model(most, multi_dist=True), n)


def hits(soft: Campaign, rounds: int, rows: list[dict[str, Any]]) -> dict[str, float]:
    """The law of hits in 1,000 and 10,000 draws; how far it is from the product of positive numbers."""
    errors = {}
    for n, target in ((1_000, None), (10_000, 40)):
        ours, exact = odds.hits_in(soft, "a", n), odds.hits_in(soft, "a", n, tails="relative")
        errors[f"{n}"] = float(np.abs(ours.pmf - exact.pmf[ours.start : ours.start + len(ours.pmf)]).max())
        contestants: dict[str, Callable[[], object]] = {"ours": lambda n=n: odds.hits_in(soft, "a", n)}  # type: ignore[misc]  # bound now
        if COMPARED:
            contestants[GGANALYSIS] = other_hits(soft.pity[0], n, ours.start + len(ours.pmf))
        found = turns(contestants, rounds)
        measure = f"`hits_in` of {n:,} draws at a soft pity of 90, ms"
        rows.append(against(measure, found, "calc_item_num_dist", target))
        first = turns({"ours": anew(lambda n=n: odds.hits_in(soft, "a", n))}, rounds)  # type: ignore[misc]  # bound now
        rows.append(row(f"{measure}, first call", first["ours"]))
    return errors


def tiers(rounds: int, rows: list[dict[str, Any]]) -> None:
    """Rates of two tiers, in doubles and in fractions."""
    two = banner(Pity(id="five", target=["a"], **FIVE), Pity(id="four", target=["b"], **FOUR))
    contestants: dict[str, Callable[[], object]] = {"ours": lambda: odds.long_run(two)}
    if COMPARED:
        import GGanalysis  # noqa: PLC0415 - where it is installed

        laws = [hazard(rule) for rule in two.pity]
        contestants[GGANALYSIS] = lambda: GGanalysis.PriorityPitySystem(laws, extra_state=1, remove_pity=False).get_stationary_p()
    found = turns(contestants, rounds)
    rows.append(against("`long_run` of two tiers, ms", found, "PriorityPitySystem(…).get_stationary_p()", 10))
    first = turns({"doubles": anew(lambda: odds.long_run(two)), "fractions": anew(lambda: odds.long_run_exact(two))}, rounds)
    rows.append(row("`long_run` of two tiers, ms, first call", first["doubles"]))
    rows.append(row("`long_run_exact` of two tiers, fractions, ms, first call", first["fractions"], at_most=200))


def against(measure: str, found: dict[str, float], what: str, target: float | None) -> dict[str, Any]:
    """A row beside GGanalysis, where it is there."""
    if GGANALYSIS not in found:
        return row(measure, found["ours"])
    return row(measure, found["ours"], found[GGANALYSIS], f"{GGANALYSIS} {what}", at_least=target)


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--rounds", type=int, default=15)
    given = arguments.parse_args()
    rounds = 1 if given.quick else max(9, given.rounds)
    soft = banner(Pity(id="five", target=["a"], **FIVE))
    law = soft.pity[0].law()
    rows: list[dict[str, Any]] = []
    rate = turns({"ours": law.rate}, 21 * rounds)["ours"] * 1e3
    rows.append(row("`Hazard.rate()` of a soft pity of 90, a fraction, µs", rate, at_most=50))
    errors = hits(soft, rounds, rows)
    tiers(rounds, rows)
    finite = banner(Pity(id="five", target=["a"], **FIVE), stock=900_000, cap=2)
    sold = turns(
        {"ours": lambda: odds.stock_out(finite, "a", 10**6, 100), "first": anew(lambda: odds.stock_out(finite, "a", 10**6, 100))}, rounds
    )
    rows.append(row("`stock_out`: 10⁶ participants, 100 rounds, a cap of 2, stock of 900,000, ms", sold["ours"], at_most=5))
    rows.append(row("`stock_out` of the same, ms, first call", sold["first"]))
    until = turns({"one": lambda: odds.draws_until(soft, "a"), "seven": lambda: odds.draws_until(soft, "a", copies=7)}, rounds)
    rows.append(row("`draws_until` one copy, ms", until["one"]))
    rows.append(row("`draws_until` seven copies, ms", until["seven"]))
    versions = {"numpy": np.__version__} | ({"GGanalysis": version("GGanalysis")} if COMPARED else {})
    put(result("Exact odds", rows, versions, greatest_error_of_hits_in=errors), given.json)


if __name__ == "__main__":
    main()
