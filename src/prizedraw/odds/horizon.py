"""A finite number of draws: what is expected of them, draw by draw, and how the hits of several targets fall together."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from prizedraw.errors import InvalidRequest
from prizedraw.odds import asked
from prizedraw.odds.chain import Chain
from prizedraw.odds.model import Model, compiled
from prizedraw.odds.stationary import stationary_start
from prizedraw.odds.tables import OddsTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prizedraw.campaign import Campaign
    from prizedraw.draw.place import State
    from prizedraw.odds.arrays import Floats
    from prizedraw.odds.asked import At, Target
    from prizedraw.odds.model import Axis


def expected(campaign: Campaign, draws: int, *, state: At = None, per_day: int | None = None) -> dict[str, float]:
    """Prize id → how often it is expected to come in the next ``draws`` draws of one participant.

    Stock is ample; guarantees, the newcomer's promise and lifetime caps are kept, draws beyond ``total_draws`` do not happen; daily
    limits are kept with ``per_day``.

    Args:
        campaign: the definition.
        draws: how many, at least 0.
        state: where the participant is; None: a new one; "stationary": one who has been drawing for ever.
        per_day: draws a day; None: daily limits are left out.

    Raises:
        InvalidRequest: an argument is out of range, or the state names what the campaign does not know.
        TooLarge: there are too many states.

    Cost: draws × states × moves.
    """
    sums = dict.fromkeys(compiled(campaign).ids, 0.0)
    lost = dict(sums)
    for chances in _draw_by_draw(campaign, draws, state, per_day):
        for id_, chance in zip(sums, chances.tolist(), strict=True):
            total = sums[id_] + (chance + lost[id_])  # Kahan's sum: 10⁶ draws cost no digits
            lost[id_] += chance - (total - sums[id_])
            sums[id_] = total
    return OddsTable(campaign, sums, f"Expected in {draws:,} draws", percent=False)


def by_draw(campaign: Campaign, draws: int, *, state: At = None, per_day: int | None = None) -> dict[str, Floats]:
    """Prize id → the chance that each of the next ``draws`` draws brings it, of shape (draws,).

    Conventions and cost are those of ``expected``; draws that do not happen have chances of 0.

    Args:
        campaign: the definition.
        draws: how many, at least 0.
        state: see ``expected``.
        per_day: likewise.

    Raises:
        InvalidRequest: an argument is out of range, or the state names what the campaign does not know.
        TooLarge: there are too many states, or the answer would take too much memory.
    """
    model = compiled(campaign)
    size = asked.natural(draws, "draws")
    asked.room(8 * size * model.outcomes, f"{size:,} draws of {model.outcomes} outcomes")
    found = np.zeros((model.outcomes, size))
    for k, chances in enumerate(_draw_by_draw(campaign, draws, state, per_day)):
        found[:, k] = chances
    return OddsTable(campaign, dict(zip(model.ids, found, strict=True)), "Odds per draw number")


def _draw_by_draw(campaign: Campaign, draws: int, state: At, per_day: int | None) -> Iterator[Floats]:
    """The chance of each outcome, for each of the draws that happen."""
    model = compiled(campaign)
    at = asked.state(model, state)
    horizon = min(asked.natural(draws, "draws"), draws_left(model, at))
    axes = moving_axes(model, at, horizon, asked.per_day(model, per_day))
    matter = Chain.matter(model, axes, range(model.outcomes))
    begin = stationary_start if state == asked.STATIONARY else None
    chain = Chain.of(model, matter, [0] * model.outcomes, keep=[axis.name for axis in matter], begin=begin)
    spread: Floats = np.zeros(len(chain))
    np.add.at(spread, chain.begin[0], chain.begin[1])
    table, to, laws = chain.outcome_table(), chain.to.ravel(), len(chain.outcome_laws)
    for _ in range(int(horizon)):
        yield np.bincount(chain.law, spread, laws) @ table
        spread = np.bincount(to, (chain.chance * spread).ravel(), len(chain))


def draws_left(model: Model, at: State) -> float:
    """How many draws ``total_draws`` leaves; infinite if it is unlimited."""
    made = at.draws if at.own_draws is None else at.own_draws
    return max(0, model.rules.most_draws - made)


def moving_axes(model: Model, at: State, horizon: float, per_day: int | None) -> list[Axis]:
    """Every axis that may matter within so many draws."""
    return [*model.counters(at), *model.promises(at), *model.caps(at, horizon, per_day)]


def hits_joint(campaign: Campaign, targets: Sequence[Target], draws: int, *, state: At = None, per_day: int | None = None) -> Floats:
    """The joint law of how often each of several targets comes in the next ``draws`` draws, of shape (draws + 1,) * len(targets).

    Conventions are those of ``hits_in``. Cost: draws × states × moves × the size of the answer.

    Args:
        campaign: the definition.
        targets: prize ids, or collections of them that count alike; they may overlap.
        draws: how many, at least 0.
        state: see ``hits_in``.
        per_day: likewise.

    Raises:
        InvalidRequest: an argument is out of range, or an id is not the campaign's.
        TooLarge: there are too many states, or the answer would take too much memory, which is told.
    """
    model = compiled(campaign)
    size = asked.natural(draws, "draws")
    if isinstance(targets, str):
        raise InvalidRequest(f"{targets!r} is one target; give several in a list, or ask hits_in", "targets")
    sets = [asked.outcomes(model, target, f"targets[{k}]") for k, target in enumerate(targets)]
    if not sets:
        return np.ones(())
    shape = (size + 1,) * len(sets)
    asked.room(8 * prod(shape), f"the joint law of {len(sets)} targets in {size:,} draws")
    at = asked.state(model, state)
    horizon = int(min(size, draws_left(model, at)))
    bits = list(product((0, 1), repeat=len(sets)))
    marks = [bits.index(tuple(int(k in one) for one in sets)) for k in range(model.outcomes)]
    chain = Chain.of(
        model,
        moving_axes(model, at, horizon, asked.per_day(model, per_day)),
        marks,
        begin=stationary_start if state == asked.STATIONARY else None,
    )
    asked.room(16 * prod(shape) * len(chain), f"the joint law of {len(sets)} targets in {size:,} draws over {len(chain):,} states")
    # Backwards: after k passes, law[state] is the joint law of the hits in k draws from there.
    law: Floats = np.zeros((len(chain), *shape))
    law.reshape(len(chain), -1)[:, 0] = 1
    for k in range(horizon):
        before, law = law, np.zeros_like(law)
        for g, mark in enumerate(chain.marks.tolist()):
            into = tuple(slice(one, k + 1 + one) for one in bits[mark])
            out = tuple(slice(0, k + 1) for _ in bits[mark])
            weight = chain.chance[g].reshape(-1, *(1,) * len(sets))
            law[:, *into] += weight * before[chain.to[g], *out]
    found: Floats = np.tensordot(chain.begin[1], law[chain.begin[0]], axes=1)
    return found
