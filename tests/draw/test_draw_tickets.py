"""Tickets: read against cumulated weights as on paper, and kept through every retry."""

from fractions import Fraction
from itertools import product

import pytest

from draw_scripts import Words, engine, word
from law_cases import THANKS, Odometer, campaign, every, situation, uncapped
from prizedraw.draw import Rules, Ticket, decide
from prizedraw.storage.memory import MemoryStore

STATE, _, _ = situation()


class One:
    """A tape of one ticket."""

    def __init__(self, value):
        self.value, self.size = value, None

    def rewind(self):
        pass

    def below(self, n):
        self.size = n
        return self.value


def named(rules, ticket):
    """What a single ticket names, and the size of the ticket space."""
    tape = One(ticket)
    made = decide(rules, STATE, rules.day(STATE.day), tape)
    return rules.ids[made.prize], tape.size


def shares(weights, thanks=0):
    """What every ticket names, counted, and the size of the ticket space."""
    rules = Rules(campaign(weights, thanks=thanks), 1)
    _, size = named(rules, 0)
    tally = {}
    for ticket in range(size):
        prize, _ = named(rules, ticket)
        tally[prize] = tally.get(prize, 0) + 1
    return tally, size


TABLES = [
    ({"a": 1}, 0),
    ({"a": 3, "b": 5, "c": 7}, 2),
    ({"a": "1/3", "b": "1/7", "c": "0.5"}, "1/11"),
    ({"a": 0.1, "b": 0.2, "c": 0.3}, 0.4),
    ({f"p{k}": k for k in range(70)}, 0),
    ({"a": 0, "b": 1999, "c": 0}, 1),
]


@pytest.mark.parametrize(("weights", "thanks"), TABLES)
def test_every_ticket_of_a_table(weights, thanks):
    """Each prize is named by exactly its share of the tickets, and the tickets are as few as the ratios allow."""
    made = campaign(weights, thanks=thanks)
    tally, size = shares(weights, thanks)
    total = sum(made.weights.values())
    assert sum(tally.values()) == size
    assert {p: Fraction(n, size) for p, n in tally.items()} == {p: w / total for p, w in made.weights.items() if w}


def test_pitfall_01_rates_are_not_rounded():
    """Of thirty equal prizes each has one ticket of thirty; 20/35/5 stay 20/35/5."""
    assert shares({f"p{k}": 1 for k in range(30)}) == ({f"p{k}": 1 for k in range(30)}, 30)
    assert shares({"a": 20, "b": 35, "c": 5}) == ({"a": 4, "b": 7, "c": 1}, 12)


def test_pitfall_02_the_smallest_rate_does_not_size_the_table():
    """98.5/1.5 is 197 tickets to 3; one in a million is one ticket; a rate of 0 has none."""
    assert shares({"a": "98.5", "b": "1.5", "c": 0}) == ({"a": 197, "b": 3}, 200)
    rules = Rules(campaign({"a": "0.000001", "b": 0}, thanks="0.999999"), 1)
    assert [named(rules, ticket) for ticket in (0, 1, 999_999)] == [("a", 10**6), (THANKS, 10**6), (THANKS, 10**6)]


def test_pitfall_03_as_many_outcomes_as_tickets():
    """A hundred per cent is a hundred tickets, 0 to 99, and each of them names something."""
    assert shares({"a": 50, "b": 49}, 1) == ({"a": 50, "b": 49, THANKS: 1}, 100)


def test_pitfall_04_first_and_last_have_their_whole_share():
    """Four equal prizes have a quarter of the tickets each, at the ends too."""
    assert shares({"a": 25, "b": 25, "c": 25, "d": 26}) == ({"a": 25, "b": 25, "c": 25, "d": 26}, 101)


