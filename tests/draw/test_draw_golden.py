"""Seeded draws are the same for ever: prizes and tickets, pinned. A change here is an entry of its own kind in the changelog."""

from draw_scripts import NOW
from law_cases import campaign, rule, uncapped
from prizedraw import DrawEngine
from prizedraw.pity import Newcomer
from prizedraw.sampling import SeededEntropy
from prizedraw.storage import MemoryStore

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

PRIZES = "d--dcdd--dd-c--c--abcdd-d--ddd--b----d---a--baa-d-"
TICKETS = (
    "8/20 10/33 18/20 26/33 7/20 15/33 13/20 5/33 4/20 0/33 9/20 5/33 19/20 6/33 12/20 29/33 15/20 19/33 1/20 11/33 5/20 6/33 "
    "13/20 24/33 18/20 1/33 11/20 26/33 15/20 24/33 15/20 0/33 14/20 26/33 9/20 23/33 0/20 0/2 0/1 0/20 1/2 0/1 6/20 1/33 0/1 "
    "0/1 5/20 1/33 23/28 0/1 6/20 15/33 14/20 31/33 0/1 0/1 15/20 5/33 3/4 26/33 2/4 27/33 0/4 1/2 0/1 1/4 17/33 3/4 31/33 "
    "1/4 20/33 3/4 19/33 2/4 0/33 4/28 2/20 31/33 15/20 22/33 13/20 27/33 0/20 0/2 0/1 3/20 30/33 11/20 0/1 1/4 4/20 1/2 0/1 "
    "7/20 0/2 0/1 1/20 0/2 0/1 17/20 0/1 1/4 15/20 7/33 6/20 31/33"
)
PREVIEWED = "--da-d-dc-b--da--cb----a----b----ca-c-b----ca--ddc"
PREVIEW_TICKETS = (
    "18/20 27/33 5/20 22/33 0/1 0/4 0/2 0/1 15/20 17/33 12/20 6/33 12/20 25/33 2/4 6/33 10/20 0/1 13/20 16/33 2/20 1/2 0/1 "
    "13/20 19/33 10/20 24/33 6/20 8/33 0/4 0/1 7/20 18/33 3/20 14/33 14/20 1/33 0/4 1/2 0/1 12/20 17/33 2/20 22/33 13/20 "
    "26/33 2/4 32/33 6/20 0/1 12/20 15/33 14/20 26/33 11/20 25/33 3/4 22/33 0/20 1/2 0/1 18/20 15/33 10/20 20/33 8/20 31/33 "
    "1/4 15/33 17/20 0/1 2/20 0/1 17/20 16/33 14/20 0/33 12/20 19/33 0/4 1/2 0/1 1/20 27/33 8/20 28/33 6/20 15/33 3/4 13/33 "
    "17/20 0/1 10/20 0/1 19/20 17/33 14/20 25/33 3/20 11/33 3/4 9/33 13/20 0/1"
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
