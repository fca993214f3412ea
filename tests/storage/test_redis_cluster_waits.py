"""Waiting for the append-only file on a real cluster: the server that took the commit confirms it, also while slots move."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from uuid import uuid4

import pytest
import redis

from prizedraw import AsyncDrawEngine, DrawEngine, StorageError
from prizedraw.storage import AsyncRedisStore, Commit, Entry, RedisStore
from prizedraw.storage.redis import layout
from prizedraw.testing import Bridge
from prizedraw.testing.replaying import replay
from scenery import NOON, wheel
from valkey_servers import Cluster, new_prefix

pytest_plugins = ("valkey_servers",)

WAIT = (1, 0, 10.0)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Three servers, each with an append-only file."""
    with Cluster(tmp_path_factory.mktemp("cluster"), "--appendonly", "yes") as three:
        yield three


@pytest.fixture(params=["threads", "event loop"])
def make(request, cluster):
    """Makes a store of either kind that waits; they are closed after the test."""
    made = []

    def store(wait_aof=WAIT):
        kind = RedisStore if request.param == "threads" else AsyncRedisStore
        one = kind(cluster.url, prefix=new_prefix(), wait_aof=wait_aof)
        made.append(one if request.param == "threads" else Bridge(one))
        return one.prefix, made[-1]

    yield store
    for one in made:
        one.close()


@contextmanager
def clients(cluster):
    """A client of each server."""
    opened = [redis.Redis(port=node.port, protocol=2) for node in cluster.nodes]
    yield opened
    for one in opened:
        one.close()


def placed(cluster, opened, key):
    """The slot of a key, the server that has it, and another one."""
    slot = redis.cluster.key_slot(key)
    owns = [low <= slot <= high for low, high in cluster.slots]
    return slot, opened[owns.index(True)], opened[owns.index(False)]


def append(name, **changes):
    return Commit({}, entries=(Entry(name, "f", "ann", "draw", 0, b""),), **changes)


def test_a_commit_is_confirmed_on_the_connection_that_made_it(cluster, make):
    """The server of the home sees the commit and the wait come from one client; no other server is asked."""
    prefix, store = make()
    store.open()
    assert "waits up to 10 s until 1 servers and 0 replicas" in store.durability
    store.commit("h", [append("known")])  # the script is known now
    with clients(cluster) as opened:
        _, owner, _ = placed(cluster, opened, layout.keys(prefix, "h").kept)
        with owner.monitor() as seen:
            outcomes = store.commit("h", [append("a"), append("a")])
            owner.echo("done")
            lines = []
            for line in seen.listen():
                lines.append(line)
                if line["command"] == "ECHO done":
                    break
    assert [type(outcome).__name__ for outcome in outcomes] == ["Committed", "Replayed"]
    asked = [(line["command"].split()[0], line["client_port"]) for line in lines if line["client_type"] == "tcp"]
    (commit,) = (port for command, port in asked if command == "EVALSHA")
    assert ("WAITAOF", commit) in asked


def test_what_is_not_confirmed_in_time_is_an_error_that_says_that_it_is_made(make):
    """There are no replicas: the commit is there, and whoever asks again sees it."""
    _, store = make(wait_aof=(1, 1, 0.05))
    with pytest.raises(StorageError, match="the commit is made, but .* not confirmed"):
        store.commit("h", [append("a")])
    assert store.entry("h", "a").owner == "ann"


def test_a_slot_that_has_moved_is_followed(cluster, make):
    """The store does not know yet where the home is now; then it does, and the server there confirms."""
    prefix, store = make()
    store.open()
    home = uuid4().hex
    key = layout.keys(prefix, home).kept
    with clients(cluster) as opened:
        slot, owner, other = placed(cluster, opened, key)
        for to in (other, owner):  # there, and back
            name = to.execute_command("CLUSTER", "MYID").decode()
            for client in (to, *opened):
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", name)
            assert type(store.commit(home, [append(f"on {name}")])[0]).__name__ == "Committed"
            assert to.exists(key)
            to.delete(key, layout.keys(prefix, home).names)


def test_a_slot_that_is_on_its_way_is_followed(cluster, make):
    """While one of a home's keys has gone and the other has not, nothing can be written; then the new server commits and confirms."""
    prefix, store = make()
    home = uuid4().hex
    keys = layout.keys(prefix, home)
    store.commit(home, [append("a", add={"n": 1})])
    with clients(cluster) as opened:
        slot, owner, other = placed(cluster, opened, keys.kept)
        here, there = (one.execute_command("CLUSTER", "MYID").decode() for one in (owner, other))
        port = other.connection_pool.connection_kwargs["port"]
        other.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", here)
        owner.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", there)
        owner.execute_command("MIGRATE", "127.0.0.1", port, keys.kept, 0, 5000)
        with pytest.raises(StorageError, match="nothing was written, try again"):
            store.commit(home, [append("b", add={"n": 1})])
        owner.execute_command("MIGRATE", "127.0.0.1", port, keys.names, 0, 5000)
        outcomes = [store.commit(home, [append(name, add={"n": 1})])[0] for name in "abb"]
        assert [type(outcome).__name__ for outcome in outcomes] == ["Replayed", "Committed", "Replayed"]
        for one in (other, *opened):
            one.execute_command("CLUSTER", "SETSLOT", slot, "NODE", there)
        assert [line.id for line in store.entries(home).items] == ["a", "b"]
        other.delete(*keys)
        for one in (owner, *opened):  # as it was, for the tests that follow
            one.execute_command("CLUSTER", "SETSLOT", slot, "NODE", here)


def test_engines_draw_and_wait(cluster):
    """Threads and coroutines, many at once: each draw is made once and confirmed, and all of it adds up."""
    prefix = new_prefix()
    with DrawEngine(RedisStore(cluster.url, prefix=prefix, wait_aof=WAIT), clock=lambda: NOON) as engine:
        engine.publish(wheel())
        made = [engine.draw("wheel", "ann", request_id=f"r{n}") for n in range(5)]

        async def crowd():
            store = AsyncRedisStore(cluster.url, prefix=prefix, wait_aof=WAIT)
            async with AsyncDrawEngine(store, clock=lambda: NOON) as other:
                return await asyncio.gather(*(other.draw("wheel", f"p{n % 4}", request_id=f"c{n}") for n in range(40)))

        made += asyncio.run(crowd())
        assert engine.audit("wheel").draws == len(made) == 45
        assert replay(engine.store, "wheel").problems == []
