"""Servers, connections and clients that die in the middle of a draw: what the caller sees, what is there, and one draw after the retry."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
import time
from contextlib import contextmanager
from uuid import uuid4

import pytest
import redis

import redis_crew
from prizedraw import AsyncDrawEngine, DrawEngine, Prize, StorageError
from prizedraw.storage import AsyncRedisStore, Commit, Read, RedisStore
from prizedraw.storage.redis import layout, scripts
from prizedraw.testing.replaying import journal, replay
from proof.crew import MIXED, carry_out, context
from scenery import NOON, wheel
from valkey_proxy import Proxy
from valkey_servers import Cluster, Valkey

pytest_plugins = ("valkey_servers",)

CAMPAIGN = wheel(Prize("phone", "Phone", "1/5", 30), fallback=Prize.thank_you(weight="4/5"))
HOME = "default/campaign/wheel"


@contextmanager
def proxied(url, prefix, query=""):
    """A proxy before a server, and an engine behind it; the campaign is published and the scripts are known."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    with Proxy(port) as proxy:
        store = RedisStore(f"redis://127.0.0.1:{proxy.port}/0{query}", prefix=prefix)
        with DrawEngine(store, clock=lambda: NOON) as engine:
            engine.publish(CAMPAIGN)
            engine.draw("wheel", "someone")
            yield proxy, engine


def draws(engine, request_id):
    """How many lines the journal has for a request."""
    return sum(entry.id == request_id for entry in journal(engine.store, "wheel"))


def clean(engine):
    """Whether the audit and the replay account for everything."""
    return engine.audit("wheel").ok and replay(engine.store, "wheel").problems == []


class Insistent(threading.Thread):
    """Draws with one request id after the other, each again and again until there is an answer; remembers the answers and errors."""

    def __init__(self, make, name):
        super().__init__()
        self._make, self._name = make, name
        self.receipts, self.errors, self.enough = {}, [], threading.Event()
        self.start()

    def run(self):
        with self._make() as engine:
            while not self.enough.is_set():
                turn = len(self.receipts)
                id_ = f"{self._name}-{turn}"
                while id_ not in self.receipts:
                    try:
                        self.receipts[id_] = engine.draw("wheel", f"p{turn % 7}", request_id=id_)
                    except StorageError as error:
                        self.errors.append(error)
                        time.sleep(0.05)


def wait_until(holds):
    """Wait for what must come; thirty seconds at most."""
    deadline = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)


def insist(make, workers):
    """Some threads that insist on draws of their own, until ``finish``; each has drawn when this returns."""
    crew = [Insistent(make, f"w{worker}") for worker in range(workers)]
    wait_until(lambda: all(one.receipts for one in crew))
    return crew


def finish(crew):
    """Each makes ten draws more, and ends."""
    goals = [len(one.receipts) + 10 for one in crew]
    while any(one.is_alive() and len(one.receipts) < goal for one, goal in zip(crew, goals, strict=True)):
        time.sleep(0.01)
    for one in crew:
        one.enough.set()
        one.join()


def accounted_for(engine, crew):
    """Whether every answer that was given still holds, and each request is one draw."""
    given = {id_: receipt for one in crew for id_, receipt in one.receipts.items()}
    lines = [entry.id for entry in journal(engine.store, "wheel") if entry.kind == "draw"]
    assert sorted(lines) == sorted(given)
    assert all(engine.receipt(receipt.id) == receipt for receipt in given.values())
    assert all(error.request_id for one in crew for error in one.errors)
    return clean(engine)


# --- the connection ---


@pytest.mark.parametrize("when", ["before", "after"])
def test_pitfall_30_a_connection_cut_around_the_commit_draws_once(valkey_url, prefix, when):
    """The caller is told that it is not known; the draw is there whole or not at all; the retry gives the one draw."""
    with proxied(valkey_url, prefix) as (proxy, engine):
        proxy.cut(when, scripts.COMMIT.sha)
        with pytest.raises(StorageError, match="not known; try again with the same request id") as error:
            engine.draw("wheel", "ann", request_id="order-1")
        assert error.value.request_id == "order-1"
        assert proxy.cuts == 1
        assert draws(engine, "order-1") == (when == "after")
        assert clean(engine)
        receipt = engine.draw("wheel", "ann", request_id="order-1")
        assert receipt.number == 1
        assert draws(engine, "order-1") == 1
        assert clean(engine)


