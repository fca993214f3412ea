"""The ledger: what each kind of movement does to a prize's balance.

Balances are sums, and the table of signs below is the only place that says of what. Stock is used, not left: what
remains is never kept, only derived.

========  =========  ======  ====  ===================================================
kind      allocated  issued  held  when
========  =========  ======  ====  ===================================================
allocate  plus                     a prize is published with its first allocation
restock   plus                     an allocation is raised later
release   minus                    an allocation is lowered, or what remains given back
issue                plus          a draw is won
void                 minus         a won draw is taken back
hold                         plus  a unit is set aside without being issued
unhold                      minus  a unit set aside is free again, or about to be issued
========  =========  ======  ====  ===================================================

A quantity is a positive number of units. An allocation may also be unlimited: ``allocate`` or ``restock`` of -1 lifts
the limit, ``release`` of -1 puts it back, and the finite allocation is counted on beneath. So a sum does not depend on
the order of its movements; the order only decides whether units were there when they were taken.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from prizedraw.errors import InvalidRequest, PrizeDrawError

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIFT = -1
"""The quantity, and the allocation, of a limit that is lifted."""


class MovementKind(StrEnum):
    """What a movement does, see the table above; ``hold`` and ``unhold`` are for claims that expire."""

    ALLOCATE = "allocate"
    ISSUE = "issue"
    VOID = "void"
    RELEASE = "release"
    RESTOCK = "restock"
    HOLD = "hold"
    UNHOLD = "unhold"


_OF_THE_ALLOCATION = (MovementKind.ALLOCATE, MovementKind.RESTOCK, MovementKind.RELEASE)


class Balance(msgspec.Struct, frozen=True):
    """The stock of one prize, in units.

    Attributes:
        allocated: given to the prize so far and not released; -1 is unlimited.
        issued: won and not voided.
        held: set aside.
    """

    allocated: int = 0
    issued: int = 0
    held: int = 0

    @property
    def remaining(self) -> int:
        """Allocated less issued and held, which can still be issued; -1 is unlimited."""
        return _LIFT if self.allocated == _LIFT else self.allocated - self.issued - self.held


class StockLine(msgspec.Struct, frozen=True):
    """The stock of one prize as an operator sees it, in units; -1 is unlimited.

    Attributes:
        allocated: see Balance.
        issued: see Balance.
        held: see Balance.
        remaining: what can still be issued.
        released_today: issued on the campaign's current day.
    """

    allocated: int
    issued: int
    held: int
    remaining: int
    released_today: int

    @classmethod
    def of(cls, balance: Balance, released_today: int) -> StockLine:
        """The line of a balance."""
        return cls(balance.allocated, balance.issued, balance.held, balance.remaining, released_today)


class Movement(msgspec.Struct, frozen=True):
    """One line of the ledger, append-only.

    Attributes:
        prize_id: whose stock moved.
        kind: how, see the table of signs.
        quantity: units, positive; -1 lifts or puts back the limit of an allocation.
        at: aware time of the movement.
        reason: a short code of why it happened.
        note: free text of whoever caused it.
        actor: who caused it; empty for a participant's draw.
        request_id: the request it belongs to.
        after: the balance as this movement left it; None where the store did not note it, as for an unlimited prize.

    Raises:
        InvalidRequest: the quantity does not fit the kind.
    """

    prize_id: str
    kind: MovementKind
    quantity: int
    at: datetime
    reason: str = ""
    note: str = ""
    actor: str = ""
    request_id: str = ""
    after: Balance | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "kind", MovementKind(self.kind))
        quantity: object = self.quantity
        lifts = quantity == _LIFT and self.kind in _OF_THE_ALLOCATION
        if type(quantity) is not int or not (quantity > 0 or lifts):
            raise InvalidRequest(f"{self.kind} takes a positive integer, not {quantity!r}", "quantity")


class LedgerError(PrizeDrawError, ValueError):
    """A ledger that goes below zero: a movement takes what is not there. ``movement`` is that movement."""

    def __init__(self, message: str, *, movement: Movement) -> None:
        super().__init__(message)
        self.movement = movement


class _Sums(msgspec.Struct, frozen=True):
    """What the ledger of one prize adds up to; ``lifts`` counts the limits lifted and not put back."""

    allocated: int = 0
    issued: int = 0
    held: int = 0
    lifts: int = 0

    def added(self, movement: Movement) -> _Sums:
        column, sign = _SIGNS[movement.kind]
        if movement.quantity == _LIFT:
            return msgspec.structs.replace(self, lifts=self.lifts + sign)
        return msgspec.structs.replace(self, **{column: getattr(self, column) + sign * movement.quantity})

    def moved(self, movement: Movement) -> _Sums:
        sums = self.added(movement)
        if problem := sums.below_zero():
            raise LedgerError(
                f"{movement.kind} of {movement.quantity!r} {movement.prize_id!r} at {movement.at}"
                f" (request {movement.request_id!r}) leaves {problem}; sum movements in the order of their commits",
                movement=movement,
            )
        return sums

    def below_zero(self) -> str:
        """Which sum is below zero, or nothing."""
        sums = {
            "allocated": self.allocated,
            "issued": self.issued,
            "held": self.held,
            "limits lifted": self.lifts,
            "remaining": 0 if self.lifts else self.allocated - self.issued - self.held,
        }
        return next((f"{name} at {value}" for name, value in sums.items() if value < 0), "")

    def balance(self) -> Balance:
        return Balance(_LIFT if self.lifts else self.allocated, self.issued, self.held)


_SIGNS = {
    MovementKind.ALLOCATE: ("allocated", +1),
    MovementKind.RESTOCK: ("allocated", +1),
    MovementKind.RELEASE: ("allocated", -1),
    MovementKind.ISSUE: ("issued", +1),
    MovementKind.VOID: ("issued", -1),
    MovementKind.HOLD: ("held", +1),
    MovementKind.UNHOLD: ("held", -1),
}


class Ledger:
    """Adds movements up, one at a time in the order they were committed; memory for the prizes alone.

    Args:
        partial: whether these are some movements out of many, which may take what others gave.
    """

    def __init__(self, *, partial: bool = False) -> None:
        self._partial = partial
        self._sums: dict[str, _Sums] = {}

    def add(self, movement: Movement) -> None:
        """Add one.

        Raises:
            LedgerError: it takes what is not there, and the ledger is not partial; it stays as it was.
        """
        sums = self._sums.get(movement.prize_id, _Sums())
        self._sums[movement.prize_id] = sums.added(movement) if self._partial else sums.moved(movement)

    def balances(self) -> dict[str, Balance]:
        """The balance of every prize that was named."""
        return {prize_id: of_prize.balance() for prize_id, of_prize in self._sums.items()}

    def brought_forward(self) -> tuple[tuple[str, MovementKind, int], ...]:
        """The fewest movements that add up to the same, as (prize id, kind, quantity), in an order in which they may be committed."""
        found: list[tuple[str, MovementKind, int]] = []
        for prize_id, of_prize in self._sums.items():
            for kind, (column, sign) in _SIGNS.items():
                units = sign * getattr(of_prize, column)
                if units > 0 and kind != MovementKind.RESTOCK:
                    found.append((prize_id, kind, units))
            lift = MovementKind.ALLOCATE if of_prize.lifts > 0 else MovementKind.RELEASE
            found += [(prize_id, lift, _LIFT)] * abs(of_prize.lifts)
        return tuple(sorted(found, key=lambda one: _GIVES_FIRST.index(one[1])))


_GIVES_FIRST = (
    MovementKind.ALLOCATE,
    MovementKind.UNHOLD,
    MovementKind.VOID,
    MovementKind.ISSUE,
    MovementKind.HOLD,
    MovementKind.RELEASE,
)
"""What adds to what remains comes before what takes from it."""


def balances(movements: Iterable[Movement]) -> dict[str, Balance]:
    """The balance of every prize that the movements name, in one pass over them in the order they were committed.

    Raises:
        LedgerError: a movement takes what is not there; the error names it.
    """
    ledger = Ledger()
    for movement in movements:
        ledger.add(movement)
    return ledger.balances()


def balance(movements: Iterable[Movement]) -> Balance:
    """The balance of one prize: the sum of its movements, in the order they were committed; nothing for none.

    Raises:
        LedgerError: a movement takes what is not there; the error names it.
        InvalidRequest: the movements are of more than one prize.
    """
    found = balances(movements)
    if len(found) > 1:
        raise InvalidRequest(f"are of {sorted(found)!r}, not of one prize; use balances for many", "movements")
    return next(iter(found.values()), Balance())


def reallocation(before: int, after: int, *, added_as: MovementKind = MovementKind.RESTOCK) -> tuple[tuple[MovementKind, int], ...]:
    """The movements that turn one allocation into another, as (kind, quantity) in the order to commit them.

    Args:
        before: the allocation now, -1 for unlimited.
        after: the allocation wanted, likewise.
        added_as: the kind of what is added: ``allocate`` for a first allocation, else ``restock``.

    Returns:
        Nothing where nothing changes; two movements where a limit is lifted or put back, what is added first, so that
        the ledger is never below zero in between.
    """
    if before == after:
        return ()
    if _LIFT in (before, after):
        steps = ((added_as, after), (MovementKind.RELEASE, before))
        return tuple(step for step in steps if step[1] != 0)
    return ((added_as, after - before) if after > before else (MovementKind.RELEASE, before - after),)
