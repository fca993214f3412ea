"""An engine that was opened before a fork goes on in both processes, which share no words, connections or batches."""

from __future__ import annotations

import multiprocessing
import os
import threading

import pytest

from prizedraw import DrawEngine, DrawRequest, Prize
from prizedraw.storage.sqlite import SqliteStore
from prizedraw.testing.replaying import journal, replay
from proof.crew import CLOSE, draw_in_batches, opened, together
from scenery import NOON, wheel

MANY = wheel(*(Prize(f"p{k}", f"P{k}", 10**9 + k, -1) for k in range(4)))
"""A ticket is one of more than four thousand million: two equal ones among a thousand draws have a chance of 1.2e-4, three pairs
of 3e-13."""
FAR = 3
"""So many equal tickets are no accident (false alarm below 1e-6)."""

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def forked(action):
    """Fork, run the action in the child, and return a function that waits for the child and checks that it went well."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)

    def ended():
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    return ended


def draw(engine, prefix, times=250):
    """Draw without request ids, for somebody of this process's own and for somebody whom both know."""
    for turn in range(times):
        engine.draw("wheel", prefix if turn % 2 else "ann")


def no_word_twice(engine, draws):
    """So many draws are there, and their tickets and the ids that the engine made for them are all different."""
    told = replay(engine.store, "wheel")
    assert told.problems == []
    assert engine.audit("wheel").ok
    assert len(told.draws) == draws
    tickets = [ticket.value for receipt in told.draws.values() for ticket in receipt.tickets]
    assert len(tickets) - len(set(tickets)) < FAR
    words = [entry.id.partition("-")[2] for entry in journal(engine.store, "wheel") if entry.kind == "draw"]
    assert len(words) == len(set(words)) == draws


def test_pitfall_32_parent_and_child_of_a_fork_draw_on_with_words_of_their_own(path):
    """Both had a pool of random words and an open file at the fork; no ticket and no request id is handed out twice."""
    with opened(path) as engine:
        engine.publish(MANY)
        draw(engine, "before", 20)
        ended = forked(lambda: draw(engine, "child"))
        draw(engine, "parent")
        ended()
        no_word_twice(engine, 520)


def test_pitfall_32_a_worker_of_multiprocessing_draws_on_with_the_engine_it_inherited(path):
    """Two workers made by the start method "fork", and the parent."""
    context = multiprocessing.get_context("fork")
    with opened(path) as engine:
        engine.publish(MANY)
        draw(engine, "before", 20)
        workers = [context.Process(target=draw, args=(engine, f"worker{k}")) for k in range(2)]
        for worker in workers:
            worker.start()
        draw(engine, "parent")
        for worker in workers:
            worker.join(CLOSE)
        assert [worker.exitcode for worker in workers] == [0, 0]
        no_word_twice(engine, 770)


def test_pitfall_32_spawned_workers_open_the_file_again(path):
    """An engine is in use while processes that share nothing with it open its file and draw; all of it adds up."""
    with opened(path) as engine:
        engine.publish(wheel(Prize("cup", "Cup", 1, -1)))
        draw(engine, "before", 20)
        won = together(draw_in_batches, (path, "x", 300, 20), (path, "y", 300, 20))
        draw(engine, "after", 20)
        assert list(map(len, won)) == [300, 300]
        assert replay(engine.store, "wheel").problems == []
        assert engine.audit("wheel").draws == 640


def test_pitfall_32_the_childs_copy_of_a_memory_store_is_its_own():
    """A memory store is copied by a fork: each side has the draws from before and its own, and other words than the other side."""
    engine = DrawEngine.open(":memory:", clock=lambda: NOON)
    engine.publish(MANY)
    draw(engine, "before", 20)
    reader, writer = os.pipe()

    def child():
        draw(engine, "child", 200)
        no_word_twice(engine, 220)
        os.write(writer, " ".join(tickets(engine)[20:]).encode())

    ended = forked(child)
    os.close(writer)
    draw(engine, "parent", 200)
    told = b"".join(iter(lambda: os.read(reader, 65536), b"")).decode().split()
    os.close(reader)
    ended()
    no_word_twice(engine, 220)
    assert len(told) == 200
    assert len({*told, *tickets(engine)}) > 420 - FAR


def tickets(engine):
    """Every ticket of the campaign, in order."""
    return [str(receipt.tickets[0].value) for receipt in engine.receipts("wheel", newest_first=False)]


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_pitfall_32_a_child_born_during_a_batch_leaves_the_batch_to_its_parent(path, durability):
    """A thread of the parent draws batches while children are forked, each of which draws; every batch is there once and whole."""
    engine = DrawEngine(SqliteStore(path, durability=durability), clock=lambda: NOON)
    engine.publish(MANY)
    stop, made = threading.Event(), []

    def batches():
        while not stop.is_set():
            turn = len(made)
            asked = [DrawRequest(f"b{k % 7}", f"batch{turn}-{k}") for k in range(60)]
            made.append(engine.draw_batch("wheel", asked))

    thread = threading.Thread(target=batches)
    thread.start()
    try:
        for turn in range(6):
            forked(lambda turn=turn: engine.draw_many("wheel", "child", 3, request_id=f"child{turn}"))()
    finally:
        stop.set()
        thread.join()
    ids = [entry.id for entry in journal(engine.store, "wheel") if entry.kind == "draw"]
    expected = {f"child{turn}" for turn in range(6)} | {f"batch{turn}-{k}" for turn in range(len(made)) for k in range(60)}
    assert len(ids) == len(expected)
    assert set(ids) == expected
    assert replay(engine.store, "wheel").problems == []
    assert engine.audit("wheel").ok
    engine.close()
