"""A table of figures over all combinations of parameters; what the figures mean is the caller's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from html import escape
from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, Any, overload

from prizedraw.errors import InvalidRequest, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable


class Sweep(Sequence["dict[str, Any]"]):
    """The rows of a sweep: in each the parameters, then the figures.

    Attributes:
        parameters: the names of the parameters.
        columns: the names of all columns, the parameters first.
    """

    def __init__(self, parameters: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
        self._rows = [dict(row) for row in rows]
        self.parameters = tuple(parameters)
        self.columns = tuple(dict.fromkeys((*self.parameters, *(name for row in self._rows for name in row))))

    @overload
    def __getitem__(self, k: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, k: slice) -> Sweep: ...
    def __getitem__(self, k: int | slice) -> dict[str, Any] | Sweep:
        return Sweep(self.parameters, self._rows[k]) if isinstance(k, slice) else self._rows[k]

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, name: str) -> list[Any]:
        """One column, in the order of the rows; None where a row lacks it.

        Raises:
            InvalidRequest: there is no such column.
        """
        if name not in self.columns:
            raise InvalidRequest(f"{name!r} is not a column; there are {', '.join(self.columns)}", "name")
        return [row.get(name) for row in self._rows]

    def to_pandas(self) -> Any:
        """A pandas DataFrame with the parameters as its index.

        Raises:
            MissingExtra: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise MissingExtra('this needs pandas, which is not installed; pip install "prizedraw[lab]"') from error
        return pandas.DataFrame(self._rows, columns=list(self.columns)).set_index(list(self.parameters))

    def _lines(self) -> Iterator[list[str]]:
        yield list(self.columns)
        for row in self._rows:
            yield ["" if row.get(name) is None else _shown(row[name]) for name in self.columns]

    def __repr__(self) -> str:
        lines = list(self._lines())
        widths = [max(len(line[k]) for line in lines) for k in range(len(self.columns))]
        return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)

    def _repr_html_(self) -> str:
        head, *body = ([escape(cell) for cell in line] for line in self._lines())
        rows = "".join(f"<tr><td>{'</td><td>'.join(line)}</td></tr>" for line in body)
        return f"<table><thead><tr><th>{'</th><th>'.join(head)}</th></tr></thead><tbody>{rows}</tbody></table>"


def sweep(figures: Callable[..., Any], **parameters: Iterable[Any]) -> Sweep:
    """A row for each combination of parameters: what the function tells there.

    Args:
        figures: called with one value of each parameter by name; gives a mapping from the name of a figure to its value, or one
            value, which is named ``value``.
        parameters: the values that each parameter takes; the last one changes fastest.

    Raises:
        InvalidRequest: there is no parameter, one has no values, or a figure has the name of a parameter.

    Cost: one call for each combination.
    """
    for name, given in parameters.items():
        if not isinstance(given, Iterable) or isinstance(given, str):
            raise InvalidRequest(f"{given!r} is one value; give those it takes, as in {name}=[{given!r}]", name)
    axes = {name: list(values) for name, values in parameters.items()}
    if not axes:
        raise InvalidRequest("there is no parameter; give at least one, as in sweep(f, hard=[80, 90])", "parameters")
    for name, values in axes.items():
        if not values:
            raise InvalidRequest("there is no value; give at least one", name)
    rows = []
    for combination in product(*axes.values()):
        given = dict(zip(axes, combination, strict=True))
        told = figures(**given)
        found = dict(told) if isinstance(told, Mapping) else {"value": told}
        if doubled := given.keys() & found.keys():
            raise InvalidRequest(f"{min(doubled)!r} is a parameter and cannot be a figure too; call one of them otherwise", "figures")
        rows.append({**given, **found})
    return Sweep(axes, rows)


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{float(value):,.6g}"
