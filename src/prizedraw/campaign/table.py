"""Prizes from a table, such as a spreadsheet that somebody fills in: a row for each prize, a column for each of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import NOTHING, fields

from prizedraw.campaign.model import THANK_YOU, Prize
from prizedraw.errors import InvalidCampaign

_WHOLE = frozenset({"stock", "points", "alert_stock", "daily_release", "per_participant", "order"})
_OF_THANK_YOU = ("name", "weight", "shown", "image")
_MISSING = ("NAType", "NaTType")


def prizes(table: Any) -> tuple[list[Prize], Prize | None]:
    """The prizes of a table, and the thank-you if a row has its id.

    Args:
        table: a DataFrame (pandas, Polars), a pyarrow Table, or any iterable of mappings from column to value. An empty cell
            (None, NaN, an empty text) leaves the field out; a whole number may be written as a float, as pandas does where
            cells of a column are empty.

    Raises:
        InvalidCampaign: a column is no field, a cell that is needed is empty, or a value is out of range; the place is
            ``rows[2].stock``, with rows counted from 0.
    """
    known = {field.name: field.default is NOTHING for field in fields(Prize)}
    found: list[Prize] = []
    fallback = None
    for k, row in enumerate(_rows(table)):
        place = f"rows[{k}]"
        if not isinstance(row, Mapping):
            raise InvalidCampaign(f"{row!r} is not a row; give a mapping from column to value", place)
        if unknown := [column for column in row if column not in known]:
            raise InvalidCampaign(f"{unknown[0]!r} is not a column of prizes; there are {', '.join(known)}", f"{place}.{unknown[0]}")
        values = {column: _plain(column, value) for column, value in row.items() if not _blank(value)}
        try:
            if values.get("id") == THANK_YOU:
                fallback = _thank_you(values, fallback)
                continue
            found.append(_prize(values, [column for column, needed in known.items() if needed]))
        except InvalidCampaign as error:
            raise error.within(place) from None
    return found, fallback


def _prize(values: dict[str, Any], needed: Iterable[str]) -> Prize:
    for column in needed:
        if column not in values:
            raise InvalidCampaign("it is empty, and every prize needs one", column)
    return Prize(**values)


def _thank_you(values: dict[str, Any], earlier: Prize | None) -> Prize:
    if earlier is not None:
        raise InvalidCampaign(f"{THANK_YOU!r} has a row already", "id")
    return Prize.thank_you(**{column: values[column] for column in _OF_THANK_YOU if column in values})


def _rows(table: Any) -> Iterable[Any]:
    """The rows, by whatever name the table gives them out."""
    if hasattr(table, "to_dicts"):
        return table.to_dicts()  # type: ignore[no-any-return]  # Polars
    if hasattr(table, "to_pylist"):
        return table.to_pylist()  # type: ignore[no-any-return]  # pyarrow
    if hasattr(table, "to_dict"):
        return table.to_dict("records")  # type: ignore[no-any-return]  # pandas
    if isinstance(table, Iterable) and not isinstance(table, str | Mapping):
        return table
    raise InvalidCampaign(f"{table!r} is not a table; give a DataFrame or a list of rows", "rows")


def _blank(value: Any) -> bool:
    if value is None or type(value).__name__ in _MISSING:
        return True
    return (isinstance(value, str) and not value.strip()) or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def _plain(column: str, value: Any) -> Any:
    """The value itself, where a table has wrapped it in a type of its own."""
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    if column in _WHOLE and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
