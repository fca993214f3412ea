"""Guarantees: pity rules, stages, levels and the newcomer's promise (design decision D10)."""

from prizedraw.pity.chain import Chain, expected
from prizedraw.pity.hazard import Hazard
from prizedraw.pity.law import outcomes, replacements
from prizedraw.pity.rule import NEWCOMER, Level, Newcomer, Pity
from prizedraw.pity.stages import Class, Members, Rule, Settled, Stage, Stages

__all__ = [
    "NEWCOMER",
    "Chain",
    "Class",
    "Hazard",
    "Level",
    "Members",
    "Newcomer",
    "Pity",
    "Rule",
    "Settled",
    "Stage",
    "Stages",
    "expected",
    "outcomes",
    "replacements",
]
