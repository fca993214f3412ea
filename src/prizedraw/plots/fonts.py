"""Which installed fonts can write a text; where none can, what is written instead."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matplotlib import font_manager

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CHINESE: Final = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",  # the first face of the collection that most systems install, with all characters of the others
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti TC",
    "STHeiti",
    "Droid Sans Fallback",
    "Arial Unicode MS",
    "Noto Serif CJK SC",
    "Noto Serif CJK JP",
)
"""Families that write Chinese, in the order in which they are tried."""

_FILES: Final = ("NotoSansCJK", "NotoSansSC", "SourceHanSans", "msyh", "PingFang", "wqy-", "simhei", "STHeiti", "DroidSansFallback")
"""How their files begin: a font installed after matplotlib made its list of fonts is found by its file."""


def written(names: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What to write for each id, and the font families to write it with.

    Args:
        names: id → name. An id that is shown is always written.

    Returns:
        The names and the families, the usual one first; or the ids alone where no installed font has all characters of the
        names. This is said once, in a warning.
    """
    usual = font_manager.FontProperties().get_family()
    missing = {ord(letter) for name in names.values() for letter in name if letter.isprintable()} - _letters_of_default()
    if not missing:
        return dict(names), usual
    for family in chinese_families():
        if missing <= _letters(family):
            return dict(names), [*usual, family]
    _tell_once()
    return {id_: id_ for id_ in names}, usual


def chinese_families() -> tuple[str, ...]:
    """The installed families that write Chinese, best first."""
    found = _installed(CHINESE)
    if not found:
        for path in font_manager.findSystemFonts():
            if Path(path).name.startswith(_FILES):
                font_manager.fontManager.addfont(path)
        found = _installed(CHINESE)
    return found


def _installed(families: Iterable[str]) -> tuple[str, ...]:
    known = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(family for family in families if family in known)


def _letters_of_default() -> frozenset[int]:
    return _letters_in(font_manager.findfont(font_manager.FontProperties()))


def _letters(family: str) -> frozenset[int]:
    return _letters_in(font_manager.findfont(font_manager.FontProperties(family=[family])))


@cache
def _letters_in(path: str) -> frozenset[int]:
    return frozenset(font_manager.get_font(path).get_charmap())


@cache
def _tell_once() -> None:
    warnings.warn(
        "no installed font can write all prize names, so plots show ids instead; install one for Chinese, "
        "such as the package fonts-noto-cjk (Debian, Ubuntu) or google-noto-sans-cjk-fonts (Fedora)",
        stacklevel=6,
    )
