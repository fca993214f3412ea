"""How often a target comes in a number of draws.

Three ways to the same law. Where few states follow a hit, hits are a renewal process: with f the law of the draws from one hit to the
next and S its survival, P(N = m) = Σ f*ᵐ(t)·S(n − t), read off the transform φᵐ·Ŝ at one place by Parseval's relation, for the m
that have a chance; what is left out and what wraps around is bounded by Chernoff's inequality to 1e-18. Where relative accuracy is
wanted, the powers f*ᵐ are products of positive numbers. Else the law is carried backwards over the states.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import inf, lcm, log
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prizedraw.errors import TooLarge
from prizedraw.odds import asked
from prizedraw.odds.chain import Chain
from prizedraw.odds.distribution import Distribution, fast_length
from prizedraw.odds.horizon import draws_left, moving_axes
from prizedraw.odds.model import compiled
from prizedraw.odds.stationary import stationary_start
from prizedraw.odds.waiting import ENOUGH, Tails

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prizedraw.campaign import Campaign
    from prizedraw.odds.arrays import Bools, Floats, Ints
    from prizedraw.odds.asked import At, Target
    from prizedraw.odds.distribution import ExactMoments, Moments


_TINY = -log(1e-18)
_RENEWALS = 6
"""Up to so many states after a hit, hits are taken as a renewal process."""
_TILTS = np.geomspace(0.25, 64, 28)
"""Where Chernoff's bound is tried, over what is best for a normal law."""


def hits_in(
    campaign: Campaign, target: Target, draws: int, *, state: At = None, per_day: int | None = None, tails: Tails = "absolute"
) -> Distribution:
    """How often ``target`` comes in the next ``draws`` draws of one participant.

    Stock is ample; guarantees, the newcomer's promise and lifetime caps are kept, draws beyond ``total_draws`` do not happen; daily
    limits are kept with ``per_day``.

    Args:
        campaign: the definition.
        target: a prize id, or several that count alike.
        draws: how many, at least 0.
        state: where the participant is; None: a new one; "stationary": one who has been drawing for ever.
        per_day: draws a day; None: daily limits are left out.
        tails: "absolute": chances within 1e-14; "relative": within 1e-12 of themselves, as far down as doubles go, which takes longer.

    Raises:
        InvalidRequest: an argument is out of range, or an id is not the campaign's.
        TooLarge: there are too many states, or the answer would take too much memory.

    Cost: a few transforms of about ``draws`` places where hits are a renewal process, else draws × states × moves × hits. Source: W.
    Feller, *An Introduction to Probability Theory and Its Applications*, volume 1, chapter XIII.
    """
    model = compiled(campaign)
    asked.one_of(tails, ENOUGH, "tails")
    wanted = asked.outcomes(model, target)
    size = asked.natural(draws, "draws")
    asked.room(8 * size, f"a law on {size:,} values")
    at = asked.state(model, state)
    n = int(min(size, draws_left(model, at)))
    chain = Chain.of(
        model,
        moving_axes(model, at, n, asked.per_day(model, per_day)),
        [int(k in wanted) for k in range(model.outcomes)],
        begin=stationary_start if state == asked.STATIONARY else None,
    )
    hits = Hits(chain, n)
    start, pmf = hits.law(relative=tails == "relative")
    name = f"{target if isinstance(target, str) else ' or '.join(target)} in {size:,} draws"
    return Distribution(start, pmf, max=hits.most, moments=hits.moments, exact=partial(hits.exact_moments), unit="hits", name=name)


