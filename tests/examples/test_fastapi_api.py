"""The backend of the FastAPI example: what its calls answer, on SQLite and on PostgreSQL, and the commands of its README."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from attrs import evolve

from fastapi_site import CAMPAIGN, FOLDER, example
from postgres_servers import fresh_database
from prizedraw import AsyncDrawEngine, Disclosure, DrawEngine, Quota
from prizedraw.quota import RefusalReason
from prizedraw.storage import MemoryStore
from prizedraw.testing import FaultyStore, FixedClock

NOON = datetime(2027, 3, 10, 4, tzinfo=UTC)
MIDNIGHT = "2027-03-10T16:00:00+00:00"
"""The next start of a day in Shanghai."""
SPINS = CAMPAIGN.quota.daily_draws


@asynccontextmanager
async def visitor(app, name="ann"):
    """A client with a participant's cookie; nobody: one without."""
    cookies = {example.COOKIE: name} if name else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wheel", cookies=cookies) as client:
        yield client


def visit(engine, scene, campaign=CAMPAIGN):
    """Play a scene with the app and a visitor, while the engine is open."""

    async def play():
        app = example.create_app(engine, campaign)
        async with app.router.lifespan_context(app), visitor(app) as client:
            await scene(app, client)

    asyncio.run(play())


def in_memory(moment=NOON):
    return AsyncDrawEngine.open(":memory:", clock=FixedClock(moment))


