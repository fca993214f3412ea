"""What people see: tables and the progress bar, drawn by rich; and JSON, which needs nothing."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from prizedraw.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


_ANY_WIDTH = 1_000_000


class Column(NamedTuple):
    """A column of a table: numbers stand on the right; a prose column is the one that is broken where space is short."""

    heading: str
    number: bool = True
    prose: bool = False


def need_rich() -> None:
    """Say early that something is missing, before work is done whose result could not be shown.

    Raises:
        MissingExtra: rich is not installed.
    """
    if not _has_rich():
        raise MissingExtra('tables need rich, which is not installed; use --json, or pip install "prizedraw[cli]"')


def _has_rich() -> bool:
    try:
        import rich  # noqa: F401, PLC0415 - optional, and slow to import
    except ImportError:
        return False
    return True


def put_json(value: object) -> None:
    """Print a value as JSON, on one line for programs that read line by line."""
    print(json.dumps(value, ensure_ascii=False))


def note(text: str) -> None:
    """Tell people something beside the result."""
    print(text, file=sys.stderr)


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], totals: Sequence[str] | None = None) -> None:
    """Print a table, with a last line of totals under a rule. Into a pipe or a file it is as wide as it needs to be.

    Raises:
        MissingExtra: rich is not installed.
    """
    need_rich()
    from rich import box  # noqa: PLC0415 - as above
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=box.SIMPLE, padding=(0, 1), collapse_padding=True, show_edge=False, pad_edge=False, show_footer=totals is not None)
    for k, column in enumerate(columns):
        shown.add_column(
            column.heading,
            footer=totals[k] if totals is not None else "",
            justify="right" if column.number else "left",
            no_wrap=not column.prose,
            overflow="fold",
        )
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, console.measure(shown, options=console.options.update_width(_ANY_WIDTH)).maximum)
    console.print(shown)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar with a rate on stderr while the block runs; it is given a function that takes how much was done since.

    Without rich there is no bar.
    """
    if not _has_rich():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task(label, total=total, rate=0.0)
        started, done = time.perf_counter(), 0

        def advance(more: int) -> None:
            nonlocal done
            done += more
            bar.update(task, advance=more, rate=done / max(time.perf_counter() - started, 1e-9))

        yield advance
