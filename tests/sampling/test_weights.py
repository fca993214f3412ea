"""Weights are read exactly, or refused with their own message."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prizedraw.errors import InvalidCampaign
from prizedraw.sampling import AliasTable, exact, tickets


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (0, Fraction(0)),
        (7, Fraction(7)),
        (Fraction(2, 7), Fraction(2, 7)),
        (Decimal("0.001"), Fraction(1, 1000)),
        (Decimal("-0"), Fraction(0)),
        (Decimal("0e-400000000"), Fraction(0)),
        ("0.001", Fraction(1, 1000)),
        ("1e-18", Fraction(1, 10**18)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("+3", Fraction(3)),
        ("2/6", Fraction(1, 3)),
        (0.1, Fraction(1, 10)),
        (1e-9, Fraction(1, 10**9)),
        (5e-324, Fraction(5, 10**324)),
        (1.7976931348623157e308, Fraction("1.7976931348623157e308")),
    ],
)
def test_a_weight_is_the_number_that_was_written(written: object, meant: Fraction) -> None:
    """Every accepted form gives the exact number; a float is its shortest decimal."""
    assert exact(written) == meant


def test_integers_of_other_libraries_are_integers() -> None:
    """What calls itself an integer, or is a float by another name, is read like one."""
    numpy = pytest.importorskip("numpy")
    assert exact(numpy.int64(3)) == 3
    assert exact(numpy.float64(0.1)) == Fraction(1, 10)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "must be a number, got True"),
        (math.nan, "must be finite, got nan"),
        (math.inf, "must be finite, got inf"),
        (Decimal("NaN"), "must be finite"),
        (Decimal("sNaN"), "must be finite"),
        (Decimal("-Infinity"), "must be finite"),
        ("nan", "must be finite, got 'nan'"),
        ("-inf", "must be finite"),
        (-1, "must not be negative, got -1"),
        (-0.5, "must not be negative, got -0.5"),
        ("-1/2", "must not be negative"),
        ("", "must not be empty"),
        ("1/0", "must not be divided by zero, got '1/0'"),
        ("ten", "not a weight: 'ten'"),
        ("10%", "not a weight: '10%'"),
        (" 1", "not a weight"),
        ("1_000", "not a weight"),
        ("٣", "not a weight"),
        ("0x10", "not a weight"),
        (None, "not a weight: None"),
        (1 + 0j, "not a weight"),
        (b"1", "not a weight"),
        ([1], "not a weight"),
    ],
)
def test_a_bad_weight_has_its_own_message(value: object, message: str) -> None:
    """Each kind of bad value is refused with what is wrong about it."""
    with pytest.raises(InvalidCampaign, match=re.escape(message)):
        exact(value)


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1e-400000000"),
        Decimal("1e400000000"),
        "1e-400000000",
        "1e999999999999999999999999",
        "9" * 1_000_000,
        "1/" + "9" * 5000,
        10**5000,
        Fraction(1, 10**5000),
        "1." + "3" * 401,
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_a_huge_exponent_is_refused_before_it_is_written_out(value: object) -> None:
    """Sizes are bounded before any big integer is built, so that nobody's campaign file can fill the memory."""
    with pytest.raises(InvalidCampaign, match="more than 400 digits"):
        exact(value)


@given(st.fractions(min_value=0, max_denominator=10**30))
def test_a_fraction_survives_its_text(number: Fraction) -> None:
    """A fraction written out is read back."""
    assert exact(str(number)) == exact(number) == number


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_a_float_is_its_repr(number: float) -> None:
    """Reading a float and reading what Python prints for it are the same."""
    assert exact(number) == Fraction(repr(number))


@given(st.lists(st.fractions(min_value=0, max_denominator=1000), min_size=1, max_size=12).filter(any))
def test_tickets_keep_the_ratios_in_lowest_terms(shares: list[Fraction]) -> None:
    """Tickets are whole, in the ratios of the weights, and cannot be made fewer."""
    counts = tickets(shares)
    assert [Fraction(count, sum(counts)) for count in counts] == [share / sum(shares) for share in shares]
    assert math.gcd(*counts) == 1


def test_tickets_of_nothing_are_refused() -> None:
    """An empty list of weights has its own message."""
    with pytest.raises(InvalidCampaign, match="there are no weights"):
        tickets([])


def test_tickets_of_zeros_are_refused() -> None:
    """A list of zeros has its own message."""
    with pytest.raises(InvalidCampaign, match="all weights are zero"):
        tickets([Fraction(0), Fraction(0)])


def test_tickets_of_a_negative_are_refused() -> None:
    """Fractions that did not pass ``exact`` are checked as well."""
    with pytest.raises(InvalidCampaign, match="must not be negative, got '-1/2'"):
        tickets([Fraction(1), Fraction(-1, 2)])


@pytest.mark.parametrize("start", [10**300, 10**380])
def test_tickets_without_a_sensible_measure_are_refused(start: int) -> None:
    """Many weights with unrelated denominators would make tickets of endless length."""
    with pytest.raises(InvalidCampaign, match="no common measure within 4096 bits"):
        tickets([Fraction(1, start + 2 * i + 1) for i in range(50)])


def test_a_table_names_the_weight_that_is_bad() -> None:
    """The place of the fault is in the message."""
    with pytest.raises(InvalidCampaign, match=r"^weights\[2\]: a weight must be finite, got nan") as caught:
        AliasTable([1, 2, math.nan])
    assert caught.value.place == "weights[2]"


def test_pitfall_01_rates_are_not_rounded() -> None:
    """20/35/5 stays 20/60, 35/60, 5/60, and of thirty equal prizes each has one thirtieth."""
    assert AliasTable([20, 35, 5]).probabilities == (Fraction(1, 3), Fraction(7, 12), Fraction(1, 12))
    assert set(AliasTable(["3.33"] * 30).probabilities) == {Fraction(1, 30)}


def test_pitfall_05_weights_leave_no_residue() -> None:
    """Ten times 0.1 is 1 exactly, where floats sum to 0.9999999999999999."""
    assert reduce(add, [0.1] * 10) != 1
    assert sum(exact(0.1) for _ in range(10)) == 1
    assert sum(AliasTable([0.1] * 10 + [0.012]).probabilities) == 1
