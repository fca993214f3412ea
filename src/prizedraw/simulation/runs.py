"""The call: arguments checked, runs carried out here or by an executor, a report made of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from prizedraw.campaign import Campaign
from prizedraw.draw.snapshot import Snapshot
from prizedraw.draw.state import State
from prizedraw.errors import InvalidRequest
from prizedraw.sampling.entropy import seed_bytes
from prizedraw.simulation.calendar import leap_in_rounds
from prizedraw.simulation.independent import leap
from prizedraw.simulation.log import WinLog
from prizedraw.simulation.orders import ORDERS
from prizedraw.simulation.progress import shown
from prizedraw.simulation.renewal import renew_in_rounds
from prizedraw.simulation.report import Report
from prizedraw.simulation.scene import Plan, Scene, law_of_draws
from prizedraw.simulation.stepping import step
from prizedraw.simulation.streams import Streams
from prizedraw.simulation.traffic import Traffic
from prizedraw.simulation.waits import TooManyStates

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from prizedraw.sampling.entropy import Seed
    from prizedraw.simulation.streams import Array
    from prizedraw.simulation.tally import Tally

_LARGEST = 2**31 - 1
"""The most participants, and the most draws of each."""
_BYTES_EACH = 100
"""Memory that a participant takes in a run, at most about."""
_BYTES_A_WIN = 24
"""Memory that a win takes in the log while it is put together."""


def simulate(
    campaign: Campaign,
    participants: int,
    draws_each: Any,
    *,
    per_day: int | None = None,
    order: str = "rounds",
    traffic: Any = None,
    runs: int = 1,
    seed: Seed | None = None,
    log: bool = False,
    state: Any = None,
    stock: Mapping[str, int] | None = None,
    executor: Executor | None = None,
    progress: Any = None,
) -> Report:
    """Simulate a campaign with all its rules, exactly by its law.

    The same arguments and seed give the same report, whatever the executor, the number of its workers and the order in which they
    finish. An interrupt (Ctrl-C) after the first run ends with a report of the runs that were finished.

    Args:
        campaign: what is simulated.
        participants: how many draw, from 0 to 2³¹ - 1.
        draws_each: how often each tries to draw: a number, an array of one for each participant, or a distribution (whatever has
            ``start`` and ``pmf``, or ``sample(n, seed)``), drawn from afresh in every run.
        per_day: without traffic, how many of a participant's draws are on one day: draw r is on day ⌈r/per_day⌉. Left out, it is
            the campaign's daily_draws; where these are unlimited, all is on one day.
        order: "rounds": in each round everyone once, in fresh random order; "sessions": participants in random order, each
            finishing; "random": any interleaving as likely as any other.
        traffic: when draws happen: a ``Traffic``, "constant", 24 numbers for the hours of a day, or the aware times of draws seen
            before. Left out, there is no clock, and a window is always open.
        runs: how many independent runs.
        seed: of predictable streams; left out, the secure source, and nothing can be reproduced.
        log: whether to keep every win as columns in ``report.log``.
        state: where participants start: an ``odds.State`` or another value with ``misses``, ``draws``, ``wins``, for everybody; or
            ``engine.snapshot(id)``, which brings the stock, the shelf and the day too, and whose participants come first.
        stock: prize id → units left at the start, -1 for unlimited; those left out are as in the campaign or the snapshot.
        executor: any ``concurrent.futures.Executor``; runs are its tasks.
        progress: None: a bar on stderr in a terminal, or in a notebook's output, if it takes long; True: a bar at once; False: none;
            or a function that is told (done, total).

    Raises:
        InvalidRequest: an argument cannot be right, or takes more memory than the machine has; it names the argument and the remedy.
    """
    runs = _count(runs, "runs", least=1)
    if executor is not None and not hasattr(executor, "submit"):
        raise InvalidRequest(f"{executor!r} is no executor; give a concurrent.futures.Executor, as a ProcessPoolExecutor is", "executor")
    if seed is not None:
        seed_bytes(seed)  # raises where it is no seed
    plan = _plan(campaign, participants, draws_each, per_day, order, traffic, log, state, stock)
    _check_memory(plan, runs)
    total = runs * _expected_draws(plan)
    tallies: dict[int, Tally] = {}
    try:
        with shown(progress, total) as advance:
            if executor is None:
                _serial(plan, seed, runs, tallies, advance)
            else:
                _spread(plan, seed, runs, tallies, advance, executor)
    except KeyboardInterrupt:
        if not tallies:
            raise
    done = [tallies[run] for run in sorted(tallies)]
    ids = (*(prize.id for prize in campaign.prizes), campaign.fallback.id)
    kept = WinLog(ids, [one.log for one in done if one.log is not None]) if log else None
    return Report(plan, seed, done, asked=runs, log=kept)


def _serial(plan: Plan, seed: Seed | None, runs: int, tallies: dict[int, Tally], advance: Callable[[int], None]) -> None:
    scene, streams = Scene(plan), Streams(seed)
    for run in range(runs):
        tallies[run] = play(scene, streams, run, advance)


def _spread(
    plan: Plan, seed: Seed | None, runs: int, tallies: dict[int, Tally], advance: Callable[[int], None], executor: Executor
) -> None:
    from concurrent.futures import as_completed  # noqa: PLC0415 - only where there is an executor

    key = os.urandom(16)  # of this plan: a worker may have served another one before
    futures: dict[Future[Tally], int] = {executor.submit(_task, key, plan, seed, run): run for run in range(runs)}
    try:
        for future in as_completed(futures):
            tallies[futures[future]] = future.result()
            advance(_expected_draws(plan))
    except KeyboardInterrupt:
        finished = [future for future in futures if future.done() and not future.cancelled() and future.exception() is None]
        tallies.update((futures[future], future.result()) for future in finished)
        raise
    finally:
        for future in futures:
            future.cancel()


_local = threading.local()


def _task(key: bytes, plan: Plan, seed: Seed | None, run: int) -> Tally:
    """One run in a worker, which keeps the scene of its last plan: each thread its own."""
    if getattr(_local, "key", None) != key:
        _local.key, _local.scene = key, Scene(plan)
    return play(_local.scene, Streams(seed), run, lambda _: None)


def play(scene: Scene, streams: Streams, run: int, advance: Callable[[int], None]) -> Tally:
    """One run, in the quickest way that its campaign allows."""
    quiet = scene.quiet
    if quiet is not None:
        try:
            if scene.renews:
                return renew_in_rounds(scene, quiet, streams, run, advance)
            if scene.shares or scene.caps:
                return leap_in_rounds(scene, quiet, streams, run, advance)
            return leap(scene, quiet, streams, run, advance)
        except TooManyStates:
            pass
    return step(scene, streams, run, advance)


def _plan(
    campaign: Campaign,
    participants: int,
    draws_each: Any,
    per_day: int | None,
    order: str,
    traffic: Any,
    log: bool,
    state: Any,
    stock: Mapping[str, int] | None,
) -> Plan:
    if not isinstance(campaign, Campaign):
        raise InvalidRequest(f"{campaign!r} is not a Campaign; load one with Campaign.load(path)", "campaign")
    if order not in ORDERS:
        raise InvalidRequest(f"{order!r} is not an order; there are {', '.join(ORDERS)}", "order")
    if not isinstance(log, bool):
        raise InvalidRequest(f"{log!r} must be True or False", "log")
    if traffic is not None and per_day is not None:
        raise InvalidRequest("with traffic the clock says which day it is; leave per_day out", "per_day")
    daily = campaign.quota.daily_draws
    people = _count(participants, "participants")
    return Plan(
        campaign,
        people,
        _draws_each(draws_each, people),
        per_day=max(0, daily) if per_day is None else _count(per_day, "per_day", least=1),
        order=order,
        traffic=None if traffic is None else Traffic.of(traffic),
        stock=_stock(campaign, stock, state),
        everyone=None if state is None or isinstance(state, Snapshot) else _everyone(campaign, state),
        snapshot=_snapshot(campaign, state, people) if isinstance(state, Snapshot) else None,
        log=log,
    )


def _count(value: object, place: str, least: int = 0) -> int:
    try:
        found = -1 if isinstance(value, bool) else index(value)  # type: ignore[arg-type]  # checked by index itself
    except TypeError:
        found = -1
    if found < least:
        raise InvalidRequest(f"{value!r} must be an integer of at least {least}", place)
    if found > _LARGEST:
        need = f"; {found:,} would take about {_size(found * _BYTES_EACH)} of memory" if place == "participants" else ""
        raise InvalidRequest(f"{value!r} is more than {_LARGEST:,}{need}; simulate fewer, and scale the stock with them", place)
    return found


def _draws_each(value: Any, participants: int) -> int | Array | tuple[int, tuple[int, ...]]:
    if hasattr(value, "pmf") and hasattr(value, "start"):
        return _law(value)
    if isinstance(value, np.ndarray | list | tuple) or (hasattr(value, "__array__") and not np.isscalar(value)):
        array = np.asarray(value)
        if array.shape != (participants,) or array.dtype.kind not in "iu":
            raise InvalidRequest(
                f"an array of shape {array.shape} and {array.dtype} does not say how often each of {participants} participants draws; "
                f"give integers of shape ({participants},)",
                "draws_each",
            )
        if len(array):
            _count(int(array.min()), "draws_each")
            _count(int(array.max()), "draws_each")
        return array.astype(np.min_scalar_type(int(array.max(initial=0))))
    return _count(value, "draws_each")


def _law(value: Any) -> tuple[int, tuple[int, ...]]:
    pmf = np.asarray(value.pmf, float)
    never = float(getattr(value, "never", 0.0))
    if pmf.ndim != 1 or not len(pmf) or not (np.isfinite(pmf) & (pmf >= 0)).all() or abs(pmf.sum() + never - 1) > 1e-6:
        raise InvalidRequest(f"{value!r} is not a distribution: its pmf must be at least 0 and sum to 1", "draws_each")
    if never > 1e-9:
        raise InvalidRequest(f"{value!r} is infinite with chance {never:.3g}; give numbers of draws that end", "draws_each")
    _count(value.start, "draws_each")
    return law_of_draws(value.start, pmf)


def _stock(campaign: Campaign, stock: Mapping[str, int] | None, state: object) -> dict[str, int]:
    left = {prize.id: prize.stock for prize in campaign.prizes}
    if isinstance(state, Snapshot):
        left |= {id_: units for id_, units in state.stock.items() if id_ in left}
    if stock is None:
        return left
    if not isinstance(stock, Mapping):
        raise InvalidRequest(f"{stock!r:.200} must map prize ids to units left", "stock")
    for id_, units in stock.items():
        if id_ not in left:
            raise InvalidRequest(f"{id_!r} is not a prize of {campaign.id!r} with stock; there are {', '.join(left)}", "stock")
        if isinstance(units, bool) or not isinstance(units, int | np.integer) or not -1 <= units < 2**53:
            raise InvalidRequest(f"{units!r} must be an integer from 0 to 2**53 - 1, or -1 for unlimited", f"stock[{id_!r}]")
        left[id_] = int(units)
    return left


def _snapshot(campaign: Campaign, snapshot: Snapshot, participants: int) -> Snapshot:
    if snapshot.campaign.id != campaign.id:
        raise InvalidRequest(
            f"it is a snapshot of {snapshot.campaign.id!r} and not of {campaign.id!r}; take one of the same campaign", "state"
        )
    if len(snapshot.participants) > participants:
        raise InvalidRequest(
            f"the snapshot has {len(snapshot.participants):,} participants, more than {participants:,}; simulate at least as many", "state"
        )
    unknown = snapshot.off_shelf - {prize.id for prize in campaign.prizes}
    return snapshot._replace(off_shelf=snapshot.off_shelf - unknown) if unknown else snapshot


def _everyone(campaign: Campaign, state: Any) -> State:
    """A participant's document with these counts."""
    if isinstance(state, State):
        return state
    misses, wins, draws = (getattr(state, name, None) for name in ("misses", "wins", "draws"))
    if not isinstance(misses, Mapping) or not isinstance(wins, Mapping):
        raise InvalidRequest(
            f"{state!r:.200} is no state; give odds.State(misses={{rule: n}}, draws=n, wins={{prize: n}}) or engine.snapshot(id)", "state"
        )
    rules, prizes = {one.id for one in campaign.pity}, {one.id: one for one in campaign.prizes}
    for kind, given, known in (("rule", misses, rules), ("prize", wins, set(prizes))):
        for id_, n in given.items():
            if id_ not in known:
                raise InvalidRequest(f"{id_!r} is not a {kind} of {campaign.id!r}; there are {', '.join(sorted(known)) or 'none'}", "state")
            _count(n, f"state.{kind}[{id_!r}]")
    for one in campaign.pity:
        if one.levels and misses.get(one.id, 0) >= len(one.levels):
            raise InvalidRequest(f"{misses[one.id]!r} is not a level of {one.id!r}; there are {len(one.levels)}, from 0", "state")
    number, won = _count(draws, "state.draws"), {id_: int(n) for id_, n in wins.items()}
    if sum(won.values()) > number:
        raise InvalidRequest(f"{sum(won.values())} wins are more than draws={number}; give the number of draws made", "state.draws")
    wanted = campaign.newcomer.target if campaign.newcomer is not None else ()

    met = getattr(state, "newcomer", None)

    def told(name: str, otherwise: int) -> int:
        value = getattr(state, name, None)
        return otherwise if value is None else _count(value, f"state.{name}")

    return State(
        number=number,
        draws=told("own_draws", number),
        wins=told("total_wins", sum(won.values())),
        day_wins=told("wins_today", 0),
        points=told("points", sum((prizes[id_].points or 0) * n for id_, n in won.items())),
        won=won,
        misses={id_: int(n) for id_, n in misses.items()},
        newcomer=any(won.get(id_) for id_ in wanted) if met is None else bool(met),
    )


