"""Engines whose store fails under them: what the caller is told, that nothing is half-written, and one draw after the retry.

What the tests of each server's faults leave out; every one ends with a clean audit and a clean replay.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import textwrap
import time
from datetime import datetime, timedelta

import psycopg
import pytest
import redis

from cutting_proxy import CuttingProxy
from postgres_servers import PostgresServer, fresh_database
from prizedraw import AsyncDrawEngine, ClockError, DrawEngine, StorageBusy, StorageError
from prizedraw.engine import skew
from prizedraw.storage import AsyncPostgresStore, PostgresStore, RedisStore, SqliteStore
from prizedraw.testing import FixedClock
from prizedraw.testing.replaying import journal, replay
from scenery import NOON, wheel
from valkey_servers import Valkey, new_prefix

pytest_plugins = ("valkey_servers",)

SECRET = "s3cret-word"


def at_noon(store, kind=DrawEngine):
    return kind(store, clock=FixedClock(NOON))


def check(engine, *requests):
    """The journal has exactly these draws, each once, and all of it adds up."""
    assert [entry.id for entry in journal(engine.store, "wheel") if entry.kind == "draw"] == list(requests)
    assert engine.audit("wheel").ok
    assert replay(engine.store, "wheel").problems == []


# --- a connection that is cut, a task that is cancelled: PostgreSQL on an event loop ---


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_cut_around_the_commit_draws_once_on_a_loop(when):
    """The error says that it is not known, and for which request; the draw is there whole or not at all; the retry gives the one draw."""
    url = fresh_database()
    port = int(url.rpartition(":")[2].partition("/")[0])
    proxy = CuttingProxy(port)

    async def play(engine, witness):
        async with engine:
            await engine.draw("wheel", "ann", request_id="r0")
            proxy.cut(when, b"Cup")  # the name of what was drawn is in the commit alone
            with pytest.raises(StorageError, match=r"not known whether the commit was made.*same request id") as lost:
                await engine.draw("wheel", "ann", request_id="r1")
            assert lost.value.request_id == "r1"
            there = witness.receipt(campaign="wheel", request_id="r1")
            assert (there is not None) == (when == "after")
            again = await engine.draw("wheel", "ann", request_id="r1")
            assert there in (None, again)
            assert again.number == 2

    with at_noon(PostgresStore(url)) as witness:
        witness.publish(wheel())
        store = AsyncPostgresStore(url.replace(f":{port}/", f":{proxy.port}/"), prepared=False)
        asyncio.run(play(at_noon(store, AsyncDrawEngine), witness))
        check(witness, "r0", "r1")
    assert proxy.cuts == 1
    proxy.stop()


@pytest.mark.parametrize("place", range(6))
def test_a_draw_cancelled_in_mid_commit_has_happened_or_not(place):
    """Cancelled at one of several moments of a slow network; the same engine then gives the one draw."""
    url = fresh_database()
    port = int(url.rpartition(":")[2].partition("/")[0])
    proxy = CuttingProxy(port, delay=0.02)

    async def play(engine):
        async with engine:
            task = asyncio.create_task(engine.draw("wheel", "ann", request_id="r1"))
            await asyncio.sleep(place * 0.03)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            receipt = await engine.draw("wheel", "ann", request_id="r1")
            assert (await engine.standing("wheel", "ann")).number == receipt.number == 1

    with at_noon(PostgresStore(url)) as witness:
        witness.publish(wheel())
        asyncio.run(play(at_noon(AsyncPostgresStore(url.replace(f":{port}/", f":{proxy.port}/")), AsyncDrawEngine)))
        check(witness, "r1")
    proxy.stop()


# --- no connection is free ---


def test_an_exhausted_pool_of_postgresql_is_busy_and_the_retry_draws():
    """The only connection is in use: StorageBusy within the wait, naming the request; nothing was written."""
    url = fresh_database()
    with at_noon(PostgresStore(url, max_size=1, busy_wait=0.2)) as engine, at_noon(PostgresStore(url)) as witness:
        engine.publish(wheel())
        with engine.store.exclusive("elsewhere", (), 5.0), pytest.raises(StorageBusy, match=r"nothing was written.*max_size") as busy:
            engine.draw("wheel", "ann", request_id="r1")
        assert busy.value.request_id == "r1"
        assert witness.receipt(campaign="wheel", request_id="r1") is None
        assert engine.draw("wheel", "ann", request_id="r1").number == 1
        check(witness, "r1")


def test_an_exhausted_pool_of_valkey_is_busy_and_the_retry_draws(valkey_url):
    """Likewise, at once: redis-py does not wait for one."""
    with (
        redis.Redis.from_url(valkey_url, max_connections=1, protocol=2) as client,
        at_noon(RedisStore(client, prefix=new_prefix())) as engine,
    ):
        engine.publish(wheel())
        taken = client.connection_pool.get_connection()
        with pytest.raises(StorageBusy, match=r"nothing was written.*max_connections") as busy:
            engine.draw("wheel", "ann", request_id="r1")
        client.connection_pool.release(taken)
        assert busy.value.request_id == "r1"
        assert engine.receipt(campaign="wheel", request_id="r1") is None
        assert engine.draw("wheel", "ann", request_id="r1").number == 1
        check(engine, "r1")


# --- a disk that is full ---


class SmallDisk(SqliteStore):
    """A file that may not grow beyond so many pages: SQLite's own error of a full disk."""

    pages = 60

    def _connect(self):
        connection = super()._connect()
        connection.run(f"PRAGMA max_page_count = {self.pages}")
        return connection


