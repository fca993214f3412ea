"""The replay checker on stores with a past: parts of it dropped, ids erased, on every kind of store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from lives import CAMPAIGNS, PEOPLE, live
from prizedraw import DrawEngine, DrawRefused
from prizedraw.flows import keys, operator
from prizedraw.flows.recounting import decode_past, encode_past, past_keys
from prizedraw.sampling import SeededEntropy
from prizedraw.storage import Commit, Read
from prizedraw.testing.replaying import Replay, journal, replay
from scenery import NOON

if TYPE_CHECKING:
    from prizedraw.testing import FixedClock

DAY = timedelta(days=1)
pytestmark = pytest.mark.one_home("their journals have no order in common to replay")


@pytest.fixture
def engine(store_url: str, clock: FixedClock) -> DrawEngine:
    """An engine on a store with a past of three days, five days later, when all is online and people draw again."""
    with DrawEngine.open(store_url, clock=clock, entropy=SeededEntropy(7)) as engine:
        live(engine, clock)
        clock.advance(5 * DAY)
        engine.bring_online("wheel")
        yield engine


def go_on(engine: DrawEngine) -> None:
    """Everyone draws where they may, and operators do what touches the past."""
    for name in CAMPAIGNS:
        for participant in PEOPLE:
            try:
                engine.draw_many(name, participant, 2)
            except DrawRefused:
                continue
    engine.put_on_shelf("gala", "pen")
    engine.unblock("user-4", "gala")
    engine.draw("gala", "user-4", request_id="late")
    engine.void("gala:0:late", request_id="void-late", return_chance=True)


@pytest.mark.parametrize("days", [0, 1, 2, 3, 5])
def test_a_journal_without_its_old_part_is_replayed_from_the_checkpoint(engine: DrawEngine, days: int) -> None:
    """What was dropped on any day is told as not checked, to the last draw; what is kept is run again, and all of it adds up."""
    before = {name: replay(engine.store, name) for name in CAMPAIGNS}
    assert [(told.problems, told.unchecked) for told in before.values()] == [([], {})] * 2
    dropped = {name: engine.prune(name, NOON + days * DAY, force=True) for name in CAMPAIGNS}
    go_on(engine)
    for name in CAMPAIGNS:
        told, audit = replay(engine.store, name), engine.audit(name)
        assert told.problems == []
        assert audit.ok
        assert told.unchecked["draws"] == dropped[name].draws
        assert told.unchecked["lines"] == dropped[name].entries
        assert len(told.draws) + told.unchecked["draws"] == audit.draws
        if dropped[name].draws:
            assert 0 < told.unchecked["standings"] <= len(PEOPLE)


def test_what_is_dropped_twice_is_told_once(engine: DrawEngine) -> None:
    """The second checkpoint has taken in the first."""
    first = engine.prune("gala", NOON + DAY)
    second = engine.prune("gala", NOON + 2 * DAY)
    go_on(engine)
    told = replay(engine.store, "gala")
    assert told.problems == []
    assert told.unchecked["draws"] == first.draws + second.draws


def test_the_void_of_a_dropped_draw_is_told_as_not_checked(engine: DrawEngine) -> None:
    """The void was made days after its draw, and only it is kept."""
    engine.void("gala:0:user-2/2/0", request_id="void-old", return_chance=True)
    engine.prune("gala", NOON + 3 * DAY)
    told = replay(engine.store, "gala")
    assert (told.problems, told.unchecked["voids"]) == ([], 2)  # and the one of ``live``


def test_draws_of_erased_participants_are_run_again_by_their_pseudonyms(engine: DrawEngine) -> None:
    """Erased before a part is dropped, after it, or in both, and back as somebody new: nothing is left out but what was dropped."""
    before = replay(engine.store, "gala")
    first = engine.erase("user-1")
    told = replay(engine.store, "gala")
    assert told.problems == []
    assert told.unchecked == {}
    assert len(told.draws) == len(before.draws)
    assert {one.participant for one in told.draws.values()} >= {first.pseudonym}
    engine.prune("gala", NOON + 2 * DAY)
    second = engine.erase("user-2")
    go_on(engine)
    engine.erase("user-6")
    told = replay(engine.store, "gala")
    assert told.problems == []
    assert {"user-1", "user-2"} <= told.people.keys()
    assert "user-6" not in told.people
    assert told.people[first.pseudonym].number == 9
    assert told.people[second.pseudonym].number == 9


# --- what is tampered with ---


def told_of(engine: DrawEngine, tamper) -> list[str]:
    """The problems of gala's journal and store after a change of its lines."""
    honest = replay(engine.store, "gala")
    assert honest.problems == []
    entries = list(journal(engine.store, "gala"))
    tamper(entries)
    (checkpoint,) = (entry for entry in entries if entry.kind == "checkpoint")
    home = keys.campaign_home("default", "gala")
    pieces = [decode_past(engine.store.read(home, [Read((key,))])[0].docs[key].data) for key in past_keys(checkpoint)]
    told = Replay({version: engine.campaign("gala", version=version) for version in (1, 2)})
    told.begin(checkpoint, {name: sums for piece in pieces for name, sums in piece.participants.items()}, 1)
    told.read(entries)
    told.compare(honest.people, honest.counts)
    return told.problems


def a_draw_is_taken_out(entries) -> None:
    del entries[next(k for k, entry in enumerate(entries) if entry.kind == "draw")]


def a_void_is_taken_out(entries) -> None:
    del entries[next(k for k, entry in enumerate(entries) if entry.kind == "void")]


def detail(entries, **changes) -> None:
    k = next(k for k, entry in enumerate(entries) if entry.kind == "checkpoint")
    data = operator.decode(entries[k].data)
    entries[k] = replace(entries[k], data=msgspec.msgpack.encode(replace(data, **changes)))


def an_issue_is_left_out_of_the_checkpoint(entries) -> None:
    (checkpoint,) = (entry for entry in entries if entry.kind == "checkpoint")
    moves = operator.decode(checkpoint.data).moves
    detail(entries, moves=tuple(move for move in moves if move.kind != "issue"))


@pytest.mark.parametrize("tamper", [a_draw_is_taken_out, a_void_is_taken_out, an_issue_is_left_out_of_the_checkpoint])
def test_what_is_kept_behind_a_checkpoint_is_not_safe_to_change(engine: DrawEngine, tamper) -> None:
    """A line that is gone, or a checkpoint that adds up to something else, contradicts what is kept."""
    engine.prune("gala", NOON + 2 * DAY)
    assert told_of(engine, tamper)


def test_a_participants_sums_beside_a_checkpoint_are_checked(engine: DrawEngine) -> None:
    """Somebody's past draw is made away with in the document that the checkpoint names: their next draw and their standing say so."""
    engine.prune("gala", NOON + 2 * DAY)
    (checkpoint,) = (entry for entry in journal(engine.store, "gala") if entry.kind == "checkpoint")
    home, (key,) = keys.campaign_home("default", "gala"), past_keys(checkpoint)
    doc = engine.store.read(home, [Read((key,))])[0].docs[key]
    past = decode_past(doc.data)
    past.participants["user-1"]["number"] -= 1
    engine.store.commit(home, [Commit({key: doc.version}, {key: encode_past(past)})])
    assert any("before it is" in problem for problem in replay(engine.store, "gala").problems)