@pytest.mark.parametrize("when", ["before", "after"])
def test_pitfall_30_a_connection_cut_around_the_commit_draws_once_on_a_loop(valkey_url, prefix, when):
    """As for threads; the connection that was cut is not used again."""

    async def play(proxy, engine):
        async with engine:
            await engine.standing("wheel", "ann")
            proxy.cut(when, scripts.COMMIT.sha)
            with pytest.raises(StorageError, match="not known") as error:
                await engine.draw("wheel", "ann", request_id="order-1")
            assert error.value.request_id == "order-1"
            return await engine.draw("wheel", "ann", request_id="order-1")

    with proxied(valkey_url, prefix) as (proxy, sync):
        store = AsyncRedisStore(f"redis://127.0.0.1:{proxy.port}/0", prefix=prefix)
        receipt = asyncio.run(play(proxy, AsyncDrawEngine(store, clock=lambda: NOON)))
        assert receipt.number == 1
        assert draws(sync, "order-1") == 1
        assert clean(sync)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_cut_around_a_redaction_erases_whole_or_not_at_all(valkey_url, prefix, when):
    """The caller is told that it is not known; every line is the pseudonym's or none is; erasing again leaves none."""
    with proxied(valkey_url, prefix) as (proxy, engine):
        for _ in range(30):
            engine.draw("wheel", "ann")
        proxy.cut(when, scripts.REDACT.sha)
        with pytest.raises(StorageError, match="not known"):
            engine.erase("ann")
        assert len(list(engine.journal("wheel", "ann"))) == (30 if when == "before" else 0)
        assert clean(engine)
        engine.erase("ann")
        assert list(engine.journal("wheel", "ann")) == []
        assert engine.audit("wheel").ok


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_cut_around_a_read_has_written_nothing(valkey_url, prefix, when):
    """The caller is told so, and has nothing to fear from trying again."""
    with proxied(valkey_url, prefix) as (proxy, engine):
        proxy.cut(when, b"HMGET")
        with pytest.raises(StorageError, match="nothing was written"):
            engine.draw("wheel", "ann", request_id="order-1")
        assert draws(engine, "order-1") == 0
        assert engine.draw("wheel", "ann", request_id="order-1").number == 1


def test_a_slow_network_is_waited_for_and_one_that_is_too_slow_is_an_error(valkey_url, prefix):
    """Within the timeout a draw takes its time; beyond it the outcome is unknown, and the retry finds the draw."""
    with proxied(valkey_url, prefix, query="?socket_timeout=0.5") as (proxy, engine):
        proxy.delay = 0.1
        assert engine.draw("wheel", "ann", request_id="slow").number == 1
        store = engine.store
        proxy.delay = 0.9
        with pytest.raises(StorageError, match="did not answer in time; whether the change was made is not known"):
            store.commit(HOME, [Commit({"extra": 0}, {"extra": b""})])
        with pytest.raises(StorageError, match="did not answer in time; nothing was written"):
            engine.draw("wheel", "ann", request_id="too slow")
        proxy.delay = 0.0
        assert engine.draw("wheel", "ann", request_id="too slow").number == 2
        assert clean(engine)


# --- scripts ---


def test_scripts_flushed_in_mid_run_are_not_noticed(valkey_url, prefix):
    """A hundred SCRIPT FLUSH while three threads draw: no error, every draw once."""
    make = lambda: DrawEngine(RedisStore(valkey_url, prefix=prefix), clock=lambda: NOON)
    with make() as engine, redis.Redis.from_url(valkey_url, protocol=2) as client:
        engine.publish(CAMPAIGN)
        crew = insist(make, 3)
        for _ in range(100):
            client.script_flush()
            time.sleep(0.005)
        finish(crew)
        assert accounted_for(engine, crew)
        assert [one.errors for one in crew] == [[], [], []]


# --- the server ---


