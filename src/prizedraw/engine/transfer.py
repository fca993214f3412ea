"""Files of the engines: an export is read twice, first to check it whole, then to import it; an archive is there whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from io import IOBase
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from prizedraw.errors import InvalidRequest
from prizedraw.flows import dump
from prizedraw.flows.importing import Import

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from prizedraw.flows.context import Context
    from prizedraw.flows.effects import Flow

_PIECE = 1000
"""Lines that are read and imported in one job."""


def steps(context: Context, source: str | PathLike[str] | BinaryIO) -> Iterator[Flow[Any]]:
    """The flows that import a file, in order; the last one returns an Imported.

    Raises:
        InvalidRequest: the file cannot be read, or is no export.
        StorageVersion: a newer version of prizedraw made it.
        StorageCorrupt: it is cut short or was changed.
    """
    with _opened(source) as file:
        start = file.tell()
        whole = Import(context, dump.check(file))
        yield whole.begin()
        file.seek(start)
        while piece := list(islice(file, _PIECE)):
            yield whole.take([dump.decode(line) for line in piece])
        yield whole.end()


def _opened(source: Any) -> AbstractContextManager[BinaryIO]:
    if isinstance(source, str | PathLike):
        try:
            return Path(source).open("rb")
        except OSError as error:
            raise InvalidRequest(f"{str(source)!r} cannot be read: {error}", "file") from error
    if not (isinstance(source, IOBase) and source.seekable()):
        raise InvalidRequest(f"{source!r} must be a path, or a binary file that can be read twice", "file")
    return nullcontext(source)  # type: ignore[arg-type]  # a file that gives text is told by its first line


@contextmanager
def kept(to: str | PathLike[str]) -> Iterator[BinaryIO]:
    """A new file that is on the disk, under its name, when the block has ended without an error; else there is none.

    Raises:
        InvalidRequest: there is one of that name, or it cannot be made.
    """
    path = Path(to)
    if path.exists():
        raise InvalidRequest(f"{str(path)!r} is there already; name another file", "to")
    part = path.with_name(path.name + ".part")
    try:
        file = part.open("wb")
    except OSError as error:
        raise InvalidRequest(f"{str(path)!r} cannot be written: {error}", "to") from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
