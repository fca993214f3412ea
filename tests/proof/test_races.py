"""Eight racers and an operator on every store, with all that can be raced at once: stock, caps, request ids, the switch."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import chain

import pytest

from prizedraw import DrawEngine
from prizedraw.flows.operator import decode
from prizedraw.testing.replaying import journal, replay
from proof.crew import context, opened, together
from proof.race_crew import (
    DAILY_DRAWS,
    DAILY_WINS,
    HOT,
    MISMATCH,
    RACED,
    RACERS,
    ROUND,
    digest,
    live,
    operate,
    race,
)
from scenery import NOON

pytest_plugins = ("valkey_servers",)


@pytest.fixture
def in_threads():
    """A race in threads on one memory store: the engine, and what runs so many rounds."""
    with DrawEngine.open(":memory:", clock=lambda: NOON) as engine, ThreadPoolExecutor(RACERS + 1) as pool:

        def run(rounds):
            begin = threading.Barrier(RACERS + 1)
            operator = pool.submit(operate, nullcontext(engine), rounds, begin)
            racers = [pool.submit(race, nullcontext(engine), racer, rounds, begin) for racer in range(RACERS)]
            return operator.result(), [one.result() for one in racers]

        yield engine, run


@pytest.fixture
def in_processes(where):
    """A race in processes, each with an engine of its own on one store: an engine, and what runs so many rounds."""
    with opened(where) as engine:

        def run(rounds):
            begin = context.Barrier(RACERS + 1)
            done, *answers = together(live, *((where, racer, rounds, begin) for racer in (None, *range(RACERS))))
            return done, answers

        yield engine, run


@pytest.fixture(params=[5, pytest.param(150, marks=pytest.mark.soak)], ids=lambda rounds: f"{rounds * RACERS * ROUND}")
def rounds(request):
    """As many as make 2,000 submissions, or 60,000."""
    return request.param


def test_threads_race_for_everything_on_the_memory_store(in_threads, rounds, record_property):
    """As the test below, with threads that share an engine."""
    judge(*in_threads, rounds, record_property)


def test_processes_race_for_everything_on_one_store(in_processes, rounds, record_property):
    """Nothing is oversold, no cap passed, no id answered twice over, nobody told of a shortage that was none, and all can be replayed."""
    judge(*in_processes, rounds, record_property)


def judge(engine, run, rounds, record_property):
    """Publish, race, and look at what is left."""
    engine.publish(RACED)
    began = time.monotonic()
    done, answers = run(rounds)
    seconds = time.monotonic() - began
    told = replay(engine.store, "wheel")
    audit = engine.audit("wheel")
    lines = list(journal(engine.store, "wheel"))
    made = defaultdict(list)
    for receipt in told.draws.values():
        made[receipt.request_id].append(receipt)
    every = Counter(MISMATCH if one.told == MISMATCH else "receipt" if isinstance(one.told, bytes) else one.told for one in each(answers))
    figures = f"{every.total()} submissions in {seconds:.0f} s, {audit.draws} draws of {len(made)} requests; {dict(every)}; {dict(done)}"
    record_property("figures", figures)
    print(figures)

    assert every.total() == rounds * RACERS * ROUND
    assert min(every["receipt"], every[MISMATCH], done["raised"], done["lowered"], done["voided"]) > 0
    assert (done["oversold"], done["drawn while offline"]) == (0, 0)
    assert told.problems == []
    assert (audit.ok, audit.draws) == (True, len(told.draws))
    assert wrong_answers(answers, made) == []
    assert passed_caps(told.draws, lines) == []
    checked, false = shortages(answers, made, lines)
    print(f"{checked} shortages told of, {len(false)} false")
    assert false == []
    assert checked > 0


def each(answers):
    """Every answer of every call of every racer."""
    return chain.from_iterable(chain.from_iterable(answers))


def wrong_answers(answers, made):
    """Answers that are not what the journal says: a receipt for its owner, a mismatch for anybody else, and a receipt for each draw."""
    kept = {id_: (receipts[0].participant, digest(receipts)) for id_, receipts in made.items()}
    answered, wrong = set(), []
    for one in each(answers):
        owner, receipts = kept.get(one.id, (None, None))
        mine = owner == one.participant
        if isinstance(one.told, bytes):
            answered.add(one.id)
            right = mine and one.told == receipts
        else:
            right = one.told != MISMATCH or (owner is not None and not mine)
        wrong += [] if right else [one]
    return wrong + sorted(made.keys() - answered)


def passed_caps(draws, lines):
    """Participants who have more draws or wins on the one day than their caps, less what was taken back."""
    drawn, won = Counter(), Counter()
    for receipt in draws.values():
        drawn[receipt.participant] += 1
        won[receipt.participant] += receipt.is_win
    for line in lines:
        if line.kind == "void":
            drawn[line.owner] -= decode(line.data).detail["chance"]
            won[line.owner] -= 1
    return [name for name in drawn if drawn[name] > DAILY_DRAWS or won[name] > DAILY_WINS]


def shortages(answers, made, lines):
    """How many shortages receipts tell of, and which were none at any time between the call and its line in the journal.

    A call begins after every line that its racer was told of before.
    """
    place = {line.id: k for k, line in enumerate(lines)}
    begun = {}
    for calls in answers:
        seen = 0
        for call in calls:
            ours = [one.id for one in call if isinstance(one.told, bytes)]
            for id_ in ours:
                begun[id_] = min(begun.get(id_, seen), seen)
            seen = max([seen, *(place[id_] for id_ in ours)])
    levels = {f"stock/{id_}": levels_of(id_, made, lines) for id_ in HOT}
    checked, false = 0, []
    for id_, receipts in made.items():
        earlier = Counter()  # what the same request took before
        for receipt in receipts:
            assert (receipt.reason == "sold_out") <= any(one.counter == f"stock/{receipt.drawn}" for one in receipt.refused)
            for one in receipt.refused:
                checked += 1
                wanted = (one.value - earlier[one.counter], one.limit)
                if wanted not in levels[one.counter][begun[id_] : place[id_]]:
                    false.append((receipt.id, one))
            earlier[f"stock/{receipt.prize.id}"] += 1
    return checked, false


def levels_of(prize_id, made, lines):
    """(issued, allocated) of a prize after every line of the journal."""
    issued = allocated = 0
    levels = []
    for line in lines:
        if line.kind == "draw":
            issued += sum(receipt.prize.id == prize_id for receipt in made[line.id])
        else:
            for move in decode(line.data).moves:
                if move.prize_id == prize_id:
                    issued -= move.quantity if move.kind == "void" else 0
                    allocated += {"allocate": 1, "restock": 1, "release": -1}.get(move.kind, 0) * move.quantity
        levels.append((issued, allocated))
    return levels
