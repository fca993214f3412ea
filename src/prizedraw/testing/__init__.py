"""The kit for people who write stores or test against prizedraw: conformance suite, faults, clock, strategies.

Needs the extra ``prizedraw[testing]``; nothing else in prizedraw imports it.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("prizedraw.testing.conformance")  # before it is imported, so that failures show values

from prizedraw.testing.clock import FixedClock
from prizedraw.testing.conformance import StoreConformance
from prizedraw.testing.faults import FaultyStore, NoExclusive
from prizedraw.testing.strategies import campaigns, prizes

__all__ = ["FaultyStore", "FixedClock", "NoExclusive", "StoreConformance", "campaigns", "prizes"]
