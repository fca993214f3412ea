"""Every table gives every outcome exactly its chance: all tickets, cells and columns are enumerated."""

from __future__ import annotations

import pickle
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prizedraw.errors import InvalidCampaign
from prizedraw.sampling import AliasTable, Cumulative, SecureEntropy, SeededEntropy, Tape
from prizedraw.sampling.alias import shares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WEIGHTS = st.lists(st.one_of(st.just(0), st.integers(0, 60)), min_size=1, max_size=12).filter(any)
LAWS = [
    [1],
    [0, 1],
    [1, 0, 0, 2],
    [1, 1, 1, 1],
    [985, 15],
    [999_999, 1],
    [1, 2**64, 3],
    [1] * 300,
    [1 + 7919 * i % 1009 for i in range(1000)],
    ["1e-18", 1],
    [1, 2, "0.5"],
]


def law(weights: Sequence[object]) -> list[Fraction]:
    """The chances that weights state."""
    total = sum(Fraction(weight) for weight in weights)
    return [Fraction(weight) / total for weight in weights]


def enumerated(outcome: Callable[[int], int], size: int, n: int) -> list[Fraction]:
    """The chances that a table gives, from all of its tickets."""
    named = Counter(map(outcome, range(size)))
    return [Fraction(named[i], size) for i in range(n)]


class Pooled(SecureEntropy):
    """A secure source whose next short word is given."""

    __slots__ = ()

    def __init__(self, short: int) -> None:
        super().__init__()
        self.shorts = iter([short])


@given(WEIGHTS)
def test_every_ticket_of_a_cumulative_table(weights: list[int]) -> None:
    """Outcome i is named by exactly its tickets, which follow those of the outcomes before it."""
    table = Cumulative(weights)
    assert [table.outcome(ticket) for ticket in range(table.total)] == [i for i, weight in enumerate(weights) for _ in range(weight)]


@given(WEIGHTS)
def test_every_ticket_of_an_alias_table(weights: list[int]) -> None:
    """All n·W tickets together give the stated law; an outcome of weight zero has none."""
    table = AliasTable(weights)
    assert enumerated(table.outcome, table.tickets, len(weights)) == law(weights) == list(table.probabilities)


def test_every_ticket_of_a_table_of_thousands() -> None:
    """A table of 300 outcomes, ticket by ticket."""
    weights = [1 + 7919 * i % 101 for i in range(300)]
    table = AliasTable(weights)
    assert enumerated(table.outcome, table.tickets, 300) == law(weights)


@pytest.mark.parametrize("weights", LAWS, ids=lambda weights: f"{len(weights)}-{str(weights[0])[:8]}")
def test_every_cell_of_the_quick_way(weights: list[object]) -> None:
    """All 65,536 short words, and for those that name nobody the remainder of the law, give exactly the stated chances.

    A cell that names an outcome is read through ``sample`` itself; the remainder's running sums are read in full by
    their differences, for they can be longer than anyone can enumerate.
    """
    table = AliasTable(weights)
    table.sample(SecureEntropy())
    n = len(weights)
    remainder = table._remainder
    settled = len(table._cells)
    named = Counter(table.sample(Pooled(short)) for short in range(settled))
    left = Fraction(65_536 - settled, 65_536)
    assert all(0 <= table.sample(Pooled(short)) < n for short in range(settled, 65_536))
    sums = [0, *remainder._sums]
    rest = [Fraction(sums[i + 1] - sums[i], remainder.total) if left else Fraction(0) for i in range(n)]
    assert [Fraction(named[i], 65_536) + left * rest[i] for i in range(n)] == law(weights)


def test_a_law_so_fine_that_no_outcome_fills_a_cell() -> None:
    """With 70,000 equal outcomes every word is read against the remainder, which is the law itself."""
    table = AliasTable([1] * 70_000)
    drawn = {table.sample(SecureEntropy()) for _ in range(300)}
    assert len(drawn) > 290  # two equal ones are one in two, ten are no accident (false alarm below 1e-9)
    assert max(drawn) < 70_000


@given(WEIGHTS, st.integers(1, 70))
def test_shares_and_remainder_make_the_law(weights: list[int], cells: int) -> None:
    """For any number of cells, what is filled alone plus what is left is each outcome's exact chance."""
    alone, rest = shares(weights, cells)
    left = cells - sum(alone)
    assert 0 <= left < len(weights)
    assert [Fraction(a, cells) + (Fraction(left, cells) * Fraction(r, sum(rest)) if left else 0)
            for a, r in zip(alone, rest, strict=True)] == law(weights)  # fmt: skip


def test_the_build_order_is_the_documented_one() -> None:
    """Golden columns: 0 and 3 are poor and filled by 1, which then is poor itself and is filled by 2."""
    table = AliasTable([1, 6, 7, 2])
    assert table.tickets == 64
    columns = [[table.outcome(16 * column + height) for height in range(16)] for column in range(4)]
    assert columns == [[0] * 4 + [1] * 12, [1] * 12 + [2] * 4, [2] * 16, [3] * 8 + [2] * 8]


@pytest.mark.parametrize("ticket", [-1, 6, 10**30])
def test_a_ticket_that_is_not_there_is_refused(ticket: int) -> None:
    """Both tables name the ticket and how many there are."""
    for table in (AliasTable([1, 2]), Cumulative([2, 4])):
        with pytest.raises(IndexError, match=f"no such ticket: {ticket}; there are 6"):
            table.outcome(ticket)


