"""Where on its server a store is, said in the URL: the schema of PostgreSQL, the prefix of Redis."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from postgres_servers import fresh_schema, postgres_url
from prizedraw import AsyncDrawEngine, DrawEngine, InvalidRequest
from prizedraw.cli import main
from prizedraw.storage import PostgresStore, RedisStore
from prizedraw.testing import FixedClock
from scenery import NOON, wheel

pytest_plugins = ("valkey_servers",)


def joined(url, option):
    """A URL with one option more."""
    return f"{url}{'&' if '?' in url else '?'}{option}"


def test_a_schema_is_named_in_the_url(capsys):
    """The engines and the command line find what a store in that schema holds; the driver still gets its own options."""
    schema = fresh_schema()
    url = joined(joined(postgres_url(), f"schema={schema}"), "application_name=wheel")
    with DrawEngine(PostgresStore(postgres_url(), schema=schema), clock=FixedClock(NOON)) as engine:
        engine.publish(wheel())
        engine.draw("wheel", "ann", request_id="r")
    with DrawEngine.open(url) as engine:
        assert engine.receipt(campaign="wheel", request_id="r").participant == "ann"
        with psycopg.connect(postgres_url()) as admin:
            asked = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'wheel'"
            assert admin.execute(asked).fetchone() == (True,)

    async def see():
        async with AsyncDrawEngine.open(url) as engine:
            return await engine.campaigns()

    assert asyncio.run(see()) == ["wheel"]
    assert main(["audit", "wheel", "--store", url]) == 0
    assert main(["migrate", url]) == 0
    assert capsys.readouterr().out.endswith("schema version 1: nothing to do\n")


def test_a_prefix_is_named_in_the_url(valkey_url, prefix):
    """Likewise."""
    with DrawEngine(RedisStore(valkey_url, prefix=prefix), clock=FixedClock(NOON)) as engine:
        engine.publish(wheel())
    with DrawEngine.open(joined(joined(valkey_url, f"prefix={prefix}"), "socket_timeout=5")) as engine:
        assert engine.campaigns() == ["wheel"]
    assert main(["audit", "wheel", "--store", joined(valkey_url, f"prefix={prefix}")]) == 0


def test_a_quoted_name_is_taken_as_it_is_meant():
    """Percents in a URL stand for characters."""
    schema = fresh_schema()
    with DrawEngine.open(joined(postgres_url(), f"schema={schema}%20a%26b")) as engine:
        assert f"'{schema} a&b'" in repr(engine.store)


@pytest.mark.parametrize(
    "url", ["postgresql://h/x?schema=", "postgresql://h/x?schema=pg_mine", "redis://h?prefix=", "redis://h?prefix=a%20b"]
)
def test_a_name_that_cannot_be_is_refused_before_connecting(url, capsys):
    """With the name and what to use instead; for the command line it is bad input."""
    with pytest.raises(InvalidRequest, match=r"cannot name a schema|is no prefix"):
        DrawEngine.open(url)
    assert main(["audit", "wheel", "--store", url]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
