"""How what an older version of prizedraw has written under a prefix is brought to the newest format: steps, as in ``steps``.

A cluster changes one home at a time, so the number under ``prefix:format`` is ``1>2`` while homes go from format 1 to 2. That keeps
older versions out, and whoever opens the store then finishes, after a crash as well as beside others: each home says itself how far it
has come, in the field ``#format`` of its hash, and is changed by a script, whole or not at all. No home can come to be in the newest
format before the number says that all are: so what is listed while it does not is not in it, unless a script has told so.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from prizedraw.storage.redis import layout, scripts
from prizedraw.storage.redis.steps import Ask, call

if TYPE_CHECKING:
    from prizedraw.storage.redis.steps import Steps

FIRST = 1
"""The first format, which homes are made in by being used."""

STEPS: tuple[bytes, ...] = ()
"""What leads a home from each format to the next, from FIRST on: Lua, with the names of ``lua/common.lua``. A home is one script's work,
so the server answers nobody else while it is changed. A released one is never changed, only followed by another."""


_UPGRADE = b"""
-- KEYS: of a home. ARGV: the format of a home that does not say, and the one to bring it to.
local function step()
$step
end
local there = tonumber(redis.call('HGET', kept, '#format') or ARGV[1])
if there < tonumber(ARGV[2]) then
  step()
  redis.call('HSET', kept, '#format', ARGV[2])
end
return there
"""
"""A step that is done once for each home."""


def newest() -> int:
    """The format that this version of prizedraw reads and writes."""
    return FIRST + len(STEPS)


def told(kept: bytes) -> tuple[int, int] | None:
    """The format that a number stands for, and the one that it is on the way to or has; None if it is none."""
    there, arrow, goal = kept.partition(b">")
    if not (there.isdigit() and (goal.isdigit() or not arrow)):
        return None
    first, last = int(there), int(goal or there)
    return (first, last) if FIRST <= first <= last else None


def upgraded(prefix: str, kept: bytes) -> Steps[bytes]:
    """Bring every home to the format that the number names as its goal, or else to the newest; the number then.

    Returns early with the number of another that was faster.
    """
    key = layout.format_key(prefix)
    there, arrow, goal = kept.partition(b">")
    if not arrow:
        goal = b"%d" % newest()
        began = there + b">" + goal
        if (kept := (yield from _exchanged(key, kept, began))) != began:
            return kept
    homes: list[list[bytes]] = yield Ask(("KEYS", f"{prefix}:{{*}}:kept"))
    if (now := (yield from _exchanged(key, kept, kept))) != kept:
        return now
    for home in chain.from_iterable(homes):
        for number in range(int(there), int(goal)):
            script = scripts.script(scripts.COMMON + _UPGRADE.replace(b"$step", STEPS[number - FIRST]))
            yield from call(script, (home, home.removesuffix(b"kept") + b"names"), there, number + 1, write=True)
    return (yield from _exchanged(key, kept, goal))


def _exchanged(key: bytes, old: bytes, new: bytes) -> Steps[bytes]:
    """Put the new number for the old one, unless it is another now; what it is now."""
    return (yield from call(scripts.EXCHANGE, (key,), old, new, write=True))  # type: ignore[no-any-return]  # what the script answers
