"""The full log of wins: a line for each, as columns of small types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prizedraw.simulation.report import need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from prizedraw.simulation.streams import Array
    from prizedraw.simulation.tally import Wins


class WinLog:
    """Every win of a simulation, run by run; within a run in no particular order.

    Attributes:
        ids: the prize that each code stands for.
        run: from 0.
        participant: from 0.
        number: which draw of the participant's it was, from 1; those made before the simulation are counted in.
        round: the same among the draws tried in the simulation, refused ones counted in.
        prize: the code of the prize.
        time: when, as datetime64 in microseconds, UTC; None without traffic.
    """

    COLUMNS = ("run", "participant", "number", "round", "prize")

    def __init__(self, ids: Sequence[str], logs: Sequence[Wins]) -> None:
        self.ids = tuple(ids)
        lengths = [len(one.prize) for one in logs]
        self.run: Array = np.repeat(np.arange(len(logs), dtype=np.min_scalar_type(max(0, len(logs) - 1))), lengths)
        self.participant: Array = _joined([one.participant for one in logs])
        self.number: Array = _joined([one.number for one in logs])
        self.round: Array = _joined([one.round for one in logs])
        self.prize: Array = _joined([one.prize for one in logs])
        times = [one.time for one in logs if one.time is not None]
        self.time: Array | None = _joined(times).view("datetime64[us]") if times else None

    def __len__(self) -> int:
        return len(self.prize)

    @property
    def nbytes(self) -> int:
        """Memory that the columns take."""
        columns = [getattr(self, name) for name in (*self.COLUMNS, "time")]
        return sum(column.nbytes for column in columns if column is not None)

    def to_pandas(self) -> Any:
        """A pandas DataFrame; the prize is a categorical of ids, the time, if there is a clock, aware in UTC.

        Raises:
            MissingExtra: pandas is not installed.
        """
        pandas = need("pandas")
        columns = {name: getattr(self, name) for name in self.COLUMNS}
        columns["prize"] = pandas.Categorical.from_codes(self.prize.astype(np.int32), categories=list(self.ids))
        if self.time is not None:
            columns["time"] = pandas.DatetimeIndex(self.time, tz="UTC")
        return pandas.DataFrame(columns)

    def to_arrow(self) -> Any:
        """A pyarrow Table; the prize is a dictionary column of ids. Parquet: ``pyarrow.parquet.write_table(log.to_arrow(), path)``.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        arrow = need("pyarrow")
        columns = {name: arrow.array(getattr(self, name)) for name in self.COLUMNS}
        columns["prize"] = arrow.DictionaryArray.from_arrays(arrow.array(self.prize.astype(np.int32)), arrow.array(list(self.ids)))
        if self.time is not None:
            columns["time"] = arrow.array(self.time, arrow.timestamp("us", tz="UTC"))
        return arrow.table(columns)

    def to_parquet(self, path: str | PathLike[str]) -> None:
        """Write the log to a Parquet file.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        need("pyarrow.parquet").write_table(self.to_arrow(), path)

    def __repr__(self) -> str:
        return f"<WinLog of {len(self):,} wins, {self.nbytes / 1e6:,.1f} MB>"


def _joined(columns: Sequence[Array]) -> Array:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)
