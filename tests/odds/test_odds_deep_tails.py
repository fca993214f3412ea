"""``tails="relative"``: chances down to 1e-300 within 1e-12 of themselves, against closed forms in decimals of sixty digits.

Those of ``stock_out`` stand with its other tests.
"""

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations
from math import comb

import pytest

from odds_cases import wheel
from prizedraw import Pity, odds

DEEP = Decimal("1e-290")


@pytest.fixture(autouse=True)
def decimals():
    """Sixty digits, and room for exponents."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**9), 10**9
        yield


def near(found, exact):
    """Within 1e-12 of itself; below 1e-290 nothing is promised."""
    return exact < DEEP or abs(Decimal(float(found)) / exact - 1) < Decimal("1e-12")


def check(law, more_than, points=40):
    """``pmf`` and ``sf`` over the whole length of the law, which is listed until 1e-300 is left."""
    places = sorted({i * (len(law.pmf) - 1) // points for i in range(points + 1)})
    for n in (law.start + place for place in places):
        assert near(law.sf(n), more_than(n)), n
        assert near(law.pmf[n - law.start], more_than(n - 1) - more_than(n)), n
    assert more_than(law.start + len(law.pmf) - 1) < Decimal("1e-298")


def fewer(p, n, k):
    """P(fewer than k hits in n draws of chance p), a sum of positive terms."""
    return sum((comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(min(k, n + 1))), Decimal(0))


@pytest.mark.parametrize(("p", "draws"), [("0.01", 2_000), ("0.3", 1_500), ("0.9", 400)])
def test_hits_in_both_tails(p, draws):
    """Binomial laws, from none of so many draws to all of them."""
    law, chance = odds.hits_in(wheel({"a": p}, thanks=1 - Fraction(p)), "a", draws, tails="relative"), Decimal(p)
    exact = [comb(draws, m) * chance**m * (1 - chance) ** (draws - m) for m in range(draws + 1)]
    assert all(near(law.pmf[m - law.start] if m - law.start < len(law.pmf) else 0, exact[m]) for m in range(draws + 1))
    assert min(one for one in exact if one > DEEP) < Decimal("1e-280")


def test_hits_in_both_tails_with_a_guarantee():
    """With a sure hit at ten, from the fewest that are possible to a hit on every draw, by convolution in fractions."""
    law = odds.hits_in(wheel({"a": 1}, Pity(id="p", target=["a"], base="1/1000", hard=10), thanks=1), "a", 90, tails="relative")
    p, one = Fraction(1, 1000), [Fraction(0)]
    one += [p * (1 - p) ** k for k in range(9)] + [(1 - p) ** 9]
    at, exact = {0: Fraction(1)}, []  # draw of the m-th hit → chance
    while at:
        exact.append(sum(mine * sum(one[k] for k in range(91 - n, 11) if k > 0) for n, mine in at.items()))
        following = {}
        for n, mine in at.items():
            for k in range(1, min(10, 90 - n) + 1):
                following[n + k] = following.get(n + k, 0) + mine * one[k]
        at = following
    assert exact[8] == 0 < exact[9]
    for m, chance in enumerate(exact):
        assert float(law.pmf[m - law.start]) == pytest.approx(float(chance), rel=1e-12, abs=0)
    assert 0 < exact[-1] < Fraction(1, 10**200)


@pytest.mark.parametrize(("p", "copies"), [("0.01", 20), ("0.5", 30), ("0.02", 2), ("0.9", 5)])
def test_a_wait_for_copies(p, copies):
    """Negative binomial laws, over tens of thousands of draws."""
    law = odds.draws_until(wheel({"a": p}, thanks=1 - Fraction(p)), "a", copies=copies, tails="relative")
    check(law, lambda n: fewer(Decimal(p), n, copies))


@pytest.mark.parametrize(("a", "b"), [("0.3", "0.2"), ("0.01", "0.02"), ("0.01", "0.0100001")])
def test_a_collection_of_two(a, b):
    """By inclusion and exclusion; with chances nearly alike the wait never becomes geometric."""
    law = odds.collect(wheel({"a": a, "b": b}, thanks=1 - Fraction(a) - Fraction(b)), {"a": 1, "b": 1}, tails="relative")
    p, q = Decimal(a), Decimal(b)
    check(law, lambda n: (1 - p) ** n + (1 - q) ** n - (1 - p - q) ** n)


@pytest.mark.parametrize("kinds", [[Fraction(1, 20)] * 20, [Fraction(1, 100), Fraction(1, 101), Fraction(1, 3)]], ids=["equal", "unequal"])
def test_a_collection_of_coupons(kinds):
    """By inclusion and exclusion over all sets of kinds."""
    if len(set(kinds)) == 1:
        sets = [((-1) ** (r + 1) * comb(len(kinds), r), r * kinds[0]) for r in range(1, len(kinds) + 1)]
    else:
        sets = [((-1) ** (r + 1), sum(some)) for r in range(1, len(kinds) + 1) for some in combinations(kinds, r)]
    terms = [(sign, 1 - Decimal(chance.numerator) / chance.denominator) for sign, chance in sets]
    check(odds.coupon_collector(kinds, tails="relative"), lambda n: sum((sign * rest**n for sign, rest in terms), Decimal(0)))
