"""A standby of PostgreSQL that takes over: one URL names both servers, and what was acknowledged is there, by what it was acknowledged."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time

import psycopg
import pytest

import postgres_servers
from postgres_servers import PostgresServer
from prizedraw import DrawEngine, StorageError
from prizedraw.storage import PostgresStore
from prizedraw.testing import FixedClock
from prizedraw.testing.replaying import replay
from scenery import NOON, wheel

WAIT = 60.0


def until(true):
    """Look again until it is true."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


@pytest.fixture
def pair(tmp_path):
    """A primary and its standby, which replicates as fast as it can."""
    programs, _ = postgres_servers._installed()
    primary, standby = PostgresServer("autovacuum=off").start(), PostgresServer("autovacuum=off")
    try:
        data = standby.folder / "data"
        shutil.rmtree(data)
        source = f"{primary.url}?application_name=standby"
        copy = [programs / "pg_basebackup", "--pgdata", tmp_path / "base", "--checkpoint=fast", "--write-recovery-conf", "--dbname", source]
        subprocess.run(copy, check=True, capture_output=True)
        shutil.copytree(tmp_path / "base", data)
        if standby._user:
            subprocess.run(["chown", "-R", standby._user, data], check=True)
        data.chmod(0o700)
        standby.start()
        yield primary, standby
    finally:
        primary.stop()
        standby.stop()


def both(primary, standby):
    """The URL that finds whichever of the two takes writes."""
    return f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres?target_session_attrs=read-write"


def take_over(primary, standby):
    """The primary's machine is gone; somebody, or some program, promotes the standby."""
    primary.kill()
    with psycopg.connect(standby.url, autocommit=True) as admin:
        assert admin.execute("SELECT pg_promote()").fetchone() == (True,)


def test_with_a_synchronous_standby_a_failover_loses_nothing_and_engines_go_on(pair):
    """Four threads draw while the primary is killed: errors, then draws again, each request once; all that was acknowledged is there."""
    primary, standby = pair
    with psycopg.connect(primary.url, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        admin.execute("SELECT pg_reload_conf()")
        until(lambda: admin.execute("SELECT sync_state FROM pg_stat_replication").fetchone() == ("sync",))
    told, errors, enough = {}, [], threading.Event()
    with DrawEngine(PostgresStore(both(*pair), busy_wait=5.0), clock=FixedClock(NOON)) as engine:
        engine.publish(wheel())

        def insist(name):
            n = 0
            while not enough.is_set():
                request = f"{name}-{n}"
                try:
                    told[request] = engine.draw("wheel", f"guest-{name}", request_id=request)
                except StorageError as error:
                    errors.append(error)
                    time.sleep(0.05)
                else:
                    n += 1

        crew = [threading.Thread(target=insist, args=(name,)) for name in range(4)]
        for thread in crew:
            thread.start()
        until(lambda: len(told) > 40)
        take_over(primary, standby)
        before = len(told)
        until(lambda: len(told) > before + 40)
        enough.set()
        for thread in crew:
            thread.join()
        assert errors
        assert all(error.request_id for error in errors)
        there = {receipt.request_id: receipt for receipt in engine.receipts("wheel")}
        assert there.items() >= told.items()
        assert len(there) - len(told) <= len(crew)  # what was under way at the end
        assert engine.audit("wheel").ok
        assert replay(engine.store, "wheel").problems == []


def test_with_another_standby_a_failover_loses_what_had_not_reached_it(pair):
    """The standby is stopped, draws are acknowledged, the primary dies: they are gone, whole ones from the end, and draw anew."""
    primary, standby = pair
    with DrawEngine(PostgresStore(both(*pair)), clock=FixedClock(NOON)) as engine:
        engine.publish(wheel())
        engine.draw("wheel", "ann", request_id="before")
        with psycopg.connect(primary.url, autocommit=True) as admin, psycopg.connect(standby.url, autocommit=True) as second:
            (place,) = admin.execute("SELECT pg_current_wal_lsn()::text").fetchone()
            until(lambda: second.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (place,)).fetchone() == (True,))
            second.execute("ALTER SYSTEM SET primary_conninfo = ''")  # as behind a cut cable
            second.execute("SELECT pg_reload_conf()")
            until(lambda: admin.execute("SELECT count(*) FROM pg_stat_replication").fetchone() == (0,))
        engine.draw("wheel", "ann", request_id="after")
    take_over(primary, standby)
    with DrawEngine(PostgresStore(both(*pair)), clock=FixedClock(NOON)) as engine:
        assert [receipt.request_id for receipt in engine.receipts("wheel")] == ["before"]
        assert engine.audit("wheel").ok
        assert replay(engine.store, "wheel").problems == []
        assert engine.draw("wheel", "ann", request_id="after").number == 2
