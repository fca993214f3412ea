"""Tuning: what a campaign would be like if its figures were others."""

from prizedraw.tune.sweep import Sweep, sweep

__all__ = ["Sweep", "sweep"]