def test_pitfall_20_minus_one_is_unlimited_and_zero_is_none():
    """A prize with stock 0 is sold out from the first draw, one with -1 never."""
    for stock, reasons in ((0, {"sold_out"}), (-1, {None})):
        one = engine(MemoryStore(), *[0] * 20)
        one.publish(uncapped(campaign({"a": 1}), a=stock))
        assert {one.draw("law", "user").reason for _ in range(20)} == reasons


LIFE = [2, 2, 3, 3, 4, 10, 10, 10, 10, 10, 60, 100, 150, 150, 400, 400, 1000, 2000, 7500, 125_000, 2_000_000, 292_755]
"""Prizes of "The Game of Life, Collect & Win" (published customer rules): 2,429,579 of 22,000,000 tickets win."""


def test_the_twenty_two_million_tickets_of_a_published_game():
    """Tickets 0 and 1 are the car; each prize has its tickets in one row, in prize order; the last ones win nothing."""
    assert sum(LIFE) == 2_429_579
    rules = Rules(campaign({f"p{k}": number for k, number in enumerate(LIFE)}, thanks=22_000_000 - sum(LIFE)), 1)
    assert [named(rules, ticket) for ticket in (0, 1)] == [("p0", 22_000_000)] * 2
    start = 0
    for k, number in enumerate(LIFE):
        assert named(rules, start)[0] == named(rules, start + number - 1)[0] == f"p{k}"
        start += number
    assert named(rules, start)[0] == named(rules, 21_999_999)[0] == THANKS


# A race for the last unit

RACE = campaign({"a": 2, "b": 1, "c": 1}, redraw=True).replace(stock={"a": 1})


def race(*words):
    """A draw during which another engine takes the last a, after the first ticket was read and before the commit."""
    store = MemoryStore()
    rival = engine(store, word(0, 4))
    rival.publish(RACE)
    mine = engine(store, *words, before={0: lambda: rival.draw("law", "rival")})
    receipt = mine.draw("law", "user", request_id="order-1")
    assert rival.stock("law")["a"].remaining == 0
    assert rival.audit("law").ok
    return receipt


def test_pitfall_09_the_loser_of_a_race_does_not_win_the_unit():
    """The commit is refused, and the receipt tells what closed the prize."""
    receipt = race(word(0, 4), word(0, 2))
    assert (receipt.prize.id, receipt.drawn, receipt.is_win) == ("b", "a", True)
    assert receipt.tickets == (Ticket(4, 0), Ticket(2, 0))
    assert [(short.counter, short.value, short.limit) for short in receipt.refused] == [("stock/a", 1, 1)]


def test_a_race_leaves_the_odds_of_the_rest():
    """Weights 2, 1 and 1, the first sold out between read and commit: a half each for the others, over every tape."""
    tally = {"b": 0, "c": 0}
    for first, second in product(range(8), repeat=2):
        tally[race(word(first, 8), word(second, 8)).prize.id] += 1
    assert tally == {"b": 32, "c": 32}


