"""The program itself: help, versions, exit codes, one clear line for bad input, and life without rich."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import prizedraw

PROGRAM = Path(sys.executable).with_name("prizedraw")
COMMANDS = ("check", "odds", "simulate", "run", "draw", "audit", "journal", "migrate", "export", "import", "archive", "prune", "erase")


def run(*command: object) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=60)


def test_the_console_script_and_the_module_are_one_program() -> None:
    """``prizedraw`` and ``python -m prizedraw`` say the same version, and help by the same name."""
    assert run(PROGRAM, "--version").stdout == f"prizedraw {prizedraw.__version__}\n"
    assert run(sys.executable, "-m", "prizedraw", "--version").stdout == f"prizedraw {prizedraw.__version__}\n"
    assert run(sys.executable, "-m", "prizedraw", "--help").stdout == run(PROGRAM, "--help").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_the_json_keys(cli, command) -> None:
    """Every command explains itself, shows how it is called and which keys its JSON has."""
    done = cli(command, "--help")
    assert done.code == 0
    assert f"example:\n  prizedraw {command} " in done.out
    assert "JSON: " in done.out


def test_the_programs_help_lists_every_command(cli) -> None:
    """Each command stands with a word on what it does."""
    out = cli("--help").out
    assert [command for command in COMMANDS if f"\n    {command} " not in out] == []


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("gone.toml", None, "there is no file"),
        ("broken.toml", "format = ", "is not TOML"),
        ("empty.toml", "", "is missing; it is required (in "),
        ("typo.toml", 'format = 1\nid = "a"\ntitel = "A"\n', "titel"),
        ("notes.md", "# no campaign", "neither a .toml nor a .json file"),
        ("latin.toml", b"id = '\xff'", "is not UTF-8"),
    ],
)
@pytest.mark.parametrize("command", ["check", "odds"])
def test_a_bad_file_is_one_line_and_exit_2(cli, tmp_path, command, name, text, complaint) -> None:
    """Whatever is wrong with a file is said in one line on stderr, with no traceback."""
    if text is not None:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    done = cli(command, tmp_path / name)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert complaint in done.err


@pytest.mark.parametrize(
    ("store", "complaint"),
    [
        ("mongodb://localhost", "is unknown"),
        ("ftp://x", "unknown"),
        ("", "is not a store"),
        ("no/such/folder/d.db", "does not exist"),
        ("past.toml", "not a database"),
    ],
)
def test_a_bad_store_is_one_line_and_exit_2(cli, past, monkeypatch, store, complaint) -> None:
    """A store that cannot be had stops ``draw`` and ``run`` before anything is drawn."""
    monkeypatch.chdir(past.parent)
    for command in (("draw", past, "ann"), ("run", past, "--participants", 1, "--draws", 1, "--json")):
        done = cli(*command, "--store", store)
        assert (done.code, done.out) == (2, "")
        assert complaint in done.err.splitlines()[-1]
        assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["draw", "FILE", "", "--store", ":memory:"], "participant"),
        (["draw", "FILE", "ann", "--store", ":memory:", "-n", "101"], "1 to 100"),
        (["draw", "FILE", "ann", "--store", ":memory:", "--request-id", "a\nb"], "control character"),
        (["audit", "nothing", "--store", ":memory:"], "no campaign 'nothing'"),
        (["journal", "nothing", "--store", ":memory:"], "no campaign 'nothing'"),
        (["check", "FILE", "--participants", "5"], "draws_each"),
    ],
    ids=["empty participant", "too many draws", "control character", "audit of nothing", "journal of nothing", "half a crowd"],
)
def test_a_bad_request_is_one_line_and_exit_2(cli, campaigns, arguments, complaint) -> None:
    """What the engine refuses to take is told as it says it."""
    done = cli(*[campaigns / "quickstart.toml" if one == "FILE" else one for one in arguments])
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert complaint in done.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "COMMAND"),
        (["shuffle"], "shuffle"),
        (["run", "a.toml", "--participants", "1", "--draws", "1"], "--store"),
        (["run", "a.toml", "--store", "x", "--participants", "0", "--draws", "1"], "'0' must be a positive integer"),
        (["run", "a.toml", "--store", "x", "--participants", "1", "--draws", "many"], "'many' must be a positive integer"),
        (["simulate", "a.toml", "--participants", "1", "--draws", "1"], "--seed"),
        (["check", "a.toml", "--now", "2027-01-01T00:00:00"], "has no offset"),
        (["check", "a.toml", "--now", "soon"], "is not a time"),
        (["journal", "a", "--store", "x", "--kind", "rumour"], "rumour"),
    ],
)
def test_wrong_usage_is_exit_2(cli, arguments, complaint) -> None:
    """What cannot be understood is said with the usage, and nothing is opened."""
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err


@pytest.fixture
def without_rich(monkeypatch) -> None:
    """As if rich were not installed: importing it fails."""
    monkeypatch.setitem(sys.modules, "rich", None)


@pytest.mark.usefixtures("without_rich")
def test_without_rich_the_extra_is_named(cli, past, tmp_path) -> None:
    """Tables need rich; the message says how to get it, before anything was drawn."""
    for command in (("odds", past), ("run", past, "--store", tmp_path / "d.db", "--participants", 1, "--draws", 1)):
        done = cli(*command)
        assert (done.code, done.out) == (2, "")
        assert 'pip install "prizedraw[cli]"' in done.err.splitlines()[-1]
    assert not (tmp_path / "d.db").exists()


@pytest.mark.usefixtures("without_rich")
def test_without_rich_json_works(cli, past, tmp_path) -> None:
    """JSON needs nothing that is optional."""
    store = ("--store", tmp_path / "d.db")
    assert cli("run", past, *store, "--participants", 2, "--draws", 1, "--json").json["draws"] == 2
    assert cli("odds", past, "--json").json["campaign"] == "quickstart"
    assert cli("check", past, "--participants", 9, "--draws", 9, "--json").code == 0
    assert cli("audit", "quickstart", *store, "--json").json["ok"]


def test_a_closed_pipe_is_no_error(past, tmp_path) -> None:
    """A reader that has seen enough, as ``head``, ends the command without a word."""
    run(PROGRAM, "run", past, "--store", tmp_path / "d.db", "--participants", 3000, "--draws", 1, "--json")
    command = [PROGRAM, "journal", "quickstart", "--store", tmp_path / "d.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert "publish" in child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == ""
    assert child.returncode == 141


def test_names_that_look_like_markup_are_printed_as_they_are(cli, past) -> None:
    """A prize called [bold] is called [bold]."""
    past.write_text(past.read_text("utf-8").replace('"Phone"', '"[bold] :tada:"'), "utf-8")
    assert "[bold] :tada:" in cli("odds", past).out
