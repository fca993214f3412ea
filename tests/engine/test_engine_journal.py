"""The journal through the public iterator: what an entry says, reading on from a cursor, and following."""

from __future__ import annotations

import asyncio
import threading
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from prizedraw import AsyncDrawEngine, DrawEngine, InvalidRequest, UnknownCampaign
from scenery import wheel

if TYPE_CHECKING:
    from prizedraw.testing import FixedClock


@pytest.fixture
def played(engine: DrawEngine) -> DrawEngine:
    """A publication, a draw of two, a grant and a void."""
    engine.publish(wheel(), actor="operator-7", note="the start")
    receipts = engine.draw_many("wheel", "ann", 2, request_id="order-1")
    engine.grant_draws("wheel", "ben", 3, request_id="gift")
    engine.void(receipts[0].id, request_id="void-1", actor="operator-7", note="a tester")
    return engine


@pytest.mark.one_home("the order of the journal is by time, and here all is done at once")
def test_an_entry_holds_the_receipts_and_movements_of_its_request(played: DrawEngine) -> None:
    """A draw's receipts are those of ``receipts``, all movements are those of ``movements``, who and why is told."""
    entries = list(played.journal("wheel"))
    assert [(entry.kind, entry.participant, entry.actor, entry.note) for entry in entries] == [
        ("publish", None, "operator-7", "the start"),
        ("draw", "ann", "", ""),
        ("grant", "ben", "", ""),
        ("void", "ann", "operator-7", "a tester"),
    ]
    assert [one for entry in entries for one in entry.receipts] == list(played.receipts("wheel", newest_first=False))
    assert [one for entry in entries for one in entry.movements] == list(played.movements("wheel"))
    assert entries[2].detail == {"n": 3, "expires": 0}


@pytest.mark.one_home("the order of the journal is by time, and here all is done at once")
@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({"participant": "ann"}, ["draw", "void"]),
        ({"kind": "grant"}, ["grant"]),
        ({"newest_first": True}, ["void", "grant", "draw", "publish"]),
        ({"participant": "ann", "kind": "grant"}, []),
    ],
)
def test_entries_are_chosen_by_participant_and_kind(played: DrawEngine, asked: dict[str, object], kinds: list[str]) -> None:
    """Filters work alone and together; backwards is the reverse."""
    assert [entry.kind for entry in played.journal("wheel", **asked)] == kinds


def test_reading_goes_on_behind_a_cursor(played: DrawEngine) -> None:
    """From the cursor of each entry on, what is left is the rest, forwards and backwards."""
    entries = list(played.journal("wheel"))
    for place, entry in enumerate(entries):
        assert list(played.journal("wheel", after=entry.cursor)) == entries[place + 1 :]
        assert list(played.journal("wheel", after=entry.cursor, newest_first=True)) == entries[:place][::-1]


def test_pages_are_joined(engine: DrawEngine) -> None:
    """A journal of 1,101 entries is more than two pages, and is read whole."""
    engine.publish(wheel())
    for n in range(1_100):
        engine.grant_draws("wheel", "ann", 1, request_id=f"gift-{n}")
    assert [entry.request_id for entry in engine.journal("wheel", kind="grant")] == [f"gift-{n}" for n in range(1_100)]


def test_who_follows_gets_what_is_there_and_what_comes(engine: DrawEngine) -> None:
    """Draws by another thread reach the one that follows, each once and in order."""
    engine.publish(wheel())
    for n in range(3):
        engine.draw("wheel", "ann", request_id=f"before-{n}")

    def draw_more() -> None:
        for n in range(20):
            engine.draw("wheel", "ben", request_id=f"after-{n}")

    writer = threading.Thread(target=draw_more)
    following = engine.journal("wheel", kind="draw", follow=True)
    first = list(islice(following, 3))
    writer.start()
    rest = list(islice(following, 20))
    writer.join()
    assert [entry.request_id for entry in first + rest] == [f"before-{n}" for n in range(3)] + [f"after-{n}" for n in range(20)]


def test_following_on_an_event_loop(store_url: str, clock: FixedClock) -> None:
    """The asynchronous iterator waits without keeping the loop, so that draws of the same loop reach it."""

    async def main() -> list[str]:
        async with AsyncDrawEngine.open(store_url, clock=clock) as engine:
            await engine.publish(wheel())

            async def draw() -> None:
                for n in range(5):
                    await engine.draw("wheel", "ann", request_id=f"order-{n}")

            async def follow() -> list[str]:
                found: list[str] = []
                async for entry in engine.journal("wheel", kind="draw", follow=True):
                    found.append(entry.request_id)
                    if len(found) == 5:
                        break
                return found

            found, _ = await asyncio.gather(follow(), draw())
            assert [entry.kind async for entry in engine.journal("wheel", newest_first=True)][-1] == "publish"
            return found

    assert asyncio.run(main()) == [f"order-{n}" for n in range(5)]


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "²", 3, "9" * 1300])
def test_what_is_no_cursor_is_refused_at_the_call(engine: DrawEngine, cursor: object) -> None:
    """A cursor is the text of a whole number; anything else is refused before the first step."""
    with pytest.raises(InvalidRequest, match="is not a cursor"):
        engine.journal("wheel", after=cursor)  # type: ignore[arg-type]


def test_a_journal_is_not_followed_backwards(engine: DrawEngine) -> None:
    """Nothing comes at the old end."""
    with pytest.raises(InvalidRequest, match="forwards"):
        engine.journal("wheel", follow=True, newest_first=True)


def test_the_journal_of_no_campaign(engine: DrawEngine) -> None:
    """An unknown campaign is told as such when the first page is read."""
    with pytest.raises(UnknownCampaign):
        next(engine.journal("nowhere"))
