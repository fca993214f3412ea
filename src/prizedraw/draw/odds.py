"""The exact odds of the next draw of one participant, everything included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.draw.closing import closed
from prizedraw.pity import outcomes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from fractions import Fraction

    from prizedraw.draw.rules import Day, Rules
    from prizedraw.draw.state import State


def odds(rules: Rules, state: State, day: Day, off_shelf: Collection[str], known: Mapping[str, tuple[int, int]]) -> dict[str, Fraction]:
    """Prize id → exact chance that the next draw grants it, the thank-you last; the sum is 1.

    Args:
        rules: the compiled campaign.
        state: the participant, on the campaign day.
        day: the campaign day.
        off_shelf: ids of prizes taken off the shelf.
        known: counter → (value, limit) of every counter of ``rules.shared(day)``.
    """
    shut = [k for k in range(rules.thank_you) if closed(rules, state, day, k, off_shelf, known, {}) is not None]
    chances = outcomes(
        rules.stages,
        rules.counters(state.misses),
        closed=shut,
        redraw=rules.redraw,
        newcomer=rules.newcomer_due(state),
    )
    return dict(zip(rules.ids, chances, strict=True))