def test_a_full_disk_refuses_draws_and_loses_none(tmp_path):
    """SQLite: the error says that nothing was written; reading and the audit go on; with room again the same request is one draw."""
    path, made = tmp_path / "draws.db", []
    with at_noon(SmallDisk(path)) as engine:
        engine.publish(wheel())
        with pytest.raises(StorageError, match=r"disk is full; nothing was written, free some space and try again") as full:
            for n in range(10_000):
                engine.draw("wheel", f"guest-{n}", request_id=f"r{n}")
                made.append(f"r{n}")
        failed = full.value.request_id
        assert failed == f"r{len(made)}"
        with pytest.raises(StorageError, match="disk is full"):
            engine.draw_many("wheel", "ann", 100, request_id="many")
        check(engine, *made)
    with at_noon(SqliteStore(path)) as engine:
        first = engine.draw("wheel", f"guest-{len(made)}", request_id=failed)
        assert engine.draw("wheel", f"guest-{len(made)}", request_id=failed) == first
        assert len(engine.draw_many("wheel", "ann", 100, request_id="many")) == 100
        check(engine, *made, failed, "many")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
def test_a_file_that_the_system_stops_from_growing_keeps_what_it_has(tmp_path):
    """A process whose files may not grow beyond 300 kB, log and all: an error in the middle of draws, and every answer is there."""
    path = tmp_path / "draws.db"
    code = f"""
    import resource, signal, sys
    sys.path.insert(0, {str(tmp_path)!r})
    from prizedraw import DrawEngine, StorageError
    from prizedraw.storage import SqliteStore
    from prizedraw.testing import FixedClock
    from datetime import datetime, timezone
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    engine = DrawEngine(SqliteStore({str(path)!r}), clock=FixedClock(datetime(2027, 3, 10, 4, tzinfo=timezone.utc)))
    with engine:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        try:
            for n in range(10_000):
                engine.draw("wheel", f"guest-{{n}}", request_id=f"r{{n}}")
                print(f"r{{n}}", flush=True)
        except StorageError as error:
            print("failed", error.request_id, flush=True)
    """
    with at_noon(SqliteStore(path)) as engine:
        engine.publish(wheel())
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    *made, failed = done.stdout.splitlines()
    assert failed.startswith("failed r")
    failed = failed.removeprefix("failed ")
    with at_noon(SqliteStore(path)) as engine:
        engine.draw("wheel", f"guest-{len(made)}", request_id=failed)
        check(engine, *made, failed)


# --- a network that goes silent ---


@pytest.mark.skipif(sys.platform != "linux", reason="the names of the settings")
@pytest.mark.parametrize(("asked", "seconds"), [("", 30_000), ("?tcp_user_timeout=5000", 5000)])
def test_a_silent_network_is_given_up_after_half_a_minute_or_as_the_url_says(asked, seconds):
    """PostgreSQL: the sockets have the limits; no test here can pull the cable."""
    with at_noon(PostgresStore(fresh_database() + asked)) as engine:
        engine.publish(wheel())
        with engine.store._pool.connection() as connection, socket.socket(fileno=os.dup(connection.fileno())) as one:
            assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == seconds
            assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


