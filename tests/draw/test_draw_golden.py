"""Seeded draws are the same for ever: prizes and tickets, pinned. A change here is an entry of its own kind in the changelog."""

from draw_scripts import NOW
from law_cases import campaign, rule, uncapped
from prizedraw import DrawEngine
from prizedraw.pity import Newcomer
from prizedraw.sampling import SeededEntropy
from prizedraw.storage.memory import MemoryStore

MADE = uncapped(
    campaign(
        {"a": "0.02", "b": "0.03", "c": "1/7", "d": 0.2},
        rule("five", "ab", base="0.05", soft_from=4, soft_step="0.2", hard=8),
        rule("featured", "a", "ab", base="1/2", hard=2),
        rule("four", "abc", hard=5),
        thanks="0.6",
        redraw=True,
        newcomer=Newcomer(3, ("d",)),
    ),
    c=4,
)

PRIZES = "-d--d----c--b-dc----d-dd-ddddd-daad-----bccb-baab-"
TICKETS = (
    "13/20 31/33 5/20 11/33 18/20 24/33 11/20 14/33 12/20 5/33 19/20 12/33 3/20 14/33 9/20 32/33 17/20 25/33 17/20 3/33 12/20 "
    "23/33 10/20 12/33 0/20 1/2 0/1 15/20 21/33 7/20 5/33 3/20 3/33 16/20 27/33 17/20 25/33 18/20 15/33 1/20 28/33 0/1 6/20 "
    "30/33 0/1 0/1 2/20 14/33 0/1 0/1 0/1 0/1 0/1 2/4 25/33 1/4 10/33 0/20 0/1 0/4 0/2 0/1 3/4 7/33 3/4 31/33 3/4 25/33 3/4 "
    "27/33 3/4 31/33 2/4 27/33 7/20 1/2 0/1 19/20 0/1 6/20 2/33 0/20 1/2 0/1 13/20 0/1 3/4 4/20 1/2 0/1 5/20 0/2 0/1 4/20 0/2 "
    "0/1 1/20 1/2 0/1 13/20 31/33"
)
PREVIEWED = "-cd-b---ac-dbd-a---bd-da-c-a-d-b-c---ac--cb-a-cc--"
PREVIEW_TICKETS = (
    "19/20 21/33 5/20 2/33 0/1 3/4 15/33 4/20 1/2 0/1 19/20 26/33 4/20 27/33 16/20 25/33 0/4 0/1 2/20 1/33 14/20 28/33 16/20 "
    "10/33 0/4 1/2 0/1 5/20 8/33 10/20 21/33 0/20 0/1 9/20 31/33 2/20 16/33 6/20 23/33 0/4 1/2 0/1 6/20 11/33 11/20 12/33 "
    "14/20 9/33 0/4 0/1 7/20 22/33 17/20 0/33 4/20 20/33 0/4 0/2 0/1 19/20 23/33 8/20 5/33 7/20 13/33 0/4 1/2 0/1 16/20 18/33 "
    "6/20 3/33 4/20 28/33 1/4 21/33 17/20 13/33 5/20 0/1 19/20 2/33 4/20 12/33 14/20 26/33 1/4 3/33 8/20 1/2 0/1 14/20 30/33 "
    "0/20 0/1 17/20 16/33 5/20 1/33 7/20 4/33 2/4 25/33 16/20 28/33"
)


def told(receipts):
    """Prizes as one string, "-" for the thank-you, and tickets as sizes and values."""
    prizes = "".join("-" if receipt.prize.id == "thank-you" else receipt.prize.id for receipt in receipts)
    return prizes, " ".join(f"{ticket.value}/{ticket.size}" for receipt in receipts for ticket in receipt.tickets)


def test_fifty_draws_of_a_seed():
    """Ten participants draw five times each."""
    one = DrawEngine(MemoryStore(), clock=lambda: NOW, entropy=SeededEntropy(2027))
    one.publish(MADE)
    receipts = [one.draw("law", f"u{k % 10}", request_id=str(k)) for k in range(50)]
    assert told(receipts) == (PRIZES, TICKETS)


def test_preview_of_a_seed():
    """One new participant's first fifty draws, with ample stock."""
    one = DrawEngine(MemoryStore(), clock=lambda: NOW)
    one.publish(MADE)
    assert told(one.preview("law", 50, seed="gala")) == (PREVIEWED, PREVIEW_TICKETS)
    assert told(one.preview("law", 50, seed="gala")) == (PREVIEWED, PREVIEW_TICKETS)
