"""The exact odds that a campaign file promises: of a new participant's next draw, and of its guarantees in the long run."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from attrs import frozen

from prizedraw.cli.figures import percent
from prizedraw.engine import DrawEngine
from prizedraw.pity import Stages

if TYPE_CHECKING:
    from prizedraw.campaign import Campaign
    from prizedraw.pity import Hazard, Rule


def opening(campaign: Campaign) -> dict[str, Fraction]:
    """Prize id → exact chance of a new participant's next draw, as the engine itself says before any draw was made."""
    with DrawEngine.open(":memory:", clock=lambda: campaign.windows[0].start) as engine:
        engine.publish(campaign)
        return engine.odds(campaign.id, "p")


@frozen
class Guarantee:
    """A pity rule as it is told to people.

    Attributes:
        id: the rule's.
        target: ids of the prizes it promises.
        scope: ids of the prizes within which it applies; empty: every draw.
        course: how its chance goes from draw to draw.
        rate: hits per draw of the scope in the long run, the rule taken alone; None where no hazard tells.
    """

    id: str
    target: tuple[str, ...]
    scope: tuple[str, ...]
    course: str
    rate: Fraction | None


def guarantees(campaign: Campaign) -> list[Guarantee]:
    """The guarantees of a campaign, in file order."""
    return [_guarantee(campaign, rule) for rule in Stages(campaign.pity, campaign.weights, campaign.newcomer).rules]


def _guarantee(campaign: Campaign, rule: Rule) -> Guarantee:
    pity = rule.pity
    within = pity.scope or tuple(campaign.weights)
    whole, part = (sum((campaign.weights[one] for one in ids), Fraction(0)) for ids in (within, pity.target))
    if pity.levels:
        return Guarantee(pity.id, pity.target, pity.scope, f"moves between {len(pity.levels)} levels", None)
    # What else moves the counter, or does not clear it, is beyond a hazard.
    renewed = not pity.repeats and (pity.counts is None or set(pity.counts) == set(pity.scope))
    share = part / whole if whole else Fraction(0)
    return Guarantee(pity.id, pity.target, pity.scope, _course(rule.law), rule.law.rate(share) if renewed else None)


def _course(law: Hazard) -> str:
    """The chance of the first draws after a hit, from where it changes, and where it is sure."""
    chances = law.values
    changed = next((k for k, chance in enumerate(chances, 1) if chance != chances[0]), len(chances))
    parts = ["by weight" if chances[0] is None else percent(chances[0])]
    if changed < len(chances):
        rises = all(a is None or (b is not None and a <= b) for a, b in pairwise(chances))
        parts.append(f"{'rising' if rises else 'another'} from draw {changed}")
    if chances[-1] == 1:
        parts.append(f"sure on draw {len(chances)}")
    return ", ".join(parts)
