"""What a picture shows is what it was given, with axes named, in lines and patterns that differ without colour."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest

from prizedraw import plots
from prizedraw.errors import InvalidRequest
from prizedraw.plots import fonts, page

CHANCES = {"phone": [0.006] * 73 + [0.3, 0.7, 1.0], "coupon": [0.05] * 76, "thank-you": np.linspace(0.9, 0.1, 76)}
PNG = b"\x89PNG"


def drawn(figure: plots.Picture) -> str:
    """Every text of a picture, after it was drawn without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert figure._repr_png_().startswith(PNG)
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def test_odds_per_draw_are_the_series_in_percent() -> None:
    """Each line holds a hundred times the chances, over draw numbers from 1; where they differ widely the axis is logarithmic."""
    figure = plots.by_draw(CHANCES, title="Spring")
    (axes,) = figure.axes
    for line, (id_, chances) in zip(axes.lines, CHANCES.items(), strict=True):
        assert line.get_label() == id_
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 77))
        np.testing.assert_allclose(line.get_ydata(), 100 * np.array(chances))
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("draw number", "chance of the draw (%)", "log")
    assert {"Spring", "phone"} <= set(drawn(figure).split("\n"))


def test_odds_that_are_close_start_from_zero() -> None:
    """A linear axis is not cut off, and a later first draw is told."""
    (axes,) = plots.by_draw({"a": [0.1, 0.2], "b": [0.9, 0.8]}, first=11).axes
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] == 0
    assert list(axes.lines[0].get_xdata()) == [11, 12]


def test_a_chance_of_zero_is_left_out_of_a_logarithmic_axis() -> None:
    """It has no place there; the rest of its line stays."""
    (axes,) = plots.by_draw({"a": [0.0, 0.001], "b": [0.5, 0.5]}).axes
    assert np.isnan(axes.lines[0].get_ydata()[0])
    assert axes.lines[0].get_ydata()[1] == pytest.approx(0.1)


def test_seven_lines_differ_in_dash_and_in_marker() -> None:
    """Without colours they can still be told apart."""
    ways = page.lines(7)
    assert len({str(way["linestyle"]) for way in ways}) == len({way["marker"] for way in ways}) == 7


def test_a_distribution_shows_its_chances_and_quantiles() -> None:
    """Bars are the chances in percent; each quantile is the least value whose sum reaches it."""
    figure = plots.distribution([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.3], unit="wins", name="Wins", never=0.1)
    (axes,) = figure.axes
    assert [(bar.get_center()[0], round(bar.get_height(), 9)) for bar in axes.patches] == [(1, 10), (2, 20), (3, 30), (4, 30)]
    assert [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata())] == [1, 3]  # 95 % are never reached
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("wins", "chance (%)")
    text = drawn(figure)
    assert "50 % within 3 wins" in text
    assert "never: 10 %" in text


def test_the_tails_of_a_distribution_are_told_and_not_drawn() -> None:
    """Of a long law the middle is drawn, and what lies beyond has its chance."""
    chances = np.exp(-np.arange(500) / 10)
    figure = plots.distribution(np.arange(500), chances / chances.sum())
    (axes,) = figure.axes
    shown = axes.patches[0].get_data().values
    np.testing.assert_allclose(shown, 100 * chances[: len(shown)] / chances.sum())
    left = 1 - shown.sum() / 100
    assert 0 < left < 0.001
    assert f"above {len(shown) - 1}: {100 * left:.2g} %" in drawn(figure)


def test_a_law_in_steps_has_bars_as_wide_as_the_steps() -> None:
    """Values without a chance between those of ten-pulls are no gaps."""
    chances = np.zeros(31)
    chances[[10, 20, 30]] = [0.5, 0.3, 0.2]
    (axes,) = plots.distribution(np.arange(31), chances).axes
    assert [(bar.get_center()[0], bar.get_width(), round(bar.get_height())) for bar in axes.patches if bar.get_height()] == [
        (10, 8, 50),
        (20, 8, 30),
        (30, 8, 20),
    ]


RUNS = np.array([[5, 3, 1, 0], [5, 4, 4, 2], [5, 4, 3, 1]])


def test_stock_has_a_panel_for_each_prize_with_median_and_band() -> None:
    """The line is the median over the runs, on an axis from 0 to the stock; the band has a pattern."""
    figure = plots.stock([0, 10, 20, 30], {"phone": RUNS, "cup": 10 * RUNS}, names={"cup": "Cup"})
    phone, cup = figure.axes
    assert (phone.get_title("left"), cup.get_title("left")) == ("phone", "Cup")
    np.testing.assert_array_equal(phone.lines[0].get_ydata(), [5, 4, 3, 1])
    np.testing.assert_array_equal(cup.lines[0].get_ydata(), [50, 40, 30, 10])
    assert phone.collections[0].get_hatch()
    assert (phone.get_xlabel(), phone.get_ylabel()) == ("draws made in the campaign", "units left")
    assert "5 % to 95 % of the runs" in drawn(figure)


