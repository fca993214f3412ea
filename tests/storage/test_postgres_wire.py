"""Statements that are prepared without a cursor of psycopg: numbered parameters, values of each sort, errors."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from postgres_servers import fresh_schema, postgres_url
from prizedraw.storage import AsyncPostgresStore, Commit, Committed, Entry, PostgresStore, Read
from prizedraw.storage.postgres_wire import Prepared, numbered


@pytest.fixture
def connection():
    with psycopg.connect(postgres_url(), autocommit=True) as connection:
        yield connection


def test_parameters_are_numbered_and_a_percent_sign_is_left():
    """Two places and a doubled sign."""
    assert numbered(b"SELECT %s, '100%%', %s") == b"SELECT $1, '100%', $2"


def test_what_is_sent_comes_back(connection):
    """Text of several scripts, the greatest integers, every byte, and no value at all; the second time by the same statement."""
    prepared = Prepared(connection)
    sql = b"SELECT %s::text, %s::bigint, %s::bigint, %s::bytea, NULL::bytea"
    for text in ("", "谢谢参与 'x' \\ %s", "a\nb"):
        sent = (text, 2**63 - 1, str(-(2**63)), bytes(range(256)))
        assert connection.wait(prepared.rows(sql, sent)) == [(text, 2**63 - 1, -(2**63), bytes(range(256)), None)]
    (statements,) = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert statements == 1


def test_a_statement_that_wants_no_rows_has_none(connection):
    """A command gives an empty list."""
    assert connection.wait(Prepared(connection).rows(b"SET search_path = 'nowhere'", ())) == []


@pytest.mark.parametrize(
    ("sql", "params", "error"),
    [
        (b"SELEC", (), psycopg.errors.SyntaxError),
        (b"SELECT 1 / %s::int", ("0",), psycopg.errors.DivisionByZero),
        (b"SELECT %s::text", ("a\0b",), psycopg.DataError),
        (b"SELECT %s::bigint", (2**63,), psycopg.errors.NumericValueOutOfRange),
    ],
    ids=["not SQL", "a failure", "NUL", "too great"],
)
def test_errors_are_those_of_psycopg_and_the_connection_lives_on(connection, sql, params, error):
    """A text that would end at its NUL is refused, not cut."""
    prepared = Prepared(connection)
    for _ in range(2):
        with pytest.raises(error):
            connection.wait(prepared.rows(sql, params))
    assert connection.wait(prepared.rows(b"SELECT %s::text", ("b",))) == [("b",)]


def test_a_connection_that_is_gone_is_an_operational_error(connection):
    """The server ends the session."""
    prepared = Prepared(connection)
    with pytest.raises(psycopg.OperationalError):
        connection.wait(prepared.rows(b"SELECT pg_terminate_backend(pg_backend_pid())", ()))
    assert connection.closed


def test_prepared_or_not_the_stores_give_the_same():
    """A commit and a read through statements that are prepared here, and through psycopg's cursors, in threads and on an event loop."""
    commit = Commit({"d": 0}, {"d": bytes(range(256))}, {"n": 3}, {"n": 5}, (Entry("e", "f\n2", "谢", "draw", 2**53, b"\0"),))
    asked = [Read(("d", "other"), ("n",), "e")]

    def in_threads(prepared):
        store = PostgresStore(postgres_url(), schema=fresh_schema(), prepared=prepared)
        (outcome,) = store.commit("h", [commit])
        assert type(outcome) is Committed
        found = store.read("h", asked)
        store.close()
        return outcome, found

    async def on_a_loop(prepared):
        store = AsyncPostgresStore(postgres_url(), schema=fresh_schema(), prepared=prepared)
        (outcome,) = await store.commit("h", [commit])
        found = await store.read("h", asked)
        await store.close()
        return outcome, found

    first = in_threads(True)
    assert first == in_threads(False) == asyncio.run(on_a_loop(True)) == asyncio.run(on_a_loop(False))
