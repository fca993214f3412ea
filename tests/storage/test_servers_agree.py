"""Random histories on servers: PostgreSQL, Valkey and a cluster of it, blocking and asynchronous, answer as the model and SQLite do."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from postgres_servers import fresh_schema, postgres_url
from prizedraw.storage import AsyncPostgresStore, AsyncRedisStore, MemoryStore, PostgresStore, RedisStore, SqliteStore
from prizedraw.testing import AgreementMachine, EngineAgreementMachine
from valkey_servers import new_prefix

pytest_plugins = ("valkey_servers",)

HISTORIES = settings(max_examples=12, stateful_step_count=25, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize("machine", [AgreementMachine, EngineAgreementMachine], ids=["stores", "engines"])
def test_every_store_there_is_answers_alike(machine, valkey_url, valkey_cluster_url):
    """The same calls on eight stores at once; those of a server are kept from history to history, as each has homes of its own."""
    schema, prefix = fresh_schema(), new_prefix()

    class All(machine):
        def make_stores(self, tmp_path):
            return {
                "memory": MemoryStore(),
                "sqlite": SqliteStore(tmp_path / "draws.db", durability="normal"),
                "postgres": PostgresStore(postgres_url(), schema=schema),
                "asynchronous postgres": AsyncPostgresStore(postgres_url(), schema=f"{schema}_async"),
                "valkey": RedisStore(valkey_url, prefix=prefix),
                "asynchronous valkey": AsyncRedisStore(valkey_url, prefix=f"{prefix}-async"),
                "cluster": RedisStore(valkey_cluster_url, prefix=prefix),
                "asynchronous cluster": AsyncRedisStore(valkey_cluster_url, prefix=f"{prefix}-async"),
            }

    run_state_machine_as_test(All, settings=HISTORIES)
