"""A store of an older layout: upgraded once and whole by whoever may, refused with the remedy to others.

There is one layout so far, so the tests make up what comes after it; see ``upgrade_crew``.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

import upgrade_crew
from postgres_servers import PostgresServer, fresh_database, fresh_schema, postgres_url
from prizedraw import DrawEngine
from prizedraw.cli import main
from prizedraw.errors import StorageVersion
from prizedraw.storage import AsyncPostgresStore, AsyncRedisStore, Committed, PostgresStore, RedisStore, SqliteStore, postgres_schema
from prizedraw.storage.redis import layout
from prizedraw.testing import Bridge, FixedClock
from scenery import NOON, wheel
from upgrade_crew import ENDLESS, STEP, newer, written
from valkey_servers import Valkey

pytest_plugins = ("valkey_servers",)

spawn = multiprocessing.get_context("spawn")
WAIT = 60.0
HOMES = [f"home {n}" for n in range(8)]


def until(true):
    """Look again until it is true."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def killed(process):
    """End a process at once."""
    process.kill()
    process.join(WAIT)
    assert process.exitcode == -9


def steps_done(kind, where, options):
    """For each time that the further step was done in the whole store, or in each home of it, a 1."""
    if kind == "sqlite":
        with closing(sqlite3.connect(where)) as raw:
            return [n for (n,) in raw.execute("SELECT n FROM upgrades")]
    if kind == "postgres":
        with psycopg.connect(where) as raw:
            return [n for (n,) in raw.execute(f"SELECT n FROM {options['schema']}.upgrades")]
    with redis.Redis.from_url(where.replace("?cluster=true", ""), protocol=2) as raw:
        keys = [layout.keys(options["prefix"], home).kept for home in HOMES]
        return [int(raw.hget(key, "#upgrades")) for key in keys]


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def place(request, tmp_path):
    """A store of today's layout with a commit in several homes: its kind, and the arguments that open it."""
    options = {}
    if request.param == "sqlite":
        where = str(tmp_path / "draws.db")
    elif request.param == "postgres":
        where, options["schema"] = postgres_url(), fresh_schema()
    else:
        where, options["prefix"] = request.getfixturevalue("valkey_url"), request.getfixturevalue("prefix")
    store = upgrade_crew.MAKE[request.param](where, **options)
    for home in HOMES:
        store.commit(home, [written("old")])
    store.close()
    return request.param, where, options


def test_an_older_layout_is_upgraded_by_opening(place):
    """What was written stays, the version is the newest, the steps are done in order, and opening again does nothing."""
    kind, where, options = place
    last = {
        "sqlite": "UPDATE upgrades SET n = n + 1",
        "postgres": "UPDATE {schema}.upgrades SET n = n + 1;\n",
        "redis": b"assert(redis.call('HINCRBY', kept, '#upgrades', 1) == 2)",
    }
    with newer(kind, STEP[kind], last[kind]):
        for turn in range(2):
            store = upgrade_crew.MAKE[kind](where, **options)
            store.open()
            assert store.schema_version() == 3
            assert [store.entries(home).items[0].id for home in HOMES] == ["old"] * len(HOMES)
            assert isinstance(store.commit(HOMES[0], [written(f"new {turn}")])[0], Committed)
            store.close()
    assert set(steps_done(kind, where, options)) == {2}


def test_the_stores_of_event_loops_upgrade_as_well(request):
    """They take the same steps."""
    for kind, store in (
        ("postgres", AsyncPostgresStore(postgres_url(), schema=fresh_schema())),
        ("redis", AsyncRedisStore(request.getfixturevalue("valkey_url"), prefix=request.getfixturevalue("prefix"))),
    ):
        bridge = Bridge(store)
        bridge.open()
        bridge.commit("h", [written("old")])
        assert bridge.schema_version() == 1
        bridge.close()
        with newer(kind, STEP[kind]):
            bridge.open()
            assert bridge.schema_version() == 2
            assert bridge.entry("h", "old") is not None
        bridge.close()


def test_a_newer_layout_is_refused(place):
    """By this version, after a later one has been there: with the remedy, and nothing is changed."""
    kind, where, options = place
    with newer(kind, STEP[kind]):
        with closing(upgrade_crew.MAKE[kind](where, **options)) as later:
            later.open()
        before = steps_done(kind, where, options)
    with (
        closing(upgrade_crew.MAKE[kind](where, **options)) as store,
        pytest.raises(StorageVersion, match="install a newer|upgrade prizedraw"),
    ):
        store.commit(HOMES[0], [written("lost")])
    with newer(kind, STEP[kind]), closing(upgrade_crew.MAKE[kind](where, **options)) as later:
        assert later.entry(HOMES[0], "lost") is None
    assert steps_done(kind, where, options) == before


