"""Published numbers: every record of ``published.json`` at its stated tolerance.

A record names its source, a function with its arguments, and what it gives. Figures are those of players, operators, OEIS, textbooks
and GGanalysis (github.com/OneBST/GGanalysis), each recomputed by others with rationals or an independent chain. Left out are
collections over two banners, kinds held j times at completion, and guarantees on sets of prizes beyond one banner: no one campaign
has these. (The record of a guarantee after 200 draws tells of the first 100, in which it does not act.)
"""

import json
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from odds_cases import wheel
from prizedraw import Level, Pity, odds
from prizedraw.odds import TooLarge

RECORDS = json.loads(Path(__file__).with_name("published.json").read_text("utf-8"))


def near(found, text, rel):
    """Whether a number is the published one, within the tolerance and the digits that were printed."""
    published = Fraction(text)
    digits = Fraction(1, 2) / 10 ** len(text.partition(".")[2]) if "." in text else 0
    return abs(Fraction(found) - published) <= abs(published) * Fraction(rel) + digits


def campaign_of(record):
    rules = [{**rule, "levels": [Level(**one) for one in rule.get("levels", ())]} for rule in record["rules"]]
    return wheel(record["weights"], *(Pity(**rule) for rule in rules), thanks=record["thanks"])


def figures(law, gives, rel):
    """(name, whether it is as published) of every figure that a law has of itself."""
    for name in ("mean", "var"):
        if name in gives:
            yield name, near(getattr(law, name), gives[name], rel)
            if "states" in gives:
                with pytest.raises(TooLarge) as error:
                    law.mean_exact  # noqa: B018 - it raises
                yield "states", error.value.count == gives["states"]
                continue
            yield f"{name} in fractions", near(getattr(law, f"{name}_exact"), gives[name], rel)
        if f"{name}_exact" in gives:
            yield f"{name}_exact", getattr(law, f"{name}_exact") == Fraction(gives[f"{name}_exact"])
    for q, value in gives.get("quantile", {}).items():
        yield f"quantile {q}", law.quantile(float(q)) == value
    for name in ("mode", "max"):
        if name in gives:
            yield name, getattr(law, name) == gives[name]
    for name in ("cdf", "sf"):
        for n, text in gives.get(name, {}).items():
            yield name, near(getattr(law, name)(int(n)), text, rel)
    for n, text in gives.get("cdf_exact", {}).items():
        yield "cdf", law.cdf(int(n)) == pytest.approx(float(Fraction(text)), rel=1e-14)
    if "mean_in_tens" in gives:
        yield "in tens", near(law.in_steps(10).mean, gives["mean_in_tens"], rel)
    for n, text in gives.get("ratio_to", {}).items():
        yield "ratio", near(law.mean / float(n) - 1, text, rel)
    if "pmf" in gives:
        yield "pmf", law.pmf == pytest.approx([float(Fraction(p)) for p in gives["pmf"]], rel=1e-14)


def rates(campaign, gives, rel):
    """(name, whether it is as published) of rates, in doubles and in fractions."""
    if gives:
        found, exact = odds.long_run(campaign), odds.long_run_exact(campaign)
        assert sum(exact.values()) == 1
        for id_, text in gives.items():
            yield id_, near(found[id_], text, rel)
            yield f"{id_} in fractions", near(exact[id_], text, rel)


def constants(record):
    """(name, whether it is as published) of a pseudo-random constant and of the law that it makes."""
    gives, p = record["gives"], record["args"]["p"]
    if "closed_forms" in gives:
        for chance in map(Decimal, gives["closed_forms"]):
            form = 2 - 1 / chance if 3 * chance >= 2 else 1 - ((1 / chance - 1) / 2).sqrt()
            yield f"closed form at {chance}", abs(odds.prd_constant(str(chance), digits=25) - form) < Decimal("1e-20")
        return
    constant = odds.prd_constant(p, digits=len(gives["digits"].lstrip("0.")))
    yield "digits", constant == Decimal(gives["digits"])
    yield "double", near(odds.prd_constant(p), gives["digits"], 1e-15)
    hazard = [min(Fraction(1), k * Fraction(constant)) for k in range(1, gives["max"] + 1)]
    law = odds.draws_until(wheel({"a": 1}, Pity(id="prd", target=["a"], hazard=hazard), thanks=1), "a")
    yield "law", near(law.mean, gives["mean"], 1e-12) and near(law.std, gives["sd"], 1e-12)
    yield "mode and max", (law.mode, law.max) == (gives["mode"], gives["max"])


def checks(record):
    """(name, whether it is as published) of every figure of a record."""
    args, gives, rel = dict(record["args"]), record["gives"], record["rel"]
    if record["function"] == "prd_constant":
        yield from constants(record)
        return
    if "medians" in gives:
        yield "medians", [odds.coupon_collector(n).quantile(0.5) for n in range(1, 21)] == gives["medians"]
        return
    if "weights" not in record:
        yield from figures(getattr(odds, record["function"])(**args), gives, rel)
        return
    campaign = campaign_of(record)
    yield from rates(campaign, gives.get("rates") or gives.get("rate"), rel)
    if record["function"] != "long_run":
        misses = args.pop("misses", None)
        state = odds.State(misses=misses) if misses else None
        yield from figures(getattr(odds, record["function"])(campaign, **args, state=state), gives, rel)


@pytest.mark.parametrize("record", RECORDS, ids=[record["name"] for record in RECORDS])
def test_published(record):
    """Each figure that the record gives."""
    found = list(checks(record))
    assert found
    assert [name for name, right in found if not right] == []


def test_the_records_are_those_of_five_fields():
    """Nothing was lost on the way: guarantees and sparks, pseudo-random constants, coupons, boxes; each names its source."""
    count = {function: sum(one["function"] == function for one in RECORDS) for function in {one["function"] for one in RECORDS}}
    assert count["draws_until"] + count["collect"] + count["long_run"] >= 50
    assert (count["prd_constant"], count["coupon_collector"], count["box_hits"] + count["box_until"]) == (16, 43, 8)
    assert all(record["source"] for record in RECORDS)
    assert all(a["name"] or b["name"] for a, b in pairwise(RECORDS))
