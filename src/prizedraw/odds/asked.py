"""What callers ask for, read and refused: targets, numbers of draws, states, and how much memory an answer may take."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from prizedraw.draw.place import State
from prizedraw.errors import InvalidRequest, TooLarge

if TYPE_CHECKING:
    from prizedraw.odds.model import Model

STATIONARY = "stationary"
At: TypeAlias = "State | Literal['stationary'] | None"
"""A state, a new participant (None), or one who has been drawing for ever ("stationary")."""
Target: TypeAlias = "str | Collection[str]"

MOST_BYTES = 1 << 31
"""How much one array may take; what would need more is refused with the figure."""
MOST_STATES = 4_000_000
"""How many states an answer in doubles may need."""
MOST_EXACT_STATES = 10_000
"""How many states an answer in fractions may need."""


def natural(value: object, name: str, least: int = 0) -> int:
    """An integer of at least ``least``."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise InvalidRequest(f"{value!r} must be an integer of at least {least}", name)
    return int(value)


def outcomes(model: Model, target: Target, name: str = "target") -> frozenset[int]:
    """The numbers of a prize, or of several, among the outcomes of a draw."""
    ids = (target,) if isinstance(target, str) else tuple(target) if isinstance(target, Collection) else None
    if not ids:
        raise InvalidRequest(f"{target!r} must be a prize id or a collection of them", name)
    known = model.rules.number
    for id_ in ids:
        if id_ not in known:
            raise InvalidRequest(f"{id_!r} is not a prize of {model.campaign.id!r}; there are {', '.join(known)}", name)
    return frozenset(known[id_] for id_ in ids)


def state(model: Model, given: At) -> State:
    """The state asked about, checked against the campaign; a stationary one has won nothing and met the newcomer's promise."""
    if given is None:
        return State()
    if isinstance(given, str) and given == STATIONARY:
        return State(newcomer=True)
    if not isinstance(given, State):
        raise InvalidRequest(f"{given!r} is not a state; give odds.State(misses={{…}}), a standing's .state, or {STATIONARY!r}", "state")
    for field, ids, known in (("misses", given.misses, model.rules.rule_ids), ("wins", given.wins, model.rules.ids)):
        for id_ in ids:
            if id_ not in known:
                what = "rule" if field == "misses" else "prize"
                listed = ", ".join(known) or "none"
                raise InvalidRequest(f"{id_!r} is not a {what} of {model.campaign.id!r}; there are {listed}", f"state.{field}")
    for rule in model.stages.rules:
        level = given.misses.get(rule.pity.id, 0)
        if rule.pity.levels and level >= len(rule.pity.levels):
            raise InvalidRequest(f"{level} is not a level of {rule.pity.id!r}; there are {len(rule.pity.levels)}, from 0", "state.misses")
    return given


def per_day(model: Model, value: int | None) -> int | None:
    """Draws a day, no more of them than a day allows; None: days are left out."""
    if value is None:
        return None
    most = model.rules.most_draws_a_day
    if natural(value, "per_day", 1) > most:
        raise InvalidRequest(
            f"{value} draws a day are more than daily_draws = {most}, so the others are refused; give at most that", "per_day"
        )
    return value


def room(needed: int, what: str) -> None:
    """Refuse what would take too much memory, before it is taken.

    Raises:
        TooLarge: with the number of bytes.
    """
    if needed > MOST_BYTES:
        text = f"{what} would take {needed / 2**30:,.1f} GiB, more than {MOST_BYTES >> 30}; ask for fewer draws, or simulate"
        raise TooLarge(text, count=needed, unit="bytes")


def exact_states(count: int) -> None:
    """Refuse fractions where there are too many states.

    Raises:
        TooLarge: with their number.
    """
    if count > MOST_EXACT_STATES:
        text = f"{count:,} states are more than {MOST_EXACT_STATES:,}, too many for exact fractions; take the answer in doubles"
        raise TooLarge(text, count=count)


def one_of(value: Any, allowed: Collection[str], name: str) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidRequest(f"{value!r} must be one of {', '.join(map(repr, allowed))}", name)
    return str(value)


def counts(wanted: Mapping[str, int], name: str) -> dict[str, int]:
    """Prize id → how many are wanted, none of them negative, one at least."""
    if not isinstance(wanted, Mapping) or not wanted:
        raise InvalidRequest(f"{wanted!r} must map prize ids to the number wanted of each", name)
    return {id_: natural(n, f"{name}[{id_!r}]") for id_, n in wanted.items()}
