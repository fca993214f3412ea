"""The page on backups, carried out on real servers: each way copies one moment, and what a restore lacks is what came after it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

import postgres_servers
from postgres_servers import PostgresServer
from prizedraw import DrawEngine
from prizedraw.testing.replaying import replay
from scenery import NOON, wheel
from valkey_servers import Valkey

PAGE = (Path(__file__).parents[2] / "docs" / "recipes" / "backup.md").read_text("utf-8")
WAIT = 60.0


def lines(program):
    """The page's command lines of a program."""
    return re.findall(rf"^{program}\b.*$", PAGE, re.MULTILINE)


def until(true):
    """Look again until it is true."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def engine_on(url):
    """An engine at noon, on a wheel that gives a cup at each draw."""
    engine = DrawEngine.open(url, clock=lambda: NOON)
    engine.publish(wheel())
    return engine


def ids(engine):
    """The request ids of all draws, from the first on."""
    return [receipt.request_id for receipt in engine.receipts("wheel", newest_first=False)]


def draw(engine, *names):
    """A draw for each, by its own request."""
    for name in names:
        engine.draw("wheel", "ann", request_id=name)


@contextmanager
def crowd(url):
    """Somebody who draws while the block runs, and has begun when it begins."""
    enough, engine = threading.Event(), engine_on(url)

    def go_on():
        n = 0
        while not enough.is_set():
            engine.draw("wheel", f"guest-{n}", request_id=f"visit-{n}")
            n += 1

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        until(lambda: len(ids(engine)) > 10)
        yield engine
    finally:
        enough.set()
        thread.join()
        engine.close()


def check_restored(restored, kept, lost):
    """What is there is whole; a kept request replays, and a lost one is unknown and draws anew."""
    assert ids(restored) == kept
    assert restored.audit("wheel").ok
    assert replay(restored.store, "wheel").problems == []
    before = restored.receipt(campaign="wheel", request_id=kept[0])
    assert restored.draw("wheel", before.participant, request_id=kept[0]) == before
    assert restored.receipt(campaign="wheel", request_id=lost) is None
    assert restored.draw("wheel", "somebody else", request_id=lost).number == 1
    assert restored.audit("wheel").ok


# --- SQLite ---


def test_a_copy_of_an_open_file_lacks_what_is_in_the_log_and_with_the_log_lacks_nothing(tmp_path):
    """Never ``cp`` of the open file alone; file and log of one instant are as after a loss of power."""
    with engine_on(tmp_path / "draws.db") as engine:
        draw(engine, "a", "b", "c")
        for name, endings in (("alone", [""]), ("both", ["", "-wal"])):
            for ending in endings:
                shutil.copy(tmp_path / f"draws.db{ending}", tmp_path / f"{name}.db{ending}")
        with DrawEngine.open(tmp_path / "alone.db") as alone:
            assert "wheel" not in alone.campaigns()
        with DrawEngine.open(tmp_path / "both.db", clock=lambda: NOON) as both:
            assert ids(both) == ["a", "b", "c"]
            assert both.audit("wheel").ok


def test_a_log_that_is_left_beside_a_restored_file_is_played_into_it(tmp_path):
    """That is why it has to be removed: the file is not the backup any more."""
    with engine_on(tmp_path / "draws.db") as engine:
        draw(engine, "a")
        engine.store.compact()  # the log is empty, and all is in the file
        shutil.copy(tmp_path / "draws.db", tmp_path / "backup.db")
        draw(engine, "b", "c")
        for name, log in (("clean", False), ("dirty", True)):
            shutil.copy(tmp_path / "backup.db", tmp_path / f"{name}.db")
            if log:
                shutil.copy(tmp_path / "draws.db-wal", tmp_path / f"{name}.db-wal")
        with DrawEngine.open(tmp_path / "clean.db", clock=lambda: NOON) as clean, DrawEngine.open(tmp_path / "dirty.db") as dirty:
            assert ids(clean) == ["a"]
            assert ids(dirty) != ["a"]


# --- PostgreSQL ---


@pytest.fixture
def programs(monkeypatch):
    """The server's programs on the PATH, and the folder they are in."""
    folder, _ = postgres_servers._installed()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def shell(line, folder, **variables):
    """Carry out a line of the page."""
    subprocess.run(line, shell=True, check=True, cwd=folder, env={**os.environ, **variables}, capture_output=True)


def test_a_dump_is_of_one_moment_while_draws_go_on(programs, tmp_path):
    """The page's two lines: what the other database holds is a beginning of what happened; cursors behind it are given again."""
    dump, restore = lines("pg_dump")[0], lines("pg_restore")[0]
    server = PostgresServer().start()
    try:
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE other")
        other = server.url.rpartition("/")[0] + "/other"
        with crowd(server.url) as engine:
            shell(dump, tmp_path, DATABASE_URL=server.url)
            low = len(ids(engine))
            until(lambda: len(ids(engine)) > low)
        shell(restore, tmp_path, OTHER_DATABASE_URL=other)
        with engine_on(server.url) as live, engine_on(other) as restored:
            everything, kept = ids(live), ids(restored)
            assert 10 < len(kept) < len(everything)
            assert everything[: len(kept)] == kept
            check_restored(restored, kept, everything[-1])
            last = {engine: next(engine.journal("wheel", newest_first=True)) for engine in (live, restored)}
            assert int(last[restored].cursor) <= int(last[live].cursor)
    finally:
        server.stop()