def test_stock_over_time_has_dates() -> None:
    """Times are read as dates."""
    times = np.datetime64("2026-02-10T10:00") + np.arange(4) * np.timedelta64(2, "h")
    assert "Feb-10" in drawn(plots.stock(times, {"phone": RUNS}, axis="time (UTC)"))


def test_the_fan_of_costs_is_in_whole_units() -> None:
    """Cents become units; the bands nest, and the budget is a line."""
    cents = np.array([[0, 100 * k, 200 * k] for k in range(1, 42)])
    figure = plots.cost([0, 1, 2], cents, budget=50, currency="CNY")
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0, 21, 42])
    outer, inner = (band.get_paths()[0].get_extents().y1 for band in axes.collections)
    assert (outer, inner) == (pytest.approx(78), pytest.approx(62))
    text = drawn(figure)
    assert "worth of what was granted (CNY)" in text
    assert "budget: 50" in text


def test_plans_are_bars_side_by_side() -> None:
    """One panel for each figure, in it one bar for each plan, with patterns that differ."""
    plans = {"many small": {"cost": 12500.0, "win rate": 31.5}, "one big": {"cost": 10000.0, "win rate": 0.02}}
    figure = plots.comparison(plans, units={"win rate": "% of draws"})
    cost, rate = figure.axes
    assert [bar.get_width() for bar in cost.patches] == [12500, 10000]
    assert [bar.get_width() for bar in rate.patches] == [31.5, 0.02]
    assert len({bar.get_hatch() for bar in cost.patches}) == 2
    assert rate.get_xlabel() == "% of draws"
    assert "12,500" in drawn(figure)


@pytest.mark.parametrize(
    ("draw", "place"),
    [
        (lambda: plots.by_draw({}), "chances"),
        (lambda: plots.by_draw({"a": [[0.1]]}), "chances"),
        (lambda: plots.by_draw([0.1]), "chances"),
        (lambda: plots.by_draw({"a": "often"}), "chances"),
        (lambda: plots.by_draw({"a": [0.1], "b": [0.1, 0.2]}), "chances"),
        (lambda: plots.distribution([1, 2], [0.5]), "chances"),
        (lambda: plots.distribution([1], [1], quantiles=[2]), "quantiles"),
        (lambda: plots.stock([0], {}), "left"),
        (lambda: plots.stock([0], {"a": [[1, 2]]}), "left"),
        (lambda: plots.stock([], {"a": [[]]}), "at"),
        (lambda: plots.cost([0], [1]), "cents"),
        (lambda: plots.comparison({}), "plans"),
        (lambda: plots.comparison({"a": {}}), "plans"),
        (lambda: plots.comparison({"a": {"x": 1.0}, "b": {}}), "plans"),
    ],
)
def test_bad_arrays_are_refused(draw: object, place: str) -> None:
    """The error names the argument."""
    with pytest.raises(InvalidRequest) as caught:
        draw()
    assert caught.value.place.startswith(place)


@pytest.fixture
def no_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a Chinese font, where nothing was said yet."""
    monkeypatch.setattr(fonts, "chinese_families", tuple)
    fonts._tell_once.cache_clear()


@pytest.mark.usefixtures("no_chinese")
def test_without_a_font_ids_are_shown_and_this_is_said_once() -> None:
    """The warning names a package to install; the next picture is silent."""
    with pytest.warns(UserWarning, match="fonts-noto-cjk"):
        figure = plots.by_draw({"phone": [0.1]}, names={"phone": "手机"})
    assert "phone" in drawn(figure)
    assert "手机" not in drawn(figure)
    assert "phone" in drawn(plots.by_draw({"phone": [0.1]}, names={"phone": "手机"}))


@pytest.mark.skipif(not fonts.chinese_families(), reason="no Chinese font is installed here")
def test_chinese_names_are_written_where_a_font_is_installed() -> None:
    """No glyph is missing, which matplotlib would warn of."""
    text = drawn(plots.by_draw({"phone": [0.1, 0.2]}, names={"phone": "旗舰手机"}, title="春节抽奖 Spring"))
    assert "旗舰手机" in text
    assert "春节抽奖 Spring" in text


def test_the_usual_font_is_kept_where_it_has_all_letters() -> None:
    """Latin, Greek and Cyrillic names need no other font."""
    names = {"a": "Größe", "b": "Δx", "c": "Приз"}
    assert fonts.written(names) == (names, fonts.font_manager.FontProperties().get_family())


def test_pictures_leave_the_settings_of_matplotlib_alone() -> None:
    """The style is the picture's, not the program's."""
    before = dict(page.mpl.rcParams)
    plots.by_draw(CHANCES)
    assert dict(page.mpl.rcParams) == before


def test_without_matplotlib_the_extra_is_named() -> None:
    """The error tells what to install, and nothing else loads matplotlib."""
    code = (
        "import sys; import prizedraw; assert 'matplotlib' not in sys.modules; sys.modules['matplotlib'] = None\n"
        "try:\n    import prizedraw.plots\nexcept prizedraw.MissingExtra as error:\n    assert 'prizedraw[lab]' in str(error)\n"
        "else:\n    sys.exit(1)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
