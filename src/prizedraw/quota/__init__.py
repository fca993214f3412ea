"""Quotas: how often a participant may draw and win, caps on points, and why a draw is refused."""

from prizedraw.quota.caps import UNLIMITED, Chances, Quota, allows, ceiling, chances, check_limit, left
from prizedraw.quota.points import Points
from prizedraw.quota.refusals import RefusalReason

__all__ = ["UNLIMITED", "Chances", "Points", "Quota", "RefusalReason", "allows", "ceiling", "chances", "check_limit", "left"]
