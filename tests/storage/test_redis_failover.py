"""A replica of Valkey that a sentinel promotes: a store with a client of sentinels goes on, and what is there adds up."""

from __future__ import annotations

import subprocess
import time

import pytest
import redis
from redis.sentinel import Sentinel

from ports import free_port
from prizedraw import DrawEngine, StorageError
from prizedraw.storage import RedisStore
from prizedraw.testing import FixedClock
from prizedraw.testing.replaying import replay
from scenery import NOON, wheel
from valkey_servers import Valkey, binary

pytest_plugins = ("valkey_servers",)

WAIT = 60.0


def until(true):
    """Look again until it is true."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def watched(tmp_path):
    """A primary, its replica, and the address of a sentinel that watches them."""
    port, conf = free_port(), tmp_path / "sentinel.conf"
    with Valkey(tmp_path / "one") as primary, Valkey(tmp_path / "two", "--replicaof", "127.0.0.1", primary.port) as replica:
        conf.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor draws 127.0.0.1 {primary.port} 1\n"
            "sentinel down-after-milliseconds draws 500\nsentinel failover-timeout draws 3000\n"
        )
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen([binary(), conf, "--sentinel"], stdout=log, stderr=log)
        try:
            with redis.Redis(port=port, protocol=2, decode_responses=True) as sentinel:

                def sees_both():
                    try:
                        return sentinel.sentinel_master("draws")["num-slaves"] == 1
                    except redis.ConnectionError:
                        return False

                until(sees_both)
                with redis.Redis(port=replica.port, protocol=2) as second:
                    until(lambda: second.info("replication")["master_link_status"] == "up")
                yield primary, replica, [("127.0.0.1", port)]
        finally:
            process.terminate()
            process.wait(WAIT)


def test_a_store_goes_on_when_a_sentinel_has_promoted_the_replica(watched):
    """Errors while there is no primary, each with its request; then draws again, each request once; draws that had reached it are there."""
    primary, replica, sentinels = watched
    client = Sentinel(sentinels, socket_timeout=1.0).master_for("draws", protocol=2, socket_timeout=1.0)
    with DrawEngine(RedisStore(client), clock=FixedClock(NOON)) as engine:
        engine.publish(wheel())
        told = {f"before-{n}": engine.draw("wheel", "ann", request_id=f"before-{n}") for n in range(10)}
        with redis.Redis(port=primary.port, protocol=2) as admin:
            assert admin.wait(1, 10_000) == 1
        primary.kill()
        errors = []
        for n in range(10):
            while f"after-{n}" not in told:
                try:
                    told[f"after-{n}"] = engine.draw("wheel", "ann", request_id=f"after-{n}")
                except StorageError as error:
                    errors.append(error)
                    time.sleep(0.05)
        assert errors
        assert {error.request_id for error in errors} == {"after-0"}
        assert {receipt.request_id: receipt for receipt in engine.receipts("wheel")} == told
        assert engine.audit("wheel").ok
        assert replay(engine.store, "wheel").problems == []
    with redis.Redis(port=replica.port, protocol=2) as admin:
        assert admin.role()[0] == b"master"
    client.close()
