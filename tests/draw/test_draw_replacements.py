"""What is granted in place of a closed prize, given what the first ticket named: the sums against every tape of ``decide``."""

from fractions import Fraction
from itertools import combinations

import attrs
import pytest

from law_cases import CAMPAIGNS, every, situation
from prizedraw.campaign import Odds
from prizedraw.draw import Rules
from prizedraw.draw.decide import decide
from prizedraw.pity import outcomes, replacements


@pytest.mark.parametrize("redraw", [False, True], ids=["fallback", "redraw"])
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_named_and_granted_together(name, redraw):
    """With any prizes sold out, all tapes name and grant as ``outcomes`` (nothing closed) and ``replacements`` say together."""
    made = attrs.evolve(CAMPAIGNS[name], odds=Odds(when_unavailable="redraw" if redraw else "fallback"))
    rules = Rules(made, 1)
    ids = [prize.id for prize in made.prizes]
    for misses in range(4):
        at = {one.id: min(misses, len(one.levels) - 1) if one.levels else misses for one in made.pity}
        for size in range(len(ids) + 1):
            for gone in combinations(ids, size):
                where = {"misses": at, "number": misses + 1, "fresh": True, "closed": dict.fromkeys(gone, "sold_out")}
                state, off, known = situation(**where)
                found = {}
                for chance, one in every(lambda tape: decide(rules, state, rules.day(state.day), tape, off_shelf=off, known=known)):  # noqa: B023 - used at once
                    found[one.drawn, one.prize] = found.get((one.drawn, one.prize), 0) + chance
                due = {"newcomer": rules.newcomer_due(state)}
                shut = {rules.number[prize] for prize in gone}
                instead = replacements(rules.stages, rules.counters(at), closed=shut, redraw=rules.redraw, **due)
                expected = {}
                for named, chance in enumerate(outcomes(rules.stages, rules.counters(at), **due)):
                    for granted, share in instead.get(named, {named: Fraction(1)}).items():
                        expected[named, granted] = chance * share
                assert found == {pair: chance for pair, chance in expected.items() if chance}
