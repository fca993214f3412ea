"""Processes on several hosts' worth of stripes: a campaign of four on a cluster of three nodes, and on every store that can be shared."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter

import pytest
from attrs import evolve

from postgres_servers import fresh_schema, postgres_url
from prizedraw import InvalidEdit, Prize, Quota
from proof.crew import CLOSE, context, draw_for_ever, draw_in_batches, draw_the_same, opened, together
from scenery import SURE, wheel

pytest_plugins = ("valkey_servers",)

STRIPES = 4
PRIZE = Prize("phone", "Phone", "1/20", 60)
REST = Prize.thank_you(weight="19/20")


@pytest.fixture(params=["valkey_cluster", *(pytest.param(name, marks=pytest.mark.soak) for name in ("sqlite", "postgresql"))])
def where(request, tmp_path):
    """Where a new store can be made: on a cluster, for which stripes are, and in long runs on the others."""
    if request.param == "sqlite":
        return tmp_path / "draws.db"
    if request.param == "postgresql":
        return postgres_url(), fresh_schema()
    return request.getfixturevalue("valkey_cluster_url"), request.getfixturevalue("prefix")


def test_four_processes_win_what_is_there_exactly_once(where):
    """4 × 600 draws, one by one and in batches: 60 win, whichever stripes they come from; every draw is in the journal."""
    with opened(where) as engine:
        engine.publish(wheel(PRIZE, fallback=REST), stripes=STRIPES)
        won = together(draw_in_batches, *((where, f"w{k}", 600, size) for k, size in enumerate((1, 1, 4, 20))))
        receipts = {one.id: one for one in engine.receipts("wheel")}
        assert sorted(id_ for some in won for id_ in some) == sorted(id_ for id_, one in receipts.items() if one.is_win)
        assert sum(map(len, won)) == 60
        assert len(receipts) == 2400
        audit = engine.audit("wheel")
        assert (audit.differences, audit.draws) == ((), 2400)
        assert engine.stock("wheel")["phone"].remaining == 0


def test_an_operator_moves_the_allocation_meanwhile(where):
    """Issued is never above allocated at any look; a draw that is refused as offline is one that the operator has taken offline."""
    rng = random.Random(15)
    with opened(where) as engine:
        engine.publish(wheel(evolve(SURE, stock=50, daily_release=200)), stripes=STRIPES)
        won: list[list[str]] = []
        others = threading.Thread(target=lambda: won.extend(together(draw_in_batches, *((where, f"w{k}", 100, 4) for k in range(4)))))
        others.start()
        steps = Counter()
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
        assert steps["raised"]
        line = engine.stock("wheel")["cup"]
        assert line.issued == sum(map(len, won)) <= 200
        assert engine.audit("wheel").differences == ()


def test_nobody_draws_once_take_offline_has_returned(where):
    """In no stripe: what four processes have drawn stands still while the campaign is offline, and goes on afterwards."""
    with opened(where) as engine:
        engine.publish(wheel(quota=Quota(), fallback=REST), stripes=STRIPES)
        processes = [context.Process(target=draw_for_ever, args=(where, f"w{k}")) for k in range(4)]
        for process in processes:
            process.start()
        try:
            drawn = [0]
            for _ in range(5):
                grows(engine, drawn[-1])
                engine.take_offline("wheel")
                before = engine.audit("wheel").draws
                time.sleep(0.05)
                drawn.append(engine.audit("wheel").draws)
                assert drawn[-1] == before
                engine.bring_online("wheel")
        finally:
            for process in processes:
                process.kill()
                process.join(CLOSE)
        assert engine.audit("wheel").ok


def grows(engine, drawn):
    """Wait until somebody has drawn."""
    until = time.monotonic() + CLOSE
    while engine.audit("wheel").draws <= drawn:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_who_is_killed_strands_no_unit(where):
    """Processes are killed while they draw; afterwards every unit that nobody has won can be won in any stripe, and no more."""
    rng = random.Random(7)
    with opened(where) as engine:
        engine.publish(wheel(evolve(SURE, stock=3000)), stripes=STRIPES)
        for turn in range(8):
            processes = [context.Process(target=draw_for_ever, args=(where, f"w{turn}-{k}")) for k in range(2)]
            for process in processes:
                process.start()
            time.sleep(rng.uniform(0.3, 0.6))
            for process in processes:
                os.kill(process.pid, signal.SIGKILL)
                process.join(CLOSE)
            assert engine.audit("wheel").differences == ()
        left = engine.stock("wheel")["cup"].remaining
        assert left < 3000
        engine.reallocate("wheel", "cup", add=20 - left)
        wins = sum(engine.draw("wheel", f"late-{k}").is_win for k in range(25))
        assert wins == 20
        assert engine.audit("wheel").ok


def test_one_id_raced_by_two_participants_is_one_draw(where):
    """For each of 60 ids one of two participants in two stripes draws, whoever came first, and the other is told."""
    ids = [f"order-{k}" for k in range(60)]
    with opened(where) as engine:
        engine.publish(wheel(PRIZE, fallback=REST), stripes=STRIPES)
        ann, bob = together(draw_the_same, *((where, ids, seed, name) for seed, name in enumerate(("ann", "bob"))))
        for id_ in ids:
            assert [ann[id_], bob[id_]].count("mismatch") == 1
        assert engine.audit("wheel").draws == len(ids)
