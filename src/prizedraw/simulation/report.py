"""What came of a simulation: means with their standard errors, quantiles over runs, tables. Nothing is simulated here."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from html import escape
from math import floor, nan, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prizedraw.draw.receipt import to_instant
from prizedraw.errors import InvalidRequest, MissingExtra
from prizedraw.quota import UNLIMITED
from prizedraw.simulation.tally import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from prizedraw.campaign import Campaign
    from prizedraw.plots import Picture
    from prizedraw.sampling.entropy import Seed
    from prizedraw.simulation.log import WinLog
    from prizedraw.simulation.scene import Plan
    from prizedraw.simulation.streams import Array
    from prizedraw.simulation.tally import SoldOut, Tally


class Estimate(float):
    """The mean of a count over runs; a float that knows its runs.

    Attributes:
        runs: the count in each run, in order.
    """

    runs: Array

    def __new__(cls, runs: Array) -> Estimate:
        """The mean of these counts."""
        made = super().__new__(cls, np.mean(runs) if len(runs) > 1 else runs[0])
        made.runs = runs
        return made

    @property
    def standard_error(self) -> float:
        """Of the mean; NaN where there is only one run."""
        return float(np.std(self.runs, ddof=1)) / sqrt(len(self.runs)) if len(self.runs) > 1 else nan

    def quantile(self, q: float) -> int:
        """The least count that at least a share ``q`` of the runs did not pass.

        Raises:
            InvalidRequest: ``q`` is not in 0..1.
        """
        if isinstance(q, bool) or not isinstance(q, int | float) or not 0 <= q <= 1:
            raise InvalidRequest(f"{q!r} is not a share; it must lie in 0..1", "q")
        return int(np.quantile(self.runs, q, method="inverted_cdf"))

    def __reduce__(self) -> tuple[type[Estimate], tuple[Array]]:
        return Estimate, (self.runs,)

    def __repr__(self) -> str:
        return f"{_number(self)} ± {_number(self.standard_error)}" if len(self.runs) > 1 else _number(self)

    __str__ = __repr__


class SoldOutAt(NamedTuple):
    """Where the last unit of a prize went.

    Attributes:
        draw: the number of that draw in the campaign, from 1; 0: there was nothing to give from the start.
        round: which draw of its participant it was, from 1.
        time: when, in the campaign's zone; None without traffic.
    """

    draw: int
    round: int
    time: datetime | None


QUANTILES = ("granted", "demand", "remaining", "refused", "cost", "sold_out_at", "wins_per_participant")


class Report:
    """What came of the runs of a simulation.

    Attributes:
        campaign: what was simulated.
        participants: how many drew.
        runs: how many runs were finished.
        seed: of the predictable source; None: the secure one, and nothing can be reproduced.
        interrupted: whether runs that were asked for are missing.
        wins_per_participant: how many participants won 0, 1, 2, … times, summed over the runs.
        log: every win as columns, if it was asked for.
    """

    def __init__(self, plan: Plan, seed: Seed | None, tallies: Sequence[Tally], *, asked: int, log: WinLog | None) -> None:
        self.campaign: Campaign = plan.campaign
        self.participants = plan.participants
        self.runs = len(tallies)
        self.seed = seed
        self.interrupted = len(tallies) < asked
        self.log = log
        self._asked = asked
        self._plan = plan
        self._tallies = tuple(tallies)
        self._ids = (*(prize.id for prize in plan.campaign.prizes), plan.campaign.fallback.id)
        self.wins_per_participant = np.zeros(max(len(one.wins) for one in tallies), np.int64)
        for one in tallies:
            self.wins_per_participant[: len(one.wins)] += one.wins

    def _estimates(self, name: str, ids: Sequence[str]) -> Mapping[str, Estimate]:
        columns = np.array([getattr(one, name) for one in self._tallies])
        return {id_: Estimate(columns[:, k]) for k, id_ in enumerate(ids)}

    @cached_property
    def granted(self) -> Mapping[str, Estimate]:
        """Prize id → receipts of that prize, the thank-you last."""
        return self._estimates("granted", self._ids)

    @cached_property
    def demand(self) -> Mapping[str, Estimate]:
        """Prize id → receipts whose first ticket named it, the thank-you last."""
        return self._estimates("demand", self._ids)

    @cached_property
    def remaining(self) -> Mapping[str, Estimate]:
        """Prize id → units left at the end; -1 is unlimited."""
        return self._estimates("remaining", self._ids[:-1])

    @cached_property
    def refused(self) -> Mapping[str, Estimate]:
        """Reason → draws refused for it, every reason in order of precedence."""
        return self._estimates("refused", REFUSALS)

    @cached_property
    def draws(self) -> Estimate:
        """Draws made, refused ones left out."""
        return Estimate(np.array([one.granted.sum() for one in self._tallies]))

    @cached_property
    def cost(self) -> Estimate:
        """Worth of what was granted, in cents (hundredths of the unit of ``Prize.value``); prizes without a value cost nothing.

        Each run's is exact and rounded to a whole cent, halves up.
        """
        return Estimate(np.array([self._cents(one) for one in self._tallies], dtype=np.int64))

    def _cents(self, tally: Tally) -> int:
        values = [Fraction(prize.value or 0) * 100 for prize in self.campaign.prizes]
        exact = sum((value * int(n) for value, n in zip(values, tally.granted, strict=False)), Fraction(0))
        return floor(exact + Fraction(1, 2))

    @cached_property
    def sold_out_at(self) -> Mapping[str, SoldOutAt | None]:
        """Prize id → where its last unit went, or None where units were left; over several runs the median of them."""
        return self._sold_out(0.5)

    def _sold_out(self, q: float) -> dict[str, SoldOutAt | None]:
        place = max(0, int(np.ceil(q * self.runs)) - 1)
        found: dict[str, SoldOutAt | None] = {}
        for k, id_ in enumerate(self._ids[:-1]):
            # Runs in which it never sold out come last.
            where = sorted(one.sold_out[k] for one in self._tallies if k in one.sold_out)
            found[id_] = self._told(where[place]) if place < len(where) else None
        return found

    def _told(self, where: SoldOut) -> SoldOutAt:
        time = None if where.time is None else to_instant(where.time).astimezone(self.campaign.calendar.zone)
        return SoldOutAt(where.draw, where.round, time)

    def sold_out_share(self, prize_id: str) -> float:
        """The share of the runs in which a prize sold out."""
        k = self._ids.index(self.campaign.prize(prize_id).id)
        return sum(k in one.sold_out for one in self._tallies) / self.runs

    def quantile(self, q: float, of: str = "granted") -> Any:
        """The quantile over the runs: the least value that at least a share ``q`` of them did not pass.

        Args:
            q: in 0..1.
            of: "granted", "demand", "remaining", "refused" or "sold_out_at", each by id; "cost"; "wins_per_participant", over the
                participants of all runs.

        Raises:
            InvalidRequest: ``q`` is not in 0..1, or ``of`` is something else.
        """
        if isinstance(q, bool) or not isinstance(q, int | float) or not 0 <= q <= 1:
            raise InvalidRequest(f"{q!r} is not a share; it must lie in 0..1", "q")
        if of == "sold_out_at":
            return self._sold_out(q)
        if of == "cost":
            return self.cost.quantile(q)
        if of == "wins_per_participant":
            reached = np.cumsum(self.wins_per_participant) >= max(q * self.wins_per_participant.sum(), 1)
            return int(np.argmax(reached))
        if of not in QUANTILES:
            raise InvalidRequest(f"{of!r} has no quantile here; there are {', '.join(QUANTILES)}", "of")
        return {id_: estimate.quantile(q) for id_, estimate in getattr(self, of).items()}

    def rows(self) -> list[dict[str, Any]]:
        """The table as plain values: a row for each prize and the thank-you."""
        found = []
        for id_ in self._ids:
            granted, left, where = self.granted[id_], self.remaining.get(id_), self.sold_out_at.get(id_)
            prize = self.campaign.prize(id_)
            found.append(
                {
                    "prize": id_,
                    "name": prize.name,
                    "stock": prize.stock,
                    "granted": float(granted),
                    "standard_error": granted.standard_error,
                    "granted_05": granted.quantile(0.05),
                    "granted_50": granted.quantile(0.5),
                    "granted_95": granted.quantile(0.95),
                    "demand": float(self.demand[id_]),
                    "remaining": UNLIMITED if left is None else float(left),
                    "sold_out_share": 0.0 if left is None else self.sold_out_share(id_),
                    "sold_out_draw": None if where is None else where.draw,
                    "sold_out_round": None if where is None else where.round,
                    "sold_out_time": None if where is None else where.time,
                }
            )
        return found

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame, a row for each prize.

        Raises:
            MissingExtra: pandas is not installed.
        """
        pandas = need("pandas")
        return pandas.DataFrame(self.rows()).set_index("prize")

    def to_arrow(self) -> Any:
        """The table as a pyarrow Table, a row for each prize.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        return need("pyarrow").Table.from_pylist(self.rows())

    def sentences(self) -> list[str]:
        """What the table does not show, in sentences."""
        runs = "1 run" if self.runs == 1 else f"{self.runs:,} runs"
        told = [f"{_number(self.draws)} draws by {self.participants:,} participants{'' if self.runs == 1 else ' a run'}, {runs}"]
        if self.interrupted:
            told[0] += f" of the {self._asked:,} asked for: it was interrupted"
        refused = ", ".join(f"{reason} {estimate!r}" for reason, estimate in self.refused.items() if estimate)
        told += [f"refused: {refused}"] if refused else []
        if any(prize.value is not None for prize in self.campaign.prizes):
            cents = "" if self.runs == 1 else f" ± {_money(self.cost.standard_error)}"
            told.append(f"cost {_money(self.cost)}{cents}")
        told.append("drawn from the secure source: it cannot be reproduced" if self.seed is None else f"seed {self.seed!r}")
        return told

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        heads = ("prize", "granted", "±", "5 % … 95 %", "demand", "remaining", "sold out at")
        return heads, [self._line(row) for row in self.rows()]

    def _line(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        one = self.runs == 1
        left = "unlimited" if row["remaining"] == UNLIMITED else _number(row["remaining"])
        sold = "–" if row["sold_out_draw"] is None else f"draw {row['sold_out_draw']:,}, round {row['sold_out_round']:,}"
        if row["sold_out_time"] is not None:
            sold += f", {row['sold_out_time']:%Y-%m-%d %H:%M}"
        share = f" ({row['sold_out_share']:.0%} of the runs)" if not one and row["sold_out_share"] else ""
        error, spread = ("", "") if one else (_number(row["standard_error"]), f"{row['granted_05']:,} … {row['granted_95']:,}")
        return (row["prize"], _number(row["granted"]), error, spread, _number(row["demand"]), left, sold + share)

    def plot(self, of: str | None = None) -> Picture:
        """What came of the runs as a picture.

        Args:
            of: "granted": what was granted and asked for; "stock": units left after each round, or with traffic as time goes by, in
                the campaign's zone; "cost": worth of what was granted until then. The last two are counted from the log of wins.
                Left out, it is the stock where that is kept and can run out, else what was granted.

        Raises:
            MissingExtra: matplotlib is not installed.
            InvalidRequest: ``of`` is something else; there is no log, or neither rounds nor a clock.
        """
        from prizedraw.simulation import seeing  # noqa: PLC0415 - matplotlib is optional, and slow to import

        return seeing.picture(self, self._plan, of)

    def __repr__(self) -> str:
        heads, rows = self._table()
        widths = [max(len(line[k]) for line in (heads, *rows)) for k in range(len(heads))]
        lines = [
            "  ".join(cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(line, widths, strict=True)))
            for line in (heads, *rows)
        ]
        return "\n".join([f"Simulation of {self.campaign.id!r}", *self.sentences(), *(line.rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        heads, rows = self._table()
        head = "".join(f"<th>{escape(one)}</th>" for one in heads)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        told = "<br>".join(escape(one) for one in self.sentences())
        title = f"Simulation of {escape(self.campaign.id)}"
        return f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{told}</p>"


def need(module: str) -> Any:
    """An optional module.

    Raises:
        MissingExtra: it is not installed.
    """
    from importlib import import_module  # noqa: PLC0415 - only for what is optional

    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(f'this needs {module}, which is not installed; pip install "prizedraw[lab]"') from error


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 - NaN
        return "?"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.2f}"


def _money(cents: float) -> str:
    return f"{cents / 100:,.2f}"
