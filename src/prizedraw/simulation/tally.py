"""What came of one run, in whole numbers, and the log of its wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prizedraw.quota import RefusalReason

if TYPE_CHECKING:
    from prizedraw.simulation.streams import Array

REFUSALS: tuple[RefusalReason, ...] = tuple(reason for reason in RefusalReason if reason is not RefusalReason.REQUEST_MISMATCH)
"""What a simulated draw may be refused for, in order of precedence."""


class SoldOut(NamedTuple):
    """Where the last unit of a prize went.

    Attributes:
        draw: the number of that draw among the draws made in the campaign, from 1; 0: there was none to give from the start.
        round: which draw of its participant it was, from 1.
        time: in microseconds since the epoch, or None without traffic.
    """

    draw: int
    round: int
    time: int | None


class Wins(NamedTuple):
    """The log of wins as columns, in no particular order; the time in microseconds since the epoch, or None without traffic."""

    participant: Array
    number: Array
    round: Array
    prize: Array
    time: Array | None = None


class Tally(NamedTuple):
    """What came of one run.

    Attributes:
        granted: receipts by prize, the thank-you last.
        demand: receipts by what their first ticket named.
        refused: draws refused, by reason.
        remaining: units left, -1 for unlimited.
        sold_out: prize number → where.
        wins: participants by how often they won.
        log: every win, if asked for.
    """

    granted: Array
    demand: Array
    refused: Array
    remaining: Array
    sold_out: dict[int, SoldOut]
    wins: Array
    log: Wins | None


def histogram(wins: Array) -> Array:
    """How many participants won 0, 1, 2, … times."""
    return np.bincount(wins) if len(wins) else np.zeros(1, np.int64)


class Log:
    """Wins as they come, in the smallest columns that hold them."""

    def __init__(self, participants: int, most_draws: int, outcomes: int, *, clock: bool = False) -> None:
        self._types: tuple[np.dtype[Any], ...] = (
            np.min_scalar_type(max(participants - 1, 0)),
            np.min_scalar_type(most_draws),
            np.min_scalar_type(most_draws),
            np.min_scalar_type(outcomes),
            *((np.dtype(np.int64),) if clock else ()),
        )
        self._parts: list[tuple[Array, ...]] = []

    def add(self, participant: Array, number: int | Array, rounds: int | Array, prize: Array, times: Array | None = None) -> None:
        """Note wins, one for each participant."""
        numbers = (np.broadcast_to(np.asarray(one), prize.shape) for one in (number, rounds))
        columns = (participant, *numbers, prize, *(() if times is None else (times,)))
        self._parts.append(tuple(column.astype(kind) for column, kind in zip(columns, self._types, strict=True)))

    def columns(self) -> Wins:
        """All of them."""
        if not self._parts:
            return Wins(*(np.empty(0, kind) for kind in self._types))
        return Wins(*(np.concatenate(parts) for parts in zip(*self._parts, strict=True)))
