"""Waiting: how many draws until the k-th copy, or until a whole collection, with or without a spark."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import inf, isfinite, lcm
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from prizedraw.errors import TooLarge
from prizedraw.odds import asked
from prizedraw.odds.chain import Chain, Moves
from prizedraw.odds.distribution import Distribution, whole_moments
from prizedraw.odds.horizon import draws_left, moving_axes
from prizedraw.odds.linear import Cut, Exact, cut, eliminate, lost, pass_back
from prizedraw.odds.model import Axis, Effect, Model, compiled
from prizedraw.odds.spread import Doubles, Pairs, Spread
from prizedraw.odds.stationary import stationary_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prizedraw.campaign import Campaign
    from prizedraw.odds.arrays import Bools, Floats, Ints
    from prizedraw.odds.asked import At, Target
    from prizedraw.odds.distribution import ExactMoments, Moments


Tails = Literal["absolute", "relative"]
LONGEST = 1 << 20
"""How many draws a law is listed for; the chance of later ones is told in ``Distribution.beyond``."""
ENOUGH = {"absolute": 1e-18, "relative": 1e-300}
_SETTLING = 64
_SLOW = 1024
_FEW = 128
_BLOCK = 4096
_SETTLED = 1e-14
"""Once so many draws have changed the law of those still waiting by so little, the rest of the wait is geometric."""
_EXACT_WORK = 2_000_000
_WIDE = 4_000


def draws_until(
    campaign: Campaign,
    target: Target,
    *,
    copies: int = 1,
    exchange: int | None = None,
    state: At = None,
    per_day: int | None = None,
    tails: Tails = "absolute",
) -> Distribution:
    """How many draws it takes one participant until ``target`` has come ``copies`` times, the last one counted.

    Stock is ample; guarantees, the newcomer's promise and lifetime caps are kept, so it may never come; daily limits are kept with
    ``per_day``.

    Args:
        campaign: the definition.
        target: a prize id, or several that count alike.
        copies: how many, at least 1.
        exchange: a spark: at each ``exchange``-th draw of the participant one copy more may be had; ``state.draws`` are counted in.
        state: where the participant is; None: a new one; "stationary": one who has been drawing for ever.
        per_day: draws a day; None: daily limits are left out.
        tails: "absolute": chances within 1e-14, listed until 1e-18 is left; "relative": within 1e-12 of themselves, until 1e-300 is
            left, which takes longer.

    Returns:
        A law whose chances are sums of products, never differences; mean and variance from linear systems.

    Raises:
        InvalidRequest: an argument is out of range, or an id is not the campaign's.
        TooLarge: there are too many states.

    Cost: states × moves for each draw that is listed; the mean a linear system on the states that cut every cycle.
    """
    model = compiled(campaign)
    wanted = [(asked.outcomes(model, target), asked.natural(copies, "copies", 1))]
    name = f"{target if isinstance(target, str) else ' or '.join(target)}{f' × {copies}' if copies != 1 else ''}"
    return _until(model, wanted, exchange, state, per_day, tails, name)


def collect(
    campaign: Campaign,
    wanted: Mapping[str, int],
    *,
    exchange: int | None = None,
    state: At = None,
    per_day: int | None = None,
    tails: Tails = "absolute",
) -> Distribution:
    """How many draws it takes one participant until every prize of ``wanted`` has come as often as is told there, from now on.

    With ``exchange``, each spark is kept for what is still missing at the end. Other arguments, conventions and errors are those of
    ``draws_until``.

    Args:
        campaign: the definition.
        wanted: prize id → copies, from 0.
        exchange: see ``draws_until``.
        state: likewise.
        per_day: likewise.
        tails: likewise.

    Raises:
        InvalidRequest: an argument is out of range, or an id is not the campaign's.
        TooLarge: there are too many states; they are those of ``draws_until`` times the product of (copies + 1).
    """
    model = compiled(campaign)
    wants = [(asked.outcomes(model, id_, "wanted"), n) for id_, n in asked.counts(wanted, "wanted").items()]
    name = ", ".join(f"{id_} × {n}" if n != 1 else id_ for id_, n in wanted.items())
    return _until(model, [(one, n) for one, n in wants if n], exchange, state, per_day, tails, name)


def _until(
    model: Model,
    wants: Sequence[tuple[frozenset[int], int]],
    exchange: int | None,
    state: At,
    per_day: int | None,
    tails: Tails,
    name: str,
) -> Distribution:
    at = asked.state(model, state)
    asked.one_of(tails, ENOUGH, "tails")
    spark = None if exchange is None else asked.natural(exchange, "exchange", 1)
    if not wants:
        return Distribution(0, [1.0], name=name)
    horizon = draws_left(model, at)
    if horizon == 0 and spark is None:
        return Distribution(1, [0.0], never=1.0, name=name)
    counting = [count_axis(model, f"count:{k}", one, n) for k, (one, n) in enumerate(wants)]
    total = sum(n for _, n in wants)
    most = horizon if spark is None else min(horizon, spark * total)
    chain = Chain.of(
        model,
        [*counting, *moving_axes(model, at, most, asked.per_day(model, per_day))],
        [0] * model.outcomes,
        keep=[axis.name for axis in counting],
        begin=stationary_start if state == asked.STATIONARY else None,
        counting=len(counting),
    )
    missing = sum(n - chain.values[k] for k, (_, n) in enumerate(wants))
    walk = Walk(chain, missing, horizon, spark, at.draws)
    return walk.law(ENOUGH[tails], name)


def count_axis(model: Model, name: str, target: frozenset[int], need: int) -> Axis:
    """How often a target has come, as far as it is wanted."""
    asked.room(16 * (need + 1) * model.outcomes, f"{need:,} copies")
    step = np.tile(np.arange(need + 1), (model.outcomes, 1))
    step[sorted(target)] = np.minimum(np.arange(need + 1) + 1, need)
    return Axis(f"{name}:{sorted(target)}", 0, step, np.zeros(need + 1, np.int64), (Effect(),))


class Walk(NamedTuple):
    """A chain that is walked until nothing is missing.

    Attributes:
        chain: the chain.
        missing: state → copies that are still missing.
        horizon: how many draws there are; may be infinite.
        spark: draws for one exchange, or None.
        made: draws made before.
    """

    chain: Moves
    missing: Ints
    horizon: float
    spark: int | None
    made: int

    def law(self, enough: float, name: str, unit: str = "draws") -> Distribution:
        """The law of the number of draws."""
        pmf, alive, hopeless = self._listed(enough)
        some = np.flatnonzero(pmf)
        first, last = (int(some[0]), int(some[-1])) if len(some) else (0, 0)
        pmf = pmf[first : last + 1]
        never = hopeless + (alive if isfinite(self.horizon) else 0.0)
        beyond = 0.0 if isfinite(self.horizon) else alive
        endless = self.spark is None and not isfinite(self.horizon)
        moments = exact = None
        if never == 0:
            exact = partial(self._exact_moments) if endless else partial(self._exact_listed)
            moments = partial(self._moments) if endless else None
        most = self._most() if beyond else None
        return Distribution(first + 1, pmf, never=never, beyond=beyond, max=most, moments=moments, exact=exact, unit=unit, name=name)

    def _most(self) -> float:
        """The longest way to the end; infinite if there is a cycle."""
        done = self.missing == 0
        opened = cut(self.chain, done)
        if len(opened.states) or (opened.apart != (self.chain.chance > 0))[:, ~done].any():
            return inf
        passes = np.zeros(len(self.chain), np.int64)
        for k, one in enumerate(opened.passes, 1):
            passes[one.states] = k
        return int(passes[self.chain.begin[0]].max())

    def sparks(self, draws: int) -> int:
        """How many exchanges the next ``draws`` draws bring."""
        return 0 if self.spark is None else (self.made + draws) // self.spark - self.made // self.spark

    def _listed(self, enough: float) -> tuple[Floats, float, float]:
        """Chances from draw 1 on; the chance of being still under way after them; the chance that it can come no more."""
        chain, n = self.chain, len(self.chain)
        stop = lost(chain, self.missing == 0) if self.spark is None else np.zeros(n, bool)
        sparks, done = 0, self.missing == 0
        pmf: list[float] = []
        longest, deep = int(min(self.horizon, LONGEST)), enough == ENOUGH["relative"]
        spread: Spread = Pairs(chain) if deep else Doubles(chain)
        hopeless = spread.take(stop)
        alive = spread.left()
        before = _shares(spread)
        while alive > enough and len(pmf) < longest:
            spread.step()
            if self.sparks(len(pmf) + 1) != sparks:
                sparks = self.sparks(len(pmf) + 1)
                done = self.missing <= sparks
            pmf.append(spread.take(done))
            failed = spread.take(stop)
            hopeless += failed
            alive = spread.left()
            if self.spark is None and not len(pmf) % _SETTLING and alive > enough:
                now = _shares(spread)
                if _settled(before, now, tight=deep):
                    return _geometric(np.array(pmf), alive, pmf[-1], failed, hopeless, enough, longest)
                if len(pmf) >= _SLOW and n <= _FEW and not deep:
                    return self._in_blocks(np.array(pmf), spread.weights, done, stop, hopeless, enough, longest)
                before = now
        return np.array(pmf or [0.0]), alive, hopeless

    def _in_blocks(
        self, pmf: Floats, weight: Floats, done: Bools, stop: Bools, hopeless: float, enough: float, longest: int
    ) -> tuple[Floats, float, float]:
        """The same for few states that settle slowly: blocks of draws as products of dense matrices, all of them positive."""
        chain, n = self.chain, len(weight)
        table = np.zeros((n, n))
        for g in range(len(chain.to)):
            np.add.at(table, (np.arange(n), chain.to[g]), chain.chance[g])
        ends, fails = table[:, done].sum(axis=1), table[:, stop].sum(axis=1)
        going = ~done & ~stop
        table *= going[:, None] & going
        rows, power = weight[None, :], table
        while len(rows) < _BLOCK:
            rows, power = np.vstack([rows, rows @ power]), power @ power
        listed, found, alive = len(pmf), [pmf], float(weight.sum())
        while alive > enough and listed < longest:
            now = rows[: longest - listed]
            found.append(now @ ends)
            hopeless += float((now @ fails).sum())
            listed += len(now)
            after = now[-1] @ table
            alive = float(after.sum())
            if alive > enough and listed < longest and _settled(now[0] / now[0].sum(), after / alive, tight=False):
                ended, failed = float(now[-1] @ ends), float(now[-1] @ fails)
                return _geometric(np.concatenate(found), alive, ended, failed, hopeless, enough, longest)
            rows = rows @ power
        return np.concatenate(found), alive, hopeless

    def _moments(self) -> Moments:
        """Mean and variance from linear systems: E = 1 + P·E, and V = Σ p·(1 + E' − E)² + P·V."""
        chain, done = self.chain, self.missing == 0
        opened = cut(chain, done)
        if len(opened.states) > _WIDE:
            raise TooLarge(f"a system of {len(opened.states):,} unknowns is too large to be solved", count=len(opened.states))
        means = _solved(chain, opened, np.ones((len(chain), 1)))
        jumps = 1 + np.where(done[chain.to], 0, means[chain.to]) - means
        spreads = _solved(chain, opened, (chain.chance * jumps**2).sum(axis=0)[:, None])
        at, weights = chain.begin
        mean = float(weights @ means[at])
        return mean, float(weights @ (spreads[at] + (means[at] - mean) ** 2))

    def _exact_moments(self) -> ExactMoments:
        """The same in fractions, with E[T²] = 2E − 1 + P·E[T²]."""
        chain, done = self.chain, self.missing == 0
        if len(chain.begin[0]) > 1:
            raise TooLarge("fractions from a stationary start are not computed; take .mean and .var", count=len(chain))
        chain.check_exact()
        opened = cut(chain, done)
        first = Exact(chain, opened, [(Fraction(1),)] * len(chain))
        solved = first.solved()
        means = [Fraction(0) if over else first.at(state, solved)[0] for state, over in enumerate(done.tolist())]
        second = Exact(chain, opened, [(2 * mean - 1,) for mean in means])
        square = second.at(chain.start, second.solved())[0]
        return means[chain.start], square - means[chain.start] ** 2

    def _exact_listed(self) -> ExactMoments:
        """The same from the whole law, which ends, as integers over one denominator."""
        chain = self.chain
        if len(chain.begin[0]) > 1:
            raise TooLarge("fractions from a stationary start are not computed; take .mean and .var", count=len(chain))
        chain.check_exact()
        scale = lcm(*(p.denominator for law in chain.exact for p in law))
        whole = [[(int(p * scale), g) for g, p in enumerate(law) if p] for law in chain.exact]
        to, law, missing = chain.to.tolist(), chain.law.tolist(), self.missing.tolist()
        weight: dict[int, int] = {chain.start: 1}
        found: list[int] = []
        work = 0
        while weight:
            sparks = self.sparks(len(found) + 1)
            following: dict[int, int] = {}
            found = [one * scale for one in found]
            over = 0
            for state, mine in weight.items():
                for p, g in whole[law[state]]:
                    then = to[g][state]
                    if missing[then] <= sparks:
                        over += mine * p
                    else:
                        following[then] = following.get(then, 0) + mine * p
            found.append(over)
            weight = following
            work += len(weight) + len(found)
            if work > _EXACT_WORK:
                raise TooLarge(f"{work:,} steps are too many for fractions; take .mean and .var", count=work)
        return whole_moments(1, found, scale ** len(found))


def _shares(spread: Spread) -> Floats:
    """The law of those still waiting."""
    weights = spread.weights
    return weights / (float(weights.sum()) or 1.0)


def _settled(before: Floats, now: Floats, *, tight: bool) -> bool:
    """Whether the law of those still waiting does not change any more."""
    return bool((np.abs(now - before) <= (_SETTLED / 8 if tight else _SETTLED) * now + 1e-18).all())


def _geometric(
    pmf: Floats, alive: float, ended: float, failed: float, hopeless: float, enough: float, longest: int
) -> tuple[Floats, float, float]:
    """The law listed on, where each draw ends the same share of what is left; the share is no difference, so it keeps its digits."""
    before = alive + ended + failed
    hit, miss = ended / before, failed / before
    leaving = hit + miss
    more = longest - len(pmf) if leaving == 0 else int(min(longest - len(pmf), np.ceil(np.log(enough / alive) / np.log1p(-leaving))))
    powers = alive * np.exp(np.arange(more + 1) * np.log1p(-leaving))
    left = float(powers[-1])
    hopeless += (alive - left) * miss / leaving if leaving else 0.0
    return np.concatenate([pmf, powers[:-1] * hit]), left, hopeless


def _solved(chain: Moves, opened: Cut, gains: Floats) -> Floats:
    found = pass_back(chain, opened, gains)
    size = len(opened.states)
    if size:
        on = found[opened.states]
        found[:, :1] += found[:, 1 : 1 + size] @ eliminate(on[:, 1 : 1 + size], on[:, 1 + size], on[:, :1])
    result: Floats = found[:, 0]
    return result
