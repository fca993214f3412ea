"""The long run: rates per draw, and the law of the states of one who has been drawing for ever.

Stock, release, caps, points, windows and the newcomer's promise are left out. A rate is the limit of the average per draw from a
fresh start: of a cycle through the cut, hits over draws (the renewal-reward theorem). Where the chain may end in one of several
closed classes, the rates of each count by the chance of ending there.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from prizedraw.draw.place import State
from prizedraw.odds.chain import Chain
from prizedraw.odds.linear import Cut, Exact, cut, eliminate, pass_back, stationary
from prizedraw.odds.model import compiled
from prizedraw.odds.tables import OddsTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prizedraw.campaign import Campaign
    from prizedraw.odds.arrays import Floats, Ints
    from prizedraw.odds.model import Axis, Model


def long_run(campaign: Campaign) -> dict[str, float]:
    """Prize id → how often it comes per draw in the long run; the sum is 1.

    Stock, caps, windows and the newcomer's promise are left out. Relative error below 1e-12. Cost: one pass over the states for every
    state of the cut (see ``linear``). Source: the renewal–reward theorem, S. Ross, *Stochastic Processes*, chapter 3.

    Args:
        campaign: the definition.

    Raises:
        InvalidRequest: it is no campaign.
        TooLarge: there are too many states.
    """
    model = compiled(campaign)
    chain = _chain(model, reached=False)
    rates = _rates(chain, chain.outcome_table()[chain.law])
    return OddsTable(campaign, dict(zip(model.ids, rates.tolist(), strict=True)), "Odds in the long run")


def long_run_exact(campaign: Campaign) -> dict[str, Fraction]:
    """Prize id → how often it comes per draw in the long run, exactly; the sum is 1.

    As ``long_run``, in integers over one denominator a state.

    Args:
        campaign: the definition.

    Raises:
        InvalidRequest: it is no campaign.
        TooLarge: there are more than 10⁴ states.
    """
    model = compiled(campaign)
    chain = _chain(model, reached=True)
    chain.check_exact()
    opened = _opened(chain)
    gains = [(*chain.outcome_laws[law], Fraction(1)) for law in chain.law.tolist()]
    exact = Exact(chain, opened, gains)
    size, columns = len(opened.states), exact.columns
    rows = [exact.values[state] for state in opened.states.tolist()]
    among = [[Fraction(n, d) for n in row[columns : columns + size]] for row, d in rows]
    earned = [[Fraction(n, d) for n in row[:columns]] for row, d in rows]
    law = _exact_limits(among, int(np.searchsorted(opened.states, chain.start)), [row[-1] for row in earned])
    sums = [sum((weight * row[k] for weight, row in zip(law, earned, strict=True)), Fraction(0)) for k in range(columns)]
    found = {id_: one / sums[-1] for id_, one in zip(model.ids, sums[:-1], strict=True)}
    return OddsTable(campaign, found, "Odds in the long run")


def stationary_law(chain: Chain) -> Floats:
    """The chance of each state before a draw, for one who has been drawing for ever."""
    opened = _opened(chain)
    found = pass_back(chain, opened, np.ones((len(chain), 1)))
    law = _limits(found[opened.states, 1:-1], int(np.searchsorted(opened.states, chain.start)), found[opened.states, 0])
    return _spread(chain, opened, law)


def stationary_start(model: Model, axes: list[Axis]) -> tuple[Ints, Floats]:
    """(axes, states) values and their chances, to start from the stationary law of the counters among ``axes``."""
    counters = [axis for axis in axes if axis.counter]
    found = np.array([[axis.start] for axis in axes])
    if not counters:
        return found, np.ones(1)
    chain = Chain.of(model, counters, [0] * model.outcomes, keep=[axis.name for axis in counters])
    law = stationary_law(chain)
    states = np.flatnonzero(law)
    found = np.repeat(found, len(states), axis=1)
    row = 0
    for k, axis in enumerate(axes):
        if axis.counter:
            found[k] = chain.values[row, states]
            row += 1
    return found, law[states]


def exact_stationary_states(model: Model) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """(counters of the rules, exact chance) of one who has been drawing for ever.

    Raises:
        TooLarge: there are more than 10⁴ states.
    """
    axes = model.counters(State())
    chain = Chain.of(model, axes, [0] * model.outcomes, keep=[axis.name for axis in axes])
    chain.check_exact()
    opened = _opened(chain)
    exact = Exact(chain, opened, [(Fraction(1),)] * len(chain))
    rows = [exact.values[state] for state in opened.states.tolist()]
    among = [[Fraction(n, d) for n in row[1:-1]] for row, d in rows]
    law = _exact_limits(among, int(np.searchsorted(opened.states, chain.start)), [Fraction(row[0], d) for row, d in rows])
    flow = [Fraction(0)] * len(chain)
    met = dict(zip(opened.states.tolist(), law, strict=True))
    for one in reversed(opened.passes):
        for state in one.states.tolist():
            mine = flow[state] + met.get(state, 0)
            moves = [(chain.exact[chain.law[state]][g], int(opened.to[g, state])) for g in np.flatnonzero(opened.apart[:, state])]
            leaving = sum((p for p, _ in moves), Fraction(0))
            flow[state] = mine / leaving if leaving else mine
            for p, to in moves:
                if to < len(chain):
                    flow[to] += flow[state] * p
    total = sum(flow)
    for values, chance in zip(chain.values.T.tolist(), flow, strict=True):
        if chance:
            yield tuple(values), chance / total


def _opened(chain: Chain) -> Cut:
    """The chain laid open with its start in the cut; remembered with it."""
    if chain.opened is None:
        chain.opened = cut(chain, np.zeros(len(chain), bool), [chain.start])
    return chain.opened


def _chain(model: Model, *, reached: bool) -> Chain:
    # Each outcome is marked apart, so that an axis stays which any prize's chance depends on; their moves are merged again.
    axes = Chain.matter(model, model.counters(State()), range(model.outcomes))
    return Chain.of(model, axes, [0] * model.outcomes, keep=[axis.name for axis in axes], reached=reached)


def _rates(chain: Chain, table: Floats) -> Floats:
    """What is earned per draw, of each column of (states, columns)."""
    opened = _opened(chain)
    found = pass_back(chain, opened, np.hstack([table, np.ones((len(chain), 1))]))
    columns = table.shape[1] + 1
    on = found[opened.states]
    law = _limits(on[:, columns:-1], int(np.searchsorted(opened.states, chain.start)), on[:, columns - 1])
    sums = law @ on[:, :columns]
    rates: Floats = sums[:-1] / sums[-1]
    return rates


def _classes(linked: NDArray[np.bool_], start: int) -> tuple[NDArray[np.bool_], list[Ints]]:
    """The places that can be reached from ``start``, and the closed classes among them."""
    size = len(linked)
    reach = linked | np.eye(size, dtype=bool)
    while True:
        further = (reach.astype(np.float64) @ reach) > 0
        if (further == reach).all():
            break
        reach = further
    reached = reach[start]
    closed = [k for k in np.flatnonzero(reached) if (reach[reach[k], k]).all()]
    classes = {tuple(np.flatnonzero(reach[k])): np.flatnonzero(reach[k]) for k in closed}
    return reached, list(classes.values())


def _limits(among: Floats, start: int, lengths: Floats) -> Floats:
    """How often each place of the cut is met per draw, up to a factor common to all, from ``start``."""
    reached, classes = _classes(among > 0, start)
    law = np.zeros(len(among))
    for one in classes:
        within = stationary(among[np.ix_(one, one)])
        law[one] = within / (within @ lengths[one])
    if len(classes) == 1:
        return law
    passing = reached.copy()
    passing[np.concatenate(classes)] = False
    inside = np.flatnonzero(passing)
    ending = np.array([among[np.ix_(inside, one)].sum(axis=1) for one in classes]).T
    weights = eliminate(among[np.ix_(inside, inside)], ending.sum(axis=1), ending)[np.searchsorted(inside, start)]
    for one, weight in zip(classes, weights, strict=True):
        law[one] *= weight
    return law


def _exact_limits(among: list[list[Fraction]], start: int, lengths: list[Fraction]) -> list[Fraction]:
    """The same in fractions."""
    reached, classes = _classes(np.array([[bool(p) for p in row] for row in among]), start)
    law = [Fraction(0)] * len(among)
    for one in classes:
        within = _exact_stationary([[among[i][j] for j in one] for i in one])
        total = sum((p * lengths[k] for p, k in zip(within, one, strict=True)), Fraction(0))
        for p, k in zip(within, one, strict=True):
            law[k] = p / total
    if len(classes) == 1:
        return law
    inside = [k for k in np.flatnonzero(reached).tolist() if not any(k in one for one in classes)]
    ending = [[sum((among[k][j] for j in one), Fraction(0)) for one in classes] for k in inside]
    weights = _exact_absorbed([[among[i][j] for j in inside] for i in inside], ending)[inside.index(start)]
    for one, weight in zip(classes, weights, strict=True):
        for k in one:
            law[k] *= weight
    return law


def _exact_stationary(among: list[list[Fraction]]) -> list[Fraction]:
    """The stationary law of a small irreducible chain, up to a factor."""
    among = [list(row) for row in among]
    size = len(among)
    for k in range(size - 1, 0, -1):
        out = sum(among[k][:k], Fraction(0))
        for i in range(k):
            among[i][k] /= out
            share = among[i][k]
            if share:
                for j in range(k):
                    if j != i:
                        among[i][j] += share * among[k][j]
    law = [Fraction(1)]
    for k in range(1, size):
        law.append(sum((law[i] * among[i][k] for i in range(k)), Fraction(0)))
    return law


def _exact_absorbed(among: list[list[Fraction]], ending: list[list[Fraction]]) -> list[list[Fraction]]:
    """For each place, the chance of each ending."""
    size = len(among)
    for k in range(size - 1, -1, -1):
        out = 1 - among[k][k]
        for i in range(k):
            share = among[i][k] / out
            for j in range(k):
                among[i][j] += share * among[k][j]
            ending[i] = [mine + share * other for mine, other in zip(ending[i], ending[k], strict=True)]
    for k in range(size):
        known = [sum((among[k][j] * ending[j][c] for j in range(k)), Fraction(0)) for c in range(len(ending[k]))]
        ending[k] = [(mine + more) / (1 - among[k][k]) for mine, more in zip(ending[k], known, strict=True)]
    return ending


def _spread(chain: Chain, opened: Cut, law: Floats) -> Floats:
    """The law of all states from how often each place of the cut is met per draw."""
    n = len(chain)
    flow = np.zeros(opened.end + 1)
    flow[opened.states] = law
    for one in reversed(opened.passes):
        flow[one.states] /= one.leaving
        flow += np.bincount(one.to.ravel(), (one.chance * (flow[one.states] * one.leaving)).ravel(), opened.end + 1)
    found: Floats = flow[:n]
    found /= found.sum()
    return found
