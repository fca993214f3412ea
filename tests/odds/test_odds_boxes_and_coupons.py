"""Finite boxes, collections of kinds and pseudo-random constants against enumeration."""

import math
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prizedraw import InvalidRequest, odds
from prizedraw.odds import TooLarge


@settings(deadline=None)
@given(st.integers(1, 7), st.data())
def test_boxes_against_every_order(tickets, data):
    """Every place of the wanted tickets among all: how many come early, and when the copies-th comes."""
    wanted = data.draw(st.integers(0, tickets))
    draws = data.draw(st.integers(0, tickets))
    places = list(combinations(range(1, tickets + 1), wanted))
    hits = odds.box_hits(tickets, wanted, draws)
    for k in range(-1, tickets + 1):
        assert hits.cdf(k) == pytest.approx(sum(sum(p <= draws for p in one) <= k for one in places) / len(places))
    mean = Fraction(sum(sum(p <= draws for p in one) for one in places), len(places))
    assert hits.mean_exact == mean
    assert hits.var_exact == Fraction(sum(sum(p <= draws for p in one) ** 2 for one in places), len(places)) - mean**2
    if wanted:
        copies = data.draw(st.integers(1, wanted))
        wait = odds.box_until(tickets, wanted, copies)
        for n in range(tickets + 1):
            assert wait.cdf(n) == pytest.approx(sum(one[copies - 1] <= n for one in places) / len(places))
        mean = Fraction(sum(one[copies - 1] for one in places), len(places))
        assert wait.mean_exact == mean
        assert wait.var_exact == Fraction(sum(one[copies - 1] ** 2 for one in places), len(places)) - mean**2
    last = odds.box_until(tickets, wanted, wanted + 1, last_one=True)
    assert (last.mean_exact, last.cdf(tickets - 1), last.cdf(tickets)) == (tickets, 0, 1)


def test_a_box_by_prizes():
    """A box may be told by its prizes, and several may be wanted."""
    box = {"A": 2, "B": 3, "C": 75}
    assert odds.box_hits(box, "A", 10).sf(0) == pytest.approx(149 / 632, rel=1e-15)
    assert odds.box_until(box, ["A", "B"]).mean_exact == Fraction(81, 6)


def test_a_large_box():
    """A million tickets, a hundred wanted: sums of the law are its known moments."""
    law = odds.box_until(10**6, 100, 50)
    assert float(law.pmf @ law.values) == pytest.approx(float(law.mean_exact), rel=1e-11)
    assert law.pmf.sum() == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 3), st.integers(1, 2))
def test_coupons_against_every_course(weights, blank, copies):
    """Unequal kinds and a blank, by every course of four draws."""
    total = sum(weights) + blank
    law = odds.coupon_collector([Fraction(w, total) for w in weights], copies)
    for n in range(5):
        over = Fraction(0)
        for course in product(range(len(weights) + 1), repeat=n):
            if all(course.count(k) >= copies for k in range(len(weights))):
                over += math.prod(Fraction([*weights, blank][k], total) for k in course)
        assert law.cdf(n) == pytest.approx(float(over), rel=1e-12)
    assert law.mean == pytest.approx(float(law.mean_exact), rel=1e-12)
    assert law.var == pytest.approx(float(law.var_exact), rel=1e-11, abs=1e-15)


@pytest.mark.parametrize(("distinct", "copies"), [(1, 1), (2, 1), (1, 2), (2, [1, 2, 0])])
def test_some_of_the_kinds_against_every_course(distinct, copies):
    """Any so many of the kinds that are wanted, unequal and with a blank, by every course of five draws."""
    law = odds.coupon_collector(["1/2", "1/4", "1/8"], copies, distinct=distinct)
    needs = copies if isinstance(copies, list) else [copies] * 3
    for n in range(6):
        over = Fraction(0)
        for course in product(range(4), repeat=n):
            if sum(0 < need <= course.count(k) for k, need in enumerate(needs)) >= distinct:
                over += math.prod(Fraction(1, 2 ** min(k + 1, 3)) for k in course)
        assert law.cdf(n) == pytest.approx(float(over), rel=1e-12)
    assert law.mean == pytest.approx(float(law.mean_exact), rel=1e-12)


def test_ten_of_twelve_in_a_closed_form():
    """The wait for m of n equal kinds is Σ n/(n − k) over k < m; for all of them that is n·Hₙ."""
    assert odds.coupon_collector(12, distinct=10).mean_exact == sum(Fraction(12, 12 - k) for k in range(10))
    assert odds.coupon_collector(12, distinct=12).mean_exact == odds.coupon_collector(12).mean_exact
    assert odds.coupon_collector(5, distinct=3, pack=2).cdf(1) == 0


