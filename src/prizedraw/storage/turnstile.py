"""A lock between threads and processes that is fair, bounded in time, and released by a killed process.

Only waiting in turn lives here; what the turn is for does not matter. Nothing may rely on it for correctness: where the
platform has no advisory file locks it is fair between the threads of a process alone.

A process that waits holds lock B, so that it is the next; one that has its turn holds lock A::

    lock B; lock A; unlock B; ... the turn ...; unlock A
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from time import monotonic, sleep
from typing import TYPE_CHECKING, ClassVar

try:
    import fcntl
except ImportError:  # Windows has no advisory locks
    fcntl = None  # type: ignore[assignment]  # the absent module is asked about below

if TYPE_CHECKING:
    from pathlib import Path

A, B = 0, 1  # the two bytes that are locked

SHORTEST_NAP, LONGEST_NAP = 20e-6, 500e-6
"""Seconds between two looks at a file lock: short against a durable write, so that no turn is lost in a nap."""


class Turnstile:
    """The turns at one path, shared by everyone in this process who asks for that path.

    POSIX locks belong to the process and fall when it closes any descriptor of the file, so there is exactly one
    Turnstile, with one descriptor, per path and process; ``Turnstile.at(path)`` finds it.
    """

    _known: ClassVar[weakref.WeakValueDictionary[Path, Turnstile]] = weakref.WeakValueDictionary()
    _knowing = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._reset()

    @classmethod
    def at(cls, path: Path) -> Turnstile:
        """The turnstile of this path; its file is created at the first turn."""
        path = path.resolve()
        with cls._knowing:
            found = cls._known.get(path)
            if found is None:
                found = cls._known[path] = cls(path)
            return found

    def _reset(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._queue: deque[threading.Lock] = deque()

    def __del__(self) -> None:
        if self._file is not None:
            os.close(self._file)

    def enter(self, wait: float) -> bool:
        """Take the turn within ``wait`` seconds, or return False. Raises OSError if the lock file cannot be had."""
        deadline = monotonic() + wait
        if not self._enter_among_threads(wait):
            return False
        try:
            entered = fcntl is None or self._enter_among_processes(deadline)
        except BaseException:
            self._leave_to_threads()
            raise
        if not entered:
            self._leave_to_threads()
        return entered

    def leave(self) -> None:
        """Give the turn to the next one."""
        if fcntl is not None and self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, A)
        self._leave_to_threads()

    def _enter_among_threads(self, wait: float) -> bool:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            gate = threading.Lock()
            gate.acquire()
            self._queue.append(gate)
        if gate.acquire(timeout=min(wait, threading.TIMEOUT_MAX)):
            return True
        with self._mutex:
            if gate in self._queue:
                self._queue.remove(gate)
                return False
        return True  # the turn came in the instant between

    def _leave_to_threads(self) -> None:
        with self._mutex:
            if self._queue:
                self._queue.popleft().release()  # the turn passes on, it is never free in between
            else:
                self._taken = False

    def _enter_among_processes(self, deadline: float) -> bool:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if not self._lock(B, deadline):
            return False
        try:
            return self._lock(A, deadline)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, B)

    def _lock(self, byte: int, deadline: float) -> bool:
        """Lock one byte of the file. Looks again and again, because a blocking lock could not be bounded in time."""
        assert self._file is not None  # noqa: S101 - for the type checker; the caller has opened it
        began = None
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except (BlockingIOError, PermissionError):  # POSIX allows EAGAIN and EACCES
                now = monotonic()
                began = began or now
                if now >= deadline:
                    return False
                sleep(min(LONGEST_NAP, max(SHORTEST_NAP, (now - began) / 16), deadline - now))
            else:
                return True

    @classmethod
    def _after_fork(cls) -> None:
        cls._knowing = threading.Lock()
        for turnstile in cls._known.values():
            turnstile._reset()  # noqa: SLF001 - this class's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Turnstile._after_fork)  # noqa: SLF001 - this module's own
