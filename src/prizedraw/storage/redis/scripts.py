"""The scripts that run in the server, read from the files beside this module and known by their digest."""

from __future__ import annotations

from hashlib import sha1
from importlib.resources import files
from typing import NamedTuple


class Script(NamedTuple):
    """A script: ``sha`` is what the server calls it once it has seen ``text``."""

    text: bytes
    sha: bytes


def script(text: bytes) -> Script:
    """A script of this text."""
    return Script(text, sha1(text, usedforsecurity=False).hexdigest().encode())


def _script(*names: str) -> Script:
    folder = files("prizedraw.storage.redis") / "lua"
    return script(b"".join((folder / f"{name}.lua").read_bytes() for name in names))


COMMIT = _script("common", "apply", "commit")
REDACT = _script("common", "apply", "redact")
NAMES = _script("common", "names")
LINES = _script("common", "lines")
SWEEP = _script("common", "sweep")
LOCK = _script("held", "lock")
UNLOCK = _script("held", "unlock")
FORMAT = _script("format")
EXCHANGE = _script("exchange")
COMMON = _script("common").text
