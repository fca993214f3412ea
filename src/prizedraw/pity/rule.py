"""What a campaign says about guarantees: a pity rule, a level of a state machine, the newcomer rule.

Only the definitions and the validity of each one alone live here; how rules act together is ``stages``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from prizedraw.errors import InvalidCampaign
from prizedraw.pity.hazard import LONGEST, Hazard

_LONGEST_EXPONENT = 3
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
NEWCOMER = "newcomer"
"""The name under which the newcomer rule appears in receipts; no pity rule may take it."""


# Converters read what they can and pass on what they cannot, so that the validators, which know the field, say what is wrong.


def _read(value: object) -> Fraction:
    """Read a chance exactly: an integer, fraction or decimal, a string of either, or a float as its shortest decimal."""
    try:
        if isinstance(value, (int, float, str, Fraction, Decimal)) and not isinstance(value, bool) and not _endless(value):
            return Fraction(repr(value) if isinstance(value, float) else value)
    except (ValueError, ZeroDivisionError, OverflowError):
        pass
    return value  # type: ignore[return-value]  # the validator refuses it


def _endless(value: object) -> bool:
    """Whether a decimal has an exponent of thousands, whose exact value would fill the memory."""
    exponent = re.search(r"[eE][-+]?0*([0-9]+)", str(value)) if isinstance(value, (str, Decimal)) else None
    return exponent is not None and len(exponent[1]) > _LONGEST_EXPONENT


def _listed(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)):
        return tuple(value)
    return value  # type: ignore[no-any-return]  # the validator refuses it


def _read_or_none(value: object) -> Fraction | None:
    return None if value is None else _read(value)


def _read_all(values: Iterable[object]) -> tuple[Fraction, ...]:
    listed = _listed(values)
    return tuple(map(_read, listed)) if isinstance(listed, tuple) else listed


def _ids(value: Iterable[str]) -> tuple[str, ...]:
    return _listed(value)


def _ids_or_none(value: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if value is None else _ids(value)


def _levels(value: Iterable[Level]) -> tuple[Level, ...]:
    return _listed(value)


def _check_chance(value: object, place: str) -> None:
    if not isinstance(value, Fraction):
        raise InvalidCampaign(f"{value!r} is not a chance; write a number, '0.006' or '3/500'", place)
    if not 0 <= value <= 1:
        raise InvalidCampaign(f"{value!s} is not a chance; it must lie in 0..1", place)


def _left_out(field: attrs.Attribute[Any], value: object) -> bool:
    return value is None and field.default is None


def _a_chance(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if not _left_out(field, value):
        _check_chance(value, field.name)


def _all_chances(_: object, field: attrs.Attribute[Any], values: object) -> None:
    if not isinstance(values, tuple):
        raise InvalidCampaign(f"{values!r} must be a list of chances", field.name)
    for k, value in enumerate(values):
        _check_chance(value, f"{field.name}[{k}]")


def _all_levels(_: object, field: attrs.Attribute[Any], values: object) -> None:
    if not isinstance(values, tuple) or not all(isinstance(value, Level) for value in values):
        raise InvalidCampaign(f"{values!r} must be a list of levels, each with a chance, hit and miss", field.name)


def _a_natural(_: object, field: attrs.Attribute[Any], value: object) -> None:
    least = 0 if field.name in {"start", "hit", "miss"} else 1
    if not _left_out(field, value) and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise InvalidCampaign(f"{value!r} must be an integer of at least {least}", field.name)


def _a_flag(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidCampaign(f"{value!r} must be true or false", field.name)


def _unique_ids(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if _left_out(field, value):
        return
    if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
        raise InvalidCampaign(f"{value!r} must be a list of ids", field.name)
    for item in value:
        if value.count(item) > 1:
            raise InvalidCampaign(f"{item!r} is named twice", field.name)


@attrs.frozen
class Level:
    """One state of a small state machine: the chance in it, and the levels that a hit and a miss lead to."""

    chance: Fraction = attrs.field(converter=_read, validator=_a_chance)
    hit: int = attrs.field(validator=_a_natural)
    miss: int = attrs.field(validator=_a_natural)


@attrs.frozen(kw_only=True)
class Pity:
    """A guarantee: a set of prizes whose chance follows the draws since one of them last came.

    Attributes:
        id: unique in the campaign; the participant's counter is kept under it.
        target: ids of the prizes it promises.
        scope: where its chance applies; empty: every draw; else exactly the target of another rule.
        counts: draws that land here move its counter; None: as ``scope``; empty: every draw.
        base, soft_from, soft_step, hard: see ``Hazard.rising``.
        hazard: the whole list p[1..n] instead of these.
        levels: a state machine instead of a hazard; the counter is then the level.
        lower: "absolute" or "sequential": how the rules below share what is left.
        resets: ids of rules whose counters a hit of this one clears.
        repeats: every ``hard``-th draw, whatever came between: only a hit that was due clears the counter.
        start: counter (or level) of a new participant.
        declared_rate: what the operator states; the linter checks it.
        disclosed: whether players are told.
    """

    id: str
    target: tuple[str, ...] = attrs.field(converter=_ids, validator=_unique_ids)
    scope: tuple[str, ...] = attrs.field(default=(), converter=_ids, validator=_unique_ids)
    counts: tuple[str, ...] | None = attrs.field(default=None, converter=_ids_or_none, validator=_unique_ids)
    base: Fraction | None = attrs.field(default=None, converter=_read_or_none, validator=_a_chance)
    soft_from: int | None = attrs.field(default=None, validator=_a_natural)
    soft_step: Fraction | None = attrs.field(default=None, converter=_read_or_none, validator=_a_chance)
    hard: int | None = attrs.field(default=None, validator=_a_natural)
    hazard: tuple[Fraction, ...] = attrs.field(default=(), converter=_read_all, validator=_all_chances)
    lower: str = "absolute"
    resets: tuple[str, ...] = attrs.field(default=(), converter=_ids, validator=_unique_ids)
    repeats: bool = attrs.field(default=False, validator=_a_flag)
    start: int = attrs.field(default=0, validator=_a_natural)
    levels: tuple[Level, ...] = attrs.field(default=(), converter=_levels, validator=_all_levels)
    declared_rate: Fraction | None = attrs.field(default=None, converter=_read_or_none, validator=_a_chance)
    disclosed: bool = attrs.field(default=True, validator=_a_flag)

    def __attrs_post_init__(self) -> None:
        for problem, place in self._problems():
            raise InvalidCampaign(problem, place)

    def _problems(self) -> Iterable[tuple[str, str]]:
        if not isinstance(self.id, str) or not _ID.fullmatch(self.id) or self.id == NEWCOMER:
            yield f"{self.id!r} is not a rule id; use [a-z0-9][a-z0-9._-]*, at most 64 characters, not {NEWCOMER!r}", "id"
        if not self.target:
            yield "a rule needs at least one prize to promise", "target"
        if self.lower not in ("absolute", "sequential"):
            yield f"{self.lower!r} must be 'absolute' or 'sequential'", "lower"
        yield from self._problems_of_form()
        yield from self._problems_of_rise()
        yield from self._problems_of_levels()

    def _problems_of_form(self) -> Iterable[tuple[str, str]]:
        rising = [name for name in ("base", "soft_from", "soft_step", "hard") if getattr(self, name) is not None]
        if self.levels and self.hazard:
            yield "give either levels or a hazard, not both", "levels"
        if rising and (self.levels or self.hazard):
            yield f"{', '.join(rising)} must be left out beside {'levels' if self.levels else 'hazard'}", rising[0]
        if not (rising or self.levels or self.hazard):
            yield "give a base, a soft rise, hard, a hazard list or levels", "base"
        if self.repeats and self.hard is None:
            yield "repeats needs hard = n for every n-th draw", "repeats"
        if len(self.hazard) > LONGEST:
            yield f"{len(self.hazard)} values are more than {LONGEST}", "hazard"

    def _problems_of_rise(self) -> Iterable[tuple[str, str]]:
        for name, value in (("hard", self.hard), ("soft_from", self.soft_from)):
            if value is not None and value > LONGEST:
                yield f"{value} is beyond {LONGEST} draws", name
        if (self.soft_from is None) != (self.soft_step is None):
            yield "soft_from and soft_step go together", "soft_from" if self.soft_from is None else "soft_step"
        if self.soft_from is None or self.soft_step is None:
            return
        if not self.soft_step:
            yield "0 never rises; leave soft_from and soft_step out", "soft_step"
        elif self.hard is None and self.soft_from + 1 / self.soft_step > LONGEST:
            yield f"{self.soft_step} needs more than {LONGEST} draws to reach 1; give hard, or a larger step", "soft_step"
        if self.hard is not None and self.soft_from > self.hard:
            yield f"{self.soft_from} comes after hard = {self.hard} and would never act", "soft_from"

    def _problems_of_levels(self) -> Iterable[tuple[str, str]]:
        for k, level in enumerate(self.levels):
            for name, to in (("hit", level.hit), ("miss", level.miss)):
                if to >= len(self.levels):
                    yield f"{to} is not a level; there are {len(self.levels)}, from 0", f"levels[{k}].{name}"
        if self.levels and self.start >= len(self.levels):
            yield f"{self.start} is not a level; there are {len(self.levels)}, from 0", "start"

    def law(self, share: Fraction = Fraction(0)) -> Hazard:
        """The hazard of this rule; for ``levels`` the chance by level. ``share`` is the target's share by weight, in 0..1."""
        if self.levels:
            return Hazard(tuple(level.chance for level in self.levels))
        if self.hazard:
            return Hazard(self.hazard)
        return Hazard.rising(self.base, self.soft_from, self.soft_step, self.hard, share)

    def due(self, counter: int, law: Hazard) -> bool:
        """Whether the next draw is sure to hit, were the rule alone."""
        return law.at(counter) == 1

    def step(self, counter: int, law: Hazard, *, hit: bool, counted: bool) -> int:
        """The counter after a draw.

        Args:
            counter: draws since the last hit (or the level) before it.
            law: the hazard of this rule.
            hit: whether the draw granted one of the target.
            counted: whether it landed in ``counts``.
        """
        if self.levels:
            level = self.levels[min(counter, len(self.levels) - 1)]
            return level.hit if hit else level.miss if counted else counter
        if hit and (not self.repeats or self.due(counter, law)):
            return 0
        return counter + 1 if counted else counter


@attrs.frozen
class Newcomer:
    """One of ``target`` is forced on draw number ``draws`` if none has come before; it stays due until it can be honoured."""

    draws: int = attrs.field(validator=_a_natural)
    target: tuple[str, ...] = attrs.field(converter=_ids, validator=_unique_ids)

    def __attrs_post_init__(self) -> None:
        if not self.target:
            raise InvalidCampaign("the newcomer rule needs at least one prize to promise", "target")
