"""The interleaver goes through every order once, finds what only one order shows, and comes through locks."""

from __future__ import annotations

import threading
from itertools import pairwise, permutations
from math import comb

import pytest

from prizedraw.storage import Commit, Committed, Entry, MemoryStore
from prizedraw.testing import Interleaver, NoExclusive, interleavings


def walkers(*lengths):
    """A race of actors who note their number, pause, and note it again, so many times; the notes are what it gives."""

    def race(interleaver):
        notes = []

        def walk(number, length):
            for place in range(length):
                if place:
                    interleaver.pause()
                notes.append(number)
            return number

        given = interleaver.run(*(lambda number=number, length=length: walk(number, length) for number, length in enumerate(lengths)))
        assert given == list(range(len(lengths)))
        return tuple(notes)

    return race


@pytest.mark.parametrize("lengths", [(1, 1), (2, 3), (4, 4), (1, 2, 3)])
def test_every_order_comes_exactly_once(lengths):
    """The orders found are the distinct permutations of the steps, none twice."""
    found = list(interleavings(walkers(*lengths)))
    steps = [number for number, length in enumerate(lengths) for _ in range(length)]
    assert sorted(found) == sorted(set(permutations(steps)))


@pytest.mark.parametrize("most", [0, 1, 2])
def test_preemptions_are_counted(most):
    """Every order in which an actor is left so often before its end, and no other."""

    def preemptions(order):
        return sum(one != other and one in order[place + 1 :] for place, (one, other) in enumerate(pairwise(order)))

    everything = list(interleavings(walkers(3, 4)))
    assert len(everything) == comb(7, 3)
    assert sorted(interleavings(walkers(3, 4), preemptions=most)) == sorted(order for order in everything if preemptions(order) <= most)


def test_a_given_order_is_kept():
    """Number by number; when it is used up, whoever went last goes on."""
    interleaver = Interleaver([1, 0, 1])
    assert walkers(3, 3)(interleaver) == (1, 0, 1, 1, 0, 0)
    assert [step.chosen for step in interleaver.steps] == [1, 0, 1, 1, 0, 0]


def test_outside_of_actors_nothing_pauses():
    """Preparations run through."""
    interleaver = Interleaver()
    interleaver.pause()
    store = interleaver.pausing(MemoryStore())
    assert store.read("h", []) == []
    assert interleaver.steps == []


def test_an_update_that_is_read_and_written_apart_is_lost_in_some_orders():
    """A counter without a lock, paused at its own lines: one of the two additions is lost in some order, and none without preemption."""

    class Unlocked:
        def __init__(self):
            self.value = 0

        def add(self):
            found = self.value
            self.value = found + 1

    def race(interleaver):
        counter = Unlocked()
        interleaver.run(counter.add, counter.add, lines_of=[__name__])
        return counter.value

    assert set(interleavings(race, preemptions=0)) == {2}
    assert set(interleavings(race, preemptions=1)) == {1, 2}


def test_a_lock_is_waited_for_and_nothing_is_lost():
    """With a lock all orders add up, and an order in which one waits is gone through once and not line by line."""
    runs = []

    def race(interleaver):
        lock, held = threading.Lock(), [0]

        def add():
            with lock:
                found = held[0]
                found += 1
                found += 1
                found += 1
                held[0] = found - 2

        interleaver.run(add, add, lines_of=[__name__])
        runs.append(any(step.waiting for step in interleaver.steps))
        return held[0]

    assert set(interleavings(race, preemptions=1, patience=0.05)) == {2}
    assert 1 <= sum(runs) <= 6


def test_actors_that_wait_for_each_other_are_told(monkeypatch):
    """Two locks taken in opposite orders: one order ends in a deadlock, which is an error and does not hang."""
    monkeypatch.setattr("prizedraw.testing.interleaver.STUCK", 0.2)

    def race(interleaver):
        one, other = threading.Lock(), threading.Lock()

        def take(first, second):
            if first.acquire(timeout=20):
                interleaver.pause()
                second.acquire(timeout=20)
                second.release()
                first.release()

        interleaver.run(lambda: take(one, other), lambda: take(other, one))

    with pytest.raises(TimeoutError, match=r"\[0, 1\] wait for each other after <Interleaver \["):
        list(interleavings(race, patience=0.05))


def test_expected_errors_are_results_and_others_are_raised():
    """By their type."""

    def fail(error):
        raise error

    assert isinstance(Interleaver().run(lambda: fail(KeyError("k")), expected=(LookupError,))[0], KeyError)
    with pytest.raises(ZeroDivisionError):
        Interleaver().run(lambda: 1, lambda: fail(ZeroDivisionError()), expected=(LookupError,))


def test_a_store_pauses_before_each_operation_and_inside_blocks():
    """Two readers and writers of one document: in some order both have read before one writes, and guards see to the rest."""

    def race(interleaver):
        store = interleaver.pausing(NoExclusive(MemoryStore()))

        def write(owner):
            with store.exclusive("h", ("d",), 1.0) as handle:
                free = handle.read("h", [])
                line = Entry("e", owner, owner, "draw", 0, b"")
                return free, handle.commit("h", [Commit({"d": 0}, {"d": b""}, entries=(line,))])[0]

        outcomes = interleaver.run(lambda: write("ann"), lambda: write("bob"))
        return tuple(type(outcome) is Committed for _, outcome in outcomes)

    found = list(interleavings(race))
    assert set(found) == {(True, False), (False, True)}
    assert len(found) == comb(8, 4)
