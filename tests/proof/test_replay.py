"""The replay checker finds nothing in an honest journal, and every kind of tampering in one that is not."""

from __future__ import annotations

from itertools import islice

import msgspec
import pytest
from msgspec.structs import replace

from prizedraw import DrawEngine
from prizedraw.draw import receipt as receipts
from prizedraw.flows import operator
from prizedraw.sampling import SeededEntropy
from prizedraw.testing.replaying import Replay, journal, replay
from proof.crew import MIXED, carry_out, orders
from scenery import NOON


@pytest.fixture(scope="module")
def played():
    """An engine after 160 mixed calls, an edit, a block and a switch, from fixed seeds."""
    engine = DrawEngine.open(":memory:", clock=lambda: NOON, entropy=SeededEntropy(7))
    engine.publish(MIXED)
    for order in islice(orders(1, "a"), 110):
        carry_out(engine, order)
    engine.publish(MIXED.replace(weights={"phone": "1/30"}))
    engine.take_off_shelf("wheel", "cup")
    engine.block("p3", "wheel")
    for order in islice(orders(2, "b"), 30):
        carry_out(engine, order)
    engine.put_on_shelf("wheel", "cup")
    engine.unblock("p3", "wheel")
    engine.take_offline("wheel")
    engine.bring_online("wheel")
    for order in islice(orders(3, "c"), 20):
        carry_out(engine, order)
    return engine


def test_an_honest_journal_has_no_problems(played):
    """Draws of every kind are accounted for, by the replay and by the audit alike."""
    told = replay(played.store, "wheel")
    assert told.problems == []
    audit = played.audit("wheel")
    assert audit.ok
    assert len(told.draws) == audit.draws
    assert {one.forced_by for one in told.draws.values()} == {None, "sure", "rare", "newcomer"}
    assert {one.own for one in told.draws.values()} == {True, False}
    assert {entry.kind for entry in journal(played.store, "wheel")} >= {"draw", "grant", "void", "reallocate", "publish", "block"}


def first(entries, *kinds, skip=0, **wanted):
    """The place of a line of one of these kinds; of a draw, one whose first receipt has the attributes wanted."""

    def fits(entry):
        if entry.kind not in kinds:
            return False
        made = receipts.decode(entry.data).lines[0] if entry.kind == "draw" else None
        return all(getattr(made, name) == value for name, value in wanted.items())

    return [k for k, entry in enumerate(entries) if fits(entry)][skip]


def with_line(entry, **changes):
    """A draw's entry whose first draw is told otherwise."""
    data = receipts.decode(entry.data)
    lines = (replace(data.lines[0], **changes), *data.lines[1:])
    return replace(entry, data=receipts.encode(replace(data, lines=lines)))


def a_thank_you_becomes_a_phone(entries):
    k = first(entries, "draw", reason="drawn")
    entries[k] = with_line(entries[k], prize=receipts.Won("phone", "Phone", "product"), reason=None)


def a_ticket_is_changed(entries):
    k = first(entries, "draw", reason="drawn")
    tickets = receipts.decode(entries[k].data).lines[0].tickets
    entries[k] = with_line(entries[k], tickets=(*tickets[:-1], replace(tickets[-1], value=0)))


def misses_are_hidden(entries):
    k = first(entries, "draw", forced_by="sure")
    before = msgspec.msgpack.decode(receipts.decode(entries[k].data).lines[0].before)
    before[9]["sure"] = 0
    entries[k] = with_line(entries[k], before=msgspec.Raw(msgspec.msgpack.encode(before)))


def a_draw_is_taken_out(entries):
    del entries[first(entries, "draw", skip=20)]


def the_last_draw_is_taken_out(entries):
    del entries[[k for k, entry in enumerate(entries) if entry.kind == "draw"][-1]]


def a_draw_stands_twice(entries):
    k = first(entries, "draw", skip=20)
    entries.insert(k, entries[k])


