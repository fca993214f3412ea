"""Arguments that commands share, and how their values are read."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, TypeAlias

from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

_PICTURES = (".png", ".svg", ".pdf")

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse gives this type no public name


def example(command: str, note: str = "") -> dict[str, Any]:
    """The end of a help text: how a command is used, and what else to know, in paragraphs."""
    paragraphs = [fill(paragraph, 79) for paragraph in note.split("\n\n") if note]
    return {
        "epilog": "\n\n".join([f"example:\n  {command}", *paragraphs]),
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def command(
    commands: Commands, name: str, does: str, carry_out: Callable[[argparse.Namespace], int], **end: Any
) -> argparse.ArgumentParser:
    """A command of the program; it takes ``--json``, as every one."""
    added = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.", **end)
    added.add_argument("--json", action="store_true", help="print one JSON value instead; its keys are stable")
    added.set_defaults(command=carry_out)
    return added


def take_file(to: argparse.ArgumentParser) -> None:
    """The campaign file."""
    to.add_argument("file", metavar="FILE", help="the campaign, a .toml or .json file")


def take_store(to: argparse.ArgumentParser) -> None:
    """Where draws are kept, and whose campaigns there."""
    to.add_argument("--store", metavar="URL", required=True, help='the path of an SQLite file, ":memory:", or the URL of a server')
    to.add_argument("--namespace", metavar="NAME", default="default", help="whose campaigns (default: default)")


def take_crowd(to: argparse.ArgumentParser, *, required: bool = True) -> None:
    """How many play, and how often."""
    to.add_argument("--participants", metavar="N", type=positive, required=required, help="how many take part")
    to.add_argument("--draws", metavar="M", type=positive, required=required, help="how often each of them draws")


def take_plot(to: argparse.ArgumentParser, what: str) -> None:
    """Where a picture goes."""
    to.add_argument("--plot", metavar="FILE", type=_picture, help=f"also write {what} as a picture: .png, .svg or .pdf")


def _picture(text: str) -> Path:
    """The path of a picture in a format that can be written."""
    path = Path(text)
    if path.suffix.lower() not in _PICTURES:
        raise argparse.ArgumentTypeError(f"{text!r} is no picture; its name must end in {', '.join(_PICTURES)}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    return path


def positive(text: str) -> int:
    """A positive integer."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a positive integer")
    return value


def seed(text: str) -> int | str:
    """A seed: an integer where it is one, else the text itself."""
    try:
        return int(text)
    except ValueError:
        return text


def aware_time(text: str) -> datetime:
    """A time with its offset from UTC, in ISO 8601."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write one as 2027-02-10T10:00:00+08:00") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset; write one as 2027-02-10T10:00:00+08:00")
    return moment


def existing_store(url: str) -> str:
    """The URL itself; a question about a file that is not there should not make one.

    Raises:
        InvalidRequest: it is the path of an SQLite file that does not exist.
    """
    scheme, separator, rest = url.partition("://")
    path = rest.removeprefix("/") if separator else url
    if (not separator or scheme == "sqlite") and path != ":memory:" and path and not Path(path).is_file():
        raise InvalidRequest(f"there is no file {path!r}; give the store that the draws were made on", "--store")
    return url
