"""The round in which a prize runs out of stock, when many take part and each draws once a round.

Until then participants are independent, if what is shared between them does not touch the prize's odds. So the demand after r rounds
is a sum of independent counts, one a participant, whose law is the r-th row of a small chain; its distribution function at the stock
is one sum over frequencies: the count's transform, to the power of the number of participants, at the places of a window around the
mean. What lies outside of it is bounded by Bernstein's inequality to 1e-18.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

from prizedraw.errors import InvalidRequest, NotExact
from prizedraw.odds import asked
from prizedraw.odds.chain import Chain
from prizedraw.odds.distribution import Distribution
from prizedraw.odds.horizon import draws_left, moving_axes
from prizedraw.odds.model import Axis, Effect, Model, compiled
from prizedraw.odds.waiting import count_axis
from prizedraw.quota import UNLIMITED

if TYPE_CHECKING:
    from prizedraw.campaign import Campaign
    from prizedraw.odds.arrays import Floats

_TINY = -log(1e-19)
_BLOCK = 1 << 16


def stock_out(campaign: Campaign, target: str, participants: int, draws_each: int, *, per_day: int | None = None) -> Distribution:
    """The round in which the stock of ``target`` runs out, if each of ``participants`` new ones draws once in each round.

    Within 1e-13 a chance, cumulated within 1e-10. Lifetime caps, guarantees and the newcomer's promise are kept, daily limits of a
    participant with ``per_day``. Cost: ``draws_each`` steps of the participant's chain, and a window of √participants frequencies
    for each round in which it is open whether the stock is gone.

    Args:
        campaign: the definition; the stock is the one told there.
        target: a prize id.
        participants: how many, at least 1.
        draws_each: rounds, at least 1.
        per_day: rounds a day; None: daily limits are left out.

    Returns:
        A law on the rounds 1..``draws_each``; ``never`` is the chance that some is left after them.

    Raises:
        NotExact: participants are not independent until then: other finite prizes or budgets shared by all touch the odds. Use
            ``prizedraw.simulate``.
        InvalidRequest: an argument is out of range, or the target is not the campaign's.
        TooLarge: there are too many states.
    """
    model = compiled(campaign)
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
    found = np.array([_at_least(row, people, stock) for row in _demand(model, prize, people, rounds, per_day)])
    cdf = np.maximum.accumulate(np.clip(found, 0, 1))
    return Distribution(1, np.diff(cdf, prepend=0.0), never=float(1 - cdf[-1]), unit="rounds", name=name)


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


def _demand(model: Model, prize: int, people: int, rounds: int, per_day: int | None) -> list[Floats]:
    """For each round the law of how often one participant has wanted the prize by then."""
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
    spread: Floats = np.zeros(len(chain))
    spread[chain.start] = 1
    count, to = chain.values[0], chain.to.ravel()
    most = int(count.max()) + 1
    found = []
    for _ in range(rounds):
        spread = np.bincount(to, (chain.chance * spread).ravel(), len(chain))
        found.append(np.bincount(count, spread, most))
    return found


def _still(model: Model, name: str, effects: tuple[Effect, ...]) -> Axis:
    """An axis that no draw moves."""
    values = np.arange(len(effects))
    return Axis(name, 0, np.tile(values, (model.outcomes, 1)), values, effects)


def _at_least(law: Floats, people: int, stock: int) -> float:
    """P(the sum of ``people`` independent counts is at least ``stock``)."""
    counts = np.arange(len(law))
    most = int(np.flatnonzero(law)[-1])
    if people * most < stock:
        return 0.0
    mean = float(law @ counts)
    spread = float(law @ (counts - mean) ** 2)
    # Bernstein: P(|sum − mean| > t) ≤ 2·exp(−t²/2 / (variance + most·t/3))
    third = _TINY * most / 3
    reach = third + (third * third + 2 * _TINY * people * spread) ** 0.5 + 1
    centre = people * mean
    if stock <= centre - reach:
        return 1.0
    if stock >= centre + reach:
        return 0.0
    low, high = max(0, int(np.floor(centre - reach))), min(people * most, int(np.ceil(centre + reach)))
    size = high - low + 1
    size += 1 - size % 2  # odd, so that no frequency is its own conjugate but 0
    total = float(low + size - stock)
    for first in range(1, size // 2 + 1, _BLOCK):
        total += 2 * _frequencies(law, people, stock, low, size, np.arange(first, min(first + _BLOCK, size // 2 + 1)))
    return total / size


def _frequencies(law: Floats, people: int, stock: int, low: int, size: int, places: Floats) -> float:
    """The part of some frequencies in size · P(stock ≤ sum < low + size)."""
    angle = 2 * np.pi * places / size
    real, imaginary = np.zeros(len(places)), np.zeros(len(places))
    for count in np.flatnonzero(law).tolist():
        if count:
            # φ − 1, without cancellation
            real -= law[count] * 2 * np.sin(angle * count / 2) ** 2
            imaginary += law[count] * np.sin(angle * count)
    with np.errstate(divide="ignore"):
        size_log = people * 0.5 * np.log1p(np.maximum(2 * real + real**2 + imaginary**2, -1))
    kept = size_log > -60
    if not kept.any():
        return 0.0
    angle = angle[kept]
    phase = people * np.arctan2(imaginary[kept], 1 + real[kept]) - angle * stock
    power = np.exp(size_log[kept] + 1j * phase)
    turned = 2 * np.pi * ((places[kept] * ((low - stock) % size)) % size) / size
    return float((power * (1 - np.exp(-1j * turned)) / (1 - np.exp(-1j * angle))).real.sum())
