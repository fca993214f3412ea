"""The commands for operators: migrate, and following a journal."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from postgres_servers import fresh_database
from prizedraw import Campaign, DrawEngine, DrawRefused
from scenery import STOPPABLE

if TYPE_CHECKING:
    from collections.abc import Callable


def test_migrate_creates_a_schema_once(cli, tmp_path) -> None:
    """The first call creates it and says so, the second finds nothing to do; an engine opens the file."""
    first, second = cli("migrate", tmp_path / "d.db"), cli("migrate", tmp_path / "d.db")
    assert (first.code, first.out) == (0, "schema version 1: created\n")
    assert (second.code, second.out) == (0, "schema version 1: nothing to do\n")
    told = cli("migrate", tmp_path / "d.db", "--json").json
    assert (told["store"], told["from"], told["to"]) == (str(tmp_path / "d.db"), 1, 1)
    assert told["durability"].startswith("On disk")
    with DrawEngine.open(tmp_path / "d.db") as engine:
        assert engine.campaigns() == []


@pytest.mark.parametrize(("pragma", "complaint"), [("user_version = 99", "install a newer"), ("application_id = 7", "something else")])
def test_migrate_leaves_what_it_cannot_upgrade(cli, tmp_path, pragma: str, complaint: str) -> None:
    """A schema of a newer version, or a file of something else, is exit 2 and stays as it is."""
    cli("migrate", tmp_path / "d.db")
    with sqlite3.connect(tmp_path / "d.db") as other:
        other.execute(f"PRAGMA {pragma}")
    other.close()
    before = (tmp_path / "d.db").read_bytes()
    done = cli("migrate", tmp_path / "d.db")
    assert done.code == 2
    assert complaint in done.err
    assert (tmp_path / "d.db").read_bytes() == before


@pytest.fixture
def drawn(campaigns, tmp_path) -> Callable[[str], None]:
    """Draw once on the store ``d.db`` by a request of this id."""

    def draw(request_id: str) -> None:
        with DrawEngine.open(tmp_path / "d.db") as engine:
            engine.publish(Campaign.load(campaigns / "quickstart.toml"))
            engine.draw("quickstart", "ann", request_id=request_id)

    return draw


def following(store: Path, *arguments: str) -> subprocess.Popen[str]:
    """A process that follows the journal of ``quickstart``."""
    command = [sys.executable, "-c", STOPPABLE, "journal", "quickstart", "--store", store, "--follow", "--json", *arguments]
    return subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_follow_prints_what_comes_and_ends_on_interrupt(drawn, tmp_path) -> None:
    """Lines come as draws are made; Ctrl-C ends it with exit 130, one line on stderr and whole lines on stdout."""
    drawn("order-1")
    with following(tmp_path / "d.db", "--kind", "draw") as follower:
        assert msgspec.json.decode(follower.stdout.readline())["request_id"] == "order-1"
        for request_id in ("order-2", "order-3"):
            drawn(request_id)
            assert msgspec.json.decode(follower.stdout.readline())["request_id"] == request_id
        follower.send_signal(signal.SIGINT)
        assert follower.wait(30) == 130
        assert follower.stdout.read() == ""
        assert follower.stderr.read() == "prizedraw: interrupted\n"


def test_follow_ends_when_nobody_reads(drawn, tmp_path) -> None:
    """The reader goes away, and the next line ends the process with exit 141 and nothing on stderr."""
    drawn("order-1")
    with following(tmp_path / "d.db", "--kind", "draw") as follower:
        assert follower.stdout.readline()
        follower.stdout.close()
        drawn("order-2")
        assert follower.wait(30) == 141
        assert follower.stderr.read() == ""


def test_journal_goes_on_after_a_cursor(cli, drawn, tmp_path) -> None:
    """``--after`` with the cursor of a line prints what stands behind it, with ``--limit`` the last of that."""
    for n in range(3):
        drawn(f"order-{n}")
    store = ("--store", tmp_path / "d.db", "--json")
    lines = [msgspec.json.decode(line) for line in cli("journal", "quickstart", *store).out.splitlines()]
    rest = cli("journal", "quickstart", *store, "--after", lines[1]["cursor"]).out.splitlines()
    assert [msgspec.json.decode(line) for line in rest] == lines[2:]
    last = cli("journal", "quickstart", *store, "--after", lines[1]["cursor"], "--limit", 1).out.splitlines()
    assert [msgspec.json.decode(line) for line in last] == lines[-1:]
    nothing = cli("journal", "quickstart", *store, "--after", lines[-1]["cursor"], "--limit", 1)
    assert (nothing.code, nothing.out) == (0, "")


def test_a_cursor_that_is_none(cli, drawn, tmp_path) -> None:
    """What cannot be a cursor is wrong usage."""
    drawn("order-1")
    done = cli("journal", "quickstart", "--store", tmp_path / "d.db", "--after", "yesterday")
    assert done.code == 2
    assert "'yesterday' is not a cursor" in done.err


def test_export_and_import_move_a_namespace(cli, drawn, tmp_path) -> None:
    """What one store exports another imports, audits it, and prints the same journal; the campaigns come offline if asked."""
    for n in range(3):
        drawn(f"order-{n}")
    done = cli("export", "--store", tmp_path / "d.db", "--take-offline")
    assert done.code == 0
    (tmp_path / "dump.jsonl").write_text(done.out, "utf-8")
    first = cli("import", tmp_path / "dump.jsonl", "--store", tmp_path / "e.db")
    assert (first.code, first.out.splitlines()[0]) == (0, "imported: 1 campaigns, 5 documents, 7 journal entries")
    assert "audit: clean; 3 draws recounted" in first.out
    again = cli("import", tmp_path / "dump.jsonl", "--store", tmp_path / "e.db")
    assert again.code == 2
    assert "this file was imported in it already" in again.err
    told = cli("import", tmp_path / "dump.jsonl", "--store", tmp_path / "e.db", "--namespace", "two", "--json").json
    assert (told["campaigns"], told["entries"]) == (1, 7)
    assert told["audits"] == [{"campaign": "quickstart", "ok": True, "entries": 6, "draws": 3, "differences": []}]
    journals = [cli("journal", "quickstart", "--store", tmp_path / name).out for name in ("d.db", "e.db")]
    assert journals[0] == journals[1]
    assert cli("draw", *_quickstart(), "--store", tmp_path / "e.db").code == 1


def test_a_move_from_sqlite_to_postgresql_loses_no_draw(cli, campaigns, tmp_path) -> None:
    """While four threads draw, the file is exported and imported by the commands: each draw that was answered is there as it was told.

    Who is refused because the campaign is offline goes on in the new place, by the same request id, and gets one draw.
    """
    there, told, refused, begun = fresh_database(), {}, [], threading.Barrier(5)

    def crowd(name: int) -> None:
        with DrawEngine.open(tmp_path / "d.db") as engine:
            begun.wait()
            for n in range(100_000):
                request = (f"guest-{name}-{n}", f"visit-{name}-{n}")
                try:
                    told[request] = engine.draw("quickstart", request[0], request_id=request[1])
                except DrawRefused as refusal:
                    refused.append((request, refusal.reason))
                    return

    with DrawEngine.open(tmp_path / "d.db") as engine:
        engine.publish(Campaign.load(campaigns / "quickstart.toml"))
    crew = [threading.Thread(target=crowd, args=(name,)) for name in range(4)]
    for thread in crew:
        thread.start()
    begun.wait()
    while len(told) < 100:
        time.sleep(0.01)
    exported = cli("export", "--store", tmp_path / "d.db", "--take-offline")
    for thread in crew:
        thread.join()
    assert exported.code == 0
    (tmp_path / "dump.jsonl").write_text(exported.out, "utf-8")
    assert cli("import", tmp_path / "dump.jsonl", "--store", there).code == 0
    audits = [cli("audit", "quickstart", "--store", store, "--json").json for store in (tmp_path / "d.db", there)]
    assert (audits[0]["ok"], audits[0]["draws"]) == (True, len(told))
    assert {**audits[1], "entries": 0} == {**audits[0], "entries": 0}
    with DrawEngine.open(there) as engine:
        engine.bring_online("quickstart")
        assert {(one.participant, one.request_id): one for one in engine.receipts("quickstart")} == told
        assert all(engine.draw("quickstart", who, request_id=id_) == told[who, id_] for who, id_ in [*told][::10])
        assert [reason for _, reason in refused] == ["offline"] * 4
        assert all(engine.draw("quickstart", who, request_id=id_).number == 1 for (who, id_), _ in refused)
        assert engine.audit("quickstart").draws == len(told) + 4


def _quickstart() -> tuple[Path, str]:
    return Path(__file__).parents[2] / "examples" / "campaigns" / "quickstart.toml", "ann"


def test_every_command_on_a_store_takes_a_namespace(cli, campaigns, tmp_path) -> None:
    """Two namespaces of one store are two worlds to all of them: what is done in one is not seen in the other."""
    here = ("--store", tmp_path / "d.db", "--namespace", "shop")
    other = ("--store", tmp_path / "d.db")
    file = campaigns / "quickstart.toml"
    assert cli("draw", file, "ann", *here).code == 0
    assert cli("run", file, *here, "--participants", 2, "--draws", 1, "--json").json["draws"] == 2
    assert cli("audit", "quickstart", *here, "--json").json["draws"] == 3
    assert len(cli("journal", "quickstart", *here, "--kind", "draw").out.splitlines()) == 3
    assert cli("erase", "ann", *here).code == 0
    before = ("--before", "2099-01-01T00:00:00Z", "--force")
    assert cli("archive", "quickstart", tmp_path / "old.jsonl", *here, *before, "--json").json["draws"] == 3
    assert cli("prune", "quickstart", *here, *before).code == 0
    assert cli("export", *here).out.count("quickstart") > 0
    for command in (("audit", "quickstart"), ("journal", "quickstart"), ("prune", "quickstart", *before)):
        done = cli(*command, *other)
        assert (done.code, "no campaign" in done.err) == (2, True)
    assert cli("draw", file, "ann", *other, "--json").json["receipts"][0]["number"] == 1
    assert cli("audit", "quickstart", "--store", tmp_path / "d.db", "--namespace", "a b").code == 2


def test_import_of_what_is_no_export(cli, tmp_path) -> None:
    """A file that is not there, or is something else, is exit 2 and one line."""
    (tmp_path / "notes.md").write_text("# notes\n", "utf-8")
    for name, complaint in (("gone.jsonl", "cannot be read"), ("notes.md", "does not begin an export")):
        done = cli("import", tmp_path / name, "--store", tmp_path / "e.db")
        assert done.code == 2
        assert len(done.err.splitlines()) == 1
        assert complaint in done.err


def test_archive_and_prune_drop_the_old_and_leave_a_clean_audit(cli, drawn, tmp_path) -> None:
    """What is archived is in the file; the journal holds a checkpoint, which can be asked for; pruning again finds nothing."""
    for n in range(3):
        drawn(f"order-{n}")
    rest = ("--store", tmp_path / "d.db", "--before", "2099-01-01T00:00:00Z")
    refused = cli("archive", "quickstart", tmp_path / "old.jsonl", *rest)
    assert refused.code == 2
    assert "less than a day ago" in refused.err
    done = cli("archive", "quickstart", tmp_path / "old.jsonl", *rest, "--force")
    assert (done.code, done.out) == (0, "quickstart: 4 entries with 3 draws dropped, all before 2099-01-01T00:00:00+00:00\n")
    lines = [msgspec.json.decode(line) for line in (tmp_path / "old.jsonl").read_bytes().splitlines()]
    assert [line.get("request_id") for line in lines[1:]] == ["order-0", "order-1", "order-2", None]
    told = cli("prune", "quickstart", *rest, "--force", "--json").json
    assert told == {"campaign": "quickstart", "entries": 0, "draws": 0, "before": "2099-01-01T00:00:00Z"}
    assert cli("audit", "quickstart", "--store", tmp_path / "d.db").code == 0
    (line,) = cli("journal", "quickstart", "--store", tmp_path / "d.db", "--kind", "checkpoint").out.splitlines()
    assert "entries=4" in line
    assert "by prizedraw archive" in line


@pytest.mark.parametrize("before", ["yesterday", "2026-01-01", "2026-01-01T00:00:00"])
def test_a_time_without_its_offset_is_wrong_usage(cli, drawn, tmp_path, before: str) -> None:
    """A time must say when it is everywhere."""
    drawn("order-1")
    assert cli("prune", "quickstart", "--store", tmp_path / "d.db", "--before", before).code == 2


def test_erase_takes_an_id_out_of_a_store(cli, drawn, tmp_path) -> None:
    """The pseudonym is told; an id that callers put into request ids is exit 1, and named."""
    drawn("order-1")
    told = cli("erase", "ann", "--store", tmp_path / "d.db", "--json")
    assert told.code == 0
    assert told.json == {"pseudonym": told.json["pseudonym"], "campaigns": ["quickstart"], "entries": 1, "remaining": []}
    assert f"  {told.json['pseudonym']}  order-1" in cli("journal", "quickstart", "--store", tmp_path / "d.db").out
    drawn("ann-2")
    done = cli("erase", "ann", "--store", tmp_path / "d.db")
    assert done.code == 1
    assert "can still be read in 1 request ids: ann-2" in done.out
    assert cli("audit", "quickstart", "--store", tmp_path / "d.db").code == 0
