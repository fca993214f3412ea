"""A campaign played through the real engine on the memory store, for comparison with simulations, and how two samples are compared."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from scipy.stats import chi2

from prizedraw import Campaign, DrawEngine, DrawRefused, Window
from prizedraw.sampling import SeededEntropy
from prizedraw.storage import MemoryStore
from prizedraw.testing import FixedClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FALSE_ALARM = 1e-9
"""Of one comparison; a test makes a few hundred of them, so that its own false-alarm rate stays below 1e-6."""
OPENING = datetime(2027, 3, 1)


def lasting(campaign: Campaign) -> Campaign:
    """The campaign with one window of many days, so that a simulation without traffic means the same."""
    return attrs.evolve(campaign, windows=[Window(OPENING, OPENING + timedelta(days=365))])


def sequence(order: str, draws: Sequence[int], shuffler: random.Random) -> Iterator[tuple[int, int]]:
    """(participant, round) of each draw, in this order."""
    people = range(len(draws))
    if order == "rounds":
        for number in range(1, max(draws, default=0) + 1):
            there = [k for k in people if draws[k] >= number]
            shuffler.shuffle(there)
            yield from ((k, number) for k in there)
    elif order == "sessions":
        turns = list(people)
        shuffler.shuffle(turns)
        yield from ((k, number) for k in turns for number in range(1, draws[k] + 1))
    else:
        every = [k for k in people for _ in range(draws[k])]
        shuffler.shuffle(every)
        seen: Counter[int] = Counter()
        for k in every:
            seen[k] += 1
            yield k, seen[k]


def play(
    campaign: Campaign, draws: Sequence[int], seed: int, *, order: str = "rounds", per_day: int = 0, times: Sequence[datetime] = ()
) -> dict[str, int]:
    """What comes of one game, as (what is counted) → number; draws happen at these times, if they are given."""
    start = campaign.calendar.day_start(OPENING.date() + timedelta(days=1))
    clock = FixedClock(times[0] if times else start)
    engine = DrawEngine(MemoryStore(), clock=clock, entropy=SeededEntropy(f"game {seed}"))
    engine.publish(campaign)
    counts: Counter[str] = Counter()
    wins = [0] * len(draws)
    for position, (k, number) in enumerate(sequence(order, draws, random.Random(seed))):
        day = (number - 1) // per_day if per_day else 0
        clock.set(
            times[position] if times else campaign.calendar.day_start(OPENING.date() + timedelta(days=1 + day)) + timedelta(minutes=30)
        )
        try:
            receipt = engine.draw(campaign.id, f"p{k}")
        except DrawRefused as refusal:
            counts[f"refused {refusal.reason}"] += 1
            continue
        counts[f"granted {receipt.prize.id}"] += 1
        counts[f"demand {receipt.drawn}"] += 1
        wins[k] += receipt.is_win
    assert engine.audit(campaign.id).ok
    return counts | Counter(f"won {n} times" for n in wins)


def told(report: Any) -> dict[str, np.ndarray]:
    """The same of a report: (what is counted) → numbers, one for each run."""
    found: dict[str, np.ndarray] = {}
    for name in ("granted", "demand", "refused"):
        found |= {f"{name} {id_}": estimate.runs for id_, estimate in getattr(report, name).items()}
    for n in range(len(report.wins_per_participant)):
        found[f"won {n} times"] = np.array([one.wins[n] if n < len(one.wins) else 0 for one in report._tallies])
    return found


def compared(report: Any, games: Iterable[dict[str, int]]) -> None:
    """Every count of the report against the same count of the games, by chi-square of homogeneity."""
    games, runs = list(games), told(report)
    for what in sorted(set(runs) | {key for game in games for key in game}):
        ours = runs.get(what, np.zeros(report.runs, int))
        theirs = np.array([game.get(what, 0) for game in games])
        p = alike(ours, theirs)
        assert p > FALSE_ALARM, f"{what}: {ours.mean()} and {theirs.mean()}, p = {p:.2g}"


def alike(ours: np.ndarray, theirs: np.ndarray, cell: int = 12) -> float:
    """The p-value that two samples of numbers come from one law: chi-square over cells that hold about ``cell`` of each at least."""
    values = np.sort(np.concatenate([ours, theirs]))
    n, m = len(ours), len(theirs)
    least = cell * (n + m) / min(n, m)
    edges, filled = [], 0
    for value, count in zip(*np.unique(values, return_counts=True), strict=True):
        filled += count
        if filled >= least:
            edges.append(value)
            filled = 0
    if filled and edges:
        edges[-1] = values[-1]
    edges = sorted(set(edges)) or [values[-1]]
    table = np.array([np.bincount(np.searchsorted(edges, one), minlength=len(edges))[: len(edges)] for one in (ours, theirs)], float)
    if table.shape[1] == 1:
        return 1.0 if _rare(ours, theirs) else 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(chi2.sf(((table - expected) ** 2 / expected).sum(), table.shape[1] - 1))


def _rare(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Where nearly all values are one: whether both samples have nearly all of theirs there."""
    values, counts = np.unique(np.concatenate([ours, theirs]), return_counts=True)
    usual = values[np.argmax(counts)]
    return bool(np.mean(ours == usual) > 0.5 and np.mean(theirs == usual) > 0.5)