async def spin(client, request_id="spin-1"):
    return await client.post("/api/draws", json={"request_id": request_id})


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_spin_is_drawn_once_and_shown_everywhere(store, tmp_path):
    """Twenty raced requests with five ids are five draws: the chances, the prizes and the ticker agree with the store's own receipts."""
    url = tmp_path / "draws.db" if store == "sqlite" else fresh_database()

    async def scene(app, client):
        assert (await client.get("/api/me")).json() == {"chances": {"kind": "today", "n": SPINS}, "prizes": []}
        answers = await asyncio.gather(*(spin(client, f"spin-{n % 5}") for n in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        told = {answer.json()["request_id"]: answer.json() for answer in answers}
        assert [answer.json() for answer in answers] == [told[f"spin-{n % 5}"] for n in range(20)]
        me, winners = (await client.get("/api/me")).json(), (await client.get("/api/winners")).json()
        assert me["chances"] == {"kind": "today", "n": SPINS - 5}
        with DrawEngine.open(url) as engine:
            kept = [receipt.to_dict() for receipt in engine.receipts(CAMPAIGN.id)]
            assert engine.audit(CAMPAIGN.id).ok
        assert len(kept) == 5
        assert {one["request_id"]: one for one in kept} == told
        wins = [one for one in kept if one["prize"]["kind"] != "thank_you"]
        assert me["prizes"] == wins
        assert [(one["prize"], one["at"]) for one in winners] == [(one["prize"]["name"], one["drawn_at"]) for one in wins]

    visit(AsyncDrawEngine.open(url), scene)


async def spin_out(app, client, engine):
    for n in range(SPINS):
        await spin(client, f"before-{n}")


async def go_offline(app, client, engine):
    await engine.take_offline(CAMPAIGN.id)


async def be_blocked(app, client, engine):
    await engine.block("ann")


@pytest.mark.parametrize(
    ("reason", "retry_at", "changes", "moment", "before"),
    [
        ("offline", None, {}, NOON, go_offline),
        ("outside_window", "2020-01-01T00:00:00+08:00", {}, datetime(2019, 1, 1, tzinfo=UTC), None),
        ("blocked", None, {}, NOON, be_blocked),
        ("total_draws", None, {"quota": Quota(total_draws=SPINS)}, NOON, spin_out),
        ("campaign_draws", None, {"quota": Quota(campaign_draws=SPINS)}, NOON, spin_out),
        ("daily_draws", MIDNIGHT, {}, NOON, spin_out),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "",
)
def test_a_refusal_is_told_in_words(reason, retry_at, changes, moment, before):
    """Each reason comes as 409 with its words and the time from which it is worth another try; nothing is drawn."""
    engine = in_memory(moment)

    async def scene(app, client):
        if before:
            await before(app, client, engine)
        answer = await spin(client)
        assert answer.status_code == 409
        assert answer.json() == {"reason": reason, "message": example.WORDS[reason], "retry_at": retry_at}
        assert await engine.receipt(campaign=CAMPAIGN.id, request_id="spin-1") is None

    visit(engine, scene, evolve(CAMPAIGN, **changes))


def test_there_are_words_for_every_refusal():
    """The page never shows a bare code."""
    assert set(example.WORDS) == {reason.value for reason in RefusalReason} - {"request_mismatch"}


def test_an_id_of_somebody_else_is_told_as_such():
    """Who comes with another's request id is told so, learns nothing of that draw, and may forget the id."""
    engine = in_memory()

    async def scene(app, client):
        await spin(client)
        async with visitor(app, "bob") as other:
            answer = await spin(other)
        assert (answer.status_code, answer.json()["reason"]) == (409, "request_mismatch")
        assert "ann" not in answer.text

    visit(engine, scene)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failing_store_leaves_the_spin_to_be_asked_again(when):
    """503 without a reason, as nobody knows whether it was drawn; the same id then gives one draw."""

    async def plain(app, client):
        await spin(client)

    sound = FaultyStore(MemoryStore())
    visit(AsyncDrawEngine(sound, clock=FixedClock(NOON)), plain)
    commit = max(place for place, name in enumerate(sound.log, 1) if name == "commit")
    engine = AsyncDrawEngine(FaultyStore(MemoryStore(), commit, when), clock=FixedClock(NOON))

    async def scene(app, client):
        answer = await spin(client)
        assert (answer.status_code, answer.json()["reason"]) == (503, None)
        assert "still the same spin" in answer.json()["message"]
        assert (await spin(client)).status_code == 200
        assert [receipt.request_id async for receipt in engine.receipts(CAMPAIGN.id)] == ["spin-1"]

    visit(engine, scene)


@pytest.mark.parametrize("request_id", ["", "x" * 201, "a\nb"], ids=["empty", "too long", "with a line break"])
def test_a_request_id_that_cannot_be_right_is_told(request_id):
    """422 with a reason: nothing was drawn."""

    async def scene(app, client):
        answer = await spin(client, request_id)
        assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")

    visit(in_memory(), scene)


def test_the_page_brings_a_cookie_and_keeps_the_one_there_is():
    """Without a cookie no draw; the page sets one that scripts cannot read, and never a second."""

    async def scene(app, client):
        assert "set-cookie" not in (await client.get("/")).headers
        async with visitor(app, "") as stranger:
            assert (await spin(stranger)).status_code == 401
            cookie = (await stranger.get("/")).headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=lax" in cookie
            assert (await spin(stranger)).status_code == 200

    visit(in_memory(), scene)


def test_the_ticker_tells_nobodys_cookie():
    """A cookie is all that it takes to be somebody here, so others see four characters of it (fewer than 20 of 150 win once in 10²⁰)."""
    name, engine = "0123456789abcdef0123456789abcdef", in_memory()

    async def scene(app, client):
        await engine.grant_draws(CAMPAIGN.id, name, 150, request_id="grant")
        for _ in range(150):
            await engine.draw(CAMPAIGN.id, name)
        winners = await client.get("/api/winners")
        assert {one["who"] for one in winners.json()} == {"Guest cdef"}
        assert len(winners.json()) == example.SHOWN
        assert name not in winners.text

    visit(engine, scene)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_voided_prize_is_nobodys(store, tmp_path):
    """Neither "my prizes" nor the ticker shows it any more; the others stay (no win in 100 spins: once in 10³⁰)."""
    engine = AsyncDrawEngine.open(tmp_path / "draws.db" if store == "sqlite" else fresh_database(), clock=FixedClock(NOON))

    async def scene(app, client):
        await engine.grant_draws(CAMPAIGN.id, "ann", 100, request_id="grant")
        wins = [receipt for receipt in await engine.draw_many(CAMPAIGN.id, "ann", 100) if receipt.is_win]
        taken, kept = wins[-1], wins[-2]
        await engine.void(taken.id, request_id="void-1", note="not paid")
        mine = (await client.get("/api/me")).json()["prizes"]
        assert mine[0]["id"] == kept.id
        assert taken.id not in {one["id"] for one in mine}
        for one in wins[:-1]:
            await engine.void(one.id, request_id=f"void {one.id}")
        assert (await client.get("/api/me")).json()["prizes"] == []
        assert (await client.get("/api/winners")).json() == []

    visit(engine, scene)


def test_the_wheel_is_the_campaign_in_force():
    """The wheel has the shown prizes and the thank-you with their odds, as the operator edited them; odds only if disclosed."""
    engine = in_memory()

    async def scene(app, client):
        wheel = (await client.get("/api/wheel")).json()
        assert [prize["id"] for prize in wheel["prizes"]] == [*(prize.id for prize in CAMPAIGN.prizes), "thank-you"]
        assert [prize["odds"] for prize in wheel["prizes"]] == pytest.approx([0.005, 0.03, 0.2, 0.04, 0.075, 0.05, 0.1, 0.5])
        await engine.publish(evolve(CAMPAIGN, title="Another", disclosure=Disclosure(weights=False)))
        wheel = (await client.get("/api/wheel")).json()
        assert wheel["title"] == "Another"
        assert {prize["odds"] for prize in wheel["prizes"]} == {None}

    visit(engine, scene)


COMMANDS = re.findall(r"^(?:PRIZEDRAW_STORE=(\S+) )?\.venv/bin/uvicorn (.+)$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("store", "arguments"), COMMANDS, ids=["sqlite", "postgresql"])
def test_the_commands_of_the_readme_serve_the_wheel(store, arguments, tmp_path):
    """Each command starts a server that draws; all that is changed here is the port, and which PostgreSQL."""
    shutil.copytree(FOLDER, tmp_path / "examples" / "fastapi_app")
    environment = {**os.environ, **({"PRIZEDRAW_STORE": fresh_database()} if store else {})}
    command = [sys.executable, "-m", "uvicorn", *shlex.split(arguments), "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = ""
            for line in server.stderr:
                said += line
                if "startup complete" in said and (found := re.search(r"running on (http://\S+)", said)):
                    break
            else:
                pytest.fail(said)
            with httpx.Client(base_url=found[1], transport=httpx.HTTPTransport(retries=5), timeout=60) as client:
                assert "<title>" in client.get("/").text
                assert client.post("/api/draws", json={"request_id": "spin-1"}).json()["number"] == 1
        finally:
            server.terminate()
            server.stderr.read()
