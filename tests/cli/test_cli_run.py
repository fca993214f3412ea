"""``prizedraw run``: a campaign played through the real engine, resumable, ending in a table and a verdict."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from prizedraw import DrawEngine
from prizedraw.flows.keys import campaign_home
from prizedraw.storage.protocol import Commit
from scenery import STOPPABLE

if TYPE_CHECKING:
    from pathlib import Path

TIMELESS = ("seconds", "draws_per_second", "replayed")


def without_times(told: dict) -> dict:
    """What two plays of the same game must agree on."""
    return {key: value for key, value in told.items() if key not in TIMELESS}


def test_the_published_game_ends_with_a_table_and_a_clean_audit(cli, campaigns, tmp_path) -> None:
    """The main job: a file in, every prize with its stock and published odds out, and the audit's verdict."""
    done = cli("run", campaigns / "game_of_life.toml", "--store", tmp_path / "d.db", "--participants", 600, "--draws", 2, "--seed", 1)
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0].split() == ["prize", "allocated", "issued", "remaining", "share", "odds"]
    assert next(line for line in lines if line.startswith("Luxury car")).split()[-1] == "11,000,000:1"
    assert next(line for line in lines if line.startswith("any prize")).split()[-1] == "9.1:1"
    assert any(line.startswith("1,200 draws by 600 participants, ") and line.endswith(" draws/s") for line in lines)
    assert lines[-1] == "audit: clean; 1,200 draws recounted from 1,201 lines of the journal"
    assert "1,200 of 1,200" in done.err  # the progress bar


def test_the_numbers_add_up(cli, past, tmp_path) -> None:
    """Allocated is issued and remaining, wins are what was issued, shares are of the draws; the store says the same."""
    store = tmp_path / "d.db"
    told = cli("run", past, "--store", store, "--participants", 300, "--draws", 3, "--json").json
    assert (told["requests"], told["draws"], told["replayed"]) == (900, 900, 0)
    assert all(prize["allocated"] == prize["issued"] + prize["remaining"] for prize in told["prizes"])
    assert told["wins"] == told["any_prize"]["issued"] == sum(prize["issued"] for prize in told["prizes"])
    assert [prize["share"] for prize in told["prizes"]] == [prize["issued"] / 900 for prize in told["prizes"]]
    assert told["win_rate"] == told["wins"] / 900
    assert told["audit"] == {"ok": True, "entries": 901, "draws": 900, "differences": []}
    with DrawEngine.open(store) as engine:
        assert sum(receipt.is_win for receipt in engine.receipts("quickstart")) == told["wins"]


def test_participants_draw_in_rounds(cli, past, tmp_path) -> None:
    """Everyone draws once before anyone draws twice."""
    cli("run", past, "--store", tmp_path / "d.db", "--participants", 3, "--draws", 2)
    with DrawEngine.open(tmp_path / "d.db") as engine:
        order = [(receipt.participant, receipt.number) for receipt in engine.receipts("quickstart", newest_first=False)]
    assert order == [(f"p-000000{k}", number) for number in (1, 2) for k in (1, 2, 3)]


def test_outside_the_windows_it_says_so_and_plays_at_the_first_start(cli, past, tmp_path) -> None:
    """A campaign that is over is played as if it had just begun, and stderr says it."""
    done = cli("run", past, "--store", tmp_path / "d.db", "--participants", 1, "--draws", 1, "--json")
    assert "playing at 2001-01-01T00:00:00+08:00 on a simulated clock" in done.err
    assert done.json["simulated_at"] == "2001-01-01T00:00:00+08:00"
    with DrawEngine.open(tmp_path / "d.db") as engine:
        (receipt,) = engine.receipts("quickstart")
    assert receipt.drawn_at.isoformat() == "2000-12-31T16:00:00+00:00"


def test_inside_a_window_the_clock_is_the_real_one(cli, campaigns, tmp_path) -> None:
    """A campaign that runs is played now."""
    done = cli("run", campaigns / "quickstart.toml", "--store", tmp_path / "d.db", "--participants", 1, "--draws", 1, "--json")
    assert "simulated" not in done.err
    assert done.json["simulated_at"] is None


def test_refusals_are_counted_and_no_error(cli, past, tmp_path) -> None:
    """Of five draws a day three are allowed: two fifths are refused, the exit code is 0."""
    store = ("--store", tmp_path / "d.db", "--participants", 40, "--draws", 5)
    told = cli("run", past, *store, "--json")
    assert (told.code, told.json["draws"], told.json["refused"]) == (0, 120, {"daily_draws": 80})
    assert "80 requests refused: daily_draws 80" in cli("run", past, *store).out


