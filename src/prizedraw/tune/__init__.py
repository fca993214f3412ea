"""Tuning: figures of a campaign that meet targets, and what it would be like if they were others."""

from prizedraw.errors import Infeasible
from prizedraw.tune.hazards import Candidate, hazard
from prizedraw.tune.plans import Comparison, compare
from prizedraw.tune.sweep import Sweep, sweep
from prizedraw.tune.weights import weights

__all__ = ["Candidate", "Comparison", "Infeasible", "Sweep", "compare", "hazard", "sweep", "weights"]
