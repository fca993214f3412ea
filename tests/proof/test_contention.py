"""Many processes and threads after the same things: stock, caps, request ids (issue: contention)."""

from __future__ import annotations

import random
import threading

import pytest
from attrs import evolve

from prizedraw import DrawEngine, DrawRefused, InvalidEdit, Odds, Prize, Quota
from prizedraw.storage.sqlite import SqliteStore
from prizedraw.testing.replaying import journal, replay
from proof.crew import draw_for, draw_in_batches, draw_the_same, opened, together
from scenery import NOON, SURE, wheel

PRIZE = Prize("phone", "Phone", "1/20", 100)
REST = Prize.thank_you(weight="19/20")


def test_pitfall_09_four_processes_win_a_stock_of_100_exactly_100_times(path):
    """4 × 5,000 draws: each gets its receipt, 100 of them win, the audit and the replay find every draw."""
    with opened(path) as engine:
        engine.publish(wheel(PRIZE, fallback=REST))
        won = together(draw_in_batches, *((path, f"w{k}", 5000, 50) for k in range(4)))
        told = replay(engine.store, "wheel")
        assert sorted(id_ for some in won for id_ in some) == sorted(id_ for id_, draw in told.draws.items() if draw.is_win)
        assert sum(map(len, won)) == 100
        assert told.problems == []
        audit = engine.audit("wheel")
        assert (audit.ok, audit.draws, len(told.draws)) == (True, 20_000, 20_000)
        assert engine.stock("wheel")["phone"].remaining == 0


def test_pitfall_15_an_operator_moves_the_allocation_while_four_processes_draw(path):
    """Issued is never above allocated: at none of the operator's looks, and after no line of the journal; nothing is erased."""
    rng = random.Random(15)
    cups = evolve(SURE, stock=50)
    with opened(path) as engine:
        engine.publish(wheel(cups))
        others = threading.Thread(target=lambda: won.extend(together(draw_in_batches, *((path, f"w{k}", 800, 4) for k in range(4)))))
        won: list[list[str]] = []
        steps = {"lowered": 0, "raised": 0, "below what is issued": 0}
        others.start()
        while others.is_alive():
            line = engine.stock("wheel")["cup"]
            assert 0 <= line.issued <= line.allocated
            wanted = line.issued + rng.randint(-3, 40)
            try:
                engine.reallocate("wheel", "cup", stock=max(0, wanted))
            except InvalidEdit:
                steps["below what is issued"] += 1
            else:
                steps["lowered" if wanted < line.allocated else "raised"] += 1
        others.join()
        assert min(steps.values()) > 0
        line = engine.stock("wheel")["cup"]
        told = replay(engine.store, "wheel")
        assert told.problems == []
        assert line.issued == sum(map(len, won)) == told.counts["stock/cup"]
        assert line.allocated == told.allocated["cup"]
        assert issued_and_allocated(engine)
        assert engine.audit("wheel").ok
        assert engine.audit("wheel").draws == 3200


def issued_and_allocated(engine):
    """Whether issued ≤ allocated holds after every movement, by a sum of a line each."""
    issued = allocated = 0
    for one in engine.movements("wheel", "cup"):
        issued += {"issue": 1}.get(one.kind, 0)
        allocated += {"allocate": 1, "restock": 1, "release": -1}.get(one.kind, 0) * one.quantity
        if issued > allocated:
            return False
    return True


@pytest.fixture(params=["memory", "sqlite"])
def engine(request, path):
    """An engine on either embedded store."""
    if request.param == "memory":
        return DrawEngine.open(":memory:", clock=lambda: NOON)
    return DrawEngine(SqliteStore(path, durability="normal"), clock=lambda: NOON)


@pytest.mark.parametrize("when_unavailable", ["fallback", "redraw"])
def test_pitfall_17_one_participant_in_eight_threads_passes_no_cap(engine, when_unavailable):
    """Whatever each thread asks for, 1 to 3 draws at a time, ann ends with exactly 60 draws, 9 wins, and no more than 4 of the cup."""
    cup, mug = evolve(SURE, per_participant=4, stock=-1), Prize("mug", "Mug", 1, -1)
    quota = Quota(daily_draws=60, daily_wins=9)
    engine.publish(wheel(cup, mug, quota=quota, odds=Odds(when_unavailable=when_unavailable)))
    begin, failures = threading.Barrier(8), []

    def hammer(seed):
        rng = random.Random(seed)
        begin.wait(30)
        try:
            while True:
                n = rng.randint(1, 3)
                try:
                    engine.draw_many("wheel", "ann", n)
                except DrawRefused as refusal:
                    assert refusal.reason == "daily_draws"
                    if n == 1:
                        return
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    standing = engine.standing("wheel", "ann")
    assert (standing.number, standing.draws_left_today, standing.wins_left_today, sum(standing.won.values())) == (60, 0, 0, 9)
    assert standing.won["cup"] <= 4
    assert replay(engine.store, "wheel").problems == []
    assert engine.audit("wheel").ok
    engine.close()


def test_pitfall_30_request_ids_raced_by_four_processes_draw_once_each(path):
    """All four, each in an order of its own, get the same receipt for an id; the journal has one line for it."""
    ids = [f"order-{k}" for k in range(200)]
    with opened(path) as engine:
        engine.publish(wheel(PRIZE, fallback=REST))
        first, *others = together(draw_the_same, *((path, ids, seed, "ann") for seed in range(4)))
        assert all(one == first for one in others)
        assert "mismatch" not in first.values()
        assert sorted(entry.id for entry in journal(engine.store, "wheel") if entry.kind == "draw") == sorted(ids)
        assert sorted(receipt.number for receipt in first.values()) == list(range(1, 201))
        assert replay(engine.store, "wheel").problems == []
        assert engine.audit("wheel").ok


def test_two_participants_racing_one_request_id_give_one_receipt_and_one_mismatch(path):
    """For each of 200 ids one of the two draws, whoever came first, and the other is told."""
    ids = [f"order-{k}" for k in range(200)]
    with opened(path) as engine:
        engine.publish(wheel(PRIZE, fallback=REST))
        ann, bob = together(draw_the_same, (path, ids, 1, "ann"), (path, ids, 2, "bob"))
        assert all((ann[id_] == "mismatch") != (bob[id_] == "mismatch") for id_ in ids)
        assert {entry.id: entry.owner for entry in journal(engine.store, "wheel") if entry.kind == "draw"} == {
            id_: "bob" if ann[id_] == "mismatch" else "ann" for id_ in ids
        }
        assert replay(engine.store, "wheel").problems == []
        assert engine.audit("wheel").ok


def test_pitfall_29_two_processes_that_want_the_same_counters_both_get_through(path):
    """Batches that name two people and two prizes in opposite orders end in both processes; nobody waits for ever."""
    with opened(path) as engine:
        engine.publish(wheel(Prize("a", "A", 1, -1), Prize("b", "B", 1, -1)))
        there = [name for _ in range(150) for name in ("ann", "bob")]
        won = together(draw_for, (path, "there", there), (path, "back", there[::-1]))
        assert [len(one) for one in won] == [300, 300]
        assert sorted({*won[0], *won[1]}) == list(range(1, 301))
        assert replay(engine.store, "wheel").problems == []
