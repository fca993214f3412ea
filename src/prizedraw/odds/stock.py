"""The round in which a prize runs out of stock, when many take part and each draws once a round.

Until then participants are independent, if what is shared between them does not touch the prize's odds. So the demand after r rounds
is a sum of independent counts, one a participant, whose law is the r-th row of a small chain; its distribution function at the stock
is one sum over frequencies: the count's transform, to the power of the number of participants, at the places of a window around the
mean. What lies outside of it is bounded by Bernstein's inequality to 1e-18. A million participants make a rounding of one's mean
count a thousand times as large, so chances are carried in two doubles each, and transforms are taken around the mean. For tails that
keep their digits the law is tilted until its mean is the stock.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, exp, factorial, floor, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.polynomial.polynomial import polyval

from prizedraw.errors import InvalidRequest, NotExact
from prizedraw.odds import asked
from prizedraw.odds.chain import Chain
from prizedraw.odds.distribution import Distribution
from prizedraw.odds.horizon import draws_left, moving_axes
from prizedraw.odds.model import Axis, Effect, Model, compiled
from prizedraw.odds.spread import Pairs
from prizedraw.odds.waiting import ENOUGH, Tails, count_axis
from prizedraw.quota import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prizedraw.campaign import Campaign
    from prizedraw.odds.arrays import Floats, Ints

_TINY = -log(1e-19)
_BLOCK = 1 << 16
_HALVINGS = 60
_DEEPEST = -720.0
"""The logarithm of a chance that no double tells from 0."""
_SINE = [(-1) ** n / factorial(2 * n + 1) for n in range(1, 9)]
_EXPONENTIAL = [1 / factorial(n) for n in range(2, 17)]


def stock_out(
    campaign: Campaign, target: str, participants: int, draws_each: int, *, per_day: int | None = None, tails: Tails = "absolute"
) -> Distribution:
    """The round in which the stock of ``target`` runs out, if each of ``participants`` new ones draws once in each round.

    Lifetime caps, guarantees and the newcomer's promise are kept, daily limits of a
    participant with ``per_day``. Cost: ``draws_each`` steps of the participant's chain, and a window of √participants frequencies
    for each round in which it is open whether the stock is gone.

    Args:
        campaign: the definition; the stock is the one told there.
        target: a prize id.
        participants: how many, at least 1.
        draws_each: rounds, at least 1.
        per_day: rounds a day; None: daily limits are left out.
        tails: "absolute": chances within 1e-13; "relative": cumulated ones, from either end, within 1e-12 of themselves, down to
            1e-300.

    Returns:
        A law on the rounds 1..``draws_each``; ``never`` is the chance that some is left after them.

    Raises:
        NotExact: participants are not independent until then: other finite prizes or budgets shared by all touch the odds. Use
            ``prizedraw.simulate``.
        InvalidRequest: an argument is out of range, or the target is not the campaign's.
        TooLarge: there are too many states.
    """
    model = compiled(campaign)
    asked.one_of(tails, ENOUGH, "tails")
    if not isinstance(target, str):
        raise NotExact(f"{target!r} is not one prize, and several do not run out as one; ask for each, or use prizedraw.simulate")
    (prize,) = asked.outcomes(model, target)
    if prize == model.rules.thank_you:
        raise InvalidRequest(f"{target!r} is unlimited and never runs out", "target")
    people = asked.natural(participants, "participants", 1)
    rounds = int(min(asked.natural(draws_each, "draws_each", 1), draws_left(model, asked.state(model, None))))
    stock = campaign.prizes[prize].stock
    name = f"{target} sold out by {people:,} participants"
    if stock == 0:
        return Distribution(0, [1.0], unit="rounds", name=name)
    if stock == UNLIMITED or not rounds:
        return Distribution(1, np.zeros(max(1, rounds)), never=1.0, unit="rounds", name=name)
    _check_budgets(model, prize, people, rounds)
    asked.room(8 * rounds * (rounds + 1), f"the demand of {rounds:,} rounds")
    demands = _demand(model, prize, people, rounds, per_day)
    found = np.array([(0.0, 1.0), *(_sold_out(one, people, stock, relative=tails == "relative") for one in demands)])
    over, under = np.maximum.accumulate(found[:, 0]), np.minimum.accumulate(found[:, 1])
    pmf = np.where(over[1:] <= 0.5, np.diff(over), -np.diff(under))  # the difference of those that are small
    return Distribution(1, pmf, never=float(under[-1]), unit="rounds", name=name)


def _check_budgets(model: Model, prize: int, people: int, rounds: int) -> None:
    """Refuse budgets that all share and that could run out before the stock does."""
    rules, draws = model.rules, people * rounds
    budgets = [
        ("campaign_draws", rules.quota.campaign_draws, draws),
        ("points.total", rules.total_points_limit, draws * max(rules.points)),
        ("release.daily", rules.release, draws),
        (f"daily_release of {model.ids[prize]!r}", rules.releases[prize], draws),
    ]
    for name, limit, most in budgets:
        if limit != UNLIMITED and limit < most:
            raise NotExact(f"{name} = {limit} is shared by all, so participants are not independent; use prizedraw.simulate")


def _demand(model: Model, prize: int, people: int, rounds: int, per_day: int | None) -> Iterator[Demand]:
    """For each round how often one participant has wanted the prize by then."""
    at = asked.state(model, None)
    counting = count_axis(model, "count", frozenset((prize,)), rounds)
    axes = moving_axes(model, at, rounds, asked.per_day(model, per_day))
    shut = frozenset(k for k, one in enumerate(model.campaign.prizes) if one.stock == 0 or one.daily_release == 0)
    if shut:
        axes.append(_still(model, "sold out", (Effect(closed=shut),)))
    finite = [
        k
        for k, one in enumerate(model.campaign.prizes)
        if k != prize and k not in shut and any(limit != UNLIMITED and limit < people * rounds for limit in (one.stock, one.daily_release))
    ]
    marks = [int(k == prize) for k in range(model.outcomes)]
    if finite:
        # Whether they run out must not matter: none, each one, all but one, all of them.
        closed = [{one} for one in finite] + [set(finite) - {one} for one in finite] + [set(finite)]
        others = _still(model, f"others:{prize}", (Effect(), *(Effect(closed=frozenset(one)) for one in closed)))
        if any(axis.name == others.name for axis in Chain.matter(model, [*axes, others], marks)):
            ids = ", ".join(model.ids[k] for k in finite)
            raise NotExact(f"the odds of {model.ids[prize]!r} depend on whether {ids} can still be given; use prizedraw.simulate")
    chain = Chain.of(model, [counting, *axes], [0] * model.outcomes, keep=[counting.name])
    counts = chain.values[0]
    powers = np.array([counts, counts**2], float)
    spread = Pairs(chain)
    for _ in range(rounds):
        spread.step()
        (mean, square), (more, further) = (powers @ spread.whole).tolist(), (powers @ spread.rest).tolist()
        yield Demand(mean, more, square + further, counts, spread.whole, spread.rest)


def _still(model: Model, name: str, effects: tuple[Effect, ...]) -> Axis:
    """An axis that no draw moves."""
    values = np.arange(len(effects))
    return Axis(name, 0, np.tile(values, (model.outcomes, 1)), values, effects)


class Demand(NamedTuple):
    """How often one participant has wanted a prize.

    Attributes:
        mean, more: the mean is their sum, within 1e-20 of that of the chain: the sum of a million participants needs it.
        square: the mean square.
        counts: state → how often it was wanted.
        whole, rest: the chance of a state is their sum.
    """

    mean: float
    more: float
    square: float
    counts: Ints
    whole: Floats
    rest: Floats

    def law(self) -> Law:
        """The chance of each count."""
        chances = np.bincount(self.counts, self.whole) + np.bincount(self.counts, self.rest)
        return Law(chances, Fraction(self.mean) + Fraction(self.more))


class Law(NamedTuple):
    """The chance of 0, 1, 2, …, and the mean, which is more exact than they are."""

    chances: Floats
    mean: Fraction

    @property
    def most(self) -> int:
        """The greatest value that is possible."""
        return int(np.flatnonzero(self.chances)[-1])

    def turned(self) -> Law:
        """That of how much it is less than the most."""
        return Law(self.chances[self.most :: -1], self.most - self.mean)


def _sold_out(demand: Demand, people: int, stock: int, *, relative: bool) -> tuple[float, float]:
    """The chances that the sum of ``people`` demands is at least ``stock``, and that it is not."""
    mean = demand.mean + demand.more
    excess, deviation = people * mean - stock, people * max(demand.square - mean**2, 0.0)
    if not relative and abs(excess) > _reach(int(demand.counts.max()), deviation):
        return (1.0, 0.0) if excess > 0 else (0.0, 1.0)
    law = demand.law()
    if people * law.most < stock:
        return 0.0, 1.0
    if not relative or excess**2 <= deviation:
        over = min(max(_plain(law, people, stock, deviation), 0.0), 1.0)
        return over, 1 - over
    if excess < 0:
        over = _tilted(law, people, stock)
        return over, 1 - over
    under = _tilted(law.turned(), people, people * law.most - stock + 1)
    return 1 - under, under


def _reach(most: int, deviation: float) -> float:
    """How far from its mean a sum is with a chance of 1e-19; Bernstein: P(|sum − mean| > t) ≤ 2·exp(−t²/2 / (variance + most·t/3))."""
    third = _TINY * most / 3
    return third + sqrt(third * third + 2 * _TINY * deviation) + 1


def _plain(law: Law, people: int, stock: int, deviation: float) -> float:
    """P(sum ≥ stock), within 1e-14."""
    centre, reach = people * law.mean, _reach(law.most, deviation)
    low, high = max(0, floor(centre - reach)), min(people * law.most, ceil(centre + reach))
    away = np.arange(len(law.chances)) - float(law.mean)
    return _above(law.chances, away, people, float(centre - stock), max(high, stock) - low + 1, low - stock, 0.0)


def _tilted(law: Law, people: int, stock: int) -> float:
    """P(sum ≥ stock) for a stock above the mean, within 1e-12 of itself.

    With the law tilted, q(k) ∝ p(k)·exp(tilt·k), so that its mean is the stock, P = M(tilt)ᴺ·exp(−tilt·stock)·E[exp(−tilt·(sum − stock));
    sum ≥ stock] under q, and the expectation is an ordinary number (H. Cramér, 1938).
    """
    (possible,) = np.nonzero(law.chances)
    most, chances = law.most, law.chances[possible]
    logs = np.log(chances)
    if people * most <= stock:
        return exp(people * float(logs[-1])) if people * most == stock else 0.0
    away = possible - stock / people
    low, high = 0.0, 1.0
    while np.exp(logs + high * away) @ away < 0:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        tilt = (low + high) / 2
        low, high = (tilt, high) if np.exp(logs + tilt * away) @ away < 0 else (low, tilt)
    # M(tilt)·exp(−tilt·stock/people), and its logarithm from what it is less than 1 by
    grown = np.exp(logs + tilt * away)
    less = float((chances * _exponential_less(tilt * away)).sum()) + tilt * float(law.mean - Fraction(stock, people))
    power = people * float(np.log1p(less) if less > -0.5 else np.log(grown.sum()))
    if power < _DEEPEST:
        return 0.0
    grown /= grown.sum()
    reach = _reach(most, people * float(grown @ away**2))
    low_end, high_end = max(-stock, floor(-reach)), min(people * most - stock, ceil(reach))
    ordinary = _above(grown, away, people, people * float(grown @ away), high_end - low_end + 1, low_end, tilt)
    return exp(power) * ordinary


def _above(law: Floats, away: Floats, people: int, excess: float, size: int, low: int, tilt: float) -> float:
    """E[exp(−tilt·(sum − stock)); sum ≥ stock], by the frequencies of a window of ``size`` places from stock + ``low`` on.

    The transform is taken around the mean, from which the counts are ``away``, so that phases are small and keep their digits;
    ``excess`` is the mean of the sum less the stock.
    """
    size += 1 - size % 2  # odd, so that no frequency is its own conjugate but 0
    last = low + size
    total = float(last) if tilt == 0 else float(np.expm1(-tilt * last) / np.expm1(-tilt))
    for first in range(1, size // 2 + 1, _BLOCK):
        places = np.arange(first, min(first + _BLOCK, size // 2 + 1))
        angle = 2 * np.pi * places / size
        real, imaginary = np.zeros(len(places)), np.zeros(len(places))
        for chance, distance in zip(law.tolist(), away.tolist(), strict=True):
            if chance:
                turn = angle * distance
                real -= chance * 2 * np.sin(turn / 2) ** 2
                imaginary += chance * _sine_less(turn)
        with np.errstate(divide="ignore"):
            size_log = people * 0.5 * np.log1p(np.maximum(2 * real + real**2 + imaginary**2, -1))
        kept = size_log > -60
        places, angle = places[kept], angle[kept]
        phase = people * np.arctan2(imaginary[kept], 1 + real[kept]) + angle * excess
        power = np.exp(size_log[kept] + 1j * phase)
        turned = tilt * last + 2j * np.pi * ((places * (last % size)) % size) / size
        total += 2 * float((power * np.expm1(-turned) / np.expm1(-tilt - 1j * angle)).real.sum())
    return total / size


def _sine_less(x: Floats) -> Floats:
    """Sin x − x, to its last digits."""
    return np.where(np.abs(x) < 0.5, x**3 * polyval(x * x, _SINE), np.sin(x) - x)


def _exponential_less(x: Floats) -> Floats:
    """eˣ − 1 − x, to its last digits."""
    return np.where(np.abs(x) < 0.5, x * x * polyval(x, _EXPONENTIAL), np.expm1(x) - x)