def a_draw_is_added_under_another_id(entries):
    entries.append(replace(entries[first(entries, "draw", skip=20)], id="new", cursor=entries[-1].cursor + 1))


def two_draws_of_one_participant_change_places(entries):
    k = first(entries, "draw", skip=20)
    other = next(j for j in range(k + 1, len(entries)) if entries[j].kind == "draw" and entries[j].owner == entries[k].owner)
    entries[k], entries[other] = replace(entries[other], cursor=entries[k].cursor), replace(entries[k], cursor=entries[other].cursor)


def a_win_goes_to_somebody_else(entries):
    k = first(entries, "draw", reason=None)
    entries[k] = replace(entries[k], owner="eve")


def a_granted_draw_is_told_as_own(entries):
    k = first(entries, "draw", own=False)
    entries[k] = with_line(entries[k], own=True)


def a_draw_is_moved_before_the_window(entries):
    k = first(entries, "draw")
    entries[k] = replace(entries[k], at=entries[k].at - 40 * 86_400_000_000)


def a_draw_claims_other_rules(entries):
    k = first(entries, "draw")
    entries[k] = replace(entries[k], data=receipts.encode(replace(receipts.decode(entries[k].data), version=2)))


def a_restock_is_made_smaller(entries):
    k = next(k for k, entry in enumerate(entries) if entry.kind == "reallocate" and operator.decode(entry.data).moves[0].kind == "restock")
    data = operator.decode(entries[k].data)
    moves = (replace(data.moves[0], quantity=data.moves[0].quantity + 1),)
    entries[k] = replace(entries[k], data=msgspec.msgpack.encode(replace(data, moves=moves)))


def a_grant_is_made_larger(entries):
    k = first(entries, "grant")
    data = operator.decode(entries[k].data)
    detail = {**data.detail, "n": data.detail["n"] + 1}
    entries[k] = replace(entries[k], data=msgspec.msgpack.encode(replace(data, detail=detail)))


def a_void_is_taken_out(entries):
    del entries[first(entries, "void")]


def a_block_is_put_earlier(entries):
    k, block = first(entries, "draw", skip=30), first(entries, "block")
    blocked = replace(entries[block], owner=entries[k].owner)
    lines = [*entries[:k], blocked, *entries[k:block], *entries[block + 1 :]]
    entries[:] = [replace(entry, cursor=place) for place, entry in enumerate(lines, 1)]


def what_a_commit_left_is_rewritten(entries):
    k = next(k for k, entry in enumerate(entries) if entry.kind == "draw" and any("stock/" in note[0] for note in entry.after))
    entries[k] = replace(entries[k], after=tuple((name, value - ("stock/" in name), limit) for name, value, limit in entries[k].after))


TAMPERINGS = (
    a_thank_you_becomes_a_phone,
    a_ticket_is_changed,
    misses_are_hidden,
    a_draw_is_taken_out,
    the_last_draw_is_taken_out,
    a_draw_stands_twice,
    a_draw_is_added_under_another_id,
    two_draws_of_one_participant_change_places,
    a_win_goes_to_somebody_else,
    a_granted_draw_is_told_as_own,
    a_draw_is_moved_before_the_window,
    a_draw_claims_other_rules,
    a_restock_is_made_smaller,
    a_grant_is_made_larger,
    a_void_is_taken_out,
    a_block_is_put_earlier,
    what_a_commit_left_is_rewritten,
)


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_pitfall_25_a_journal_that_was_tampered_with_is_rejected(played, tamper):
    """A suited result, a hidden draw or a quiet gift leaves a contradiction that the replay names."""
    honest = replay(played.store, "wheel")
    entries = list(journal(played.store, "wheel"))
    tamper(entries)
    told = Replay({version: played.campaign("wheel", version=version) for version in (1, 2)})
    told.read(entries)
    told.compare(honest.people, honest.counts)
    assert told.problems
