"""A process that draws is killed, again and again, on one file: what was acknowledged stays, and what was begun can be finished."""

from __future__ import annotations

import random
import signal
import sys
import time

import pytest

from prizedraw.testing.replaying import journal, replay
from proof.crew import CLOSE, MIXED, Order, carry_out, context, draw_until_killed, only, opened

HOME = "default/campaign/wheel"
KILLS = 52
LONGEST_LIFE = 0.12
"""Seconds from the first call on; a durable call takes some milliseconds."""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on this platform")
def test_pitfall_12_nothing_acknowledged_is_lost_by_kill_9_and_nothing_begun_happens_twice(path):
    """After each of 52 kills the audit is clean and every answer given before still stands.

    The call that was cut off gives its first answer if it happened, else it is made once; the journal holds nothing else.
    """
    rng = random.Random(9)
    with opened(path, "full") as engine:
        engine.publish(MIXED, request_id="publish")
    begun: dict[str, Order] = {}
    answers: dict[str, str] = {}
    cut_off = {"happened": 0, "did not": 0}
    for turn in range(KILLS):
        seconds = rng.uniform(0, LONGEST_LIFE)
        if turn % 2:
            with opened(path, "full") as engine:  # stays open, draws on, and must notice nothing
                told = life(path, turn, seconds, lambda k, engine=engine, turn=turn: bystander(engine, f"by{turn}-{k}"))
                answers |= settled(engine, told, cut_off)
        else:  # nobody else has the file open: the next to open it finds a log to recover
            told = life(path, turn, seconds)
            with opened(path, "full") as engine:
                answers |= settled(engine, told, cut_off)
        begun |= {order.ids[0]: order for order, _ in told}
    with opened(path) as engine:
        again = [carry_out(engine, only(order, answers)) for order in begun.values() if not answers.keys().isdisjoint(order.ids)]
        assert {id_: answer for one in again for id_, answer in one.items()} == answers
        told = replay(engine.store, "wheel")
        assert told.problems == []
        lines = {entry.id for entry in journal(engine.store, "wheel") if not entry.id.startswith("by")}
        assert lines == answers.keys() | {"publish"}
        assert engine.audit("wheel").ok
    assert len(answers) > KILLS
    assert sum(cut_off.values()) > 0


def life(path, seed, seconds, meanwhile=time.sleep):
    """Let a process draw for so long after its first word, then kill it: [order, its answer or None if it was cut off]."""
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=draw_until_killed, args=(path, seed, writer))
    process.start()
    writer.close()
    told = []
    assert reader.poll(CLOSE)
    deadline = time.monotonic() + seconds
    turn = 0
    while (left := deadline - time.monotonic()) > 0:
        meanwhile(left if meanwhile is time.sleep else turn)
        turn += 1
    process.kill()
    process.join(CLOSE)
    assert process.exitcode == -signal.SIGKILL
    while True:
        try:
            word = reader.recv()
        except EOFError:
            return told
        if isinstance(word, dict):
            told[-1][1] = word
        else:
            told.append([word, None])


def bystander(engine, request_id):
    """Draw in this process while the other is killed; taking turns leaves the other its own."""
    assert engine.draw("wheel", request_id, request_id=request_id).number == 1
    time.sleep(0.005)


def settled(engine, told, cut_off):
    """Check the file after a kill, and finish what was cut off: request id → digest, of all that was not refused."""
    assert engine.audit("wheel").ok
    answers = {}
    for order, heard in told:
        assert all(engine.store.entry(HOME, id_) for id_ in heard or ())
        answer = finished(engine, order, cut_off) if heard is None else heard
        if answer:
            assert carry_out(engine, only(order, answer)) == answer
        answers |= answer
    return answers


def finished(engine, order, cut_off):
    """Make a call again that was cut off: what had happened answers as it stands in the journal, what had not happens once."""
    ids = {id_: engine.store.entry(HOME, id_) for id_ in order.ids}
    answer = carry_out(engine, order)
    for id_, was in ids.items():
        now = engine.store.entry(HOME, id_)
        assert (now is not None) == (id_ in answer)
        assert was in (None, now)
        cut_off["did not" if was is None else "happened"] += now is not None
    assert engine.audit("wheel").ok
    return answer
