"""The document of a campaign: plain tables, lists, texts and numbers, as they stand in a campaign file.

The keys are the names of the attributes, so that each class is its own table of keys. What a value may be, its class decides;
here an error only gets its place.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import NOTHING, fields, has

from prizedraw.campaign.meta import Meta
from prizedraw.campaign.model import Campaign, Disclosure, Odds, Prize
from prizedraw.errors import InvalidCampaign
from prizedraw.pity import Level, Newcomer, Pity
from prizedraw.quota import Points, Quota
from prizedraw.stock import Release
from prizedraw.windows import Window
from prizedraw.windows.spans import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prizedraw.windows import Calendar

T = TypeVar("T")

FORMAT = 1
"""The number of the file format that is read and written; a file that names none is of this one."""

_TABLES: dict[str, type] = {"quota": Quota, "points": Points, "release": Release, "odds": Odds, "disclosure": Disclosure}
_FALLBACK = ("name", "weight", "shown", "image")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_MOST_PLACES = 30


def campaign_of(found: object) -> Campaign:
    """The campaign that a document describes.

    Raises:
        InvalidCampaign: it describes none; the place names the key.
    """
    table = _table(found, "")
    number = table.pop("format", FORMAT)
    if type(number) is not int or number != FORMAT:
        raise InvalidCampaign(f"{number!r} is not a format that this version of prizedraw reads; it reads {FORMAT}", "format")
    _check_keys(table, Campaign, "")
    for key, cls in _TABLES.items():
        if key in table:
            table[key] = _built(cls, table[key], key, required=("daily_draws",) if cls is Quota else ())
    table["windows"] = [_built(Window, _with(one, place, start=_moment, end=_moment), place) for one, place in _tables(table, "windows")]
    table["prizes"] = [_built(Prize, one, place) for one, place in _tables(table, "prizes")]
    table["pity"] = [_built(Pity, _with(one, place, levels=_levels), place) for one, place in _tables(table, "pity")]
    if "fallback" in table:
        table["fallback"] = _thank_you(table["fallback"])
    if "newcomer" in table:
        table["newcomer"] = _built(Newcomer, table["newcomer"], "newcomer")
    return Campaign(**table)


def _thank_you(found: object) -> Prize:
    table = _table(found, "fallback")
    _check_names(table, _FALLBACK, "fallback")
    try:
        return Prize.thank_you(**table)
    except InvalidCampaign as error:
        raise error.within("fallback") from None


def _built(cls: type[T], found: object, place: str, required: Iterable[str] = ()) -> T:
    """An instance of an attrs class from the table of its attributes."""
    table = _table(found, place)
    _check_keys(table, cls, place, required)
    try:
        return cls(**table)
    except InvalidCampaign as error:
        raise error.within(place) from None


def _check_keys(table: Mapping[str, Any], cls: type, place: str, required: Iterable[str] = ()) -> None:
    attributes = [attribute for attribute in fields(cls) if attribute.init]
    _check_names(table, [attribute.name for attribute in attributes], place)
    needed = {attribute.name for attribute in attributes if attribute.default is NOTHING} | set(required)
    for attribute in attributes:
        if attribute.name in needed and attribute.name not in table:
            raise InvalidCampaign(f"is missing; {_EXAMPLES.get(attribute.name, 'it is required')}", _joined(place, attribute.name))


_EXAMPLES = {
    "daily_draws": "a quota needs it, -1 for unlimited",
    "stock": "every prize needs it, -1 for unlimited",
    "timezone": 'give an IANA name such as "Asia/Shanghai"',
    "windows": "give at least one [[windows]] with start and end",
    "prizes": "give at least one [[prizes]]",
}


def _check_names(table: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    known = list(known)
    for key in table:
        if key not in known:
            from difflib import get_close_matches  # noqa: PLC0415 - for the message only

            close = get_close_matches(key, known, 1)
            remedy = f"did you mean {close[0]!r}?" if close else f"known here are {', '.join(known)}"
            raise InvalidCampaign(f"{key!r} is not a key here; {remedy}", _joined(place, key))


def _joined(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _table(found: object, place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise InvalidCampaign(f"{found!r} is not a table", place)
    return dict(found)


def _tables(table: Mapping[str, Any], key: str) -> list[tuple[object, str]]:
    found = table.get(key, [])
    if not isinstance(found, list):
        raise InvalidCampaign(f"{found!r} is not a list of tables; write each as [[{key}]]", key)
    return [(one, f"{key}[{k}]") for k, one in enumerate(found)]


def _with(found: object, place: str, **readers: Any) -> dict[str, Any]:
    """The table with some of its values read."""
    table = _table(found, place)
    return {key: readers[key](value, _joined(place, key)) if key in readers else value for key, value in table.items()}


def _moment(found: object, place: str) -> object:
    """A TOML date and time as it is; a text in its ISO 8601 form."""
    if not isinstance(found, str):
        return found
    try:
        if _INSTANT.fullmatch(found):
            return datetime.fromisoformat(found)
    except ValueError:
        pass
    raise InvalidCampaign(f"{found!r} is not a date and time; write one like 2026-02-10T10:00:00", place)


def _levels(found: object, place: str) -> list[Level]:
    return [_built(Level, one, inner) for one, inner in _tables({place: found}, place)]


def document_of(campaign: Campaign) -> dict[str, Any]:
    """The campaign as plain values, in the order of a campaign file; whatever has its default is left out.

    A function of the campaign's value: equal campaigns have equal documents. Window edges are datetimes, local to the zone
    and naive wherever reading them back gives the same instant.
    """
    found: dict[str, Any] = {"format": FORMAT, **_plain_table(campaign)}
    found["windows"] = [
        {"start": _local(one.start, campaign.calendar), "end": _local(one.end, campaign.calendar)} for one in campaign.windows
    ]
    for place, prize in enumerate(found["prizes"], 1):
        if prize["order"] == place:
            del prize["order"]
    if "quota" in found:
        found["quota"] = {"daily_draws": campaign.quota.daily_draws, **found["quota"]}
    if "fallback" in found:
        usual = Prize.thank_you()
        told = {key: getattr(campaign.fallback, key) for key in _FALLBACK if getattr(campaign.fallback, key) != getattr(usual, key)}
        found["fallback"] = {key: _plain(value) for key, value in told.items()}
    return found


def _plain_table(value: Any) -> dict[str, Any]:
    """The attributes that differ from their default, as plain values."""
    told = ((attribute, getattr(value, attribute.name)) for attribute in fields(type(value)) if attribute.init)
    return {attribute.name: _plain(found) for attribute, found in told if found != attribute.default}


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return written(value)
    if isinstance(value, Decimal):
        return _price(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Meta):
        return dict(value)
    return _plain_table(value) if has(type(value)) else value


def written(number: Fraction) -> int | str:
    """An exact number as it is written in a file: an integer, a text with a decimal that ends, or one with a fraction."""
    if number.denominator == 1:
        return number.numerator
    rest, twos, fives = number.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > _MOST_PLACES:
        return str(number)
    digits = str(number.numerator * 10**places // number.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def _price(amount: Decimal) -> str:
    """The shortest text of an amount with at least two decimals."""
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _local(instant: datetime, calendar: Calendar) -> datetime:
    local = instant.astimezone(calendar.zone).replace(tzinfo=None)
    if FIRST_YEAR <= local.year <= LAST_YEAR and calendar.localize(local) == instant:
        return local
    return instant.astimezone(UTC)
