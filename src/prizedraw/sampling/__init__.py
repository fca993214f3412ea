"""Sampling: exact weights, exact tables, and the words that are read against them."""

from prizedraw.sampling.alias import AliasTable
from prizedraw.sampling.cumulative import Cumulative
from prizedraw.sampling.entropy import Entropy, SecureEntropy, Seed, SeededEntropy, Words
from prizedraw.sampling.tape import Tape
from prizedraw.sampling.weights import Weight, exact, tickets

__all__ = [
    "AliasTable",
    "Cumulative",
    "Entropy",
    "SecureEntropy",
    "Seed",
    "SeededEntropy",
    "Tape",
    "Weight",
    "Words",
    "exact",
    "tickets",
]