def test_processes_that_upgrade_at_once_do_it_once(place):
    """Four processes of a later version open the store together: all can write then, and each step was done once."""
    kind, where, options = place
    begin = spawn.Barrier(4)
    crew = [
        spawn.Process(target=upgrade_crew.open_newer, args=(kind, (STEP[kind],), where, name, begin), kwargs=options) for name in range(4)
    ]
    for process in crew:
        process.start()
    for process in crew:
        process.join(WAIT)
    assert [process.exitcode for process in crew] == [0] * 4
    assert set(steps_done(kind, where, options)) == {1}
    with newer(kind, STEP[kind]), closing(upgrade_crew.MAKE[kind](where, **options)) as store:
        assert len(store.entries("h").items) == 4


# --- who may not ---


def test_a_role_that_does_not_own_the_tables_is_told_of_migrate_and_of_the_script():
    """The error names both; the script, run by the owner, leads to the same layout, and the role goes on."""
    schema, role = fresh_schema(), fresh_schema()
    with psycopg.connect(postgres_url(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN")
        admin.execute(PostgresStore.ddl(schema, role))
        server = urlsplit(postgres_url())
        store = PostgresStore(f"postgresql://{role}@{server.hostname}:{server.port}{server.path}", schema=schema)
        store.commit("h", [written("old")])
        store.close()
        with newer("postgres", "ALTER TABLE {schema}.docs ADD extra integer;\n"):
            with pytest.raises(StorageVersion, match=r"layout 1 of an older version.*run prizedraw migrate.*ddl\(.*since=1"):
                store.open()
            assert store.schema_version() == 1
            admin.execute(PostgresStore.ddl(schema, role, since=1))
            store.open()
            assert store.schema_version() == 2
            assert store.entry("h", "old") is not None
            store.close()


READ_ONLY = """
import urllib.parse  # needed below, and the interpreter may be out of reach of whom the script becomes
import os, sys
from prizedraw.errors import StorageVersion
from prizedraw.storage import SqliteStore, sqlite_file
if os.geteuid() == 0:
    os.setuid(65534)
sqlite_file.LAYOUTS += ("CREATE TABLE upgrades (n)",)
try:
    SqliteStore(sys.argv[1]).open()
except StorageVersion as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_file_that_cannot_be_written_is_told_of_migrate():
    """Where the file is read-only, it stays as it is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        path = folder / "draws.db"
        with closing(SqliteStore(path)) as store:
            store.open()
        path.chmod(0o444)
        (folder / "draws.db-turn").chmod(0o666)
        before = path.read_bytes()
        done = subprocess.run([sys.executable, "-W", "error", "-c", READ_ONLY, str(path)], capture_output=True, text=True, check=False)
        assert path.read_bytes() == before
    assert done.stderr == ""
    assert "schema version 1 of an older prizedraw and is read-only; run prizedraw migrate" in done.stdout


def test_a_user_who_may_not_list_keys_is_told_of_migrate(tmp_path):
    """KEYS is forbidden in many places; another user upgrades, and this one goes on."""
    with Valkey(tmp_path / "valkey") as server:
        with redis.Redis(port=server.port, protocol=2) as admin:
            admin.execute_command("ACL", "SETUSER", "app", "on", ">word", "~*", "+@all", "-keys")
        store = RedisStore(f"redis://app:word@127.0.0.1:{server.port}/0")
        store.commit("h", [written("old")])
        store.close()
        with newer("redis", STEP["redis"]):
            with pytest.raises(StorageVersion, match=r"older version.*run prizedraw migrate as one who may"):
                store.open()
            with closing(RedisStore(server.url)) as other:
                other.open()
            store.open()
            assert store.entry("h", "old") is not None
            store.close()


# --- death in the middle ---


def upgrading(kind, steps, where, **options):
    """A process that began to upgrade."""
    process = spawn.Process(target=upgrade_crew.open_newer, args=(kind, steps, where), kwargs=options)
    process.start()
    return process


def test_a_process_that_is_killed_while_it_upgrades_a_file_leaves_the_old_version_whole(tmp_path):
    """Between two steps: the file is of the old version with nothing of the first step, and the next one upgrades it."""
    path = tmp_path / "draws.db"
    with closing(SqliteStore(path)) as store:
        store.commit("h", [written("old")])
    process = upgrading("sqlite", (STEP["sqlite"], ENDLESS["sqlite"]), path)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as raw:

        def is_locked():
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            raw.execute("ROLLBACK")
            return False

        until(is_locked)
    killed(process)
    with closing(SqliteStore(path)) as store:
        assert store.schema_version() == 1
        assert isinstance(store.commit("h", [written("after")])[0], Committed)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'upgrades'").fetchone() == (0,)
    with newer("sqlite", STEP["sqlite"]), closing(SqliteStore(path)) as store:
        assert [line.id for line in store.entries("h").items] == ["old", "after"]
        assert store.schema_version() == 2


@pytest.mark.parametrize("who", ["the server", "the client"])
def test_a_death_while_postgresql_is_upgraded_leaves_the_old_layout_whole(who):
    """Between two steps: the old version goes on where it was, with nothing of the first step; the next one upgrades."""
    server = PostgresServer().start()
    try:
        store = PostgresStore(server.url, schema="s")
        store.commit("h", [written("old")])
        store.close()
        process = upgrading("postgres", (STEP["postgres"], ENDLESS["postgres"]), server.url, schema="s")
        asleep = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        with psycopg.connect(server.url, autocommit=True) as admin:
            until(lambda: admin.execute(asleep).fetchall())
            if who == "the client":
                killed(process)
                admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        if who == "the server":
            server.kill()
            process.join(WAIT)
            server.start()
        store.open()
        assert store.schema_version() == 1
        assert isinstance(store.commit("h", [written("after")])[0], Committed)
        store.close()
        with newer("postgres", STEP["postgres"]):
            store.open()  # the table of the first step would be in its way
            assert [line.id for line in store.entries("h").items] == ["old", "after"]
            assert store.schema_version() == 2
        store.close()
    finally:
        server.stop()


def test_a_server_that_is_killed_while_homes_are_upgraded_has_each_home_whole(own_valkey):
    """Three homes are new and five are old, none in between; older versions are kept out, and the next opening finishes."""
    store = RedisStore(own_valkey.url)
    for home in HOMES:
        store.commit(home, [written("old")])
    store.close()
    process = upgrading("redis", (ENDLESS["redis"],), own_valkey.url)
    with redis.Redis(port=own_valkey.port, protocol=2, socket_timeout=1) as raw:

        def is_busy():
            try:
                raw.ping()
            except (redis.TimeoutError, redis.ResponseError):
                return True
            return False

        until(is_busy)
        own_valkey.kill()
        process.join(WAIT)
        assert process.exitcode == 1
        own_valkey.start()
        kept = [layout.keys("prizedraw", home).kept for home in HOMES]
        pairs = [(raw.hget(key, "#more"), raw.hget(key, "#format")) for key in kept]
        assert Counter(pairs) == {(b"1", b"2"): 3, (None, None): 5}
        with pytest.raises(StorageVersion, match="format 1>2, and this version of prizedraw knows 1"):
            store.open()
        assert store.schema_version() == 1
        with newer("redis", b"redis.call('HINCRBY', kept, '#more', 1)"):
            store.open()
            assert store.schema_version() == 2
            assert [store.entry(home, "old") is not None for home in HOMES] == [True] * len(HOMES)
            assert [raw.hget(key, "#more") for key in kept] == [b"1"] * len(HOMES)
        store.close()


# --- a whole cluster, and the command ---


def test_every_home_of_a_cluster_is_upgraded(valkey_cluster_url, prefix):
    """On whichever server it lies; a home that is made later is of the newest format and is not upgraded to it again."""
    store = RedisStore(valkey_cluster_url, prefix=prefix)
    for home in HOMES:
        store.commit(home, [written("old")])
    store.close()
    with redis.RedisCluster.from_url(valkey_cluster_url.replace("?cluster=true", ""), protocol=2) as raw:
        with newer("redis", STEP["redis"]):
            store.open()
            store.commit("later", [written("new")])
            store.close()
            store.open()
            kept = [layout.keys(prefix, home).kept for home in (*HOMES, "later")]
            assert len({raw.get_node_from_key(key.decode()) for key in kept}) == 3
            assert [raw.hget(key, "#upgrades") for key in kept] == [b"1"] * len(HOMES) + [None]
        store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "redis"])
