"""The ledger: movements, and the balances they add up to."""

import pickle
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prizedraw.errors import InvalidRequest
from prizedraw.stock import (
    Balance,
    LedgerError,
    Movement,
    MovementKind,
    StockLine,
    balance,
    balances,
    reallocation,
)

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)


def move(kind, quantity=1, prize_id="phone", **rest):
    return Movement(prize_id, kind, quantity, NOON, **rest)


def test_the_kinds_of_movement():
    """The values are what the journal carries."""
    assert list(MovementKind) == ["allocate", "issue", "void", "release", "restock", "hold", "unhold"]


def test_the_life_of_an_allocation():
    """Five phones allocated, three won, one voided, two added, one lowered: six allocated, two out, four remain."""
    found = balance([move("allocate", 5), move("issue"), move("issue", 2), move("void"), move("restock", 2), move("release")])
    assert found == Balance(allocated=6, issued=2, held=0)
    assert found.remaining == 4


def test_a_unit_set_aside_cannot_be_issued_to_another():
    """A hold takes what remains without issuing it; unhold and issue turn it into a win."""
    held = [move("allocate", 1), move("hold")]
    assert balance(held) == Balance(allocated=1, issued=0, held=1)
    assert balance(held).remaining == 0
    with pytest.raises(LedgerError, match="remaining at -1"):
        balance([*held, move("issue")])
    assert balance([*held, move("unhold"), move("issue")]) == Balance(allocated=1, issued=1, held=0)


def test_nothing_moved_is_nothing():
    """A prize published with a stock of 0 has no movement."""
    assert balance([]) == Balance(0, 0, 0)


def test_every_prize_in_one_pass():
    """A journal of several prizes gives a balance each; asking for one balance of them all is an error."""
    journal = [move("allocate", 3), move("allocate", 9, "mug"), move("issue", 1, "mug")]
    assert balances(journal) == {"phone": Balance(3), "mug": Balance(9, 1)}
    with pytest.raises(InvalidRequest, match=r"\['mug', 'phone'\]"):
        balance(journal)


@pytest.mark.parametrize(
    ("movements", "told"),
    [
        ([("allocate", 1), ("issue", 2)], "issue of 2 'phone' .* leaves remaining at -1"),
        ([("allocate", 3), ("issue", 2), ("release", 2)], "release of 2 'phone' .* leaves remaining at -1"),
        ([("allocate", 3), ("void", 1)], "void of 1 'phone' .* leaves issued at -1"),
        ([("allocate", 3), ("unhold", 2)], "unhold of 2 'phone' .* leaves held at -2"),
        ([("release", 4)], "release of 4 'phone' .* leaves allocated at -4"),
        ([("release", -1)], "release of -1 'phone' .* leaves limits lifted at -1"),
        ([("allocate", -1), ("issue", 2), ("release", -1)], "release of -1 'phone' .* leaves remaining at -2"),
    ],
)
def test_a_ledger_below_zero_names_the_movement(movements, told):
    """Whatever is taken must be there at that moment, not only in the end."""
    with pytest.raises(LedgerError, match=told) as caught:
        balance(move(kind, quantity, request_id="order-9") for kind, quantity in [*movements, ("restock", 100)])
    assert "order-9" in str(caught.value)
    assert caught.value.movement.kind == movements[-1][0]
    assert pickle.loads(pickle.dumps(caught.value)).movement == caught.value.movement


def test_pitfall_11_the_last_unit_can_be_issued():
    """No comparison is off by one at 1: a stock of 1 gives exactly one."""
    assert balance([move("allocate", 1), move("issue")]).remaining == 0


def test_an_unlimited_allocation_remains_unlimited():
    """-1 is allocated, remains, and is told; what is issued counts on."""
    found = balance([move("allocate", -1), move("issue", 1000)])
    assert found == Balance(allocated=-1, issued=1000)
    assert StockLine.of(found, released_today=7) == StockLine(-1, 1000, 0, -1, 7)


@pytest.mark.parametrize("kind", ["issue", "void", "hold", "unhold"])
def test_only_an_allocation_is_unlimited(kind):
    """Nobody wins -1 phones."""
    with pytest.raises(InvalidRequest, match=f"quantity: {kind} takes a positive integer, not -1"):
        move(kind, -1)


@pytest.mark.parametrize("quantity", [0, -2, True, 1.0, "1", None])
@pytest.mark.parametrize("kind", ["allocate", "issue"])
def test_a_quantity_that_is_no_positive_integer_is_an_error(kind, quantity):
    """A movement moves something."""
    with pytest.raises(InvalidRequest, match="quantity"):
        move(kind, quantity)


def test_an_unknown_kind_is_an_error():
    """The kinds are fixed."""
    with pytest.raises(ValueError, match="steal"):
        move("steal")


@given(st.lists(st.integers(-1, 9), min_size=1, max_size=8))
def test_reallocations_end_where_they_should(stocks):
    """A prize given one allocation after another, unlimited ones too, ends with the last one, never below zero."""
    journal = [move(kind, quantity) for kind, quantity in reallocation(0, stocks[0], added_as=MovementKind.ALLOCATE)]
    for before, after in pairwise(stocks):
        journal += [move(kind, quantity) for kind, quantity in reallocation(before, after)]
    assert balance(journal).allocated == stocks[-1]


@pytest.mark.parametrize(
    ("before", "after", "movements"),
    [
        (5, 5, ()),
        (5, 8, (("restock", 3),)),
        (8, 5, (("release", 3),)),
        (5, -1, (("restock", -1), ("release", 5))),
        (-1, 5, (("restock", 5), ("release", -1))),
        (0, -1, (("restock", -1),)),
        (-1, 0, (("release", -1),)),
        (-1, -1, ()),
    ],
)
def test_the_movements_of_a_reallocation(before, after, movements):
    """An operator's change of an allocation, as the ledger tells it."""
    assert reallocation(before, after) == movements


def test_putting_a_limit_back_while_units_are_out():
    """Three of an unlimited prize are out when it is limited to five: two remain, and nothing went below zero."""
    journal = [move("allocate", -1), move("issue", 3), *(move(*step) for step in reallocation(-1, 5))]
    assert balance(journal) == Balance(allocated=5, issued=3)


amounts = st.dictionaries(st.sampled_from(list(MovementKind)), st.integers(1, 50))


@given(amounts, st.randoms(use_true_random=False))
def test_a_balance_is_sums_whatever_the_order(amounts, rng):
    """Oracle: sums per kind over a ledger that has room for any order."""
    room = [move("allocate", 1000), move("issue", 100), move("hold", 100)]
    moved = [move(kind, n) for kind, n in amounts.items()]
    rng.shuffle(moved)
    n = {kind.value: amounts.get(kind, 0) for kind in MovementKind}
    assert balance(room + moved) == Balance(
        allocated=1000 + n["allocate"] + n["restock"] - n["release"],
        issued=100 + n["issue"] - n["void"],
        held=100 + n["hold"] - n["unhold"],
    )