# --- what may be lost is what the docs say, and no more ---


def test_without_waiting_for_the_disk_a_killed_postgresql_has_lost_only_the_end():
    """With synchronous_commit = off, and kill -9: the journal is a beginning of what was acknowledged; lost requests draw anew."""
    server = PostgresServer("autovacuum=off", "synchronous_commit=off", "wal_writer_delay=10s").start()
    try:
        with at_noon(PostgresStore(server.url)) as engine:
            engine.publish(wheel())
            with psycopg.connect(server.url, autocommit=True) as admin:
                admin.execute("CHECKPOINT")
            made = [f"r{n}" for n in range(300)]
            for name in made:
                engine.draw("wheel", "ann", request_id=name)
            assert "off" in engine.store.durability
        server.kill()
        server.start()
        with at_noon(PostgresStore(server.url)) as engine:
            kept = [entry.id for entry in journal(engine.store, "wheel") if entry.kind == "draw"]
            assert kept == made[: len(kept)]
            assert len(kept) < len(made)
            check(engine, *kept)
            assert engine.draw("wheel", "ann", request_id=made[-1]).number == len(kept) + 1
    finally:
        server.stop()


def test_without_an_append_only_file_a_killed_valkey_is_at_its_last_snapshot(tmp_path):
    """With appendonly no, and kill -9: all since the snapshot is gone, the rest adds up, and lost requests draw anew."""
    with Valkey(tmp_path / "valkey") as server:
        with at_noon(RedisStore(server.url)) as engine:
            engine.publish(wheel())
            engine.draw("wheel", "ann", request_id="before")
            with redis.Redis(port=server.port, protocol=2) as admin:
                admin.save()
            engine.draw("wheel", "ann", request_id="after")
            assert "loses every draw since the last snapshot" in engine.store.durability
        server.kill()
        server.start()
        with at_noon(RedisStore(server.url)) as engine:
            check(engine, "before")
            assert engine.draw("wheel", "ann", request_id="after").number == 2


# --- bad input that only a real server can show ---


def opens(url):
    """Whether the server lets in whoever comes so."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="module")
def guarded():
    """A PostgreSQL that asks for a password."""
    server = PostgresServer().start()
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(f"ALTER ROLE postgres PASSWORD '{SECRET}'")
        rules = server.folder / "data" / "pg_hba.conf"
        rules.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        admin.execute("SELECT pg_reload_conf()")
    while opens(server.url):  # the settings are read again in a moment
        time.sleep(0.01)
    yield server
    server.stop()


@pytest.mark.parametrize(("password", "said"), [("", "no password"), (":wrong-word", "the password is wrong")])
def test_a_wrong_or_missing_password_of_postgresql_is_told_and_not_shown(guarded, monkeypatch, password, said):
    """The remedy and the server's own words; with the right one it opens."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    with pytest.raises(StorageError, match="correct it in the URL") as error:
        PostgresStore(guarded.url.replace("postgres@", f"postgres{password}@")).open()
    assert said in str(error.value)
    assert "wrong-word" not in str(error.value)
    PostgresStore(guarded.url.replace("postgres@", f"postgres:{SECRET}@")).open()


class Ahead(datetime):
    """A clock of this host that is two hours ahead."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(hours=2)


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_host_whose_clock_is_not_the_servers_writes_nothing(kind, valkey_url, monkeypatch):
    """A real server's clock against a host that is wrong by two hours: ClockError with both times; set right, the same engine works."""
    store = PostgresStore(fresh_database()) if kind == "postgres" else RedisStore(valkey_url, prefix=new_prefix())
    with monkeypatch.context() as wrong:
        wrong.setattr(skew, "datetime", Ahead)
        with pytest.raises(ClockError, match="set the clocks right, nothing was written"):
            DrawEngine(store).publish(wheel())
        assert store.docs("default/registry", "").items == ()
    with DrawEngine(store) as engine:
        engine.publish(wheel())
        assert engine.campaigns() == ["wheel"]