def test_an_empty_cumulative_table_names_nobody() -> None:
    """Where nothing can be given there is no ticket."""
    for weights in ([], [0, 0]):
        assert Cumulative(weights).total == 0
        with pytest.raises(IndexError, match="no such ticket: 0"):
            Cumulative(weights).outcome(0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], "there are no weights"),
        ([0, 0], "all weights are zero"),
        ([1, -1], r"weights\[1\]: .* negative"),
        ([True, 1], r"weights\[0\]: .* got True"),
        ([1, float("inf")], r"weights\[1\]: .* finite"),
    ],
)
def test_a_table_of_bad_weights_is_refused(weights: list[object], message: str) -> None:
    """Each kind of bad weights has its own message."""
    with pytest.raises(InvalidCampaign, match=message):
        AliasTable(weights)


def chi_square_quantile(freedom: int) -> float:
    """An upper bound of the chi-square quantile at 1 - 1e-7 (Laurent and Massart 2000, lemma 1)."""
    x = 16.2  # e**-16.2 < 1e-7
    return freedom + 2 * (freedom * x) ** 0.5 + 2 * x


@pytest.mark.parametrize("source", [SecureEntropy(), SeededEntropy(11), Tape(SeededEntropy(12))], ids=repr)
def test_samples_follow_the_law(source: SecureEntropy | SeededEntropy | Tape) -> None:
    """Chi-square over 60,000 draws (false alarm below 1e-6); an outcome of weight zero never comes."""
    weights = [1, 2, 0, 3, 30, 0, 64]
    table = AliasTable(weights)
    counts = Counter(table.sample(source) for _ in range(60_000))
    expected = [60_000 * weight / 100 for weight in weights]
    assert counts[2] == counts[5] == 0
    assert sum((counts[i] - e) ** 2 / e for i, e in enumerate(expected) if e) < chi_square_quantile(4)


def test_a_seeded_sample_is_the_ticket_below_n_w() -> None:
    """A predictable source gives the documented reading, so that seeded draws do not hang on how the cells are laid."""
    table = AliasTable([5, 0, 1, "1/3"])
    entropy, twin = SeededEntropy(3), SeededEntropy(3)
    assert [table.sample(entropy) for _ in range(500)] == [table.outcome(twin.below(table.tickets)) for _ in range(500)]


def test_equality_pickle_and_looks() -> None:
    """Tables of the same ratios are equal and equally hashed, survive pickling, and say how large they are."""
    table = AliasTable([1, 2, "0.5"])
    assert table == AliasTable([2, 4, 1])
    assert hash(table) == hash(AliasTable([2, 4, 1]))
    assert table != AliasTable([2, 1, 4])
    assert table != (2, 4, 1)
    table.sample(SecureEntropy())
    assert pickle.loads(pickle.dumps(table)) == table
    assert len(table) == len(Cumulative([2, 4, 1])) == 3
    assert repr(table) == "<AliasTable of 3 outcomes, 7 shares>"
    assert repr(Cumulative([2, 4, 1])) == "<Cumulative of 3 outcomes, 7 tickets>"


def test_pitfall_02_a_tiny_rate_needs_no_large_table_and_a_rate_of_zero_no_time() -> None:
    """98.5/1.5 stays itself, 0 is built like any weight, and 1e-18 takes two columns."""
    assert AliasTable([98.5, 1.5]).probabilities == (Fraction(197, 200), Fraction(3, 200))
    assert AliasTable([0, 1, 0]).probabilities == (0, 1, 0)
    rare = AliasTable(["1e-18", 1])
    assert len(rare) == 2
    assert rare.probabilities[0] == Fraction(1, 10**18 + 1)


def test_pitfall_03_there_is_no_extra_ticket() -> None:
    """A hundred tickets are numbered 0 to 99: each names an outcome, and 100 is refused."""
    table = Cumulative([10, 90])
    assert {table.outcome(ticket) for ticket in range(100)} == {0, 1}
    with pytest.raises(IndexError, match="100"):
        table.outcome(100)


def test_pitfall_04_the_first_and_the_last_have_full_odds() -> None:
    """Of equal outcomes the outer ones have as many tickets as the others."""
    for table in (AliasTable([1] * 7), AliasTable([5] * 40)):
        assert len(set(enumerated(table.outcome, table.tickets, len(table)))) == 1


def test_pitfall_05_no_ticket_ends_unresolved() -> None:
    """Weights whose floats do not add up leave no ticket without an outcome."""
    table = AliasTable([0.1] * 3 + [0.7])
    assert {table.outcome(ticket) for ticket in range(table.tickets)} == {0, 1, 2, 3}


@settings(max_examples=30)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=10).filter(any))
def test_pitfall_06_odds_of_zero_never_win(weights: list[int]) -> None:
    """No ticket and no cell of any table names an outcome of weight zero."""
    table = AliasTable(weights)
    table.sample(SecureEntropy())
    never = {i for i, weight in enumerate(weights) if weight == 0}
    assert not never & {table.outcome(ticket) for ticket in range(table.tickets)}
    assert not never & set(table._cells)
    assert not never & {table._remainder.outcome(ticket) for ticket in range(min(table._remainder.total, 5000))}
