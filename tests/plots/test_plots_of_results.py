"""Results draw themselves: laws, reports of simulations, and what the command line writes to a file."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from prizedraw import InvalidRequest, Prize, Window, simulate
from prizedraw.odds import Distribution
from scenery import wheel

SCARCE = wheel(Prize("cup", "Cup", 1, 10, value="2.50"), Prize("pen", "Pen", 3, 30), Prize("card", "Card", 6, -1, value="0.10"))


def test_a_law_draws_itself() -> None:
    """Bars are its chances in percent, over its values, in its unit; a cost has its price."""
    law = Distribution(1, [0.25, 0.5, 0.25], unit="draws", name="Until the cup")
    (axes,) = law.plot().axes
    assert [round(bar.get_height()) for bar in axes.patches] == [25, 50, 25]
    assert (axes.get_title("left"), axes.get_xlabel()) == ("Until the cup", "draws")
    (axes,) = law.cost(2.5).plot(quantiles=[0.5]).axes
    assert [bar.get_center()[0] for bar in axes.patches] == pytest.approx([2.5, 5, 7.5])
    assert axes.lines[0].get_xdata()[0] == 5


def test_a_report_with_a_log_draws_its_stock_by_round() -> None:
    """Units left after each round, counted again from the log; what is unlimited has no panel."""
    report = simulate(SCARCE, 20, 5, seed=1, log=True)
    cup, pen = report.plot().axes
    for axes, id_, units in ((cup, "cup", 10), (pen, "pen", 30)):
        won = Counter(int(r) for r, p in zip(report.log.round, report.log.prize, strict=True) if report.log.ids[p] == id_)
        left = [units - sum(won[r] for r in range(n + 1)) for n in range(6)]
        assert list(axes.lines[0].get_ydata()) == left
        assert left[-1] == report.remaining[id_]


@pytest.mark.parametrize("order", ["rounds", "sessions", "random"])
def test_with_traffic_a_report_draws_its_stock_by_the_clock(order) -> None:
    """From the first draw to the last, in the campaign's zone, in any order; at each look the units left are counted from the log."""
    evening = [0] * 18 + [1] * 6
    report = simulate(SCARCE, 40, 5, seed=1, log=True, traffic=evening, order=order)
    axes = report.plot().axes[0]
    line = axes.lines[0]
    times = np.array(line.get_xdata(orig=True))
    cups = np.sort(report.log.time[report.log.prize == report.log.ids.index("cup")])
    assert list(line.get_ydata()) == [10 - int((cups <= moment).sum()) for moment in times]
    assert line.get_ydata()[-1] == report.remaining["cup"] == 0
    assert axes.get_xlabel() in {"", "time (Asia/Shanghai)"}
    assert report.plot("cost").axes[0].get_xlabel() == "time (Asia/Shanghai)"
    assert cups[-1].item().replace(tzinfo=UTC) == report.sold_out_at["cup"].time
    assert report.sold_out_at["cup"].time.hour >= 18


def test_the_clock_of_a_picture_is_the_campaigns() -> None:
    """A campaign that is open for four hours in Shanghai has these hours on the axis, wherever the picture is made."""
    short = wheel(Prize("cup", "Cup", 1, 10), windows=[Window(datetime(2027, 3, 1, 18), datetime(2027, 3, 1, 22))])
    picture = simulate(short, 40, 5, seed=1, log=True, traffic="constant").plot()
    picture.canvas.draw()
    assert {label.get_text() for label in picture.axes[0].get_xticklabels()} >= {"19:00", "20:00", "21:00"}


def test_a_report_draws_its_cost() -> None:
    """The last place of the fan is the cost that the report tells."""
    report = simulate(SCARCE, 20, 5, seed=1, log=True, runs=3)
    (axes,) = report.plot("cost").axes
    assert axes.lines[0].get_ydata()[-1] == pytest.approx(report.cost.quantile(0.5) / 100)


def test_a_report_without_a_log_draws_what_was_granted() -> None:
    """A bar for each prize up to the median of the runs, and a mark at the demand."""
    report = simulate(SCARCE, 20, 5, seed=1, runs=5)
    (axes,) = report.plot().axes
    ids = ["cup", "pen", "card"]
    assert [bar.get_width() for bar in axes.patches] == [report.granted[id_].quantile(0.5) for id_ in ids]
    marks = next(line for line in axes.lines if line.get_marker() == "D")
    np.testing.assert_allclose(marks.get_xdata(), [float(report.demand[id_]) for id_ in ids])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Cup", "Pen", "Card"]


@pytest.mark.parametrize(
    ("arguments", "of", "message"),
    [
        ({"log": True}, "luck", "granted, stock and cost"),
        ({}, "stock", "log=True"),
        ({"log": True, "order": "sessions"}, "cost", "in the order"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments: dict[str, object], of: str, message: str) -> None:
    """The error tells what there is, or what to do."""
    with pytest.raises(InvalidRequest, match=message):
        simulate(SCARCE, 20, 5, seed=1, **arguments).plot(of)


def test_without_finite_prizes_there_is_no_stock() -> None:
    """Left to itself, the report then draws what was granted."""
    report = simulate(wheel(Prize("card", "Card", 1, -1)), 3, 3, seed=1, log=True)
    assert report.plot().axes[0].get_xlabel() == "units in the campaign"
    with pytest.raises(InvalidRequest, match="no prize can run out"):
        report.plot("stock")
