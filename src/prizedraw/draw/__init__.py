"""The draw: one decision and all that it reads, as pure values."""

from prizedraw.draw.closing import closed
from prizedraw.draw.decide import Decision, advance, decide
from prizedraw.draw.odds import odds
from prizedraw.draw.receipt import Receipt, Shortage, Ticket, Won
from prizedraw.draw.rules import Rules
from prizedraw.draw.standing import Refusal, Standing, admit, standing
from prizedraw.draw.state import Lot, State
from prizedraw.draw.verify import Verdict, verify

__all__ = [
    "Decision",
    "Lot",
    "Receipt",
    "Refusal",
    "Rules",
    "Shortage",
    "Standing",
    "State",
    "Ticket",
    "Verdict",
    "Won",
    "admit",
    "advance",
    "closed",
    "decide",
    "odds",
    "standing",
    "verify",
]