def test_one_ticket_read_again_on_a_rebuilt_table_would_be_biased():
    """Why a refusal adds a ticket: the numbers that named a are the lower half, and in a table of b and c the lower half is b.

    So b would have its own quarter and all of a's half, 3/4; the numbers that are left after a refusal are not uniform.
    """
    tally = {"b": 0, "c": 0}
    for eighth in range(8):
        prize = "aabc"[eighth * 4 // 8]
        tally["bc"[eighth * 2 // 8] if prize == "a" else prize] += 1
    assert {p: Fraction(n, 8) for p, n in tally.items()} == {"b": Fraction(3, 4), "c": Fraction(1, 4)}


def test_fresh_words_after_a_refused_commit_would_be_biased():
    """Why a retry reads the same tape: if half of the winning commits abort and are rolled again, 1/10 pays 1/19.

    Rolled again, p = 1/20 + 1/20 · p; with the same words read again it stays 1/10.
    """
    rolled_again = Fraction(1, 10) * Fraction(1, 2) / (1 - Fraction(1, 10) * Fraction(1, 2))
    assert rolled_again == Fraction(1, 19)

    def draw(tape):
        store = MemoryStore()
        other = engine(store)
        other.publish(campaign({"a": 1}, thanks=9))
        first = tape.below(10)
        abort = {0: lambda: other.grant_draws("law", "user", 1, request_id="g")} if first == 0 and tape.below(2) else None
        mine = engine(store, word(first, 10), word(5, 10), before=abort)
        return mine.draw("law", "user").prize.id

    law = {}
    for chance, prize in every(draw):
        law[prize] = law.get(prize, 0) + chance
    assert law == {"a": Fraction(1, 10), THANKS: Fraction(9, 10)}


class Optimistic(MemoryStore):
    """The memory store for drivers that do not lock first, so that the flow's own loop settles every race."""

    lock_first = False


@pytest.mark.parametrize("store", [MemoryStore, Optimistic])
@pytest.mark.parametrize("stale", [(), (0,), (1,), (0, 1), (0, 1, 2)])
def test_tickets_survive_every_retry(store, stale):
    """Rivals take the last a and the last b and touch the participant amid a draw: what was read stays, tickets are only added."""
    made = campaign({"a": 2, "b": 1, "c": 1}, redraw=True).replace(stock={"a": 1, "b": 1})
    for values in product(range(4), repeat=3):
        kept = store()
        words = [word(value, 4) for value in values]
        rivals = engine(kept, word(0, 4), word(2, 4))
        rivals.publish(made)

        def before(k, kept=kept, rivals=rivals):
            if k < 2:
                rivals.draw("law", f"rival-{k}")
            if k in stale:
                rivals.grant_draws("law", "user", 1, request_id=f"grant-{k}")

        mine = engine(kept, *words, before={k: lambda k=k: before(k) for k in range(3)})
        receipt = mine.draw("law", "user", request_id="order-1")
        sizes = [ticket.size for ticket in receipt.tickets]
        assert [ticket.value for ticket in receipt.tickets] == [Words(w).below(size) for size, w in zip(sizes, words, strict=False)]
        read = mine._jobs._context.entropy.given
        assert read == len(sizes), "no word is read twice from the source, and none is thrown away"
        assert receipt.before == mine.receipt(receipt.id).before
        assert sum(lot.left for lot in receipt.before.granted) == len([k for k in stale if k < read])


def test_a_refusal_known_beforehand_or_found_out_gives_the_same_tickets():
    """What is known of stock before the draw, and what the commit finds out, name the same prize by the same tickets."""
    for values in product(range(4), repeat=2):
        words = [word(value, 4) for value in values]
        store = MemoryStore()
        rival = engine(store, word(0, 4))
        rival.publish(RACE)
        rival.draw("law", "rival")
        after = engine(store, *words).draw("law", "user", request_id="order-1")
        amid = race(*words)
        # whether the rival was there before is seen in nothing but the time of the journal
        assert (after.prize, after.tickets, after.refused, after.reason) == (amid.prize, amid.tickets, amid.refused, amid.reason)


def test_pitfall_11_the_last_unit_can_be_won():
    """Three units are three wins, and the fourth draw is a thank-you."""
    store = MemoryStore()
    one = engine(store, *[0] * 8)
    one.publish(uncapped(campaign({"a": 1}), a=3))
    assert [one.draw("law", f"u{k}").reason for k in range(4)] == [None, None, None, "sold_out"]
    assert one.stock("law")["a"].remaining == 0


def test_a_tape_of_zeros_is_the_first_ticket_of_all():
    """The odometer that the proofs turn begins at ticket 0, and asks for exact sizes."""
    tape = Odometer([])
    rules = Rules(campaign({"a": 1, "b": 2}), 1)
    assert rules.ids[decide(rules, STATE, rules.day(STATE.day), tape).prize] == "a"
    assert tape.sizes == [3]