class Hits(NamedTuple):
    """The hits of so many draws: moves marked 1 are hits."""

    chain: Chain
    draws: int

    def law(self, *, relative: bool) -> tuple[int, Floats]:
        """The first value and the chances from there on."""
        chain, n = self.chain, self.draws
        if not n or not (chain.chance[chain.marks == 1] > 0).any():
            return 0, np.ones(1)
        after = _after_hits(chain)
        if len(after) > _RENEWALS or len(chain.begin[0]) > 1 or any(mark not in (0, 1) for mark in chain.marks):
            counted = _counted(chain, n)
            return 0, _carried(chain, n, relative=relative) if counted is None else counted
        renewal = _renewal(chain, after, n)
        if relative and len(chain) < len(renewal.first):
            return 0, _carried(chain, n, relative=True)
        if relative or n * len(renewal.first) < 20_000:
            return 0, _direct(renewal, n, 1e-300 if relative else 1e-19)
        return _parseval(renewal, n)

    def most(self) -> int:
        """The greatest number of hits that is possible."""
        chain = self.chain
        hit = (chain.marks == 1)[:, None]
        best = np.zeros(len(chain), np.int64)
        possible = chain.chance > 0
        if self.draws > 4096:
            return self.draws if (possible & hit).any() else 0
        for _ in range(self.draws):
            best = np.where(possible, best[chain.to] + hit, -1).max(axis=0)
        return int(best[chain.begin[0]].max())

    def moments(self) -> Moments:
        """Mean and variance, draw by draw backwards: V = Σ p·(hit + E' − E)² + P·V'. Cost: draws × states × moves."""
        chain = self.chain
        hit = (chain.marks == 1).astype(float)[:, None]
        means, spreads = np.zeros(len(chain)), np.zeros(len(chain))
        for _ in range(self.draws):
            then = hit + means[chain.to]
            means = (chain.chance * then).sum(axis=0)
            spreads = (chain.chance * ((then - means) ** 2 + spreads[chain.to])).sum(axis=0)
        at, weights = chain.begin
        mean = float(weights @ means[at])
        return mean, float(weights @ (spreads[at] + (means[at] - mean) ** 2))

    def exact_moments(self) -> ExactMoments:
        """The same in fractions, as integers over one denominator."""
        chain, n = self.chain, self.draws
        chain.check_exact()
        if len(chain.begin[0]) > 1:
            raise TooLarge("fractions from a stationary start are not computed; take .mean and .var", count=len(chain))
        if n * len(chain) > 1_000_000:
            raise TooLarge(f"{n:,} draws over {len(chain):,} states are too many for fractions", count=n * len(chain))
        scale = lcm(*(p.denominator for law in chain.exact for p in law))
        moves = [[(int(p * scale), g) for g, p in enumerate(law) if p] for law in chain.exact]
        to, law, mark = chain.to.tolist(), chain.law.tolist(), chain.marks.tolist()
        first, second, common = [0] * len(chain), [0] * len(chain), 1
        for _ in range(n):
            ones, twos = [], []
            for state in range(len(chain)):
                one = two = 0
                for p, g in moves[law[state]]:
                    then = to[g][state]
                    one += p * first[then]
                    two += p * second[then]
                    if mark[g]:
                        one += p * common
                        two += p * (2 * first[then] + common)
                ones.append(one)
                twos.append(two)
            first, second, common = ones, twos, common * scale
        mean = Fraction(first[chain.start], common)
        return mean, Fraction(second[chain.start], common) - mean**2


class Renewal(NamedTuple):
    """Hits as renewals.

    Attributes:
        first: (draws, places) the law of the draw of the first hit, from draw 1, by the place that follows it.
        stay: the chance of no hit in 0, 1, 2, … draws from the start.
        later: (places, draws, places) the same from each place after a hit.
        stays: (places, draws + 1).
    """

    first: Floats
    stay: Floats
    later: Floats
    stays: Floats


def _after_hits(chain: Chain) -> Ints:
    hit = chain.marks == 1
    return np.unique(chain.to[hit][chain.chance[hit] > 0])


def _renewal(chain: Chain, after: Ints, n: int) -> Renewal:
    laws = [_to_hit(chain, after, int(state), n) for state in (chain.start, *after)]
    length = max(len(law) for law, _ in laws)
    firsts = np.zeros((len(laws), length, len(after)))
    stays = np.zeros((len(laws), length + 1))
    for k, (law, stay) in enumerate(laws):
        firsts[k, : len(law)] = law
        stays[k, : len(stay)] = stay
    return Renewal(firsts[0], stays[0], firsts[1:], stays[1:])


def _to_hit(chain: Chain, after: Ints, state: int, n: int) -> tuple[Floats, Floats]:
    """(draws, places) chances of the first hit, and of none in 0, 1, … draws; no further than n draws, or than a hit is sure."""
    path = _path(chain, state, n)
    hit = chain.marks == 1
    if path is not None:
        states, missing = path
        chance = chain.chance[:, states]
        stay = np.concatenate([[1.0], np.cumprod(chance[missing, np.arange(len(states))])])
        law = np.zeros((len(states), len(after)))
        for g in np.flatnonzero(hit):
            law[np.arange(len(states)), np.searchsorted(after, np.minimum(chain.to[g, states], after[-1]))] += chance[g] * stay[:-1]
        return law, stay
    weight: Floats = np.zeros(len(chain))
    weight[state] = 1
    misses: Bools = ~hit
    rows, stay_list = [], [1.0]
    to, size = chain.to[misses].ravel(), len(chain)
    for _ in range(n):
        flow = chain.chance * weight
        rows.append(np.bincount(chain.to[hit].ravel(), flow[hit].ravel(), size)[after])
        weight = np.bincount(to, flow[misses].ravel(), size)
        stay_list.append(float(weight.sum()))
        if not stay_list[-1]:
            break
    return np.array(rows), np.array(stay_list)


