"""The exact alias table: many draws of one law, each in constant time.

Only the tables for scalar draws live here; ``batch`` draws many at once. Every table is of whole numbers, so each
outcome has exactly the chance that its weight says.
"""

from __future__ import annotations

from array import array
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from prizedraw.errors import InvalidCampaign
from prizedraw.sampling.cumulative import Cumulative
from prizedraw.sampling.entropy import SecureEntropy
from prizedraw.sampling.weights import exact, tickets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Self

    import numpy as np
    from numpy.typing import DTypeLike

    from prizedraw.sampling.batch import Sampler
    from prizedraw.sampling.entropy import Entropy, Seed
    from prizedraw.sampling.weights import Weight

CELLS: Final = 1 << 16


class AliasTable:
    """Outcomes 0 … n-1 by exact weight: n columns of height W, each shared by at most two outcomes.

    W is the sum of the weights in lowest terms, and a ticket is a number in [0, n·W). Ticket t stands in column t div W
    at height t mod W; below the column's threshold it names the column, from there on the column's alias
    (A. J. Walker 1977; M. D. Vose 1991, here in integers).

    *Build order*, which fixes what each ticket names: outcomes with less than a column are taken lowest index first,
    and filled up by the lowest index that has more than a column; one that falls below a column by giving is taken
    next.

    Args:
        weights: ints, Fractions, Decimals, texts such as ``"0.001"`` or ``"1/1000"``, or floats, which stand for their
            shortest decimals; at least one positive. O(n).

    Raises:
        InvalidCampaign: a weight is not one (its place is ``weights[i]``), there are none, or all are zero.
    """

    __slots__ = ("_aliases", "_batch", "_cells", "_remainder", "_thresholds", "_weights", "_width")

    def __init__(self, weights: Iterable[Weight]) -> None:
        self._weights = tickets(_exact_each(weights))
        self._width = sum(self._weights)
        self._thresholds, self._aliases = columns([len(self) * weight for weight in self._weights], self._width)
        self._cells: Sequence[int] = b""
        self._remainder: Cumulative | None = None
        self._batch: Sampler | None = None

    @property
    def probabilities(self) -> tuple[Fraction, ...]:
        """The exact chance of each outcome; they sum to 1."""
        return tuple(Fraction(weight, self._width) for weight in self._weights)

    @property
    def tickets(self) -> int:
        """The size of the ticket space, n·W."""
        return len(self._weights) * self._width

    def outcome(self, ticket: int) -> int:
        """The outcome that a ticket in [0, tickets) names. O(1).

        Raises:
            IndexError: there is no such ticket.
        """
        if not 0 <= ticket < self.tickets:
            raise IndexError(f"no such ticket: {ticket!r}; there are {self.tickets}, numbered from 0")
        column, height = divmod(ticket, self._width)
        return column if height < self._thresholds[column] else self._aliases[column]

    def sample(self, entropy: Entropy) -> int:
        """One outcome, each with exactly its chance.

        From a ``SecureEntropy`` it looks one of 65,536 cells up, of which each outcome fills as many as it can fill
        alone, and reads the few words beyond those cells against the remainder of the law. From any other source it is
        ``outcome(entropy.below(tickets))``. The first secure draw builds the cells (64 KiB for up to 256 outcomes).
        O(1); O(log n) in the remainder.
        """
        try:
            short: int = next(entropy.shorts)  # type: ignore[attr-defined]  # a source without a pool goes the slow way
        except (AttributeError, StopIteration):
            if not isinstance(entropy, SecureEntropy):
                return self.outcome(entropy.below(self.tickets))
            short = entropy.short()
        try:
            return self._cells[short]
        except IndexError:
            return self._beyond_the_cells(short, entropy)

    def _beyond_the_cells(self, short: int, entropy: Entropy) -> int:
        """What a word names where no cell is, or where the cells have yet to be built."""
        if self._remainder is None:
            alone, remainder = shares(self._weights, CELLS)
            self._cells = _cells(alone)
            self._remainder = Cumulative(remainder)
        if short < len(self._cells):
            return self._cells[short]
        return self._remainder.outcome(entropy.below(self._remainder.total))

    def sample_many(
        self, n: int, *, entropy: Entropy | None = None, seed: Seed | None = None, dtype: DTypeLike | None = None
    ) -> np.ndarray[tuple[int], np.dtype[np.integer[Any]]]:
        """Many outcomes, by default in the smallest unsigned dtype, which WRAPS in arithmetic: take int64 to compute.

        Each outcome has exactly its chance, and they are independent. The first call builds the tables. O(n).

        Args:
            n: how many, at least 0.
            entropy: where words come from; left out, the operating system's secure source (through OpenSSL).
            seed: instead of ``entropy``, for a PREDICTABLE stream that depends on the table, the seed and n only.
            dtype: an integer dtype that can hold n_outcomes - 1; the values are the same in each.

        Returns:
            An array of shape (n,).

        Raises:
            InvalidRequest: n is not an integer of at least 0, both entropy and seed are given, the seed is not one,
                or the dtype cannot hold the outcomes.
        """
        from prizedraw.sampling.batch import Sampler  # noqa: PLC0415  # numpy is loaded only where it is needed

        if self._batch is None:
            self._batch = Sampler(self._weights)
        return self._batch.sample(n, entropy=entropy, seed=seed, dtype=dtype)

    def __len__(self) -> int:
        return len(self._weights)

    def __eq__(self, other: object) -> bool:
        return self._weights == other._weights if isinstance(other, AliasTable) else NotImplemented

    def __hash__(self) -> int:
        return hash((AliasTable, self._weights))

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[int, ...]]]:
        return type(self), (self._weights,)

    def __repr__(self) -> str:
        return f"<AliasTable of {len(self)} outcomes, {self._width} shares>"


