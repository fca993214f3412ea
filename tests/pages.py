"""Reads the fenced blocks of a Markdown page and runs them in order, as a reader would: ``python pages.py PAGE``.

- ``python``: executed; all blocks of a page share one namespace. ``python NAME.py`` writes that file instead, for what follows.
  ``python noexec: REASON`` is shown, not run.
- ``toml``: one that starts with ``format = 1`` must load as a campaign. ``toml NAME`` writes that file, too.
- ``console``: each ``$ prizedraw …`` or ``$ pytest …`` line is run and must exit with 0, or with N when the line ends in ``# exits N``.

Everything happens in the current directory; blocks in other languages are only shown.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)")
MODULE = re.compile(r"\w+\.py")
NOEXEC = re.compile(r"noexec: \S+ \S+ .+")
EXITS = re.compile(r"#\s*exits (\d+)\s*$")


class Block(NamedTuple):
    """One fenced block: its language, what stands after the language, its first line (from 1) and its text."""

    language: str
    options: str
    line: int
    text: str


def blocks(markdown: str) -> list[Block]:
    """The fenced blocks of a page; directives such as ```{toctree} have the directive as their language."""
    found: list[Block] = []
    opening: re.Match[str] | None = None
    inside: list[str] = []
    start = 0
    for number, line in enumerate(markdown.splitlines(), 1):
        if opening is None:
            if opening := FENCE.fullmatch(line):
                inside, start = [], number + 1
        elif line.strip() == opening["ticks"]:
            language, _, options = opening["info"].strip().partition(" ")
            found.append(Block(language, options.strip(), start, "".join(f"{text}\n" for text in inside)))
            opening = None
        else:
            inside.append(line.removeprefix(opening["indent"]))
    if opening is not None:
        raise SyntaxError(f"the block that opens on line {start - 1} is never closed")
    return found


def faults(block: Block) -> str | None:
    """What is wrong with the way a block is marked, or None."""
    if block.language == "python" and block.options and not (MODULE.fullmatch(block.options) or NOEXEC.fullmatch(block.options)):
        return f"line {block.line - 1}: a python block runs, or says why not in three words: ```python noexec: REASON"
    return None


def commands(block: Block) -> list[tuple[list[str], int]]:
    """The ``$ prizedraw …`` and ``$ pytest …`` lines of a console block, each with the exit code it must have."""
    lines = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith(("$ prizedraw ", "$ pytest "))]
    return [(shlex.split(line, comments=True), int(code[1]) if (code := EXITS.search(line)) else 0) for line in lines]


def run_command(command: list[str], expected: int) -> None:
    """Run a program that is installed beside this interpreter."""
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], stdin=subprocess.DEVNULL, check=False, timeout=100)
    if done.returncode != expected:
        raise SystemExit(f"{shlex.join(command)} exited with {done.returncode}, not {expected}")


def run(page: Path) -> None:
    """Run the blocks of a page; the first one that fails ends it, with line numbers of the page."""
    Path("pytest.ini").write_text("[pytest]\n", "utf-8")  # a project of its own, wherever the folder is
    module = ModuleType("page")
    sys.modules["page"] = module
    for block in blocks(page.read_text("utf-8")):
        if problem := faults(block):
            raise SystemExit(f"{page}: {problem}")
        match block.language:
            case "python" if not block.options:
                exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), module.__dict__)
            case "python" if MODULE.fullmatch(block.options):
                Path(block.options).write_text(block.text, "utf-8")
            case "toml":
                if block.options:
                    Path(block.options).write_text(block.text, "utf-8")
                if block.text.startswith("format = 1"):
                    from prizedraw import Campaign  # noqa: PLC0415 - a page without campaigns needs none

                    Campaign.loads(block.text)
            case "console":
                for command, expected in commands(block):
                    run_command(command, expected)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
