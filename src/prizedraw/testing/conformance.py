"""What every store must do, as tests that cite the numbered requirements of docs/reference/store-requirements.md.

Only requirements on the protocol live here; what is peculiar to a store is tested beside that store.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from prizedraw.errors import StorageBusy
from prizedraw.storage.protocol import (
    ABSENT,
    MAX_INTEGER,
    UNTOUCHED,
    Commit,
    Committed,
    Conflict,
    Counter,
    Doc,
    Entry,
    Outcome,
    Page,
    Read,
    Refused,
    Replayed,
    Stale,
    Store,
)
from prizedraw.testing.bridge import Bridge
from prizedraw.testing.interleaver import interleavings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from prizedraw.storage.protocol import AsyncStore
    from prizedraw.testing.interleaver import Interleaver

HOME = "gala"


def entry(id: str, *, fingerprint: str = "f", owner: str = "", kind: str = "draw", at: int = 0) -> Entry:  # noqa: A002
    """An entry with the fields that a test does not care about filled in."""
    return Entry(id, fingerprint, owner, kind, at, b"data of " + id.encode())


def writes(*puts: str, version: int = 0, **changes: Any) -> Commit:
    """A commit that puts these documents, all expected at ``version``."""
    return Commit(dict.fromkeys(puts, version), {key: key.encode() for key in puts}, **changes)


def one(store: Store, commit: Commit, home: str = HOME) -> Outcome:
    """The outcome of one commit in a call of its own."""
    (outcome,) = store.commit(home, [commit])
    return outcome


def everything(store: Store, home: str = HOME) -> tuple[Any, ...]:
    """All that a home holds, to compare before and after."""
    return (
        walk(lambda after: store.docs(home, "", after=after)),
        walk(lambda after: store.counters(home, "", after=after)),
        walk(lambda after: store.entries(home, after=after)),
    )


def walk(page: Callable[[str | None], Page[Any]]) -> list[Any]:
    """All items of a listing, page by page."""
    items: list[Any] = []
    after = None
    while True:
        found = page(after)
        items += found.items
        after = found.next
        if after is None:
            return items


def journal(store: Store, home: str = HOME, **asked: Any) -> list[Entry]:
    """All lines of a journal listing, page by page."""
    return walk(lambda after: store.entries(home, after=after, **asked))


def together(*actions: Callable[[], Any]) -> list[Any]:
    """Run the actions at once, each in a thread; their results in order. An error in one is raised here."""
    results: list[Any] = [None] * len(actions)
    errors: list[BaseException] = []
    start = threading.Barrier(len(actions))

    def run(place: int) -> None:
        try:
            start.wait()
            results[place] = actions[place]()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def line_by_line(suite: StoreConformance, store: Store, *calls: Callable[[str], Any]) -> Iterator[tuple[str, list[Any]]]:
    """What the calls give when one is stopped at a line of the store's code and the other runs meanwhile, for every such line.

    Each round has a key of its own, which the calls are given and which is told with what they gave.
    """
    if not suite.races_lines:
        pytest.skip("races_lines is False")
    rounds = count()
    modules = packages(store)

    def race(interleaver: Interleaver) -> tuple[str, list[Any]]:
        key = f"round {next(rounds)}"
        return key, interleaver.run(*(partial(call, key) for call in calls), lines_of=modules)

    return interleavings(race, preemptions=1)


def packages(store: Any) -> tuple[str, ...]:
    """The packages whose code makes up a store: those of its classes, and of the store it wraps, but for Python's own."""
    found: set[str] = set()
    while store is not None:
        found |= {cls.__module__.partition(".")[0] for cls in type(store).__mro__}
        store = getattr(store, "inner", None)
    return tuple(sorted(found - sys.stdlib_module_names))


