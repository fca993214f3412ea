"""How far a simulation has come, told to a function, to a terminal or to a notebook."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 0.5
"""Seconds after which a bar appears: what is done by then needs none."""


@contextmanager
def shown(progress: object, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many draws were decided since.

    Args:
        progress: None: a bar on stderr in a terminal or a notebook; True: a bar; False: nothing; or a function that is told
            (done, total).
        total: the draws in all.

    Raises:
        InvalidRequest: ``progress`` is something else.
    """
    done = 0
    if callable(progress):

        def tell(more: int) -> None:
            nonlocal done
            done += more
            progress(min(done, total), total)

        yield tell
        return
    if progress is not None and not isinstance(progress, bool):
        raise InvalidRequest(f"{progress!r} must be None, True, False or a function of (done, total)", "progress")
    if progress is False or (progress is None and not (sys.stderr.isatty() or _in_notebook())):
        yield lambda _: None
        return
    bar = _Bar(total)
    try:
        yield bar.advance
    finally:
        bar.close()


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return running is not None and "IPKernelApp" in running.config


class _Bar:
    """A bar of rich where it is installed, else one line that is written over."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._started = time.perf_counter()
        self._write: Callable[[int], None] | None = None
        self._stop: Callable[[], None] = lambda: None

    def advance(self, more: int) -> None:
        self._done = min(self._total, self._done + more)
        if self._write is None:
            if time.perf_counter() - self._started < _PATIENCE:
                return
            self._open()
        assert self._write is not None  # noqa: S101 - opened just now
        self._write(self._done)

    def close(self) -> None:
        self._stop()

    def _open(self) -> None:
        try:
            from rich.console import Console  # noqa: PLC0415 - optional, and slow to import
            from rich.progress import Progress  # noqa: PLC0415
        except ImportError:
            self._write = lambda done: print(f"\rsimulating: {done / max(1, self._total):.0%}", end="", file=sys.stderr, flush=True)  # noqa: T201 - a terminal is asked for
            self._stop = lambda: print(file=sys.stderr)  # noqa: T201 - as above
            return
        bar = Progress(console=None if _in_notebook() else Console(file=sys.stderr))
        task = bar.add_task("simulating", total=self._total)
        bar.start()
        self._write = lambda done: bar.update(task, completed=done)
        self._stop = bar.stop
