"""``.ci/run`` runs the README's own test command, and says so when it cannot."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARKED = re.compile(r"^<!-- test command -->\n+```sh\n(?P<command>.*?)\n```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the script is written for bash")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory that holds only .ci/run, as a checkout would."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    return tmp_path


def program(folder: Path, name: str, script: str) -> Path:
    """Write a shell script into a folder, and give the folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return folder


def ci(checkout: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run .ci/run of a checkout with a bare environment, from another directory; as if a Chromium were there."""
    there = program(checkout / "there", "chromium", "exit 9")
    environment = {"PATH": os.pathsep.join([path, os.environ["PATH"], str(there)]), "CI": "true"}
    return subprocess.run([checkout / ".ci" / "run"], env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=60)


def readme(checkout: Path, command: str) -> None:
    """Write a README whose test command is this one."""
    (checkout / "README.md").write_text(
        f"# x\n\n```sh\nexit 9\n```\n\n<!-- test command -->\n```sh\n{command}\n```\n\n```sh\nexit 8\n```\n"
    )


def test_the_readme_states_one_test_command_that_ends_with_the_tests() -> None:
    """The README marks exactly one block; from a fresh environment it runs lint, typing and, last, tests."""
    (command,) = MARKED.findall((ROOT / "README.md").read_text("utf-8"))
    assert command.startswith("python3 -m venv .venv && ")
    assert command.endswith("nox -s lint typing tests")


def test_it_runs_the_marked_block_and_no_other(checkout: Path) -> None:
    """What runs is the block under the mark, in the root of the checkout, with nothing on standard input."""
    readme(checkout, "pwd && cat && echo done")
    done = ci(checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["+ pwd && cat && echo done", str(checkout), "done"]


def test_it_runs_the_real_readme_command(checkout: Path) -> None:
    """With a python3 that only repeats its arguments, the command of the real README is what is started."""
    shutil.copy(ROOT / "README.md", checkout)
    programs = checkout / "bin"
    programs.mkdir()
    (programs / "python3").write_text('#!/bin/sh\n[ "$1" = -c ] || { echo "python3 $*"; exit 7; }\n')
    (programs / "python3").chmod(0o755)
    done = ci(checkout, str(programs))
    (command,) = MARKED.findall((ROOT / "README.md").read_text("utf-8"))
    assert done.stdout.splitlines() == [f"+ {command}", "python3 -m venv .venv"]
    assert done.returncode == 7


def test_it_fails_when_the_command_fails(checkout: Path) -> None:
    """The exit code of the command is the exit code of .ci/run."""
    readme(checkout, "echo before && exit 3")
    assert ci(checkout).returncode == 3


def test_it_fails_when_a_pipe_fails(checkout: Path) -> None:
    """A failure inside a pipeline is not lost."""
    readme(checkout, "false | cat")
    assert ci(checkout).returncode != 0


def test_it_says_when_the_readme_has_no_test_command(checkout: Path) -> None:
    """Without a marked block nothing passes by accident."""
    (checkout / "README.md").write_text("# x\n")
    done = ci(checkout)
    assert done.returncode == 1
    assert "no block marked" in done.stderr


def test_it_says_when_python3_is_too_old(checkout: Path) -> None:
    """An old python3 is named together with the remedy."""
    readme(checkout, "echo not reached")
    (checkout / "python3").write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.10.13" || exit 1\n')
    (checkout / "python3").chmod(0o755)
    done = ci(checkout, str(checkout))
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and python3 is Python 3.10.13" in done.stderr
    assert "not reached" not in done.stdout


@pytest.mark.parametrize(
    ("variables", "user", "asked"),
    [
        ({"CI": "true"}, 0, ["update", "install -y --no-install-recommends chromium"]),
        ({}, 0, []),
        ({"CI": "true"}, 1000, []),
    ],
    ids=["in CI as root", "elsewhere", "as somebody else"],
)
def test_it_installs_chromium_where_it_may(checkout: Path, variables: dict[str, str], user: int, asked: list[str]) -> None:
    """Debian's package is installed by root, with CI set, where it is missing; that it fails does not keep the tests from running."""
    readme(checkout, "echo tests")
    bare = checkout / "bare"
    program(bare, "apt-get", f'echo "$*" >> {checkout}/asked; [ "$1" = update ]')
    program(bare, "id", f"echo {user}")
    for name in ("bash", "awk", "dirname", "python3"):
        (bare / name).symlink_to(shutil.which(name) or name)
    environment = {"PATH": str(bare), **variables}
    done = subprocess.run(
        [bare / "bash", checkout / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    log = checkout / "asked"
    assert (log.read_text().splitlines() if log.exists() else []) == asked
    assert done.stdout.splitlines() == ["+ echo tests", "tests"]
