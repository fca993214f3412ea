"""The program: its arguments, and how what happens becomes an exit code. What each command does is in the module of its name."""

from __future__ import annotations

import argparse
import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

import prizedraw
from prizedraw.cli import archive, audit, check, compare, draw, erase, export, import_, journal, migrate, odds, run, simulate
from prizedraw.cli.arguments import example
from prizedraw.errors import PrizeDrawError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (check, odds, simulate, compare, run, draw, audit, journal, migrate, export, import_, archive, erase)

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
"""Exit codes as shells know them; 1 is a command's own "no"."""


def parser() -> argparse.ArgumentParser:
    """The arguments of the program and of all its commands."""
    program = argparse.ArgumentParser(
        prog="prizedraw",
        description="Check, play, draw and audit prize campaigns.",
        **example("prizedraw run spring_gala.toml --store draws.db --participants 1000 --draws 3"),
    )
    program.add_argument("--version", action="version", version=f"prizedraw {prizedraw.__version__}")
    commands = program.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return program


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        argv: the arguments behind the program's name; None: those of the process.

    Returns:
        0: done; 1: findings of severity error, a failed audit or a refused draw; 2: bad input; 130: interrupted.

    Raises:
        SystemExit: the arguments cannot be understood (2), or asked for help (0).
    """
    _write_anything()
    args = parser().parse_args(argv)
    try:
        code: int = args.command(args)
        sys.stdout.flush()
    except KeyboardInterrupt as stopped:
        _complain(str(stopped) or "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere, without a second error
        return BROKEN_PIPE
    except PrizeDrawError as error:
        _complain(str(error), *getattr(error, "__notes__", ()))
        return BAD_INPUT
    return code


def _complain(text: str, *notes: str) -> None:
    """One line on stderr, whatever the text holds."""
    line = "".join([text, *(f" ({note})" for note in notes)])
    print(f"prizedraw: {' '.join(line.split())}", file=sys.stderr)


def _write_anything() -> None:
    """Let a terminal of a small character set show escapes instead of failing on a prize's name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
