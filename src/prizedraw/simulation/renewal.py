"""The quickest way: one kind of event, after which all is as at the start, with a cap on wins and one stock for all, in rounds.

Then a participant is nothing but the rounds of the first hits. Before the round in which stock runs out every hit within the cap is
granted; in that round a random choice of them; afterwards nothing, and what is named is counted of all together.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from prizedraw.simulation.independent import Rest
from prizedraw.simulation.streams import BLOCK, CENTRAL
from prizedraw.simulation.tally import REFUSALS, SoldOut, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.simulation.quiet import Quiet
    from prizedraw.simulation.scene import Scene
    from prizedraw.simulation.streams import Array, Stream, Streams


def renew_in_rounds(scene: Scene, quiet: Quiet, streams: Streams, run: int, advance: Callable[[int], None]) -> Tally:
    """Run a campaign once; see ``stepping.step``.

    Args:
        scene: what is run, in rounds: everybody draws equally often, nothing but one prize can be won, no draw is refused.
        quiet: its waiting laws.
        streams: where the words come from.
        run: the number of the run.
        advance: told how many draws were decided since.
    """
    people, rounds = scene.participants, scene.plan.most_draws
    cap, stock = scene.rules.quota.total_wins, scene.plan.stock[scene.rules.ids[quiet.loud[0][0]]]
    hits = []
    by_round = np.zeros(rounds + quiet.renewal.longest + 1, np.int64)
    for block, first in enumerate(range(0, people, BLOCK)):
        some = quiet.renewal.hits(rounds, min(BLOCK, people - first), streams.of(run, block, "draws"))
        hits.append(list(islice(some, cap if cap >= 0 else None)))
        for place in hits[-1]:
            by_round += np.bincount(place, minlength=len(by_round))
    by_round = by_round[: rounds + 1]
    so_far = np.cumsum(by_round)
    full = stock >= 0 and so_far[-1] >= stock
    end = int(np.searchsorted(so_far, stock)) if full else rounds
    left = stock - int(so_far[end - 1]) if full and stock else None
    sold_out = {}
    if full:
        where = SoldOut(0, 0, None)
        if left is not None:
            places = streams.of(run, CENTRAL, "order").chosen(int(by_round[end]), people)
            where = SoldOut((end - 1) * people + int(places[left - 1]) + 1, end, None)
        sold_out[quiet.loud[0][0]] = where
    rest = Rest(quiet, rounds)
    wins = _settled(quiet, hits, people, end, left if full else None, rest, streams.of(run, CENTRAL, "last units"), cap=cap, rounds=rounds)
    advance(people * rounds)
    in_vain = int(by_round[end]) - left if left is not None else 0
    return _tally(scene, quiet, wins, rest, in_vain, sold_out, streams.of(run, CENTRAL, "rest"))


def _settled(
    quiet: Quiet,
    hits: list[list[Array]],
    people: int,
    end: int,
    left: int | None,
    rest: Rest,
    stream: Stream,
    *,
    cap: int,
    rounds: int,
) -> Array:
    """The histogram of wins; who can win nothing more is handed to ``rest``.

    ``end`` is the round in which stock runs out, and ``left`` the units for its hits; None: it does not run out. All that matters of
    a participant is how many hits were granted and in which round the last one.
    """
    before, width = (end if left is None else end - 1), rounds + 1
    most = max((len(some) for some in hits), default=0)
    size = (most + 2) * width
    joint = np.zeros(size, np.int64)
    in_vain: list[Array] = [np.empty(0, np.int64)]
    for block, some in enumerate(hits):
        code: Array = np.zeros(min(BLOCK, people - block * BLOCK), np.min_scalar_type(size))
        for number, place in enumerate(some, 1):
            if left is not None:
                in_vain.append(code.take(np.flatnonzero(place == end)))
            np.maximum(code, (place + code.dtype.type(number * width)) * (place <= before), out=code)
            within = np.flatnonzero(place < width)
            if len(within) < len(code):
                joint += np.bincount(code.take(np.flatnonzero(place >= width)), minlength=size)
                code = code.take(within)
        joint += np.bincount(code, minlength=size)
    if left is not None:
        claims = np.concatenate(in_vain)
        lucky = claims[stream.chosen(left, len(claims))]
        joint -= np.bincount(lucky, minlength=size)
        joint += np.bincount((lucky // width + 1) * width + end, minlength=size)
    state = [quiet.automaton.start]
    for _ in range(end):
        state.append(quiet.automaton.following(state[-1], quiet.thank_you))
    for code_, many in zip(np.flatnonzero(joint).tolist(), joint[joint > 0].tolist(), strict=True):
        number, place_ = divmod(code_, width)
        if 0 <= cap <= number:
            rest.add_many(state[0], rounds - place_, many)
        elif end < rounds:
            rest.add_many(state[end - place_], rounds - end, many)
    wins: Array = joint.reshape(-1, width).sum(axis=1)
    return wins[: int(np.flatnonzero(wins)[-1]) + 1] if wins.any() else wins[:1]


def _tally(scene: Scene, quiet: Quiet, wins: Array, rest: Rest, in_vain: int, sold_out: dict[int, SoldOut], stream: Stream) -> Tally:
    """What came of it; ``in_vain`` hits of the round in which stock ran out found none."""
    prize = quiet.loud[0][0]
    won = int((wins * np.arange(len(wins))).sum())
    granted = np.zeros(quiet.outcomes, np.int64)
    granted[prize], granted[quiet.thank_you] = won, scene.participants * scene.plan.most_draws - won
    named = granted.copy()
    more = in_vain + int(rest.named(stream)[prize])
    named[prize] += more
    named[quiet.thank_you] -= more
    stock = np.array([scene.plan.stock[id_] for id_ in scene.rules.ids[:-1]], np.int64)
    stock -= np.where(stock >= 0, granted[: quiet.thank_you], 0)
    return Tally(granted, named, np.zeros(len(REFUSALS), np.int64), stock, sold_out | _none_at_all(scene), wins, None)


def _none_at_all(scene: Scene) -> dict[int, SoldOut]:
    """The prizes of which there was nothing from the start."""
    return {k: SoldOut(0, 0, None) for k, id_ in enumerate(scene.rules.ids[:-1]) if not scene.plan.stock[id_]}
