"""The format number that everything kept begins with: how bytes of another format are told from damaged ones."""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from prizedraw.errors import StorageCorrupt, StorageError, StorageVersion


class Formatted(Protocol):
    """What is kept with the number of its format."""

    @property
    def format(self) -> int:
        """The version of its layout."""


T = TypeVar("T", bound=Formatted)


def read(decoder: msgspec.msgpack.Decoder[T], data: bytes, what: str, known: int) -> T:
    """Kept bytes as what they are.

    Raises:
        StorageVersion: they were written by a newer version of prizedraw.
        StorageCorrupt: they are damaged.
    """
    try:
        found = decoder.decode(data)
    except msgspec.DecodeError:
        raise unreadable(what, data, known) from None
    if found.format != known:
        raise unreadable(what, data, known)
    return found


def unreadable(what: str, data: bytes | msgspec.Raw, known: int) -> StorageError:
    """The error to raise for kept bytes that cannot be read.

    Args:
        what: names them in the message.
        data: the bytes; whatever else a later version changes, they are an array that begins with its format number.
        known: the format that this version reads.
    """
    try:
        found = msgspec.msgpack.decode(data)
    except msgspec.DecodeError:
        found = None
    if isinstance(found, list) and found and type(found[0]) is int and found[0] != known:
        return StorageVersion(f"{what} has format {found[0]}; this version reads {known}; upgrade prizedraw")
    return StorageCorrupt(f"{what} is damaged: its {len(data)} bytes are not of format {known}; restore the store")