class StoreConformance:
    """Subclass it in a test module, say how a store is made, and pytest runs every requirement.

    ::

        class TestMyStore(StoreConformance):
            def make_store(self, tmp_path):
                return MyStore(tmp_path / "draws")

    Attributes:
        races_lines: whether to stop commits at every line of the store's code and let others run meanwhile. That takes seconds where
            a commit is a round trip to a server, which decides by itself; False skips those tests.
    """

    races_lines = True

    def make_store(self, tmp_path: Path) -> Store:
        """A fresh, empty store; the fixture ``store`` opens and closes it."""
        raise NotImplementedError("override make_store to return your store, fresh and empty")

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """An open store, closed after the test."""
        store = self.make_store(tmp_path)
        store.open()
        yield store
        store.close()

    # --- R1, whole or not at all ---

    def test_r1_a_commit_changes_everything_it_names(self, store: Store) -> None:
        """R1: documents, counters, limits and entries of one commit are all there once it has returned."""
        outcome = one(store, writes("a", "b", add={"n": 2, "m": 1}, limits={"n": 5}, entries=(entry("e1"), entry("e2"))))
        assert isinstance(outcome, Committed)
        (view,) = store.read(HOME, [Read(("a", "b"), ("n", "m"), "e2")])
        assert view.docs == {"a": Doc(1, b"a"), "b": Doc(1, b"b")}
        assert view.counters == {"n": Counter(2, 5), "m": Counter(1, -1)}
        assert view.entry == outcome.entries[1]

    @pytest.mark.parametrize("failing", ["replayed", "conflict", "stale", "refused sum", "refused limit"])
    def test_r1_a_commit_that_fails_changes_nothing(self, store: Store, failing: str) -> None:
        """R1: whatever the reason, no document, counter, limit or entry is touched."""
        one(store, writes("old", add={"full": 3}, limits={"full": 3}, entries=(entry("known"),)))
        before = everything(store)
        changes: dict[str, Any] = {"add": {"n": 1}, "limits": {"m": 7}, "entries": (entry("new"),)}
        if failing in {"replayed", "conflict"}:
            changes["entries"] += (entry("known", fingerprint="f" if failing == "replayed" else "other"),)
        elif failing == "refused sum":
            changes["add"] = {"n": 1, "full": 1}
        elif failing == "refused limit":
            changes["limits"] = {"m": 7, "full": 2}
        commit = writes("new", **changes)
        if failing == "stale":
            commit = Commit({"new": 0, "old": 7}, commit.put, commit.add, commit.limits, commit.entries)
        assert type(one(store, commit)).__name__.lower() == failing.partition(" ")[0]
        assert everything(store) == before

    # --- R2, precedence of outcomes ---

    def test_r2_the_first_outcome_that_applies_is_given(self, store: Store) -> None:
        """R2: replayed or conflict before stale, stale before refused."""
        one(store, writes("d", add={"n": 1}, limits={"n": 1}, entries=(entry("e"),)))
        refused = {"add": {"n": 1}}
        assert isinstance(one(store, writes("d", version=9, entries=(entry("e"),), **refused)), Replayed)
        assert isinstance(one(store, writes("d", version=9, entries=(entry("e", fingerprint="x"),), **refused)), Conflict)
        assert isinstance(one(store, writes("d", version=9, entries=(entry("e2"),), **refused)), Stale)
        assert isinstance(one(store, writes("d", version=1, entries=(entry("e2"),), **refused)), Refused)
        assert isinstance(one(store, writes("d", version=1, entries=(entry("e2"),))), Committed)

    # --- R3, several commits in one call ---

    def test_r3_later_commits_see_earlier_ones(self, store: Store) -> None:
        """R3: versions, counters and entries of an earlier commit of the call hold for the later ones."""
        first, second, third, fourth = store.commit(
            HOME,
            [
                writes("d", add={"n": 1}, limits={"n": 1}, entries=(entry("e"),)),
                writes("d", version=1),
                writes("x", add={"n": 1}),
                writes("y", entries=(entry("e"),)),
            ],
        )
        assert isinstance(first, Committed)
        assert isinstance(second, Committed)
        assert third == Refused({"n": Counter(1, 1)})
        assert fourth == Replayed(first.entries[0])

    def test_r3_one_failing_never_fails_another(self, store: Store) -> None:
        """R3: the commits around a failing one are made, in order."""
        outcomes = store.commit(
            HOME,
            [
                writes("a", entries=(entry("a"),)),
                writes("b", add={"n": -1}, entries=(entry("b"),)),
                writes("c", entries=(entry("c"),)),
            ],
        )
        assert [type(outcome) for outcome in outcomes] == [Committed, Refused, Committed]
        assert [key for key, _ in store.docs(HOME, "").items] == ["a", "c"]
        assert [line.id for line in store.entries(HOME).items] == ["a", "c"]

    def test_r3_nothing_asked_is_nothing_done(self, store: Store) -> None:
        """R3: empty calls and empty commits succeed."""
        assert store.commit(HOME, []) == []
        assert store.read(HOME, []) == []
        assert one(store, Commit({})) == Committed(())
        assert one(store, Commit({"absent": 0})) == Committed(())

    # --- R4, versions ---

    def test_r4_versions_rise_by_one_with_every_put(self, store: Store) -> None:
        """R4: 0 is absent, the first put makes 1, and no version comes twice."""
        for version in range(5):
            assert isinstance(one(store, writes("d", version=version)), Committed)
            assert store.read(HOME, [Read(("d",))])[0].docs["d"].version == version + 1
        assert isinstance(one(store, writes("d", version=4)), Stale)

    def test_r4_an_expected_document_may_be_left_as_it_is(self, store: Store) -> None:
        """R4: a guard alone moves no version, and an outdated guard stops the commit."""
        one(store, writes("head"))
        assert isinstance(one(store, Commit({"head": 1, "p": 0}, {"p": b"p"})), Committed)
        assert store.read(HOME, [Read(("head",))])[0].docs["head"] == Doc(1, b"head")
        assert isinstance(one(store, Commit({"head": 0, "p": 1}, {"p": b"p"})), Stale)
        assert isinstance(one(store, Commit({"head": 2, "p": 1}, {"p": b"p"})), Stale)

    def test_r4_no_order_of_lines_loses_an_update(self, store: Store) -> None:
        """R4: two who put the first version of a document: whatever line one is stopped at, one of them is stale."""
        for key, outcomes in line_by_line(self, store, *[lambda key: one(store, writes(key))] * 2):
            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Committed", "Stale"]
            assert store.read(HOME, [Read((key,))])[0].docs[key].version == 1

    # --- R5, idempotency at the commit ---

    def test_r5_the_same_request_is_replayed_without_having_been_read(self, store: Store) -> None:
        """R5: the entry given back is the first one, cursor and after included, whatever the second says."""
        first = one(store, writes("d", add={"n": 1}, limits={"n": 9}, entries=(entry("e", owner="ann", at=1),)))
        assert isinstance(first, Committed)
        assert one(store, Commit({}, entries=(entry("e", owner="bob", kind="x", at=2),))) == Replayed(first.entries[0])

    def test_r5_another_request_of_the_same_id_is_a_conflict(self, store: Store) -> None:
        """R5: the stored entry is shown and stays as it is."""
        first = one(store, Commit({}, entries=(entry("e"),)))
        assert isinstance(first, Committed)
        assert one(store, Commit({}, entries=(entry("e", fingerprint="other"),))) == Conflict(first.entries[0])
        assert store.entry(HOME, "e") == first.entries[0]

    def test_r5_one_id_raced_by_two_owners_is_one_commit_and_one_conflict(self, store: Store) -> None:
        """R5: racing owners who have both read that the id is free cannot both have it."""
        for turn in range(10):
            request = f"e{turn}"

            def submit(owner: str, request: str = request) -> Outcome:
                assert store.entry(HOME, request) is None or owner
                line = entry(request, fingerprint=owner, owner=owner)
                return one(store, writes(f"{owner}{request}", entries=(line,)))

            outcomes = together(lambda: submit("ann"), lambda: submit("bob"))
            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Committed", "Conflict"]

    def test_r5_no_order_of_lines_gives_one_id_to_two(self, store: Store) -> None:
        """R5: one id raced for two owners: whatever line one is stopped at, one commits and the other learns of it."""

        def submit(owner: str, key: str) -> Outcome:
            return one(store, writes(f"{owner} {key}", entries=(entry(key, fingerprint=owner, owner=owner),)))

        for key, outcomes in line_by_line(self, store, partial(submit, "ann"), partial(submit, "bob")):
            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Committed", "Conflict"]
            (made,) = [outcome for outcome in outcomes if isinstance(outcome, Committed)]
            assert store.entry(HOME, key) == made.entries[0]

    # --- R6, counters ---

    @pytest.mark.parametrize(
        ("held", "limit", "delta", "allowed"),
        [
            (0, -1, 1, True),
            (0, 0, 1, False),
            (4, 5, 1, True),
            (5, 5, 1, False),
            (4, 5, 2, False),
            (3, 5, -3, True),
            (3, 5, -4, False),
            (3, -1, -4, False),
            (MAX_INTEGER - 1, -1, 1, True),
            (MAX_INTEGER, -1, 1, False),
            (MAX_INTEGER, MAX_INTEGER, -MAX_INTEGER, True),
            (0, -1, MAX_INTEGER, True),
            (1, -1, MAX_INTEGER, False),
        ],
    )
    def test_r6_a_counter_stays_within_its_limit(self, store: Store, *, held: int, limit: int, delta: int, allowed: bool) -> None:
        """R6: a sum outside 0..limit, or beyond 2**53-1, is refused to the last unit, and no digit is lost."""
        one(store, Commit({}, add={"n": held}, limits={"n": limit}))
        outcome = one(store, Commit({}, add={"n": delta}))
        assert isinstance(outcome, Committed if allowed else Refused)
        left = Counter(held + delta if allowed else held, limit)
        assert store.read(HOME, [Read(counters=("n",))])[0].counters["n"] == left

    def test_r6_limits_move_with_the_commit(self, store: Store) -> None:
        """R6: a new limit is judged by the value that its own commit leaves: not below it, equal is enough."""
        one(store, Commit({}, add={"n": 3}, limits={"n": 5}))
        assert one(store, Commit({}, limits={"n": 2})) == Refused({"n": Counter(3, 5)})
        assert isinstance(one(store, Commit({}, limits={"n": 3})), Committed)
        assert one(store, Commit({}, add={"n": 1}, limits={"n": 3})) == Refused({"n": Counter(3, 3)})
        assert isinstance(one(store, Commit({}, add={"n": 1}, limits={"n": 4})), Committed)
        assert isinstance(one(store, Commit({}, add={"n": -4}, limits={"n": 0})), Committed)
        assert isinstance(one(store, Commit({}, add={"n": 9}, limits={"n": -1})), Committed)
        assert store.read(HOME, [Read(counters=("n",))])[0].counters["n"] == Counter(9, -1)

    def test_r6_racing_threads_never_pass_a_limit(self, store: Store) -> None:
        """R6: of 8 x 10 raced increments on a limit of 30, exactly 30 are made."""
        one(store, Commit({}, limits={"n": 30}))
        outcomes = together(*[lambda: [one(store, Commit({}, add={"n": 1})) for _ in range(10)]] * 8)
        assert sum(isinstance(outcome, Committed) for part in outcomes for outcome in part) == 30
        assert store.read(HOME, [Read(counters=("n",))])[0].counters["n"] == Counter(30, 30)

    def test_r6_no_order_of_lines_passes_a_limit(self, store: Store) -> None:
        """R6: two who want the last unit: whatever line one is stopped at, the limit is judged by the value that it finds then."""
        one(store, Commit({}, limits={f"round {number}": 1 for number in range(1000)}))
        for key, outcomes in line_by_line(self, store, *[lambda key: one(store, Commit({}, add={key: 1}))] * 2):
            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Committed", "Refused"]
            assert store.read(HOME, [Read(counters=(key,))])[0].counters[key] == Counter(1, 1)

    # --- R7, refusals ---

    def test_r7_a_refusal_shows_every_counter_that_may_not_move(self, store: Store) -> None:
        """R7: all of them and only them, as they are now."""
        one(store, Commit({}, add={"full": 2, "low": 1, "free": 4}, limits={"full": 2}))
        outcome = one(store, Commit({}, add={"full": 1, "low": -2, "free": 1, "new": -1}, limits={"free": 3, "x": 1}))
        assert outcome == Refused({"full": Counter(2, 2), "low": Counter(1, -1), "free": Counter(4, -1), "new": UNTOUCHED})

    # --- R8, stale ---

    def test_r8_stale_brings_every_expected_document(self, store: Store) -> None:
        """R8: fresh versions and data, of the documents that were right and the absent ones too."""
        store.commit(HOME, [writes("a"), writes("a", version=1), writes("b")])
        outcome = one(store, Commit({"a": 1, "b": 1, "c": 0}, {"c": b"c"}))
        assert isinstance(outcome, Stale)
        assert outcome.view.docs == {"a": Doc(2, b"a"), "b": Doc(1, b"b"), "c": ABSENT}

    def test_r8_an_optimistic_loop_loses_nothing(self, store: Store) -> None:
        """R8: 4 threads add 1 to a number in a document 15 times each, deciding again on the view of each Stale."""
        one(store, Commit({"d": 0}, {"d": b"0"}))

        def add_many() -> None:
            for _ in range(15):
                doc = store.read(HOME, [Read(("d",))])[0].docs["d"]
                while True:
                    outcome = one(store, Commit({"d": doc.version}, {"d": b"%d" % (int(doc.data) + 1)}))
                    if isinstance(outcome, Committed):
                        break
                    assert isinstance(outcome, Stale)
                    doc = outcome.view.docs["d"]

        together(*[add_many] * 4)
        assert store.read(HOME, [Read(("d",))])[0].docs["d"] == Doc(61, b"60")

    # --- R9, what an entry records ---

    def test_r9_after_holds_the_limited_counters_that_moved(self, store: Store) -> None:
        """R9: as the commit left them, limits set by it included; counters without a limit are not in it."""
        one(store, Commit({}, add={"still": 1}, limits={"n": 9, "gone": 9, "still": 5}))
        outcome = one(store, Commit({}, add={"n": 2, "free": 1, "gone": 1}, limits={"gone": -1, "new": 4}, entries=(entry("e"),)))
        assert isinstance(outcome, Committed)
        assert sorted(outcome.entries[0].after) == [("n", 2, 9), ("new", 0, 4)]
        assert store.entry(HOME, "e") == outcome.entries[0]

    def test_r9_every_field_comes_back_as_given(self, store: Store) -> None:
        """R9: id, fingerprint, owner, kind, at and data; cursor and after are the store's whatever was given."""
        given = Entry("id", "print", "owner", "kind", 1_700_000_000_123_456, bytes(range(256)), 99, (("x", 1, 2),))
        outcome = one(store, Commit({}, entries=(given,)))
        assert isinstance(outcome, Committed)
        (stored,) = outcome.entries
        assert (stored.id, stored.fingerprint, stored.owner, stored.kind, stored.at, stored.data, stored.after) == (
            ("id", "print", "owner", "kind", given.at, given.data, ())
        )
        assert store.entries(HOME).items == (stored,)

    # --- R10, snapshots ---

    def test_r10_a_read_answers_every_key(self, store: Store) -> None:
        """R10: what is not there is ABSENT, UNTOUCHED and None; each read has its own view."""
        one(store, writes("d", add={"n": 1}, entries=(entry("e"),)))
        nothing, something = store.read(HOME, [Read(("x",), ("y",), "z"), Read(("d", "x"), ("n",), "e")])
        assert (nothing.docs, nothing.counters, nothing.entry) == ({"x": ABSENT}, {"y": UNTOUCHED}, None)
        assert something.docs == {"d": Doc(1, b"d"), "x": ABSENT}
        assert something.counters == {"n": Counter(1, -1)}
        assert something.entry == store.entry(HOME, "e")

    def test_r10_a_view_is_one_snapshot_among_writers(self, store: Store) -> None:
        """R10: two documents and a counter that only move together are never seen apart."""
        one(store, writes("a", "b", add={"n": 1}))
        done = threading.Event()

        def write() -> None:
            for version in range(1, 40):
                assert isinstance(one(store, writes("a", "b", version=version, add={"n": 1})), Committed)
            done.set()

        def look() -> None:
            while not done.is_set():
                (view,) = store.read(HOME, [Read(("a", "b"), ("n",))])
                assert view.docs["a"].version == view.docs["b"].version == view.counters["n"].value

        together(write, look, look)

    def test_r10_no_order_of_lines_shows_half_a_commit(self, store: Store) -> None:
        """R10: whatever line the writer or the reader is stopped at, a view shows all of a commit or nothing of it."""

        def write(key: str) -> Outcome:
            return one(store, writes(key, f"{key} too", add={key: 1}, entries=(entry(key),)))

        def look(key: str) -> tuple[bool, ...]:
            (view,) = store.read(HOME, [Read((f"{key} too", key), (key,), key)])
            return (*(doc.version > 0 for doc in view.docs.values()), view.counters[key].value > 0, view.entry is not None)

        for _, (outcome, seen) in line_by_line(self, store, write, look):
            assert isinstance(outcome, Committed)
            assert len(set(seen)) == 1

    # --- R11, homes ---

    def test_r11_homes_share_nothing(self, store: Store) -> None:
        """R11: the same keys and ids in two homes are different things, in reads, commits and listings."""
        one(store, writes("d", add={"n": 3}, limits={"n": 3}, entries=(entry("e", owner="ann"),)))
        (view,) = store.read("other", [Read(("d",), ("n",), "e")])
        assert (view.docs["d"], view.counters["n"], view.entry) == (ABSENT, UNTOUCHED, None)
        assert everything(store, "other") == ([], [], [])
        outcome = one(store, writes("d", add={"n": 5}, entries=(entry("e", fingerprint="x", owner="ann"),)), "other")
        assert isinstance(outcome, Committed)
        assert store.read(HOME, [Read(("d",), ("n",))])[0].counters["n"] == Counter(3, 3)
        assert [line.fingerprint for line in store.entries(HOME, owner="ann").items] == ["f"]
        assert store.forget("other", 1, entry("check", at=1)) == 1
        assert [line.id for line in store.entries(HOME).items] == ["e"]

    # --- R12, cursors and the journal ---

    def test_r12_cursors_are_positive_and_increase_within_an_owner(self, store: Store) -> None:
        """R12: the journal of an owner is in the order of its commits, also when threads append for others."""

        def append(owner: str) -> list[int]:
            cursors = []
            for turn in range(15):
                outcome = one(store, Commit({}, entries=(entry(f"{owner}{turn}", owner=owner),)))
                assert isinstance(outcome, Committed)
                cursors.append(outcome.entries[0].cursor)
            return cursors

        by_owner = dict(zip("abc", together(*[lambda owner=owner: append(owner) for owner in "abc"]), strict=True))
        for owner, cursors in by_owner.items():
            assert min(cursors) > 0
            assert cursors == sorted(set(cursors))
            lines = journal(store, owner=owner, limit=4)
            assert [(line.id, line.cursor) for line in lines] == [(f"{owner}{turn}", cursor) for turn, cursor in enumerate(cursors)]

    @pytest.mark.parametrize("newest_first", [False, True])
    @pytest.mark.parametrize("owner", [None, "ann"])
    @pytest.mark.parametrize("kind", [None, "win"])
    def test_r12_pages_are_complete_and_in_order(self, store: Store, *, owner: str | None, kind: str | None, newest_first: bool) -> None:
        """R12: every page size gives the same lines, oldest or newest first, filtered by owner, kind or both."""
        for number in range(12):
            line = entry(str(number), owner="ann" if number % 3 else "bob", kind="win" if number % 2 else "lose")
            one(store, Commit({}, entries=(line,)))
        expected = [str(number) for number in range(12) if (owner is None or number % 3) and (kind is None or number % 2)][
            :: -1 if newest_first else 1
        ]
        for limit in (1, 3, len(expected), 100):
            lines = journal(store, owner=owner, kind=kind, limit=limit, newest_first=newest_first)
            assert [line.id for line in lines] == expected

    @pytest.mark.parametrize("owner", [None, "ann"])
    def test_r12_pages_miss_nothing_while_others_append(self, store: Store, owner: str | None) -> None:
        """R12: between two pages lines are appended; going up meets them all once, going down none of them."""
        ids = [f"old{number:03}" for number in range(9)]
        for name in ids:
            one(store, Commit({}, entries=(entry(name, owner="ann"),)))
        up: list[str] = []
        after, appended = None, 0
        down: list[str] = []
        below = None
        while True:
            page = store.entries(HOME, owner=owner, after=after, limit=2)
            up += [line.id for line in page.items]
            older = store.entries(HOME, owner=owner, after=below, limit=2, newest_first=True) if below or not down else None
            if older:
                down += [line.id for line in older.items]
                below = older.next
            after = page.next
            if after is None:
                break
            if appended < 5:
                ids.append(f"new{appended}")
                one(store, Commit({}, entries=(entry(ids[-1], owner="ann"),)))
                appended += 1
        assert up == ids
        assert down == ids[8::-1][: len(down)]
        assert len(down) == 9

    def test_r12_more_lines_than_any_index_holds_back(self, store: Store) -> None:
        """R12: 700 lines of three owners, appended in calls of different sizes, are listed whole by owner."""
        made = 0
        for size in (1, 255, 1, 3, 300, 140):
            store.commit(HOME, [Commit({}, entries=(entry(f"{made + n:04}", owner="abc"[(made + n) % 3]),)) for n in range(size)])
            made += size
        for place, owner in enumerate("abc"):
            for newest_first in (False, True):
                lines = journal(store, owner=owner, limit=50, newest_first=newest_first)
                ids = [f"{number:04}" for number in range(place, made, 3)]
                assert [line.id for line in lines] == (ids[::-1] if newest_first else ids)

    def test_r12_who_follows_the_journal_skips_nothing(self, store: Store) -> None:
        """R12: one writer holds a block open while others commit; who reads on from the last cursor seen meets every line once."""
        committed, stop = threading.Event(), threading.Event()
        seen: list[Entry] = []

        def read_on() -> None:
            seen.extend(store.entries(HOME, after=str(seen[-1].cursor) if seen else None, limit=10).items)

        def hold() -> None:
            with store.exclusive(HOME, ("slow",), 30.0) as handle:
                assert isinstance(handle.commit(HOME, [writes("slow", entries=(entry("slow", owner="slow"),))])[0], Committed)
                committed.set()
                time.sleep(0.1)  # a chance for the others to be faster, where the store lets them

        def pass_by(name: str) -> None:
            committed.wait(30)
            for n in range(10):
                one(store, Commit({}, entries=(entry(f"{name}{n}", owner=name),)))

        def follow() -> None:
            while not stop.is_set():
                read_on()

        reader = threading.Thread(target=follow)
        reader.start()
        try:
            together(hold, partial(pass_by, "a"), partial(pass_by, "b"))
        finally:
            stop.set()
            reader.join()
        for _ in range(5):
            read_on()
        assert [line.id for line in seen] == [line.id for line in journal(store)]
        assert len(seen) == 21

    # --- R13, listings of keys ---

    KEYS = (
        "",
        "a",
        "A",
        "a%",
        "a_",
        "ab",
        "aé",
        "a中",
        "a\U0001f381",
        "a\uffff",
        "b",
        "é",
        "e\u0301",
        "中",
        "a/b",
        "a b",
    )

    @pytest.mark.parametrize("prefix", ["", "a", "A", "a%", "a_", "a中", "\U0010ffff", "zz"])
    @pytest.mark.parametrize("listing", ["docs", "counters"])
    def test_r13_keys_are_listed_by_prefix_in_order_of_code_points(self, store: Store, prefix: str, listing: str) -> None:
        """R13: case, wildcards and characters outside ASCII mean themselves; every page size gives the same."""
        one(store, writes(*self.KEYS, add=dict.fromkeys(self.KEYS, 1)))
        expected = sorted(key for key in self.KEYS if key.startswith(prefix))
        for limit in (1, 2, 100):
            found = walk(partial(self._page, getattr(store, listing), prefix, limit))
            assert [key for key, _ in found] == expected
            for key, held in found:
                assert held == (Doc(1, key.encode()) if listing == "docs" else Counter(1, -1))

    @staticmethod
    def _page(listing: Callable[..., Page[Any]], prefix: str, limit: int, after: str | None) -> Page[Any]:
        return listing(HOME, prefix, after=after, limit=limit)

    # --- R14, what data and keys may be ---

    @pytest.mark.parametrize("size", [0, 1, 1_000_000])
    def test_r14_data_is_any_bytes(self, store: Store, size: int) -> None:
        """R14: from empty to a megabyte, in documents and in entries."""
        data = bytes(range(256)) * (size // 256) + b"\x00" * (size % 256)
        line = Entry("e", "f", "", "draw", 0, data)
        assert isinstance(one(store, Commit({"d": 0}, {"d": data}, entries=(line,))), Committed)
        (view,) = store.read(HOME, [Read(("d",), (), "e")])
        assert view.docs["d"] == Doc(1, data)
        assert view.entry is not None
        assert view.entry.data == data

    @pytest.mark.parametrize(
        "key",
        ["a'b\"c;--", "{a}", "a:b*?[x]\\", "\u202e", "\ufeff", "谢谢参与", "👩‍👩‍👧", "\x7f\u0085", " ", "k" * 600],
    )
    def test_r14_keys_are_any_text(self, store: Store, key: str) -> None:
        """R14: a key means itself everywhere: as home, document, counter, id and owner."""
        outcome = one(store, writes(key, add={key: 1}, limits={key: 1}, entries=(entry(key, owner=key),)), key)
        assert isinstance(outcome, Committed)
        assert outcome.entries[0].after == ((key, 1, 1),)
        (view,) = store.read(key, [Read((key,), (key,), key)])
        assert (view.docs[key].data, view.counters[key]) == (key.encode(), Counter(1, 1))
        assert store.entries(key, owner=key).items == (view.entry,) == outcome.entries

    # --- R15, forgetting ---

    def test_r15_forget_drops_the_old_and_leaves_a_checkpoint(self, store: Store) -> None:
        """R15: entries before the time are gone with their ids, the checkpoint is the newest, the rest is as it was."""
        for at in range(10):
            one(store, Commit({"d": at}, {"d": b"%d" % at}, {"n": 1}, entries=(entry(f"e{at}", owner="ann", at=at),)))
        kept = store.entries(HOME).items[6:]
        assert store.forget(HOME, 6, entry("checkpoint", kind="checkpoint", at=6)) == 6
        lines = store.entries(HOME).items
        assert lines[:-1] == kept
        assert lines[-1].id == "checkpoint"
        assert lines[-1].cursor > kept[-1].cursor
        assert store.entry(HOME, "e5") is None
        assert store.entries(HOME, owner="ann").items == kept
        assert store.read(HOME, [Read(("d",), ("n",))])[0].docs["d"] == Doc(10, b"9")
        assert store.read(HOME, [Read(("d",), ("n",))])[0].counters["n"] == Counter(10, -1)
        again = one(store, Commit({}, entries=(entry("e5", owner="ann", at=11),)))
        assert isinstance(again, Committed)
        assert again.entries[0].cursor > lines[-1].cursor
        assert [line.id for line in store.entries(HOME, owner="ann").items] == ["e6", "e7", "e8", "e9", "e5"]

    def test_r15_a_retried_forget_does_nothing(self, store: Store) -> None:
        """R15: when the checkpoint is there already, nothing is dropped: a lost acknowledgement may be retried."""
        one(store, Commit({}, entries=(entry("old", at=1),)))
        assert store.forget(HOME, 5, entry("checkpoint", at=2)) == 1
        assert store.forget(HOME, 5, entry("checkpoint", at=2)) == 0
        assert [line.id for line in store.entries(HOME).items] == ["checkpoint"]

    def test_r15_compacting_changes_nothing_that_can_be_read(self, store: Store) -> None:
        """R15: what is kept is the same after ``compact``, cursors go on behind those that were dropped, and it may be repeated."""
        for at in range(10):
            one(store, writes(f"d{at}", add={"n": 1}, limits={"n": 10}, entries=(entry(f"e{at}", owner="ann", at=at),)))
        store.forget(HOME, 6, entry("checkpoint", at=5))
        kept = everything(store)
        store.compact()
        store.compact()
        assert everything(store) == kept
        again = one(store, Commit({}, entries=(entry("e0", owner="ann"),)))
        assert isinstance(again, Committed)
        assert again.entries[0].cursor > kept[2][-1].cursor

    # --- R16, exclusivity is for progress ---

    def test_r16_the_handle_reads_and_commits(self, store: Store) -> None:
        """R16: inside the block the handle sees what it has committed; after it, so does everyone."""
        with store.exclusive(HOME, ("d",), 5.0) as handle:
            assert isinstance(handle.commit(HOME, [writes("d", entries=(entry("e"),))])[0], Committed)
            assert handle.read(HOME, [Read(("d",))])[0].docs["d"] == Doc(1, b"d")
            assert isinstance(handle.commit(HOME, [writes("d")])[0], Stale)
            assert isinstance(handle.commit(HOME, [writes("d", version=1)])[0], Committed)
        assert store.read(HOME, [Read(("d",))])[0].docs["d"] == Doc(2, b"d")
        assert store.entry(HOME, "e") is not None

    def test_r16_the_handle_is_not_the_store_or_the_block_may_be_entered_again(self, store: Store) -> None:
        """R16: who is given the store itself cannot tell that it is inside, and may ask for exclusivity once more."""
        with store.exclusive(HOME, ("d",), 5.0) as handle:
            if handle is store:
                with store.exclusive(HOME, ("d",), 0.1) as again:
                    assert isinstance(again.commit(HOME, [writes("d")])[0], Committed)
        assert isinstance(one(store, writes("x")), Committed)

    def test_r16_waiting_is_bounded(self, store: Store) -> None:
        """R16: while another holds the document, a second one gets StorageBusy in time, and has written nothing."""
        if not store.lock_first:
            pytest.skip("a store that does not lock first may let others in")
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with store.exclusive(HOME, ("d",), 5.0):
                held.set()
                done.wait(10)

        def attempt() -> float:
            held.wait(10)
            began = time.monotonic()
            try:
                with pytest.raises(StorageBusy) as busy, store.exclusive(HOME, ("d",), 0.1) as handle:
                    handle.commit(HOME, [writes("d")])
                assert busy.value.waited >= 0.05
                return time.monotonic() - began
            finally:
                done.set()

        _, waited = together(hold, attempt)
        assert waited < 5
        assert everything(store) == ([], [], [])

    def test_r16_an_error_in_the_block_releases_it(self, store: Store) -> None:
        """R16: the error comes out as it is; each commit of the block is there whole or not at all; others go on."""
        with pytest.raises(ZeroDivisionError), store.exclusive(HOME, ("d",), 5.0) as handle:
            handle.commit(HOME, [writes("d", add={"n": 1}, entries=(entry("e"),))])
            raise ZeroDivisionError
        docs, counters, lines = everything(store)
        assert len(docs) == len(counters) == len(lines)
        (after,) = together(lambda: one(store, writes("x")))
        assert isinstance(after, Committed)

    def test_r16_read_decide_commit_in_the_block_is_never_stale(self, store: Store) -> None:
        """R16: on a store that locks first, 4 threads that read and write one document in blocks meet no Stale."""
        if not store.lock_first:
            pytest.skip("a store that does not lock first may answer Stale")

        def add_many() -> None:
            for _ in range(15):
                with store.exclusive(HOME, ("d",), 30.0) as handle:
                    version = handle.read(HOME, [Read(("d",))])[0].docs["d"].version
                    assert isinstance(handle.commit(HOME, [writes("d", version=version)])[0], Committed)

        together(*[add_many] * 4)
        assert store.read(HOME, [Read(("d",))])[0].docs["d"].version == 60

    # --- R17, malformed commits ---

    @pytest.mark.parametrize(
        "commit",
        [
            Commit({}, {"d": b""}),
            Commit({"a": 0}, {"a": b"", "d": b""}),
            Commit({}, limits={"n": -2}),
            Commit({}, add={"n": 1}, limits={"n": MAX_INTEGER + 1}),
            Commit({}, entries=(entry("e"), entry("e"))),
        ],
        ids=["put unguarded", "one of two unguarded", "limit below -1", "limit beyond 2**53-1", "id twice"],
    )
    def test_r17_a_malformed_commit_is_an_error_and_changes_nothing(self, store: Store, commit: Commit) -> None:
        """R17: what no state of the store could make right is a ValueError."""
        with pytest.raises(ValueError, match=r"\S"):
            store.commit(HOME, [commit])
        assert everything(store) == ([], [], [])

    # --- R18, life of a store ---

    def test_r18_open_and_close_may_be_repeated(self, store: Store) -> None:
        """R18: the second call does nothing; the store says what its commits survive and its schema, and has a clock or none."""
        store.open()
        assert store.schema_version() >= 1
        one(store, writes("d"))
        store.open()
        assert store.read(HOME, [Read(("d",))])[0].docs["d"] == Doc(1, b"d")
        assert len(store.durability) > 20
        now = store.now()
        assert now is None or now.utcoffset() is not None
        store.close()
        store.close()

    # --- R19, redaction ---

    @pytest.mark.parametrize("later", [0, 600], ids=["just written", "long ago"])
    def test_r19_redaction_changes_what_was_written(self, store: Store, later: int) -> None:
        """R19: owner, fingerprint and data of entries are others, all else of them stays; a document is gone; listings follow."""
        for n in range(4):
            puts = ("p/ann",) if n % 2 == 0 else ("p/ben",)
            one(store, writes(*puts, version=n // 2, add={"n": 1}, limits={"n": 9}, entries=(entry(f"e{n}", owner=puts[0][2:]),)))
        store.commit(HOME, [Commit({}, entries=(entry(f"later{n}", owner="cid"),)) for n in range(later)])
        before = journal(store)
        told = [Entry(f"e{n}", "g", "x-1", "other", 7, b"new") for n in (0, 2)]
        commit = Commit({"p/ann": 2, "p/x-1": 0}, {"p/x-1": b"moved"}, entries=(entry("mark", owner="x-1"),))
        outcome = store.redact(HOME, commit, [*told, Entry("unknown", "g", "x-1", "", 0, b"")], ["p/ann"])
        assert isinstance(outcome, Committed)
        after = journal(store)
        for was, now in zip(before, after[:-1], strict=True):
            changed = was.id in {"e0", "e2"}
            assert (now.owner, now.fingerprint, now.data) == (("x-1", "g", b"new") if changed else (was.owner, was.fingerprint, was.data))
            assert (now.id, now.kind, now.at, now.cursor, now.after) == (was.id, was.kind, was.at, was.cursor, was.after)
            assert store.entry(HOME, now.id) == now
        assert after[-1] == outcome.entries[0]
        assert journal(store, owner="ann") == []
        assert [line.id for line in journal(store, owner="x-1")] == ["e0", "e2", "mark"]
        assert [line.id for line in journal(store, owner="ben")] == ["e1", "e3"]
        assert [key for key, _ in store.docs(HOME, "p/").items] == ["p/ben", "p/x-1"]
        (view,) = store.read(HOME, [Read(("p/ann", "p/x-1"))])
        assert view.docs == {"p/ann": ABSENT, "p/x-1": Doc(1, b"moved")}
        assert isinstance(one(store, writes("p/ann")), Committed)
        assert isinstance(one(store, Commit({}, entries=(Entry("e0", "g", "", "", 0, b""),))), Replayed)

    def test_r19_what_is_not_committed_redacts_nothing(self, store: Store) -> None:
        """R19: a stale, a refused and a replayed commit leave entries and documents as they are."""
        one(store, writes("p/ann", add={"n": 1}, limits={"n": 1}, entries=(entry("e", owner="ann"),)))
        kept, told = everything(store), [Entry("e", "g", "x-1", "", 0, b"")]
        for commit, kind in (
            (Commit({"p/ann": 0}), Stale),
            (Commit({"p/ann": 1}, add={"n": 1}), Refused),
            (Commit({"p/ann": 1}, entries=(entry("e"),)), Replayed),
            (Commit({"p/ann": 1}, entries=(entry("e", fingerprint="other"),)), Conflict),
        ):
            assert isinstance(store.redact(HOME, commit, told, ["p/ann"]), kind)
            assert everything(store) == kept

    def test_r19_a_document_is_dropped_under_guard_alone(self, store: Store) -> None:
        """R19: one that the commit does not expect, or puts, is a ValueError and changes nothing."""
        one(store, writes("p/ann"))
        kept = everything(store)
        for commit in (Commit({}), Commit({"p/ann": 1}, {"p/ann": b"new"})):
            with pytest.raises(ValueError, match=r"\S"):
                store.redact(HOME, commit, (), ["p/ann"])
            assert everything(store) == kept


class AsyncStoreConformance(StoreConformance):
    """The same suite for an asynchronous store, run through a Bridge, and what only tasks of one loop can do to each other.

    ::

        class TestMyAsyncStore(AsyncStoreConformance):
            def make_store(self, tmp_path):
                return MyAsyncStore(tmp_path / "draws")
    """

    def make_store(self, tmp_path: Path) -> AsyncStore:  # type: ignore[override]  # the fixture puts the bridge between
        """A fresh, empty asynchronous store; the fixture ``store`` opens and closes it on the loop of a Bridge."""
        raise NotImplementedError("override make_store to return your asynchronous store, fresh and empty")

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Bridge]:
        """The store behind a bridge, open, closed after the test."""
        bridge = Bridge(self.make_store(tmp_path))
        bridge.open()
        yield bridge
        bridge.close()

    def test_r1_a_cancelled_commit_is_there_whole_or_not_at_all(self, store: Bridge) -> None:
        """R1: a task is cancelled after 0, 1, 2 … turns of the loop; the id tells what became of it, and others go on."""

        async def cancel_after(turns: int, commit: Commit) -> None:
            task = asyncio.ensure_future(store.inner.commit(HOME, [commit]))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))

        for turns in range(30):
            commit = writes(f"d{turns}", add={f"n{turns}": 1}, entries=(entry(f"e{turns}"),))
            store.run(cancel_after(turns, commit))
            outcome = one(store, commit)
            assert isinstance(outcome, Committed | Replayed)
            (view,) = store.read(HOME, [Read((f"d{turns}",), (f"n{turns}",), f"e{turns}")])
            assert (view.docs[f"d{turns}"].version, view.counters[f"n{turns}"].value) == (1, 1)
            assert view.entry == (outcome.entry if isinstance(outcome, Replayed) else outcome.entries[0])

    def test_r4_tasks_of_one_loop_lose_no_update(self, store: Bridge) -> None:
        """R4: of ten tasks that put the first version of a document at once, one commits."""
        outcomes = at_once(store, *[lambda: store.inner.commit(HOME, [writes("d")])] * 10)
        assert sorted(type(outcome).__name__ for (outcome,) in outcomes) == ["Committed"] + ["Stale"] * 9

    def test_r5_tasks_of_one_loop_share_no_id(self, store: Bridge) -> None:
        """R5: of ten owners who want one id at once, one has it."""
        lines = [entry("e", fingerprint=f"owner {k}", owner=f"owner {k}") for k in range(10)]
        outcomes = at_once(store, *(partial(store.inner.commit, HOME, [Commit({}, entries=(line,))]) for line in lines))
        assert sorted(type(outcome).__name__ for (outcome,) in outcomes) == ["Committed"] + ["Conflict"] * 9

    def test_r6_tasks_of_one_loop_never_pass_a_limit(self, store: Bridge) -> None:
        """R6: of twenty tasks that add 1 to a limit of 7 at once, seven do."""
        one(store, Commit({}, limits={"n": 7}))
        outcomes = at_once(store, *[lambda: store.inner.commit(HOME, [Commit({}, add={"n": 1})])] * 20)
        assert sum(isinstance(outcome, Committed) for (outcome,) in outcomes) == 7
        assert store.read(HOME, [Read(counters=("n",))])[0].counters["n"] == Counter(7, 7)

    def test_r16_the_handle_is_not_the_store_or_the_block_may_be_entered_again(self, store: Bridge) -> None:  # type: ignore[override]  # the fixture's
        """R16: as in a blocking store, where it matters more: a lock of asyncio cannot be taken twice."""

        async def enter_twice() -> None:
            async with store.inner.exclusive(HOME, ("d",), 5.0) as handle:
                if handle is store.inner:
                    async with store.inner.exclusive(HOME, ("d",), 0.1) as again:
                        assert isinstance((await again.commit(HOME, [writes("d")]))[0], Committed)

        store.run(enter_twice())
        assert isinstance(one(store, writes("x")), Committed)


def at_once(store: Bridge, *actions: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Run the actions as tasks of one loop, begun in one turn of it; their results in order."""

    async def gather() -> list[Any]:
        return list(await asyncio.gather(*(action() for action in actions)))

    return store.run(gather())
