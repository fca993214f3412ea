"""Progress as people see it: in the output of a notebook's cell and in a terminal; nothing where nobody looks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GALA = """
import sys
from prizedraw import Campaign, simulate
from prizedraw.simulation import progress
gala = Campaign.load("examples/campaigns/spring_gala.toml")
"""
AT_ONCE = "progress.PATIENCE = 0\n"
"""What is done within half a second shows nothing; here it is looked at all the same."""
SIMULATE = "report = simulate(gala, 2_000, 9, runs=3, seed=1{})\n"

STOPPED = """
try:
    with progress.shown(True, 100) as advance:
        advance(50)
        raise KeyboardInterrupt
except KeyboardInterrupt:
    pass
"""


@pytest.fixture(scope="module")
def kernel():
    """Executes code in a Jupyter kernel and gives the messages that a notebook would show."""
    manager = pytest.importorskip("jupyter_client.manager")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        server, client = manager.start_new_kernel(kernel_name="python3", stderr=subprocess.DEVNULL)

    def execute(code: str) -> list[tuple[str, dict]]:
        seen = []
        reply = client.execute_interactive(code, output_hook=lambda one: seen.append((one["msg_type"], one["content"])), timeout=60)
        assert reply["content"]["status"] == "ok"
        return [(kind, content) for kind, content in seen if kind not in {"status", "execute_input"}]

    yield execute
    client.stop_channels()
    server.shutdown_kernel(now=True)


pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the libraries that start a kernel
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def percents(messages) -> list[int]:
    """The figures that stood in the output, one after the other."""
    return [int(re.fullmatch(r"simulating: (\d+) %", content["data"]["text/plain"])[1]) for _, content in messages]


@pytest.mark.parametrize(("code", "progress"), [("", ", progress=True"), (AT_ONCE, "")], ids=["asked for", "by itself"])
def test_a_notebook_has_one_bar_that_is_replaced_in_place(kernel, code, progress) -> None:
    """One output is displayed, all later messages replace it, the last one is complete; nothing is printed."""
    first, *later = kernel(GALA + code + SIMULATE.format(progress))
    assert first[0] == "display_data"
    assert {kind for kind, _ in later} == {"update_display_data"}
    assert {content["transient"]["display_id"] for _, content in later} == {first[1]["transient"]["display_id"]}
    seen = percents([first, *later])
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 100)
    assert '<progress value="54000" max="54000">' in later[-1][1]["data"]["text/html"]


def test_a_bar_in_a_notebook_is_not_spam(kernel) -> None:
    """Of a thousand steps told at once the cell shows hardly more than the first and the last."""
    messages = kernel(GALA + "with progress.shown(True, 1000) as advance:\n    for _ in range(1000):\n        advance(1)\n")
    assert percents(messages)[-1] == 100
    assert len(messages) < 20


def test_a_notebook_shows_nothing_of_what_is_quick_or_not_wanted(kernel) -> None:
    """What takes no time needs no bar; ``False`` never has one."""
    assert kernel(GALA + "progress.PATIENCE = 3600\n" + SIMULATE.format("")) == []
    assert kernel(GALA + AT_ONCE + SIMULATE.format(", progress=False")) == []


def test_a_bar_of_numbers_of_draws_drawn_by_lot_ends_complete(kernel) -> None:
    """The total is told by the mean; whatever was drawn, the end is the end."""
    law = "odds.Distribution(1, [0.5, 0.0, 0.0, 0.5])"
    messages = kernel(GALA + f"from prizedraw import odds\nsimulate(gala, 500, {law}, seed=1, progress=True)\nNone")
    assert percents(messages)[-1] == 100


def test_a_bar_stays_where_it_was_when_interrupted(kernel) -> None:
    """Half of the draws are told, then Ctrl-C: no bar that claims to be complete."""
    assert percents(kernel(GALA + STOPPED)) == [0, 50]


def in_a_terminal(code: str) -> tuple[str, str]:
    """What a program writes to a terminal that is its stderr, and to stdout, which is none."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=slave, env=environment)
    os.close(slave)
    written = b""
    try:
        while piece := os.read(master, 4096):
            written += piece
    except OSError:  # how Linux tells that the terminal is closed
        pass
    finally:
        os.close(master)
    printed = child.communicate(timeout=60)[0]
    assert child.returncode == 0, written.decode()
    return written.decode(), printed.decode()


@pytest.mark.parametrize("rich", [True, False], ids=["rich", "plain"])
def test_a_terminal_has_one_line_that_is_written_over(rich) -> None:
    """On stderr, complete at the end, then the line is left; stdout stays free."""
    without = "" if rich else "import sys\nsys.modules['rich'] = None\n"
    written, printed = in_a_terminal(without + GALA + AT_ONCE + SIMULATE.format(""))
    assert printed == ""
    assert "simulating" in written
    seen = [int(one) for one in re.findall(r"(\d+) ?%", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written))]
    assert (seen, seen[-1]) == (sorted(seen), 100)
    assert written.count("\n") == 1
    assert written.count("\r") > 1


def test_a_terminal_shows_nothing_of_what_is_quick() -> None:
    """Done within the patience: nothing is written at all."""
    assert in_a_terminal(GALA + "progress.PATIENCE = 3600\n" + SIMULATE.format("")) == ("", "")


def test_where_stderr_is_no_terminal_nothing_is_written_unless_asked_for() -> None:
    """In a pipe there is no bar by itself; ``True`` asks for one, without a line for each step."""
    for progress, lines in (("", 0), (", progress=True", 1)):
        code = GALA + AT_ONCE + SIMULATE.format(progress)
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == lines
        assert ("100%" in done.stderr) == bool(lines)
