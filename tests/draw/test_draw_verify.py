"""Receipts can be checked again from themselves and the rules alone (D13)."""

from itertools import product

import attrs
import msgspec
import pytest

from draw_scripts import engine, word
from law_cases import CAMPAIGNS, campaign, rule
from prizedraw import Prize, verify
from prizedraw.draw import Shortage, Ticket, Won
from prizedraw.pity import Newcomer
from prizedraw.sampling import SeededEntropy
from prizedraw.storage.memory import MemoryStore


@pytest.mark.parametrize("redraw", [False, True], ids=["fallback", "redraw"])
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_receipt_of_an_engine_is_true(name, redraw):
    """Six draws of two participants on every row of first words, with one unit of each prize, a shelf, day releases and caps."""
    made = attrs.evolve(CAMPAIGNS[name], odds=attrs.evolve(CAMPAIGNS[name].odds, when_unavailable="redraw" if redraw else "fallback"))
    made = made.replace(stock=dict.fromkeys((prize.id for prize in made.prizes), 1))
    for first in product(range(4), repeat=2):
        entropy = SeededEntropy(repr(first))
        one = engine(MemoryStore(), *(word(value, 4) for value in first), *(entropy.word() for _ in range(61)))
        one.publish(made)
        receipts = [one.draw("law", "u", request_id="1"), *one.draw_many("law", "v", 3, request_id="2")]
        one.take_off_shelf("law", "b")
        receipts += [one.draw("law", "u", request_id="3"), one.draw("law", "w", request_id="4")]
        for receipt in receipts:
            verdict = verify(receipt, made)
            assert verdict, verdict.differences
            assert verify(one.receipt(receipt.id), made)


def told():
    """A campaign, and three receipts: one of a due rule that was honoured, one of its being owed, one of points."""
    made = campaign({"a": 1, "b": 2}, rule("top", "a", hard=2), thanks=1, redraw=True, newcomer=Newcomer(9, ("b",)))
    points = Prize("p", "p", 2, stock=-1, kind="points", points=10)
    made = attrs.evolve(made, prizes=[*(attrs.evolve(prize, stock=1, per_participant=-1) for prize in made.prizes), points])
    # b, then a that is due; b and a are gone, and thank-you; the due a again, in vain, then b in vain, then points
    words = [word(1, 6), word(0, 1), word(5, 6), word(0, 1), word(1, 5), word(0, 3), 0, 0, 0]
    one = engine(MemoryStore(), *words)
    one.publish(made)
    receipts = [one.draw("law", "u", request_id=str(k)) for k in range(4)]
    return made, receipts


MADE, RECEIPTS = told()
_, FORCED, THANKED, OWED = RECEIPTS


def test_the_receipts_tell_what_the_test_needs():
    """A forced win, a plain thank-you, and a points win with a rule owed and two prizes refused."""
    assert (FORCED.prize.id, FORCED.forced_by, FORCED.owed) == ("a", "top", ())
    assert (THANKED.reason, THANKED.tickets) == ("drawn", (Ticket(6, 5),))
    assert (OWED.prize.id, OWED.points, OWED.owed, OWED.drawn, OWED.number) == ("p", 10, ("top",), "a", 4)
    assert OWED.tickets == (Ticket(1, 0), Ticket(5, 1), Ticket(3, 0))
    assert [short.counter for short in OWED.refused] == ["stock/a", "stock/b"]
    assert all(verify(receipt, MADE) for receipt in RECEIPTS)


TAMPERED = {
    "prize": (OWED, {"prize": Won("b", "b", "product")}),
    "name of the prize": (OWED, {"prize": Won("p", "P", "points")}),
    "kind of the prize": (OWED, {"prize": Won("p", "p", "product")}),
    "drawn": (OWED, {"drawn": "b"}),
    "ticket value": (OWED, {"tickets": (Ticket(1, 0), Ticket(5, 1), Ticket(3, 2))}),
    "ticket value beyond its size": (OWED, {"tickets": (Ticket(1, 0), Ticket(5, 1), Ticket(3, 3))}),
    "ticket value below zero": (OWED, {"tickets": (Ticket(1, 0), Ticket(5, 1), Ticket(3, -1))}),
    "ticket size": (OWED, {"tickets": (Ticket(1, 0), Ticket(5, 1), Ticket(4, 0))}),
    "a ticket too many": (OWED, {"tickets": (*OWED.tickets, Ticket(3, 0))}),
    "a ticket too few": (OWED, {"tickets": OWED.tickets[:2]}),
    "no tickets": (OWED, {"tickets": ()}),
    "reason of a win": (OWED, {"reason": "sold_out"}),
    "reason of a thank-you": (THANKED, {"reason": "total_wins"}),
    "no reason": (THANKED, {"reason": None}),
    "points": (OWED, {"points": 11}),
    "owed": (OWED, {"owed": ()}),
    "owed twice": (OWED, {"owed": ("top", "top")}),
    "number": (OWED, {"number": 5}),
    "day": (OWED, {"day": OWED.day.replace(year=2026)}),
    "forced_by left out": (FORCED, {"forced_by": None}),
    "forced_by another": (FORCED, {"forced_by": "newcomer"}),
    "forced_by invented": (OWED, {"forced_by": "top"}),
    "refused left out": (OWED, {"refused": OWED.refused[:1]}),
    "refused invented": (OWED, {"refused": (*OWED.refused, Shortage("stock/p", 1, 1))}),
    "refused with room": (OWED, {"refused": (Shortage("stock/a", 0, 1), OWED.refused[1])}),
    "rules": (OWED, {"rules": "0" * len(OWED.rules)}),
    "campaign": (OWED, {"campaign_id": "other"}),
    "misses before": (OWED, {"before": msgspec.structs.replace(OWED.before, misses={"top": 0})}),
    "wins before": (THANKED, {"before": msgspec.structs.replace(THANKED.before, number=7)}),
    "newcomer before": (FORCED, {"before": msgspec.structs.replace(FORCED.before, newcomer=False, number=8)}),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_receipt_is_false(what):
    """Each single change is found, and told in a sentence."""
    receipt, change = TAMPERED[what]
    verdict = verify(msgspec.structs.replace(receipt, **change), MADE)
    assert not verdict
    assert verdict.differences


def test_a_receipt_under_other_rules_is_false():
    """The digest names the rules; one changed weight is another campaign."""
    assert not verify(OWED, MADE.replace(weights={"b": 3}))
