"""Ids that callers give and ids that the engine makes."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from prizedraw.errors import InvalidRequest
from prizedraw.sampling import SecureEntropy

LONGEST: Final = 200
"""Bytes of UTF-8 that an id of a participant or request may have."""
MOST_DRAWS: Final = 100
"""Draws that one request may ask for."""

_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_words = SecureEntropy()


def check_id(value: object, kind: str) -> str:
    """An id of a participant or request as it is, if it is 1 to 200 bytes of UTF-8 without control characters.

    Raises:
        InvalidRequest: it is not.
    """
    if isinstance(value, str):
        if value.isascii() and value.isprintable() and 0 < len(value) <= LONGEST:
            return value  # nearly always
        _check_text(value, kind)
        return value
    raise InvalidRequest(f"{value!r} must be a string", kind)


def _check_text(value: str, kind: str) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidRequest(f"{value!r} holds half of a surrogate pair and cannot be kept as UTF-8", kind) from None
    if not 0 < size <= LONGEST:
        raise InvalidRequest(f"{value[:40]!r} has {size} bytes of UTF-8; it must have 1 to {LONGEST}", kind)
    if any(unicodedata.category(char) == "Cc" for char in value):
        raise InvalidRequest(f"{value!r} holds a control character", kind)


def check_count(n: object) -> int:
    """A number of draws as it is, if a request may ask for so many.

    Raises:
        InvalidRequest: it is not an integer from 1 to 100.
    """
    if type(n) is not int or not 1 <= n <= MOST_DRAWS:
        raise InvalidRequest(f"{n!r} must be an integer from 1 to {MOST_DRAWS}", "n")
    return n


def check_namespace(value: object) -> str:
    """A namespace as it is, if it is 1 to 64 letters, digits, dots, dashes and underscores.

    Raises:
        InvalidRequest: it is not.
    """
    if not isinstance(value, str) or not _NAMESPACE.fullmatch(value):
        raise InvalidRequest(f"{value!r} must be 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first", "namespace")
    return value


def new_request_id(now: int) -> str:
    """x, which keeps indexes compact, with 64 random bits.

    Args:
        now: microseconds since the epoch.
    """
    return (now << 64 | _words.word()).to_bytes(15, "big").hex("-", 8)


def new_pseudonym() -> str:
    """An id for somebody whose own was erased: random, so that nothing leads back."""
    return f"erased-{_words.word():016x}"