def test_a_server_is_recovered_up_to_a_moment(programs, tmp_path):
    """The page's base backup and settings: every draw before the moment is there and none after it, though the server was killed."""
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.owner() == "root" and "pytest-of-" in str(folder):
            folder.chmod(0o755)  # the server runs as somebody else
    archive = tmp_path / "archive"
    archive.mkdir()
    archive.chmod(0o777)
    settings = dict(re.findall(r"^(\w+) = '?(.*?)'? *(?:#.*)?$", PAGE, re.MULTILINE))
    command = settings["archive_command"].replace("/archive/", f"{archive}/")
    server = PostgresServer(*postgres_servers.QUICK, "archive_mode=on", f"archive_command={command}").start()
    restored = PostgresServer(*postgres_servers.QUICK, "archive_mode=off")
    try:
        with engine_on(server.url) as engine, psycopg.connect(server.url, autocommit=True) as admin:
            draw(engine, "a", "b")
            shell(lines("pg_basebackup")[0], tmp_path, DATABASE_URL=server.url)
            draw(engine, "c", "d")
            moment = admin.execute("SELECT clock_timestamp()").fetchone()[0]
            draw(engine, "e", "f")
            (name,) = admin.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
            until((archive / name).exists)
        server.kill()
        data = restored.folder / "data"
        shutil.rmtree(data)
        shutil.copytree(tmp_path / "base", data)
        (data / "recovery.signal").touch()
        with (data / "postgresql.auto.conf").open("a") as file:
            file.write(f"restore_command = '{settings['restore_command'].replace('/archive/', f'{archive}/')}'\n")
            file.write(f"recovery_target_time = '{moment.isoformat()}'\n")
            file.write(f"recovery_target_action = {settings['recovery_target_action']}\n")
        if restored._user:
            subprocess.run(["chown", "-R", restored._user, data], check=True)
        data.chmod(0o700)
        restored.start()
        with psycopg.connect(restored.url, autocommit=True) as admin:
            until(lambda: admin.execute("SELECT NOT pg_is_in_recovery()").fetchone()[0])
        with DrawEngine.open(restored.url, clock=lambda: NOON) as engine:
            check_restored(engine, ["a", "b", "c", "d"], "f")
    finally:
        server.stop()
        restored.stop()


# --- Redis and Valkey ---


def test_a_snapshot_is_restored_with_the_append_only_file_off(tmp_path):
    """The page's way gives the moment of the snapshot back, and goes on with append-only files; the other way round starts empty."""
    with Valkey(tmp_path / "live", "--appendonly", "yes") as server:
        with crowd(server.url) as engine, redis.Redis(port=server.port, protocol=2) as admin:
            last = admin.lastsave()
            time.sleep(1)  # it is told in seconds
            admin.bgsave()
            until(lambda: admin.lastsave() > last)
            low = len(ids(engine))
            until(lambda: len(ids(engine)) > low)
        with engine_on(server.url) as live:
            everything = ids(live)
        server.kill()
    for name in ("right", "wrong"):
        (tmp_path / name).mkdir()
        shutil.copy(tmp_path / "live" / "dump.rdb", tmp_path / name)
    with Valkey(tmp_path / "wrong", "--appendonly", "yes") as server, DrawEngine.open(server.url) as empty:
        assert empty.campaigns() == []
    with Valkey(tmp_path / "right", "--appendonly", "no") as server:
        with redis.Redis(port=server.port, protocol=2) as admin:
            admin.config_set("appendonly", "yes")
            until(lambda: admin.info("persistence")["aof_rewrite_in_progress"] == 0)
            until(lambda: admin.info("persistence")["aof_rewrite_scheduled"] == 0)
        with DrawEngine.open(server.url, clock=lambda: NOON) as restored:
            kept = ids(restored)
            assert 10 < len(kept) < len(everything)
            check_restored(restored, everything[: len(kept)], everything[-1])
        server.kill()
    with Valkey(tmp_path / "right", "--appendonly", "yes") as server, DrawEngine.open(server.url) as again:
        assert ids(again) == [*kept, everything[-1]]


def test_append_only_files_are_copied_while_they_are_not_rewritten(tmp_path):
    """The page's way: the copy is a beginning of what happened."""
    with Valkey(tmp_path / "live", "--appendonly", "yes") as server:
        with crowd(server.url) as engine, redis.Redis(port=server.port, protocol=2) as admin:
            admin.config_set("auto-aof-rewrite-percentage", 0)
            until(lambda: admin.info("persistence")["aof_rewrite_in_progress"] == 0)
            shutil.copytree(tmp_path / "live" / "appendonlydir", tmp_path / "copy" / "appendonlydir")
            admin.config_set("auto-aof-rewrite-percentage", 100)
            low = len(ids(engine))
            until(lambda: len(ids(engine)) > low)
        with engine_on(server.url) as live:
            everything = ids(live)
    with Valkey(tmp_path / "copy", "--appendonly", "yes") as server, DrawEngine.open(server.url, clock=lambda: NOON) as restored:
        kept = ids(restored)
        assert 10 < len(kept) < len(everything)
        check_restored(restored, everything[: len(kept)], everything[-1])


def test_a_replica_that_takes_over_has_what_had_reached_it(tmp_path):
    """Draws that were acknowledged after it fell behind are lost, whole ones from the end; all else is there and clean."""
    with Valkey(tmp_path / "one") as primary, Valkey(tmp_path / "two", "--replicaof", "127.0.0.1", primary.port) as replica:
        with redis.Redis(port=primary.port, protocol=2) as admin, redis.Redis(port=replica.port, protocol=2) as second:
            with engine_on(primary.url) as engine:
                until(lambda: second.info("replication")["master_link_status"] == "up")
                draw(engine, "a", "b")
                admin.wait(1, 10_000)
                second.replicaof("127.0.0.1", 1)  # out of reach, as behind a cut cable
                draw(engine, "c", "d")
            primary.kill()
            second.replicaof("NO", "ONE")
        with DrawEngine.open(replica.url, clock=lambda: NOON) as engine:
            check_restored(engine, ["a", "b"], "d")
