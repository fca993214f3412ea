"""The stock ledger of a prize: movements, the balances that are their sums, and when stock runs low."""

from prizedraw.stock.alerts import Crossing, crossing
from prizedraw.stock.ledger import (
    Balance,
    Ledger,
    LedgerError,
    Movement,
    MovementKind,
    StockLine,
    balance,
    balances,
    reallocation,
)
from prizedraw.stock.release import Release

__all__ = [
    "Balance",
    "Crossing",
    "Ledger",
    "LedgerError",
    "Movement",
    "MovementKind",
    "Release",
    "StockLine",
    "balance",
    "balances",
    "crossing",
    "reallocation",
]
