"""Layouts that come after the newest one, made up by the tests, and what other processes do with them: each function is one's life."""

from __future__ import annotations

from contextlib import contextmanager

from prizedraw.storage import Commit, Entry, PostgresStore, RedisStore, SqliteStore, postgres_schema, sqlite_file
from prizedraw.storage.redis import upgrading

MAKE = {"sqlite": SqliteStore, "postgres": PostgresStore, "redis": RedisStore}
PLACE = {"sqlite": (sqlite_file, "LAYOUTS"), "postgres": (postgres_schema, "LAYOUTS"), "redis": (upgrading, "STEPS")}
"""Where each store keeps the list of steps that lead to its newest layout."""
STEP = {
    "sqlite": "CREATE TABLE upgrades AS SELECT 1 AS n",
    "postgres": "CREATE TABLE {schema}.upgrades AS SELECT 1 AS n;\n",
    "redis": b"redis.call('HINCRBY', kept, '#upgrades', 1)",
}
"""A step that cannot be made twice, or counts how often it is made in a home."""
ENDLESS = {
    "sqlite": "CREATE TABLE more AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n",
    "postgres": "CREATE TABLE {schema}.more (n integer); SELECT pg_sleep(600);\n",
    "redis": b"redis.call('HSET', kept, '#more', 1) if redis.call('INCR', 'homes') == 4 then while true do end end",
}
"""A step that never comes to its end; on Redis in the fourth home."""


@contextmanager
def newer(kind, *steps):
    """This process is a later version of prizedraw, whose layouts go on with these steps."""
    module, name = PLACE[kind]
    known = getattr(module, name)
    setattr(module, name, known + steps)
    try:
        yield
    finally:
        setattr(module, name, known)


def written(name):
    """A commit that appends an entry of this id, and the same again does nothing."""
    return Commit({}, add={"n": 1}, entries=(Entry(name, "f", "ann", "draw", 0, b""),))


def open_newer(kind, steps, where, name="", begin=None, **options):
    """Open a store as a version with these steps, together with others if there are any, and write once."""
    store = MAKE[kind](where, **options)
    with newer(kind, *steps):
        if begin is not None:
            begin.wait()
        store.commit("h", [written(f"by {name}")])
    store.close()