def test_pitfall_12_a_server_killed_and_started_again_has_lost_nothing_with_appendfsync_always(own_valkey):
    """Killed three times while three threads draw: each acknowledged draw is there as it was told, each request is one draw."""
    make = lambda: DrawEngine(RedisStore(own_valkey.url), clock=lambda: NOON)
    with make() as engine:
        engine.publish(CAMPAIGN)
        crew = insist(make, 3)
        for _ in range(3):
            time.sleep(0.3)
            own_valkey.kill()
            own_valkey.start()
        finish(crew)
        assert accounted_for(engine, crew)
        assert any(one.errors for one in crew)


@pytest.mark.parametrize("seed", range(3))
def test_what_a_loss_of_power_leaves_is_a_prefix_with_appendfsync_everysec(tmp_path, seed):
    """The server's file cut anywhere, as where a flush did not come: the journal is a prefix of what it was, and adds up."""
    rng = random.Random(seed)
    with Valkey(tmp_path / "valkey", "--appendonly", "yes", "--appendfsync", "everysec") as server:
        with DrawEngine(RedisStore(server.url), clock=lambda: NOON) as engine:
            engine.publish(CAMPAIGN)
            for k in range(60):
                engine.draw("wheel", f"p{k % 7}", request_id=f"r{k}")
            engine.draw_many("wheel", "p1", 20, request_id="many")
            engine.reallocate("wheel", "phone", add=3, request_id="more")
            before = list(journal(engine.store, "wheel"))
        server.kill()
        (file,) = (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof")
        whole = file.read_bytes()
        published = whole.find(b"p/p0")
        file.write_bytes(whole[: rng.randrange(published + 2000, len(whole))])
        server.start()
        with DrawEngine(RedisStore(server.url), clock=lambda: NOON) as engine:
            after = list(journal(engine.store, "wheel"))
            assert 0 < len(after) < len(before)
            assert after == before[: len(after)]
            assert clean(engine)
            for k in range(60):
                engine.draw("wheel", f"p{k % 7}", request_id=f"r{k}")
            assert sorted(entry.id for entry in journal(engine.store, "wheel") if entry.id[0] == "r") == sorted(f"r{k}" for k in range(60))
            assert clean(engine)


# --- the client ---


def test_pitfall_12_a_client_killed_in_mid_work_leaves_whole_commits(valkey_url, prefix):
    """Four processes killed by SIGKILL while they make calls of all kinds: each order is there whole or not at all, and can be finished."""
    with redis_crew.opened(valkey_url, prefix) as engine:
        engine.publish(MIXED)
        for seed in range(4):
            reader, writer = context.Pipe(duplex=False)
            process = context.Process(target=redis_crew.draw_until_killed, args=(valkey_url, prefix, seed, writer))
            process.start()
            writer.close()
            told = [reader.recv() for _ in range(60 + seed)]
            process.kill()
            process.join()
            while reader.poll(0):
                try:
                    told.append(reader.recv())
                except EOFError:
                    break
            orders, answers = told[::2], told[1::2]
            assert clean(engine)
            for order, answer in zip(orders, answers, strict=False):
                again = carry_out(engine, order)
                assert {id_: again[id_] for id_ in answer} == answer
            carry_out(engine, orders[-1])
            assert clean(engine)


@pytest.mark.parametrize("place", range(6))
def test_a_task_cancelled_in_mid_commit_leaves_one_draw(valkey_url, prefix, place):
    """Cancelled at one of several moments, a draw has been made or not; the retry gives it, and answers are not mixed up."""

    async def play(proxy):
        store = AsyncRedisStore(f"redis://127.0.0.1:{proxy.port}/0", prefix=prefix)
        async with AsyncDrawEngine(store, clock=lambda: NOON) as engine:
            task = asyncio.create_task(engine.draw("wheel", "ann", request_id="order-1"))
            await asyncio.sleep(place * 0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            receipt = await engine.draw("wheel", "ann", request_id="order-1")
            assert (await engine.standing("wheel", "ann")).number == receipt.number == 1

    with proxied(valkey_url, prefix) as (proxy, sync):
        proxy.delay = 0.05
        asyncio.run(play(proxy))
        proxy.delay = 0
        assert draws(sync, "order-1") == 1
        assert clean(sync)


def test_a_connection_whose_task_was_cancelled_is_not_used_again(valkey_url, prefix):
    """On the bare store, with one connection: the answer that still comes is not taken for that of the next command."""

    async def play(proxy):
        store = AsyncRedisStore(f"redis://127.0.0.1:{proxy.port}/0?max_connections=1", prefix=prefix)
        await store.open()
        proxy.delay = 0.1
        for turn in range(5):
            task = asyncio.create_task(store.commit("h", [Commit({f"d{turn}": 0}, {f"d{turn}": b"x"})]))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            (view,) = await store.read("h", [Read(("absent",), ("n",))])
            assert (view.docs["absent"].version, view.counters["n"].value) == (0, 0)
        await store.close()

    with proxied(valkey_url, prefix) as (proxy, _):
        asyncio.run(play(proxy))


# --- a cluster ---


def holder(cluster):
    """The server of a cluster that holds the home of the campaign."""
    slot = redis.cluster.key_slot(layout.keys("prizedraw", HOME).kept)
    return next(node for node, slots in zip(cluster.nodes, cluster.slots, strict=True) if slots[0] <= slot <= slots[1])


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_server_of_a_cluster_that_is_away_for_a_while_loses_nothing(tmp_path, how):
    """Stopped and continued, or killed and started: the draws in between are errors, those after it are made, each request once."""
    with Cluster(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as cluster:
        make = lambda: DrawEngine(RedisStore(f"{cluster.url}&socket_timeout=1"), clock=lambda: NOON)
        with make() as engine:
            engine.publish(CAMPAIGN)
            node = holder(cluster)
            crew = insist(make, 2)
            if how == "stopped":
                node.signal(signal.SIGSTOP)
                wait_until(lambda: any(one.errors for one in crew))
                node.signal(signal.SIGCONT)
            else:
                node.kill()
                wait_until(lambda: any(one.errors for one in crew))
                node.start()
            finish(crew)
            cluster.settle()
            assert accounted_for(engine, crew)
            assert any(one.errors for one in crew)


def test_an_engine_on_a_loop_goes_on_when_its_server_of_the_cluster_is_back(tmp_path):
    """The error says that nothing is known; the same engine goes on with the same request ids."""
    with Cluster(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as cluster:
        node = holder(cluster)

        async def insist_on(engine, id_):
            while True:
                try:
                    return await engine.draw("wheel", "ann", request_id=id_)
                except StorageError:
                    await asyncio.sleep(0.1)

        async def play():
            async with AsyncDrawEngine(AsyncRedisStore(f"{cluster.url}&socket_timeout=1"), clock=lambda: NOON) as engine:
                await engine.publish(CAMPAIGN)
                await engine.draw("wheel", "ann", request_id="r0")
                node.kill()
                with pytest.raises(StorageError):
                    await engine.draw("wheel", "ann", request_id="r1")
                node.start()
                await asyncio.to_thread(cluster.settle)
                made = [await insist_on(engine, id_) for id_ in ("r1", "r0", "r2")]
                assert [receipt.number for receipt in made] == [2, 1, 3]
                assert (await engine.audit("wheel")).ok

        asyncio.run(play())


def test_a_slot_that_moves_is_followed(tmp_path):
    """The home's slot is moved to another server, empty as it is: the store is told so and follows."""
    with Cluster(tmp_path) as cluster:
        home = uuid4().hex
        slot = redis.cluster.key_slot(layout.keys("prizedraw", home).kept)
        store = RedisStore(cluster.url)
        store.open()
        clients = [redis.Redis(port=node.port, protocol=2) for node in cluster.nodes]
        target = next(client for client, slots in zip(clients, cluster.slots, strict=True) if not slots[0] <= slot <= slots[1])
        name = target.execute_command("CLUSTER", "MYID").decode()
        for client in (target, *clients):
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", name)
        assert type(store.commit(home, [Commit({"d": 0}, {"d": b"x"})])[0]).__name__ == "Committed"
        assert target.exists(layout.keys("prizedraw", home).kept)
        store.close()
        for client in clients:
            client.close()
