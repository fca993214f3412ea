"""Writing TOML: the part of the language that a campaign's document needs.

Only syntax lives here: the top level's lists of tables become ``[[key]]``, its tables ``[key]``, everything deeper stands in line.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def written(document: Mapping[str, Any]) -> str:
    """The document as a TOML text, scalars first, then the tables in their order.

    Args:
        document: keys to texts, integers, floats, booleans, datetimes, and lists and mappings of these.
    """
    scalars = {key: value for key, value in document.items() if not _headed(value)}
    parts = [_lines(scalars)]
    for key, value in document.items():
        if isinstance(value, dict):
            parts.append(f"[{_key(key)}]\n{_lines(value)}")
        elif key not in scalars:
            parts.extend(f"[[{_key(key)}]]\n{_lines(one)}" for one in value)
    return "\n".join(parts)


def _headed(value: Any) -> bool:
    """Whether a value of the top level stands below headings of its own."""
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value))


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + "}"
    return repr(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + '"'
