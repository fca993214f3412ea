"""Following a journal: how long to wait before looking again. Looking is the engines' part."""

from __future__ import annotations

SHORTEST = 0.05
LONGEST = 1.0
"""Seconds. What follows a quiet journal asks once a second."""


def pause_after(pause: float, *, found: bool) -> float:
    """The seconds to wait next: little after something was found, twice as long each time that nothing was."""
    return SHORTEST if found else min(2 * pause, LONGEST)