@pytest.mark.parametrize("distinct", [0, 4, 1.5, True])
def test_more_kinds_than_there_are(distinct):
    """A number of kinds is from one to those that are wanted."""
    with pytest.raises(InvalidRequest, match="distinct"):
        odds.coupon_collector(3, distinct=distinct)


@pytest.mark.parametrize(("kinds", "pack", "copies"), [(4, 2, 1), (4, 3, 2), (3, 3, 2), (5, 2, 1)])
def test_packs_against_every_pack(kinds, pack, copies):
    """Different kinds in a pack, all packs alike, by every course of three packs."""
    law = odds.coupon_collector(kinds, copies, pack=pack)
    packs = list(combinations(range(kinds), pack))
    for n in range(4):
        courses = list(product(packs, repeat=n))
        over = sum(all(sum(k in one for one in course) >= copies for k in range(kinds)) for course in courses)
        assert law.cdf(n) == pytest.approx(over / len(courses), rel=1e-12)
    assert law.unit == "packs"


def test_copies_kind_by_kind():
    """Two of the first and none of the second is a wait for two hits: E = 2/p."""
    assert odds.coupon_collector(["1/4", "1/2"], [2, 0]).mean_exact == 8


def test_doubles_that_sum_to_one():
    """Eleven times 1/11 as doubles is a hair above 1 and is meant as 1."""
    assert odds.coupon_collector([1 / 11] * 11).mean == pytest.approx(float(odds.coupon_collector(11).mean_exact), rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.fractions("0.04", 1, max_denominator=50))
def test_a_constant_gives_its_chance(chance):
    """The law with P(N) = min(1, N·C) has the mean 1/p: to thirty digits by the sum of its survival, and the double is nearest to it."""
    constant = odds.prd_constant(chance, digits=30)
    survival, mean, n = Fraction(1), Fraction(0), 0
    while survival > Fraction(1, 10**40):
        mean += survival
        n += 1
        survival = Fraction(round(survival * max(Fraction(0), 1 - n * Fraction(constant)) * 10**45), 10**45)
    assert abs(mean * chance - 1) < Fraction(1, 10**27)
    assert odds.prd_constant(chance) == pytest.approx(float(constant), rel=4e-16)


def test_digits_of_a_constant():
    """As many as are asked for, all of them right: fewer are the rounded more."""
    many = odds.prd_constant("0.05", digits=60)
    assert len(many.as_tuple().digits) == 60
    assert str(many).startswith("0.0038016583035531391017564")
    assert odds.prd_constant("0.05", digits=10) == round(many, 12)
    assert odds.prd_constant("0.8", digits=20) == Decimal("0.75")
    assert odds.prd_constant(1) == 1


BAD = [
    (lambda: odds.box_hits(10, 11, 1), "cannot be wanted"),
    (lambda: odds.box_hits(10, 2, 11), "more than the 10 tickets"),
    (lambda: odds.box_hits(-1, 0, 0), "at least 0"),
    (lambda: odds.box_hits({"A": 1}, "B", 1), "not in the box"),
    (lambda: odds.box_hits(10, "A", 1), "mapping"),
    (lambda: odds.box_until(10, 2, 3), "last_one=True"),
    (lambda: odds.box_until(10, 2, 4, last_one=True), "and the last one"),
    (lambda: odds.box_until(10, 2, 0), "at least 1"),
    (lambda: odds.coupon_collector([]), "above 0"),
    (lambda: odds.coupon_collector([0, 1]), "above 0"),
    (lambda: odds.coupon_collector(["1/2", "2/3"]), "more than 1"),
    (lambda: odds.coupon_collector([math.nan]), "probabilities"),
    (lambda: odds.coupon_collector("1/2"), "list of chances"),
    (lambda: odds.coupon_collector(3, 0), "at least 1"),
    (lambda: odds.coupon_collector(3, [1, 1]), "each of 3"),
    (lambda: odds.coupon_collector(3, pack=4), "more than the 3"),
    (lambda: odds.coupon_collector(["1/2", "1/3"], pack=2), "equal chance"),
    (lambda: odds.prd_constant(0), "above 0"),
    (lambda: odds.prd_constant("1.5"), "at most 1"),
    (lambda: odds.prd_constant("x"), "p"),
    (lambda: odds.prd_constant("0.5", digits=0), "at least 1"),
]


@pytest.mark.parametrize(("call", "match"), BAD)
def test_bad_arguments(call, match):
    """Each is refused with its value and the remedy."""
    with pytest.raises(InvalidRequest, match=match):
        call()


@pytest.mark.parametrize(
    "call", [lambda: odds.box_hits(10**12, 5, 5), lambda: odds.prd_constant("1e-9"), lambda: odds.prd_constant("1e-5", digits=50)]
)
def test_what_would_take_too_much(call):
    """Absurd sizes are refused with what they need, before it is taken."""
    with pytest.raises(TooLarge) as error:
        call()
    assert error.value.count > 10**4