def _path(chain: Chain, state: int, n: int) -> tuple[Ints, Ints] | None:
    """The states of those who do not hit, and the move that is no hit in each, if there is but one way; else None."""
    misses = np.flatnonzero(chain.marks == 0)
    possible = chain.chance[misses] > 0
    several = possible.sum(axis=0) > 1
    move = misses[np.argmax(possible, axis=0)] if len(misses) else np.zeros(len(chain), np.int64)
    ends: Any = ~possible.any(axis=0) if len(misses) else np.ones(len(chain), bool)
    following: list[int] = chain.to[move, np.arange(len(chain))].tolist()
    ended: list[bool] = ends.tolist()
    forks: list[bool] = several.tolist()
    states = []
    here = state
    for k in range(n):
        if forks[here]:
            return None
        states.append(here)
        if ended[here]:
            break
        if following[here] == here:
            states += [here] * (n - k - 1)
            break
        here = following[here]
    found = np.array(states)
    chosen = move[found]
    if len(misses) == 0:
        return None
    return found, chosen


def _direct(renewal: Renewal, n: int, enough: float) -> Floats:
    """P(N = m) for m from 0 by convolutions of positive numbers."""
    places = renewal.later.shape[0]
    now = np.vstack([renewal.first[:n].T, np.zeros((0, min(n, len(renewal.first))))])
    held = np.zeros((places, n + 1))  # held[b, t]: the m-th hit came at draw t and left the participant at place b
    held[:, 1 : 1 + now.shape[1]] = now
    pmf = [float(renewal.stay[n]) if n < len(renewal.stay) else 0.0]
    length = renewal.stays.shape[1]
    reached = 0.0
    for _ in range(n):
        first = max(0, n + 1 - length)
        staying = renewal.stays[:, : n + 1 - first][:, ::-1]
        pmf.append(float((held[:, first:] * staying).sum()))
        reached = max(reached, pmf[-1])
        if not held.any() or (pmf[-1] < enough and pmf[-1] < reached and held.sum() < enough):
            break
        following = np.zeros_like(held)
        for a in range(places):
            used = np.flatnonzero(held[a])
            if not len(used):
                continue
            low, high = used[0], used[-1] + 1
            for b in range(places):
                step = renewal.later[a, :, b]
                if step.any():
                    product = np.convolve(held[a, low:high], step)[: n - low]
                    following[b, low + 1 : low + 1 + len(product)] += product
        held = following
    while len(pmf) > 1 and not pmf[-1]:
        pmf.pop()
    return np.array(pmf)


def _parseval(renewal: Renewal, n: int) -> tuple[int, Floats]:
    """The first value and chances within 1e-14, by transforms."""
    places = renewal.later.shape[0]
    low, high, length = _window(renewal, n)
    size = fast_length(length)
    m = max(low, 1)
    first = _transform(renewal.first.T, 1, size)
    step = _transform(np.moveaxis(renewal.later, 2, 1), 1, size)
    # A transform to the power of m dies away fast from frequency 0 on; what is below 1e-19 is left out.
    if places == 1:
        heights = np.abs(first[0]) * np.abs(step[0, 0]) ** (m - 1)
    else:
        heights = np.abs(first).max(axis=0) * np.minimum(1, np.abs(step).sum(axis=1).max(axis=0)) ** (m - 1)
    kept = np.flatnonzero(heights > 1e-19)
    first, step = first[:, kept], step[:, :, kept]
    stays = _transform(renewal.stays[:, : n + 1], 0, size)[:, kept]
    turn = np.exp(2j * np.pi * ((kept * (n % size)) % size) / size)
    counted = np.where((kept == 0) | (2 * kept == size), 1.0, 2.0)
    weight = stays * (turn * counted / size)
    found = np.empty(high - low)
    if low == 0:
        found[0] = renewal.stay[n] if n < len(renewal.stay) else 0.0
    if places == 1:
        powers = np.empty((high - m, len(kept)), complex)
        powers[0] = first[0] * step[0, 0] ** (m - 1) * weight[0]
        powers[1:] = step[0, 0]
        found[m - low :] = np.cumprod(powers, axis=0).real.sum(axis=1)
    else:
        moves = np.moveaxis(step, -1, 0)
        row = np.einsum("fa,fab->fb", first.T, np.linalg.matrix_power(moves, m - 1))
        for k in range(m - low, high - low):
            found[k] = np.einsum("fa,af->", row, weight).real
            row = np.einsum("fa,fab->fb", row, moves)
    np.maximum(found, 0, out=found)
    return low, found


def _transform(laws: Floats, shift: int, size: int) -> NDArray[np.complex128]:
    """At each frequency, along the last axis, its first entry being at time ``shift``; what is longer than ``size`` wraps around."""
    laws = np.concatenate([np.zeros((*laws.shape[:-1], shift)), laws], axis=-1)
    over = -laws.shape[-1] % size
    if laws.shape[-1] > size:
        laws = np.concatenate([laws, np.zeros((*laws.shape[:-1], over))], axis=-1)
        laws = laws.reshape(*laws.shape[:-1], -1, size).sum(axis=-2)
    return np.fft.rfft(laws, size, axis=-1)


