"""Simulation of whole campaigns: the same object, the same law, every rule; many participants, many runs."""

from prizedraw.simulation.log import WinLog
from prizedraw.simulation.report import Estimate, Report, SoldOutAt
from prizedraw.simulation.runs import simulate
from prizedraw.simulation.traffic import Traffic

__all__ = ["Estimate", "Report", "SoldOutAt", "Traffic", "WinLog", "simulate"]