def test_the_same_command_replays_and_ends_with_the_same_table(cli, past, tmp_path) -> None:
    """A second time nothing is drawn: every receipt comes from the journal, and the numbers are the same."""
    command = ("run", past, "--store", tmp_path / "d.db", "--participants", 50, "--draws", 2)
    first, second = cli(*command, "--json").json, cli(*command, "--json").json
    assert (first["replayed"], second["replayed"]) == (0, 100)
    assert without_times(first) == without_times(second)
    assert "100 draws had been made before and were replayed" in cli(*command).out


def test_another_seed_is_another_game_on_the_same_store(cli, past, tmp_path) -> None:
    """Request ids follow from the seed, so a game with another one draws on, and the table is of all draws."""
    command = ("run", past, "--store", tmp_path / "d.db", "--participants", 20, "--draws", 1)
    cli(*command, "--seed", 1)
    done = cli(*command, "--seed", 2)
    assert "the table is of all 40 draws of 'quickstart' in the store" in done.out


def test_a_seed_gives_the_same_game_on_any_store(cli, past, tmp_path) -> None:
    """SQLite and memory agree draw by draw where the seed is the same, and another seed differs."""
    crowd = ("--participants", 400, "--draws", 2, "--json")
    on_file = cli("run", past, "--store", tmp_path / "d.db", *crowd, "--seed", "spring").json
    in_memory = cli("run", past, "--store", ":memory:", *crowd, "--seed", "spring").json
    other = cli("run", past, "--store", ":memory:", *crowd, "--seed", "autumn").json
    assert without_times(on_file) == without_times(in_memory)
    assert other["prizes"] != in_memory["prizes"]


def test_a_failed_audit_is_exit_1(cli, past, tmp_path) -> None:
    """A counter that was changed behind the journal's back is named, by ``run`` and by ``audit``."""
    store = tmp_path / "d.db"
    command = ("run", past, "--store", store, "--participants", 5, "--draws", 1)
    cli(*command)
    with DrawEngine.open(store) as engine:
        engine.store.commit(campaign_home("default", "quickstart"), [Commit({}, add={"stock/coupon": 1})])
    for done in (cli(*command), cli("audit", "quickstart", "--store", store)):
        assert done.code == 1
        assert "audit: FAILED, 1 difference" in done.out
        assert "stock/coupon" in done.out
    assert cli("audit", "quickstart", "--store", store, "--json").json["ok"] is False


def test_what_may_not_be_published_is_bad_input(cli, past, tmp_path) -> None:
    """A file with the title of another campaign stops the run before the first draw."""
    store = ("--store", tmp_path / "d.db", "--participants", 1, "--draws", 1)
    cli("run", past, *store)
    past.write_text(past.read_text("utf-8").replace('"quickstart"', '"another"'), "utf-8")
    done = cli("run", past, *store)
    assert done.code == 2
    assert "'Lucky wheel'" in done.err.splitlines()[-1]
    with DrawEngine.open(tmp_path / "d.db") as engine:
        assert engine.campaigns() == ["quickstart"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is sent otherwise there")
def test_an_interrupted_run_goes_on_with_the_same_command(cli, past, tmp_path) -> None:
    """Ctrl-C ends with 130 and a word of what is kept; the command again completes the game, and no draw is other than without it."""
    store = tmp_path / "d.db"
    crowd = ("--participants", "8000", "--draws", "2", "--seed", "9", "--json")
    command = [sys.executable, "-c", STOPPABLE, "run", past, "--store", store, *crowd]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        _wait_for_a_draw(store)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "")
    assert "of 16,000 requests; they are kept in" in err
    assert "Traceback" not in err
    resumed = msgspec.json.decode(subprocess.run(command, capture_output=True, check=True, timeout=100).stdout)
    assert 0 < resumed["replayed"] < resumed["draws"] == resumed["audit"]["draws"] == 16_000
    assert without_times(resumed) == without_times(cli("run", past, "--store", ":memory:", *crowd).json)


def _wait_for_a_draw(store: Path) -> None:
    """Return when the first draws are committed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.02)
        if store.exists():
            with DrawEngine.open(store) as engine:
                if engine.campaigns() and next(engine.receipts("quickstart"), None):
                    return
    pytest.fail("the run drew nothing within a minute")
