"""The PostgreSQL store when something breaks: what the caller sees, and that a retry with the same id gives exactly one draw."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import threading
import time
from urllib.parse import urlsplit

import pytest

from cutting_proxy import CuttingProxy
from postgres_crew import draw_for_ever, engine_on
from postgres_servers import PostgresServer, fresh_schema, postgres_url
from prizedraw import Prize
from prizedraw.errors import StorageBusy, StorageError
from prizedraw.storage import AsyncPostgresStore, Commit, Committed, Entry, PostgresStore, Read, Replayed, postgres_steps
from scenery import wheel

CAMPAIGN = wheel(Prize("cup", "Cup", 1, 5000))
HOME = "default/campaign/wheel"


@pytest.fixture
def published():
    """A schema with a published campaign, and an engine that nothing happens to."""
    schema = fresh_schema()
    with engine_on(postgres_url(), schema) as engine:
        engine.publish(CAMPAIGN)
        yield schema, engine


@pytest.fixture
def proxy():
    """A proxy in front of the server."""
    proxy = CuttingProxy(urlsplit(postgres_url()).port or 5432)
    yield proxy
    proxy.stop()


def through(proxy):
    server = urlsplit(postgres_url())
    return server._replace(netloc=f"{server.username}@127.0.0.1:{proxy.port}").geturl()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("sign", [b"WITH part0 AS MATERIALIZED", b"COMMIT\0"], ids=["usual", "careful"])
def test_pitfall_30_a_commit_whose_connection_is_cut_is_made_once_by_a_retry(published, proxy, when, sign, monkeypatch):
    """The error says that the outcome is not known; the journal holds one draw if the server had the message, else none; a retry, one."""
    schema, witness = published
    with engine_on(through(proxy), schema, prepared=False) as engine:
        if sign == b"COMMIT\0":
            monkeypatch.setattr(postgres_steps, "_is_usual", lambda commit: False)
        engine.draw("wheel", "ann", request_id="r0")
        proxy.cut(when, sign)
        with pytest.raises(StorageError, match="not known whether the commit was made.*same request id") as lost:
            engine.draw("wheel", "ann", request_id="r1")
        assert lost.value.request_id == "r1"
        assert proxy.cuts == 1
        happened = witness.receipt(campaign="wheel", request_id="r1")
        assert (happened is not None) == (when == "after")
        again = engine.draw("wheel", "ann", request_id="r1")
        assert happened in (None, again)
        assert again.number == 2
    assert witness.stock("wheel")["cup"].issued == 2
    assert witness.audit("wheel").ok


def test_a_read_whose_connection_is_cut_has_written_nothing(published, proxy):
    """The error says so, and the next call makes a new connection."""
    schema, _ = published
    with engine_on(through(proxy), schema, prepared=False) as engine:
        engine.standing("wheel", "ann")
        proxy.cut("before", b"docs WHERE")
        with pytest.raises(StorageError, match="nothing was written"):
            engine.standing("wheel", "ann")
        assert engine.draw("wheel", "ann").number == 1


def test_a_slow_network_delays_and_breaks_nothing(published):
    """With 10 ms each way draws of four threads are all made, once."""
    schema, witness = published
    proxy = CuttingProxy(urlsplit(postgres_url()).port or 5432, delay=0.01)
    with engine_on(through(proxy), schema) as engine:
        threads = [threading.Thread(target=engine.draw, args=("wheel", f"user-{k}")) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    proxy.stop()
    assert witness.stock("wheel")["cup"].issued == 4
    assert witness.audit("wheel").ok


def test_pitfall_12_a_killed_server_loses_nothing_that_was_acknowledged():
    """The server is killed in the middle of draws and started again, three times: what was answered stays; each retry gives one draw."""
    server = PostgresServer().start()
    try:
        with engine_on(server.url, "prizedraw", busy_wait=20.0) as engine:
            engine.publish(CAMPAIGN)
            acknowledged, failed = {}, []
            for turn in range(3):
                done = threading.Event()

                def draw(name, turn=turn, done=done):
                    for k in range(10_000):
                        if done.is_set():
                            return
                        request = f"{turn}-{name}-{k}"
                        try:
                            acknowledged[request] = engine.draw("wheel", f"user-{name}", request_id=request)
                        except StorageError as error:
                            assert "same request id" in str(error) or "connect" in str(error) or "starting" in str(error), error
                            failed.append((request, f"user-{name}"))

                threads = [threading.Thread(target=draw, args=(name,)) for name in range(4)]
                for thread in threads:
                    thread.start()
                before = len(acknowledged)
                while len(acknowledged) < before + 60:
                    time.sleep(0.01)
                server.kill()
                done.set()
                server.start()
                for thread in threads:
                    thread.join()
            assert failed
            for request, participant in failed:
                acknowledged[request] = insist(engine, participant, request)
            for request, receipt in acknowledged.items():
                assert engine.receipt(campaign="wheel", request_id=request) == receipt
            assert engine.stock("wheel")["cup"].issued == len(acknowledged)
            assert engine.audit("wheel").ok
    finally:
        server.stop()


def insist(engine, participant, request):
    """The receipt, tried for again while the pool finds connections to the server that was."""
    for _ in range(8):
        try:
            return engine.draw("wheel", participant, request_id=request)
        except StorageError as error:
            assert "try again with the same request id" in str(error), error
    return engine.draw("wheel", participant, request_id=request)


def test_an_exhausted_pool_is_busy_after_the_wait_and_nothing_is_written(published):
    """With the only connection in use, a commit gives up after its wait and says how long it waited and what to raise."""
    schema, witness = published
    store = PostgresStore(postgres_url(), schema=schema, max_size=1, busy_wait=0.2)
    store.open()
    with store.exclusive(HOME, (), 5.0), pytest.raises(StorageBusy, match="max_size") as busy:
        store.commit(HOME, [Commit({}, add={"n": 1})])
    assert busy.value.waited >= 0.2
    assert witness.store.read(HOME, [Read(counters=("n",))])[0].counters["n"].value == 0
    assert isinstance(store.commit(HOME, [Commit({}, add={"n": 1})])[0], Committed)
    store.close()


@pytest.mark.parametrize("way", ["usual", "careful", "exclusive"])
def test_a_commit_waits_for_another_writer_no_longer_than_it_may(published, way, monkeypatch):
    """While a block has put a document, a commit that puts it or guards it ends in StorageBusy with the time waited."""
    schema, witness = published
    store = PostgresStore(postgres_url(), schema=schema, busy_wait=0.2)
    store.open()
    if way == "careful":
        monkeypatch.setattr(postgres_steps, "_is_usual", lambda commit: False)
    head = store.read(HOME, [Read(("head",))])[0].docs["head"]
    with witness.store.exclusive(HOME, ("head",), 5.0) as block:
        block.commit(HOME, [Commit({"head": head.version}, {"head": head.data})])
        with pytest.raises(StorageBusy) as busy:
            if way == "exclusive":
                with store.exclusive(HOME, ("head",), 0.2):
                    pass
            else:
                store.commit(HOME, [Commit({"head": head.version, "d": 0}, {"d": b""}, entries=(Entry("e", "f", "", "k", 0, b""),))])
    assert busy.value.waited >= 0.2
    assert store.entry(HOME, "e") is None
    store.close()


def test_pitfall_12_a_killed_client_leaves_whole_draws_and_holds_nobody_up(published):
    """Eight processes are killed while they draw: what they were told is there, what was cut off can be finished, all adds up."""
    schema, witness = published
    context, rng = multiprocessing.get_context("spawn"), random.Random(3)
    for seed in range(8):
        reader, writer = context.Pipe(duplex=False)
        process = context.Process(target=draw_for_ever, args=(postgres_url(), schema, seed, writer))
        process.start()
        writer.close()
        told = dict([reader.recv()])
        time.sleep(rng.uniform(0.05, 0.3))
        process.kill()
        process.join(60)
        try:
            while True:
                request, receipt = reader.recv()
                told[request] = receipt
        except EOFError:
            pass
        for request, receipt in told.items():
            again = witness.draw("wheel", f"user-{seed}", request_id=request)
            assert receipt in {None, again.id}
        assert witness.standing("wheel", f"user-{seed}").number == len(told)
    assert witness.audit("wheel").ok


def test_pitfall_12_a_task_cancelled_in_mid_commit_leaves_a_whole_commit_or_none():
    """Commits are cancelled at growing delays: each entry is there with its counter or not at all, and a retry makes it once."""
    schema = fresh_schema()

    async def play():
        store = AsyncPostgresStore(postgres_url(), schema=schema, max_size=2)
        await store.open()
        outcomes = []
        for turn in range(30):
            commit = Commit({}, add={"n": 1}, limits={"n": 1000}, entries=(Entry(f"e{turn}", "f", "", "k", 0, b""),))
            task = asyncio.ensure_future(store.commit("h", [commit]))
            await asyncio.sleep(turn * 0.0002)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            (outcome,) = await store.commit("h", [commit])
            outcomes.append(type(outcome))
            assert (await store.read("h", [Read(counters=("n",))]))[0].counters["n"].value == turn + 1
        await store.close()
        return outcomes

    assert set(asyncio.run(play())) <= {Committed, Replayed}