def _expected_draws(plan: Plan) -> int:
    if isinstance(plan.draws_each, tuple):
        first, weights = plan.draws_each
        mean = first + sum(k * weight for k, weight in enumerate(weights)) / sum(weights)
        return round(plan.participants * mean)
    if isinstance(plan.draws_each, int):
        return plan.participants * plan.draws_each
    return int(plan.draws_each.sum(dtype=np.int64))


def _check_memory(plan: Plan, runs: int) -> None:
    """Say what is too large for this machine before the memory is taken."""
    need: float = plan.participants * _BYTES_EACH
    if plan.log:
        need += runs * _expected_draws(plan) * _BYTES_A_WIN * _win_share(plan.campaign)
    have = _memory()
    if need > have:
        remedy = "simulate fewer participants, and scale the stock with them" + (", or leave log out" if plan.log else "")
        raise InvalidRequest(
            f"{plan.participants:,} participants need about {_size(need)} of memory, and this machine has {_size(have)}; {remedy}",
            "participants",
        )


def _win_share(campaign: Campaign) -> float:
    """About which share of draws wins; guarantees may make it more."""
    weights = campaign.weights
    return float(1 - weights[campaign.fallback.id] / sum(weights.values()))


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on every system
        return 2**34


def _size(n: float) -> str:
    return f"{n / 2**30:,.1f} GiB" if n >= 2**30 else f"{n / 2**20:,.1f} MiB"
