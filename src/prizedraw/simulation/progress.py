"""How far a simulation has come, told to a function, to a terminal or to a notebook."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 0.5
"""Seconds after which a bar appears that nobody asked for: what is done by then needs none."""
_PAUSE = 0.1
"""Seconds between two looks of a bar in a notebook, which are a message each."""


@contextmanager
def shown(progress: object, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many draws were decided since; whatever is shown is complete if no exception came.

    Args:
        progress: None: a bar on stderr in a terminal, or in a notebook's output, if it takes long; True: a bar at once, wherever
            stderr goes; False: nothing; or a function that is told (done, total).
        total: the draws in all, as far as is known before.

    Raises:
        InvalidRequest: ``progress`` is something else.
    """
    if callable(progress):
        tell: Callable[[int, int], object] = progress
    elif progress is not None and not isinstance(progress, bool):
        raise InvalidRequest(f"{progress!r} must be None, True, False or a function of (done, total)", "progress")
    elif progress is False or (progress is None and not (sys.stderr.isatty() or _in_notebook())):
        yield lambda _: None
        return
    else:
        tell = _Shown(patience=0.0 if progress else PATIENCE)
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done = min(total, done + more)
        tell(done, total)

    try:
        yield advance
        if done < total:  # draws of each that are drawn by lot were counted by their mean
            tell(total, total)
    finally:
        if isinstance(tell, _Shown):
            tell.close()


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return running is not None and "IPKernelApp" in running.config


class _Bar(Protocol):
    """A bar that is on the screen."""

    def show(self, done: int) -> None:
        """Show that so many draws are decided."""

    def close(self) -> None:
        """Leave it as it is."""


class _Shown:
    """A bar that appears when it is time to."""

    def __init__(self, patience: float) -> None:
        self._from = time.perf_counter() + patience
        self._bar: _Bar | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if time.perf_counter() < self._from:
                return
            self._bar = _opened(total)
        self._bar.show(done)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _opened(total: int) -> _Bar:
    if _in_notebook():
        return _Cell(total)
    try:
        return _Rich(total)
    except ImportError:
        return _Line(total)


class _Cell:
    """A bar in the output of a notebook's cell: one output, replaced in place."""

    def __init__(self, total: int) -> None:
        from IPython.display import display  # noqa: PLC0415 - a kernel has it

        self._total = total
        self._seen = self._looks(0)
        self._next = 0.0
        self._handle = display(self._seen, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython has no types here

    def show(self, done: int) -> None:
        looks = self._looks(done)
        if looks != self._seen and (done == self._total or time.perf_counter() >= self._next):
            self._seen, self._next = looks, time.perf_counter() + _PAUSE
            self._handle.update(looks, raw=True)

    def close(self) -> None:
        pass

    def _looks(self, done: int) -> dict[str, str]:
        text = f"simulating: {_percent(done, self._total)} %"
        return {"text/plain": text, "text/html": f'<progress value="{done}" max="{self._total}"></progress> {text}'}


class _Rich:
    """A bar of rich on stderr."""

    def __init__(self, total: int) -> None:
        from rich.console import Console  # noqa: PLC0415 - optional, and slow to import
        from rich.progress import Progress  # noqa: PLC0415

        self._bar = Progress(console=Console(file=sys.stderr))
        self._task = self._bar.add_task("simulating", total=total)
        self._bar.start()

    def show(self, done: int) -> None:
        self._bar.update(self._task, completed=done)

    def close(self) -> None:
        self._bar.stop()


class _Line:
    """A line on stderr that is written over, where rich is not installed."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._seen = -1

    def show(self, done: int) -> None:
        percent = _percent(done, self._total)
        if percent != self._seen:
            self._seen = percent
            sys.stderr.write(f"\rsimulating: {percent} %")
            sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\n")


def _percent(done: int, total: int) -> int:
    """Whole percents, 100 only when all is done."""
    return 100 * done // total if total else 100