def test_migrate_upgrades_and_says_so(kind, tmp_path, capsys):
    """From 1 to 2, then nothing to do; the campaigns of before are there and audit clean."""
    valkey = Valkey(tmp_path / "valkey")
    try:
        url = {"sqlite": lambda: str(tmp_path / "d.db"), "postgres": fresh_database, "redis": lambda: valkey.start().url}[kind]()
        with DrawEngine.open(url, clock=FixedClock(NOON)) as engine:
            engine.publish(wheel())
            engine.draw("wheel", "ann", request_id="r")
        with newer(kind, STEP[kind]):
            assert main(["migrate", url]) == 0
            assert main(["migrate", url]) == 0
            with DrawEngine.open(url, clock=FixedClock(NOON)) as engine:
                assert engine.receipt(campaign="wheel", request_id="r").participant == "ann"
                assert engine.audit("wheel").ok
    finally:
        valkey.stop()
    assert capsys.readouterr().out == "schema version 2: upgraded from 1\nschema version 2: nothing to do\n"


def test_the_script_of_an_upgrade_begins_after_the_layout_that_is_there():
    """Since layout 1 it makes no table again."""
    with newer("postgres", STEP["postgres"]):
        script = postgres_schema.ddl("s", since=1)
    assert "upgrades" in script
    assert 'CREATE TABLE "s".docs' not in script
    assert "SET version = 2" in script