def _window(renewal: Renewal, n: int) -> tuple[int, int, int]:
    """The values low ≤ m < high that have a chance, and a length of transforms at which nothing wraps around that matters.

    By Chernoff's inequality with the greatest of the generating functions over the places, each left-out part is below 1e-18.
    """
    laws = np.concatenate([renewal.first[None], renewal.later]).sum(axis=2)[:, :n]
    times = np.arange(1, laws.shape[1] + 1)
    total = laws.sum(axis=1)
    later = laws[1:] if (total[1:] > 0).any() else laws
    chances = np.maximum(later.sum(axis=1), 1e-300)
    mean = float(((later @ times) / chances).mean())
    spread = float(np.sqrt(np.maximum(((later @ times**2) / chances - ((later @ times) / chances) ** 2).max(), 1e-12)))
    guess = max(1.0, n / mean)
    tilts = _TILTS * (9 / max(spread * guess**0.5, 1.0))
    tilts = tilts[tilts * times[-1] < 600]
    if not len(tilts):
        tilts = np.array([1.0 / times[-1]])
    up = np.log(np.maximum(laws @ np.exp(np.outer(times, tilts)), 1e-300))
    down = np.log(np.maximum(laws @ np.exp(-np.outer(times, tilts)), 1e-300))
    first_up, later_up = np.maximum(up[0], 0), up[1:].max(axis=0)
    first_down, later_down = down[0], down[1:].max(axis=0)
    # P(N ≥ m) = P(T_m ≤ n) ≤ exp(tilt·n + first + (m − 1)·later)
    high = 1 + np.min(np.where(later_down < -1e-12, (tilts * n + first_down + _TINY) / np.maximum(-later_down, 1e-12), inf))
    high = int(min(n, np.ceil(high))) + 1
    # P(N < m) = P(T_m > n) ≤ exp(−tilt·n + first + (m − 1)·later), where hits are sure to go on
    low = 0
    if total.min() >= 1 - 1e-15:
        low = int(max(0, np.floor(np.max((tilts * n - first_up - _TINY) / np.maximum(later_up, 1e-12)))))
    low = min(low, high - 1)
    # f*ᵐ must have nothing beyond (after, n + length) and (n − length, before), for all m of the window
    after = np.min((first_up + (high - 1) * np.maximum(later_up, 0) + _TINY) / tilts)
    before = np.max((-first_down - max(0, low - 1) * later_down - _TINY) / tilts)
    reach = laws.shape[1]
    length = int(max(after - n + reach + 1, n - max(0.0, before) + reach + 1, reach + 1))
    return low, high, min(length, n + high * reach + reach + 2)


def _carried(chain: Chain, n: int, *, relative: bool) -> Floats:
    """P(N = m) for m from 0, carried backwards over the states; without subtraction."""
    hit, size = (chain.marks == 1).tolist(), len(chain)
    law: Floats = np.zeros((size, 1))
    law[:, 0] = 1
    low = 0
    cut = 0.0 if relative else 1e-21
    spare: Floats = np.empty(0)
    for _ in range(n):
        width = law.shape[1]
        if spare.size < size * width:
            asked.room(48 * size * (width + 64), f"the law of hits over {size:,} states")
            spare = np.empty(size * (width + 64))  # kept, as fresh memory costs more than the sums
        taken = spare[: size * width].reshape(size, width)
        following = np.zeros((size, width + 1))
        for g, one in enumerate(hit):
            np.take(law, chain.to[g], axis=0, out=taken, mode="clip")
            np.multiply(taken, chain.chance[g][:, None], out=taken)
            following[:, one : one + width] += taken
        used = np.flatnonzero(following.max(axis=0) > cut)
        low += int(used[0])
        law = following[:, used[0] : used[-1] + 1]
        law = np.ascontiguousarray(law)
    at, weights = chain.begin
    pmf = np.zeros(low + law.shape[1])
    pmf[low:] = weights @ law[at]
    return pmf


def _counted(chain: Chain, n: int) -> Floats | None:
    """P(N = m) for m from 0, where a cap on the target tells how often it came; else None."""
    hit = chain.marks == 1
    for k, axis in enumerate(chain.axes):
        value = chain.values[k]
        falls = value - value[chain.to]
        if axis.name.startswith("cap:") and (falls == hit[:, None])[chain.chance > 0].all():
            spread: Floats = np.zeros(len(chain))
            np.add.at(spread, chain.begin[0], chain.begin[1])
            to = chain.to.ravel()
            for _ in range(n):
                spread = np.bincount(to, (chain.chance * spread).ravel(), len(chain))
            return np.bincount(axis.start - value, spread)
    return None
