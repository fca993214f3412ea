"""The PostgreSQL store behind a pooler in transaction mode, where every transaction may meet another session."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from urllib.parse import urlsplit

import psycopg
import pytest

from ports import free_port
from postgres_servers import fresh_schema, postgres_url
from prizedraw import AsyncDrawEngine, DrawEngine
from prizedraw.storage import AsyncPostgresStore, PostgresStore
from prizedraw.testing import AsyncStoreConformance, FixedClock, StoreConformance
from scenery import NOON, wheel
from transaction_pooler import TransactionPooler


@pytest.fixture(scope="module")
def pooler():
    """A pooler of the tests' own: it lends two connections, never the same twice in a row."""
    server = urlsplit(postgres_url())
    pooler = TransactionPooler(server.port or 5432)
    yield pooler.url(server.path[1:])
    pooler.stop()


class TestThroughAPooler(StoreConformance):
    """All requirements, with sessions that change between any two transactions."""

    @pytest.fixture
    def store(self, pooler):
        store = PostgresStore(pooler, schema=fresh_schema())
        store.open()
        yield store
        store.close()


class TestThroughAPoolerOnALoop(AsyncStoreConformance):
    """The same for event loops."""

    @pytest.fixture(autouse=True)
    def _behind(self, pooler):
        self.pooler = pooler

    def make_store(self, tmp_path):
        return AsyncPostgresStore(self.pooler, schema=fresh_schema())


def test_the_pooler_changes_sessions(pooler):
    """The test's own pooler does what it is for: two transactions in a row are answered by two backends."""
    with psycopg.connect(pooler, autocommit=True, prepare_threshold=None) as connection:
        pids = [connection.execute("SELECT pg_backend_pid()").fetchone()[0] for _ in range(4)]
    assert len(set(pids)) == 2
    assert pids[0] != pids[1]


def test_statements_are_prepared_on_a_server_and_never_behind_a_pooler(pooler):
    """Whether a connection has a backend of its own is found out; what the caller says goes before."""

    def threshold(url, **options):
        store = PostgresStore(url, schema=fresh_schema(), **options)
        with store._opened().connection() as connection:
            found = connection.prepare_threshold
        store.close()
        return found

    assert threshold(postgres_url()) == 0
    assert threshold(pooler) is None
    assert threshold(postgres_url(), prepared=False) is None
    assert threshold(pooler, prepared=True) == 0


@pytest.fixture(scope="module")
def pgbouncer(tmp_path_factory):
    """Debian's PgBouncer in transaction mode with two server connections."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed; the pooler of the tests' own stands in for it")
    server, port = urlsplit(postgres_url()), free_port()
    folder = tmp_path_factory.mktemp("pgbouncer")
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={server.hostname} port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"auth_type = trust\nauth_file = {folder / 'users'}\npool_mode = transaction\ndefault_pool_size = 2\nunix_socket_dir =\n"
    )
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid() and path != path.parent:
            path.chmod(path.stat().st_mode | 0o055)  # it refuses to run as root
    user = None if os.geteuid() else "nobody"
    process = subprocess.Popen([program, "-q", str(folder / "pgbouncer.ini")], user=user, stderr=subprocess.DEVNULL)
    url = f"postgresql://postgres@127.0.0.1:{port}{server.path}"
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "pgbouncer does not answer"
            time.sleep(0.05)
        else:
            break
    yield url
    process.terminate()
    process.wait(20)


class TestThroughPgBouncer(StoreConformance):
    """All requirements through PgBouncer in transaction mode."""

    @pytest.fixture
    def store(self, pgbouncer):
        store = PostgresStore(pgbouncer, schema=fresh_schema())
        store.open()
        yield store
        store.close()


def test_an_engine_draws_through_a_pooler(pooler):
    """Publish, draw, draw again by the same request, audit: sync and async on one schema."""
    schema = fresh_schema()
    with DrawEngine(PostgresStore(pooler, schema=schema), clock=FixedClock(NOON)) as engine:
        engine.publish(wheel())
        receipt = engine.draw("wheel", "ann", request_id="r1")

        async def play():
            async with AsyncDrawEngine(AsyncPostgresStore(pooler, schema=schema), clock=FixedClock(NOON)) as other:
                assert await other.draw("wheel", "ann", request_id="r1") == receipt
                await asyncio.gather(*(other.draw("wheel", f"user-{k}") for k in range(20)))

        asyncio.run(play())
        assert engine.audit("wheel").ok
        assert engine.stock("wheel")["cup"].issued == 21
