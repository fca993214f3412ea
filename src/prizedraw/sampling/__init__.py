"""Sampling: exact weights, exact tables, and the words that are read against them."""

from prizedraw.sampling.entropy import Entropy, SecureEntropy, Seed, SeededEntropy
from prizedraw.sampling.tape import Tape
from prizedraw.sampling.weights import Weight, exact, tickets

__all__ = [
    "Entropy",
    "SecureEntropy",
    "Seed",
    "SeededEntropy",
    "Tape",
    "Weight",
    "exact",
    "tickets",
]
