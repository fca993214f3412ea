"""The tests of the tests: one fault at a time is put into a copy of the package, and the tests named for it must notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import prizedraw

ROOT = Path(__file__).parents[2]
PACKAGE = Path(prizedraw.__file__).parent
PATIENCE = 300
"""Seconds after which tests of a mutant that do not end have noticed it."""

pytestmark = pytest.mark.mutants


class Mutant(NamedTuple):
    """A fault: in a file the one place that reads ``was`` becomes ``now``; ``tests`` (paths under tests/) must fail."""

    file: str
    was: str
    now: str
    tests: tuple[str, ...]


DRAWS, STOCK, CAMPAIGNS = (f"engine/test_engine_{name}.py" for name in ("draws", "stock", "campaigns"))
CONFORMANCE = "storage/test_conformance.py"
TICKETS, LAW, CLOSING = (f"draw/test_draw_{name}.py" for name in ("tickets", "law", "closing"))
CAPS = "proof/test_contention.py::test_pitfall_17_one_participant_in_eight_threads_passes_no_cap"
FORKS = "proof/test_forks.py"
SKEW = "proof/test_skewed_clocks.py"

MUTANTS = {
    "a win cap is off by one": Mutant("draw/closing.py", "state.wins >= rules.most_wins:", "state.wins > rules.most_wins:", (CLOSING,)),
    "a day's win cap is off by one": Mutant(
        "draw/closing.py", "state.day_wins >= rules.most_wins_a_day:", "state.day_wins > rules.most_wins_a_day:", (CAPS,)
    ),
    "a prize cap is off by one": Mutant("draw/closing.py", ">= rules.caps[prize]", "> rules.caps[prize]", (CLOSING,)),
    "points are split": Mutant(
        "draw/closing.py", "state.points + points > rules.most_points", "state.points > rules.most_points", (DRAWS,)
    ),
    "draws of one request do not see each other": Mutant("draw/closing.py", "found[0] + added.get(counter, 0), ", "found[0], ", (CLOSING,)),
    "a store forgets request ids": Mutant("storage/home.py", "if known is not None:", "if known is Ellipsis:", (CONFORMANCE,)),
    "a replay comes after admission": Mutant("flows/drawing.py", "while self.view.entry is None:", "while True:", (DRAWS,)),
    "a version guard is dropped": Mutant("storage/home.py", "[0] != version:", "[0] < 0:", (CONFORMANCE,)),
    "a limit of stock is ignored": Mutant("storage/home.py", "if 0 <= value <= limit:", "if 0 <= value:", (STOCK,)),
    "a win takes no stock": Mutant(
        "draw/decide.py", "added[stock] = added.get(stock, 0) + 1", "added[stock] = added.get(stock, 0)", (DRAWS,)
    ),
    "a tape is not rewound": Mutant("sampling/tape.py", "self.head = 0", "self.head = self.head", (TICKETS,)),
    "a retry takes fresh words": Mutant("flows/drawing.py", "tapes[nth].head = 0", "tapes[nth] = Tape(self.context.entropy)", (TICKETS,)),
    "the day goes back": Mutant(
        "flows/drawing.py",
        "if today.ordinal <= before.day else before.on(today.ordinal)",
        "if today.ordinal == before.day else msgspec.structs.replace(before, day=today.ordinal, day_draws=0, day_wins=0)",
        (SKEW,),
    ),
    "a draw is voided twice": Mutant("flows/operating.py", "if view.docs[mark].version:", "if view.docs[mark].version < 0:", (STOCK,)),
    "the newcomer waits a draw too long": Mutant("draw/rules.py", "state.number + 1 >= self", "state.number >= self", (LAW,)),
    "resets are ignored": Mutant("pity/stages.py", "        if cleared:", "        if cleared is None:", ("pity/test_pity_counters.py",)),
    "a small number has modulo bias": Mutant("sampling/entropy.py", "if word + n <= WORDS:", "if word:", ("sampling/test_entropy.py",)),
    "a large number has modulo bias": Mutant("sampling/entropy.py", "if joined < accepted:", "if joined:", ("sampling/test_entropy.py",)),
    "a fork shares its words": Mutant("sampling/entropy.py", "entropy._words.clear()", "entropy._words.copy()", (FORKS,)),
    "a block everywhere is not heeded": Mutant("draw/state.py", "return self.blocked or self.barred > 0", "return self.blocked", (STOCK,)),
    "a window holds its end": Mutant("draw/rules.py", "<= now < window[1]", "<= now <= window[1]", (DRAWS, CAMPAIGNS)),
    "an expired grant is used": Mutant(
        "draw/state.py",
        "if lot.left and (not lot.expires or lot.expires > now)",
        "if lot.left",
        (DRAWS,),
    ),
    "a later format is read": Mutant("draw/state.py", "if state.format != FORMAT:", "if state.format < FORMAT:", ("proof/test_golden.py",)),
    "the layout of a document changes": Mutant(
        "draw/state.py",
        "    day: int = 0\n    day_draws: int = 0\n",
        "    day_draws: int = 0\n    day: int = 0\n",
        ("proof/test_golden.py",),
    ),
}


def run(package: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run tests against a copy of the package, until the first failure."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *(f"tests/{one}" for one in tests)]
    env = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.fixture
def copy(tmp_path):
    """A copy of the package that is imported in place of the installed one."""
    package = shutil.copytree(PACKAGE, tmp_path / "prizedraw", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", "import prizedraw; print(prizedraw.__file__)"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    found = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found) == package / "__init__.py"
    return package


def test_the_sound_copy_passes(copy):
    """Whatever fails below fails because of its mutant."""
    done = run(copy, tuple(dict.fromkeys(test for mutant in MUTANTS.values() for test in mutant.tests)))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(copy, name):
    """The fault is in the code, the code still loads, and a test fails (or does not end)."""
    mutant = MUTANTS[name]
    file = copy / mutant.file
    text = file.read_text("utf-8")
    assert text.count(mutant.was) == 1, f"{mutant.file} holds {text.count(mutant.was)} times {mutant.was!r}"
    file.write_text(text.replace(mutant.was, mutant.now), "utf-8")
    try:
        done = run(copy, mutant.tests)
    except subprocess.TimeoutExpired:
        return
    assert done.returncode == 1, done.stdout
    assert " failed" in done.stdout
