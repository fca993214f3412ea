"""Who is in which stripe."""

from __future__ import annotations

from itertools import count

from prizedraw.flows.sharing import Stripes

STRIPES = 3


def name_in(stripe, prefix="user", n=STRIPES):
    """The first name with this prefix that is in a stripe, of a participant or of a request."""
    return next(name for name in (f"{prefix}-{k}" for k in count()) if Stripes("", n).of(name) == stripe)


ZERO, ONE, TWO = (name_in(stripe) for stripe in range(STRIPES))
"""A participant of each stripe."""
