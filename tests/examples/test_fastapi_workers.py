"""The FastAPI example under uvicorn with several workers, on one file and on one server: they share the store and nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from fastapi_site import CAMPAIGN, FOLDER
from ports import free_port
from postgres_servers import fresh_database
from prizedraw import DrawEngine
from prizedraw.testing.replaying import replay

WORKERS = 2
WAIT = 60.0

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")


def children(pid):
    """The worker processes of a uvicorn: its children that serve."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return sorted(found)


@contextmanager
def uvicorn(store):
    """The example under uvicorn with its workers, started as the page on web workers says."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--workers", str(WORKERS), "--port", str(port), "--log-level", "warning"]
    environment = {**os.environ, "PRIZEDRAW_STORE": str(store)}
    with subprocess.Popen(command, cwd=FOLDER, env=environment) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                until(lambda: answers(client) and len(children(server.pid)) == WORKERS)
            yield server.pid, f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(WAIT)


def until(true):
    """Look again until it is true."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def answers(client):
    try:
        return client.get("/api/wheel").status_code == 200
    except httpx.TransportError:
        return False


def insist(base, who, request_id):
    """Ask with one request id until there is an answer, on a new connection each time, so by any of the workers."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        try:
            answer = httpx.post(f"{base}/api/draws", json={"request_id": request_id}, cookies={"participant": who}, timeout=30)
        except httpx.TransportError:
            continue
        if answer.status_code in {200, 409}:
            return answer.status_code, answer.json()
    raise AssertionError("no answer")


def test_the_page_on_web_workers_starts_uvicorn_so():
    """The command of the docs has this form."""
    page = (FOLDER.parents[1] / "docs" / "recipes" / "web-workers.md").read_text("utf-8")
    assert re.search(r"^uvicorn app:app --workers \d+$", page, re.MULTILINE)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_workers_share_caps_and_request_ids_and_one_may_be_killed(store, tmp_path):
    """Each of 40 requests is asked by three callers at once, while a worker is killed: one draw each, the cap holds, all adds up."""
    where = tmp_path / "draws.db" if store == "sqlite" else fresh_database()
    cap = CAMPAIGN.quota.daily_draws
    asked = [(f"guest-{n % 5}", f"spin-{n}") for n in range(40)]
    with uvicorn(where) as (master, base), ThreadPoolExecutor(12) as callers:
        before = children(master)
        answers_ = [callers.submit(insist, base, *one) for one in asked[:20] for _ in range(3)]
        os.kill(before[0], signal.SIGKILL)
        answers_ += [callers.submit(insist, base, *one) for one in asked[20:] for _ in range(3)]
        told = [one.result() for one in answers_]
        until(lambda: len(children(master)) == WORKERS and children(master) != before)  # uvicorn has started another
    with DrawEngine.open(where) as engine:
        drawn = {receipt.request_id: receipt.id for receipt in engine.receipts(CAMPAIGN.id)}
        assert Counter(status for status, _ in told)[200] == 3 * len(drawn)
        assert {body["id"] for status, body in told if status == 200} == set(drawn.values())
        assert {body["reason"] for status, body in told if status == 409} == {"daily_draws"}
        assert Counter(receipt.participant for receipt in engine.receipts(CAMPAIGN.id)) == {f"guest-{n}": cap for n in range(5)}
        assert engine.audit(CAMPAIGN.id).ok
        assert replay(engine.store, CAMPAIGN.id).problems == []
