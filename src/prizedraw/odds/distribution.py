"""A law on integers: how many draws, hits, rounds, and what follows from such a law alone.

Where a law came from is told by whoever made it; here are its probabilities, its moments (which the maker gives exactly, by
recursion), and new laws made from it.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import cached_property
from html import escape
from math import fsum, gcd, inf, isfinite, sqrt
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from prizedraw.errors import InvalidRequest, TooLarge
from prizedraw.odds.asked import natural, room
from prizedraw.sampling.entropy import seed_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from numpy.typing import ArrayLike, NDArray

    from prizedraw.odds.arrays import Floats
    from prizedraw.plots import Picture

    Moments = tuple[float, float]
    ExactMoments = tuple[Fraction, Fraction]

Price: TypeAlias = "int | float | Fraction | Decimal"

_TIE = 1e-14
"""Chances that differ by less are the same to a quantile: an exact half may be a little less in doubles."""
_SUM = 1e-6
"""How far from 1 chances may sum to."""
_BYTES = 8
_FFT_FROM = 1 << 22


class Distribution:
    """A law on the integers from ``start`` on, some of it perhaps on never.

    Attributes:
        start: the first value that ``pmf`` tells of.
        pmf: the chance of each value from ``start`` on, as doubles, none negative; read-only.
        never: the chance that it does not come at all; then mean and variance are infinite.
        beyond: the chance of values after the end of ``pmf``, 0 to 1e-18 unless the law is too long to be listed.
        max: the greatest value that is possible; infinite if there is none.
        step: what one unit is worth, 1 except after ``cost``.
        unit: what is counted, for titles and axes.
        name: what of, likewise.
    """

    def __init__(
        self,
        start: int,
        pmf: ArrayLike,
        *,
        never: float = 0.0,
        beyond: float = 0.0,
        max: float | Callable[[], float] | None = None,  # noqa: A002 - the attribute's name
        moments: Callable[[], Moments] | None = None,
        exact: Callable[[], ExactMoments] | None = None,
        step: Price = 1,
        unit: str = "draws",
        name: str = "",
    ) -> None:
        """Make a law.

        Args:
            start: the first value.
            pmf: chances from there on, of shape (n,), n at least 1, none below 0.
            never: the chance of never.
            beyond: the chance of values after those listed.
            max: the greatest value, or what finds it, where ``pmf`` does not tell; None: its last value with a chance.
            moments: gives mean and variance; None: they are sums over ``pmf``.
            exact: gives both as fractions; None: nobody knows them.
            step: what one unit is worth.
            unit: what is counted.
            name: what of.

        Raises:
            InvalidRequest: a chance is negative or not a number, there is none, or with ``never`` and ``beyond`` they do not sum to 1;
                or ``start`` is no integer.
        """
        chances = _numbers(pmf, "pmf").copy()
        if chances.ndim != 1 or not len(chances) or not np.isfinite(chances).all() or (chances < 0).any():
            raise InvalidRequest("chances must be a list of numbers of at least 0", "pmf")
        if isinstance(start, bool) or not hasattr(start, "__index__"):
            raise InvalidRequest(f"{start!r} must be an integer", "start")
        total = float(chances.sum()) + never + beyond
        if not (min(never, beyond) >= 0 and abs(total - 1) < _SUM):
            raise InvalidRequest(f"chances sum to {total:.6g}; with never and beyond, each at least 0, they must sum to 1", "pmf")
        chances.setflags(write=False)
        self.start = start
        self.pmf: Floats = chances
        self.never = never
        self.beyond = beyond
        self.step: Any = step
        self.unit = unit
        self.name = name
        self._most = max
        self._moments = moments
        self._exact = exact

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value: the moments are found first, those in fractions are kept if they were."""
        known = self.__dict__.get("_both_exact")
        return _rebuilt, (self.start, self.pmf, self.never, self.beyond, self._max, self._both, known, self.step, self.unit, self.name)

    # --- chances ---

    @cached_property
    def _cdf(self) -> Floats:
        found: Floats = np.minimum(np.cumsum(self.pmf), 1.0)
        return found

    @cached_property
    def _sf(self) -> Floats:
        """P(value > start + k), summed from the far end, so that small ones keep their digits."""
        after = np.append(np.cumsum(self.pmf[:0:-1])[::-1], 0.0)
        return np.minimum(after + (self.beyond + self.never), 1.0)

    def cdf(self, n: Any) -> Any:
        """The chance of ``n`` or less; an array where ``n`` is one.

        Where ``pmf`` ends before the law does, it goes on from its last value unchanged.
        """
        return self._at(n, self._cdf, 0.0)

    def sf(self, n: Any) -> Any:
        """The chance of more than ``n``, never included."""
        return self._at(n, self._sf, 1.0)

    def _at(self, n: Any, table: Floats, before: float) -> Any:
        if np.isnan(_numbers(n, "n")).any():
            raise InvalidRequest(f"{n!r} is not a number", "n")
        if self.step != 1:
            n = np.asarray([_floor(one, self.step) for one in np.atleast_1d(n)]).reshape(np.shape(n))
        places = np.floor(np.asarray(n, float)) - self.start
        known = table[np.clip(places, 0, len(table) - 1).astype(np.int64)]
        found = np.where(places < 0, before, known)
        return float(found) if found.ndim == 0 else found

    def quantile(self, q: Any) -> Any:
        """The least value that is not passed with a chance of ``q``, in 0..1; infinite if it never comes; an array where ``q`` is one.

        Raises:
            InvalidRequest: ``q`` is not in 0..1.
            TooLarge: it lies beyond what ``pmf`` lists.
        """
        asked = _numbers(q, "q")
        if not ((asked >= 0) & (asked <= 1)).all():
            raise InvalidRequest(f"{q!r} must lie in 0..1", "q")
        places = np.searchsorted(self._cdf, np.maximum(asked - _TIE, 1e-300), side="left")
        found = np.empty(asked.shape, object)
        for index in np.ndindex(asked.shape):
            found[index] = self._quantile(float(asked[index]), int(places[index]))
        if not found.shape:
            return found.item()
        return np.array(found.tolist())

    def _quantile(self, q: float, place: int) -> Any:
        if place < len(self.pmf):
            while not self.pmf[place] and place + 1 < len(self.pmf):  # a tie within rounding may stop before the value itself
                place += 1
            return (self.start + place) * self.step
        if q > 1 - self.never + _TIE or self.never >= 1:
            return inf
        if self.beyond > _TIE:
            text = f"the quantile {q} lies beyond {self.start + len(self.pmf) - 1:,} {self.unit}, where this law is no longer listed"
            raise TooLarge(text, count=len(self.pmf), unit=self.unit)
        return self.max if self.max != inf else (self.start + len(self.pmf) - 1) * self.step

    # --- figures ---

    @cached_property
    def _max(self) -> float | None:
        return self._most() if callable(self._most) else self._most

    @property
    def values(self) -> NDArray[Any]:
        """The values that ``pmf`` tells of."""
        found: NDArray[Any] = np.arange(self.start, self.start + len(self.pmf)) * self.step
        return found

    @cached_property
    def _both(self) -> Moments:
        if self.never > 0:
            return inf, inf
        if self._moments is not None:
            return self._moments()
        places = np.arange(len(self.pmf))
        mean = fsum(self.pmf * places)
        return self.start + mean, fsum(self.pmf * (places - mean) ** 2)

    @property
    def mean(self) -> float:
        """The mean; infinite if never has a chance."""
        return self._both[0] * float(self.step)

    @property
    def var(self) -> float:
        """The variance; infinite if never has a chance."""
        return self._both[1] * float(self.step) ** 2

    @property
    def std(self) -> float:
        """The standard deviation."""
        return sqrt(self.var)

    @cached_property
    def _both_exact(self) -> ExactMoments:
        if self.never > 0:
            raise InvalidRequest(f"never has a chance of {self.never:.4g}, so there is no finite mean", "mean_exact")
        if self._exact is None:
            raise TooLarge("exact moments are not known of this law; take .mean and .var")
        return self._exact()

    @property
    def mean_exact(self) -> Fraction:
        """The mean as a fraction.

        Raises:
            InvalidRequest: never has a chance.
            TooLarge: there are too many states for fractions.
        """
        return self._both_exact[0] * Fraction(self.step)

    @property
    def var_exact(self) -> Fraction:
        """The variance as a fraction; raises as ``mean_exact``."""
        return self._both_exact[1] * Fraction(self.step) ** 2

    @property
    def mode(self) -> Any:
        """The value of the greatest chance, the first of several."""
        return (self.start + int(np.argmax(self.pmf))) * self.step

    @property
    def max(self) -> Any:
        """The greatest value that is possible; infinite if there is none."""
        if self._max is not None:
            return self._max * self.step if isfinite(self._max) else inf
        return (self.start + int(np.flatnonzero(self.pmf)[-1])) * self.step if self.pmf.any() else self.start * self.step

    # --- other laws from this one ---

    def sample(self, n: int, seed: int | str | bytes) -> NDArray[Any]:
        """``n`` independent values, of shape (n,); never is infinite, and then all are doubles.

        The same seed gives the same values on every platform. By inversion of the cumulated chances with 53 random bits each.

        Raises:
            InvalidRequest: ``n`` is negative.
            TooLarge: it would take too much memory.
        """
        size = natural(n, "n")
        room(3 * _BYTES * size, f"{size:,} values")
        key = int.from_bytes(hashlib.sha256(b"prizedraw.odds.1:" + seed_bytes(seed)).digest(), "little")
        uniform = (np.random.SFC64(key).random_raw(size) >> np.uint64(11)) * 2.0**-53
        places = np.searchsorted(self._cdf, uniform, side="right")
        last = len(self.pmf) - 1
        if self.never > 0:
            return np.where((places > last) | (uniform >= 1 - self.never), inf, np.minimum(places, last) + self.start) * float(self.step)
        found: NDArray[Any] = (np.minimum(places, last) + self.start) * self.step
        return found

    def __add__(self, other: Distribution) -> Distribution:
        """The law of the sum of two independent ones of the same step: one after the other."""
        if not isinstance(other, Distribution):
            return NotImplemented
        if self.step != other.step:
            raise InvalidRequest(f"steps of {self.step!r} and {other.step!r} cannot be added", "step")
        pmf = _convolved(self.pmf, other.pmf)
        never = 1 - (1 - self.never) * (1 - other.never)
        beyond = min(1.0, self.beyond + other.beyond)
        unstepped = [inf if one._max is not None and not isfinite(one._max) else one.max / one.step for one in (self, other)]  # noqa: SLF001 - same class
        known = self._exact is not None and other._exact is not None

        def moments() -> Moments:
            return self._both[0] + other._both[0], self._both[1] + other._both[1]

        def exact() -> ExactMoments:
            return self._both_exact[0] + other._both_exact[0], self._both_exact[1] + other._both_exact[1]

        return Distribution(
            self.start + other.start,
            pmf,
            never=never,
            beyond=beyond,
            max=sum(unstepped),
            moments=moments,
            exact=exact if known else None,
            step=self.step,
            unit=self.unit,
            name=self.name if self.name == other.name else " + ".join(filter(None, (self.name, other.name))),
        )

    def in_steps(self, k: int) -> Distribution:
        """The same in steps of ``k``, as in ten-pulls: each value is rounded up to a multiple of ``k``.

        Raises:
            InvalidRequest: ``k`` is not a positive integer.
        """
        size = natural(k, "k", 1)
        first = -(-self.start // size)
        last = -(-(self.start + len(self.pmf) - 1) // size)
        pmf = np.zeros((last - first) * size + 1)
        places = -(-np.arange(self.start, self.start + len(self.pmf)) // size) - first
        pmf[::size] = np.bincount(places, self.pmf, last - first + 1)
        most = None if self._max is None else inf if not isfinite(self._max) else -(-int(self._max) // size) * size
        return Distribution(
            first * size, pmf, never=self.never, beyond=self.beyond, max=most, step=self.step, unit=self.unit, name=self.name
        )

    def given(self, *, more_than: int) -> Distribution:
        """The same, given that it is more than ``more_than``: what lies ahead of one who has come so far.

        Raises:
            InvalidRequest: that has no chance.
        """
        if not np.isfinite(_numbers(more_than, "more_than")).all():
            raise InvalidRequest(f"{more_than!r} is not a number", "more_than")
        n = int(more_than) if self.step == 1 else _floor(more_than, self.step)
        left = float(self._at_unit(n))
        if left <= 0:
            raise InvalidRequest(f"more than {more_than!r} has no chance; the greatest value is {self.max}", "more_than")
        first = max(self.start, n + 1)
        rest = self.pmf[first - self.start :] / left
        if not len(rest):
            first, rest = n + 1, np.zeros(1)
        return Distribution(
            first,
            rest,
            never=min(1.0, self.never / left),
            beyond=min(1.0, self.beyond / left),
            max=self._max,
            step=self.step,
            unit=self.unit,
            name=self.name,
        )

    def _at_unit(self, n: int) -> float:
        place = n - self.start
        return 1.0 if place < 0 else float(self._sf[min(place, len(self._sf) - 1)])

    def cost(self, price: Price) -> Distribution:
        """The law of what it costs at ``price`` a unit: all values times ``price``, exactly as its type has it.

        Raises:
            InvalidRequest: the price is not a positive number.
        """
        if isinstance(price, bool) or not hasattr(price, "__mul__") or isinstance(price, str) or not 0 < price < inf:
            raise InvalidRequest(f"{price!r} must be a positive number", "price")
        step: Any = price if self.step == 1 else self.step * price
        return Distribution(
            self.start,
            self.pmf,
            never=self.never,
            beyond=self.beyond,
            max=self._max,
            moments=lambda: self._both,
            exact=None if self._exact is None else lambda: self._both_exact,
            step=step,
            unit="cost",
            name=self.name,
        )

    # --- seeing ---

    def plot(self, quantiles: Sequence[float] = (0.05, 0.5, 0.95)) -> Picture:
        """The chance of each value and the quantiles; see ``plots.distribution``.

        Raises:
            MissingExtra: matplotlib is not installed.
            InvalidRequest: a quantile is not in 0..1.
        """
        from prizedraw import plots  # noqa: PLC0415 - matplotlib is optional, and slow to import

        values = np.asarray(self.values, np.float64)
        return plots.distribution(values, self.pmf, name=self.name, unit=self.unit, quantiles=quantiles, never=self.never)

    def __repr__(self) -> str:
        told = ", ".join(f"{key} {value}" for key, value in self._figures())
        return f"<Distribution{f' of {self.name}' if self.name else ''}: {told}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in self._figures())
        caption = f"<caption>{escape(self.name)}, {escape(self.unit)}</caption>" if self.name else ""
        return f"<table>{caption}{rows}</table>"

    def _figures(self) -> list[tuple[str, str]]:
        """The figures that are shown, in order."""
        found = [] if self.never > 0 else [("mean", f"{self.mean:.6g}"), ("std", f"{self.std:.6g}")]
        for q, key in ((0.1, "10 %"), (0.5, "median"), (0.9, "90 %"), (0.99, "99 %")):
            if q <= 1 - self.never and q <= 1 - self.never - self.beyond + _TIE:
                found.append((key, f"{self.quantile(q)}"))
        found.append(("max", f"{self.max}" if self.max != inf else "none"))
        if self.never > 0:
            found.append(("never", f"{self.never:.6g}"))
        return found


def _numbers(values: Any, place: str) -> Floats:
    """Numbers as doubles.

    Raises:
        InvalidRequest: they are none.
    """
    try:
        found: Floats = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InvalidRequest(f"{values!r:.200} is not a number, nor an array of them", place) from None
    return found


def _rebuilt(
    start: int,
    pmf: Floats,
    never: float,
    beyond: float,
    most: float | None,
    both: Moments,
    known: ExactMoments | None,
    step: Price,
    unit: str,
    name: str,
) -> Distribution:
    exact = None if known is None else lambda: known
    return Distribution(
        start, pmf, never=never, beyond=beyond, max=most, moments=lambda: both, exact=exact, step=step, unit=unit, name=name
    )


def _floor(value: Any, step: Any) -> int:
    """How many whole steps are in a value."""
    ratio = Fraction(value) / Fraction(step)
    whole: int = ratio.numerator // ratio.denominator
    # 0.3 / 0.1 is a hair below 3 where a price is a double
    return whole + 1 if isinstance(step, float) and float(value) == (whole + 1) * step else whole


def _convolved(a: Floats, b: Floats) -> Floats:
    """The law of a sum. Directly, which keeps the digits of small chances, unless that would take long."""
    if len(a) * len(b) <= _FFT_FROM:
        return np.convolve(a, b)
    size = len(a) + len(b) - 1
    length = fast_length(size)
    room(4 * _BYTES * length, f"a law on {size:,} values")
    return np.maximum(np.fft.irfft(np.fft.rfft(a, length) * np.fft.rfft(b, length), length)[:size], 0)


def fast_length(size: int) -> int:
    """The least product of 2, 3 and 5 that is even and at least ``size``: a length at which transforms are fast."""
    best: int = 1 << max(1, (size - 1).bit_length())
    for five in (1, 5, 25, 125):
        for three in (1, 3, 9, 27):
            base = 2 * five * three
            while base < size:
                base *= 2
            best = min(best, base)
    return best


def whole_moments(start: int, numerators: list[int], denominator: int) -> ExactMoments:
    """Mean and variance of a law given as integers over one denominator."""
    first = sum(k * n for k, n in enumerate(numerators))
    second = sum(k * k * n for k, n in enumerate(numerators))
    divisor = gcd(first, second, denominator)
    first, second, denominator = first // divisor, second // divisor, denominator // divisor
    mean = Fraction(first, denominator)
    return start + mean, Fraction(second, denominator) - mean**2
