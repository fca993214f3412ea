"""Who goes when: actors of which one runs at a time, switched by a scheduler and not by luck.

Only orders of steps live here: how to make an actor stop between two of its steps, to run actors in one order, and to go through
all orders. What must hold in each of them is the test's business.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from prizedraw.testing.faults import LISTINGS, Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from types import FrameType

    from prizedraw.storage.protocol import Handle, Store

T = TypeVar("T")

PATIENCE = 0.1
"""Seconds after which an actor that has not come to its next pause is taken to wait for another one."""
STUCK = 30.0
"""Seconds after which actors that all wait are taken to wait for ever."""
LOOKS, LOOK, SHORT_LOOK = 20, 0.02, 0.0005
"""After each step made while others wait, these may come on for so many seconds: longer for the first steps, as locks are short."""

OPERATIONS = LISTINGS | {"read", "commit"}
KIT = __name__.rpartition(".")[0]


class Step(NamedTuple):
    """One decision of the scheduler, by the numbers of the actors.

    Attributes:
        able: who stood at a pause, and could go on.
        waiting: who had been let go, and waits for something that another one holds.
        current: who went before, if it is able.
        chosen: who went on.
    """

    able: frozenset[int]
    waiting: frozenset[int]
    current: int | None
    chosen: int


class Interleaver:
    """Runs actors in one order: at each pause the next in ``order`` goes on, and when that is used up, whoever went last.

    An actor that comes to no pause within ``patience`` waits for something that another actor holds, such as a lock; the others go
    on meanwhile. So a store with locks can be interleaved as well, and where nothing is locked, an order is always the same.

    Args:
        order: the numbers of the actors (from 0), one for each pause; one who cannot go on is passed over.
        patience: seconds.

    Attributes:
        steps: what was decided, once the actors have run.
    """

    def __init__(self, order: Sequence[int] = (), *, patience: float = PATIENCE) -> None:
        self._order = order
        self._patience = patience
        self._changed = threading.Condition()
        self._here = threading.local()
        self._players: list[_Actor] = []
        self._current: int | None = None  # whose turn it is; None: whoever comes to a pause
        self._since = self._last = 0.0  # the times of the last change of turns and of the last step
        self._looked = 0  # steps made while others waited
        self.steps: list[Step] = []

    def __repr__(self) -> str:
        return f"<Interleaver {[step.chosen for step in self.steps] or list(self._order)}>"

    def pause(self) -> None:
        """Stop here until the scheduler lets this actor go on. Outside of an actor, do nothing."""
        actor = getattr(self._here, "actor", None)
        if actor is not None:
            actor.stop()

    def pausing(self, store: Store) -> Store:
        """The store, with a pause before each of its operations and before ``exclusive``."""
        return cast("Store", _Pausing(store, self))

    def run(self, *actors: Callable[[], Any], lines_of: Sequence[str] = (), expected: tuple[type[Exception], ...] = ()) -> list[Any]:
        """Run the actors to their ends; what each returned, in their order.

        Args:
            actors: functions without arguments, each run in a thread of its own.
            lines_of: modules or packages, by name: there is a pause before each of their lines (but for this kit's).
            expected: errors that are results like others; any other error is raised here when all actors have ended.

        Raises:
            TimeoutError: all actors wait for each other.
        """
        self._players = [_Actor(self, place, action, tuple(lines_of), expected) for place, action in enumerate(actors)]
        for player in self._players:
            player.start()
        self._supervise()
        for player in self._players:
            player.join()
            if player.error is not None:
                raise player.error
        return [player.result for player in self._players]

    def _supervise(self) -> None:
        """Begin, and give the turn to another one when who has it waits; otherwise the actors hand it on themselves."""
        with self._changed:
            self._pass_on()
            while not self._all("done"):
                self._changed.wait(max(0.001, self._last + self._patience - monotonic()))
                idle = monotonic() - self._last
                if idle >= STUCK:
                    waiting = sorted(player.place for player in self._players if player.state == "running")
                    raise TimeoutError(f"actors {waiting} wait for each other after {self!r}")
                if idle >= self._patience:
                    self._pass_on()

    def _all(self, state: str) -> bool:
        return all(player.state == state for player in self._players)

    def _let_come(self, player: _Actor) -> None:
        """Let those who wait come to their next pause, if it was the last step of this player that let them on."""
        if self._others_run(player):
            self._looked += 1
            self._changed.wait_for(lambda: not self._others_run(player), LOOK if self._looked <= LOOKS else SHORT_LOOK)

    def _others_run(self, player: _Actor) -> bool:
        return any(other.state == "running" and other is not player for other in self._players)

    def _pass_on(self) -> None:
        """Choose who goes on, if anybody can, and give it the turn."""
        able = frozenset(player.place for player in self._players if player.state == "paused")
        if not able:
            self._current = None
            return
        now = monotonic()
        going_on = self._current if self._current in able else None
        chosen = self._order[len(self.steps)] if len(self.steps) < len(self._order) else going_on
        if chosen not in able or (chosen == self._current and len(able) > 1 and now - self._since > self._patience):
            # Who goes on and on, to look whether a lock is free, waits too.
            chosen = min(able - {self._current} or able)
        assert chosen is not None
        waiting = frozenset(player.place for player in self._players if player.state == "running")
        self.steps.append(Step(able, waiting, going_on, chosen))
        self._last = now
        if chosen != self._current:
            self._current, self._since = chosen, now
        self._players[chosen].go()


class _Actor(threading.Thread):
    """A function in a thread that goes on when it has the turn."""

    def __init__(
        self,
        owner: Interleaver,
        place: int,
        action: Callable[[], Any],
        modules: tuple[str, ...],
        expected: tuple[type[Exception], ...],
    ) -> None:
        super().__init__(daemon=True)
        self._owner, self._action, self._modules, self._expected = owner, action, modules, expected
        self._turn = threading.Semaphore(0)
        self.place = place
        self.state = "paused"
        self.result: Any = None
        self.error: BaseException | None = None

    def go(self) -> None:
        """Have the turn."""
        self.state = "running"
        self._turn.release()

    def stop(self) -> None:
        """Wait for the turn, which may come at once."""
        self._become("paused")
        self._turn.acquire()

    def _become(self, state: str) -> None:
        owner = self._owner
        with owner._changed:  # noqa: SLF001 - its other half
            if owner._current == self.place:  # noqa: SLF001 - as above
                owner._let_come(self)  # noqa: SLF001 - as above
            self.state = state
            owner._changed.notify_all()  # noqa: SLF001 - as above
            if owner._current in {None, self.place}:  # noqa: SLF001 - as above
                owner._pass_on()  # noqa: SLF001 - as above

    def run(self) -> None:
        self._turn.acquire()
        self._owner._here.actor = self  # noqa: SLF001 - as above
        try:
            if self._modules:
                sys.settrace(self._called)
            self.result = self._action()
        except self._expected as error:
            self.result = error
        except BaseException as error:  # noqa: BLE001 - raised in the thread that runs the actors
            self.error = error
        finally:
            sys.settrace(None)
            self._become("done")

    def _called(self, frame: FrameType, event: str, _: object) -> Callable[[FrameType, str, Any], Any] | None:
        module = f"{frame.f_globals.get('__name__', '')}."
        if module.startswith(f"{KIT}.") or not any(module.startswith(f"{name}.") for name in self._modules):
            return None
        return self._line

    def _line(self, _: FrameType, event: str, __: object) -> Callable[[FrameType, str, Any], Any]:
        if event == "line":
            self.stop()
        return self._line


class _Pausing(Wrapper):
    def __init__(self, store: Any, interleaver: Interleaver) -> None:
        super().__init__(store)
        self._pause = interleaver.pause
        self._interleaver = interleaver

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name not in OPERATIONS:
            return found

        def operation(*args: Any, **options: Any) -> Any:
            self._pause()
            return found(*args, **options)

        return operation

    @contextmanager
    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> Iterator[Handle]:
        self._pause()
        with self.inner.exclusive(home, docs, wait) as handle:
            yield cast("Handle", _Pausing(handle, self._interleaver))


def interleavings(race: Callable[[Interleaver], T], *, preemptions: int | None = None, patience: float = PATIENCE) -> Iterator[T]:
    """What ``race`` gives in every order in which the actors that it runs can go.

    ``race`` is called once for each order, with an Interleaver of that order. It makes everything anew, calls ``run`` once, and checks
    or returns what came of it; apart from the order it must always do the same.

    Args:
        race: see above.
        preemptions: how often an actor is stopped that could have gone on; None: any number of times, which are as many orders as there
            are ways to shuffle the steps. One is enough to come between a check and the write that trusts it: twice as many orders as
            steps, for two actors.
        patience: see Interleaver.
    """
    yield from _explore(race, (), float("inf") if preemptions is None else preemptions, patience)


def _explore(race: Callable[[Interleaver], T], order: tuple[int, ...], left: float, patience: float) -> Generator[T, None, list[Step]]:
    """Every order that begins with this one; the steps of the first."""
    interleaver = Interleaver(order, patience=patience)
    yield race(interleaver)
    steps = interleaver.steps
    same_until: dict[int, int] = {}
    for place in range(len(order), len(steps)):
        able, _, current, chosen = steps[place]
        cost = 0 if current is None else 1
        for other in sorted(able - {chosen}):
            if cost > left or place < same_until.get(other, 0):
                continue
            begun = (*(step.chosen for step in steps[:place]), other)
            found = yield from _explore(race, begun, left - cost, patience)
            same_until[other] = place + _waited(found, place, other)
    return steps


def _waited(steps: list[Step], place: int, actor: int) -> int:
    """For how many steps of others an actor waited that was let on at a place: to let it on in one of these is the same order."""
    began = next((k for k in range(place, len(steps)) if actor in steps[k].waiting), len(steps))
    return next((k for k in range(began, len(steps)) if actor not in steps[k].waiting), len(steps)) - began