def _cells(alone: Sequence[int]) -> Sequence[int]:
    """Each outcome as often as it fills a cell alone, in the order of outcomes, in few bytes: small tables stay cached."""
    cells = [outcome for outcome, count in enumerate(alone) for _ in range(count)]
    return bytes(cells) if len(alone) <= 1 << 8 else array("H" if len(alone) <= 1 << 16 else "Q", cells)


def shares(weights: Sequence[int], cells: int) -> tuple[list[int], list[int]]:
    """How many of a number of cells each outcome fills alone, and the weights of what is left. O(n).

    With weights wᵢ of sum W and M cells, outcome i fills ⌊M·wᵢ/W⌋, and L < n cells are left. Reading those against the
    weights M·wᵢ mod W, whose sum is L·W, gives each outcome exactly
    ⌊M·wᵢ/W⌋/M + L/M · (M·wᵢ mod W)/(L·W) = wᵢ/W.
    """
    total = sum(weights)
    parts = [divmod(cells * weight, total) for weight in weights]
    return [alone for alone, _ in parts], [rest for _, rest in parts]


def columns(left: Sequence[int], height: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The threshold and the alias of each column, in the build order of ``AliasTable``. O(n).

    Args:
        left: what each outcome has to place; in all, one column for each.
        height: of a column.
    """
    left = list(left)
    thresholds = [height] * len(left)
    aliases = list(range(len(left)))
    small = [i for i in reversed(range(len(left))) if left[i] < height]
    large = [i for i in reversed(range(len(left))) if left[i] > height]
    while small:
        poor, rich = small.pop(), large[-1]  # someone has more than a column while anyone has less
        thresholds[poor] = left[poor]
        aliases[poor] = rich
        left[rich] -= height - left[poor]
        if left[rich] <= height:
            large.pop()
            if left[rich] < height:
                small.append(rich)
    return tuple(thresholds), tuple(aliases)


def _exact_each(weights: Iterable[Weight]) -> Iterator[Fraction]:
    for i, weight in enumerate(weights):
        try:
            yield exact(weight)
        except InvalidCampaign as error:
            raise error.within(f"weights[{i}]") from None
