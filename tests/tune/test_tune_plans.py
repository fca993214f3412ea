"""Plans side by side: the figures are those of the simulation, and agree with exact ones where there are such."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from prizedraw import Campaign, Prize, Window, odds, simulate, tune
from prizedraw.cli import main
from prizedraw.errors import InvalidRequest

ALWAYS = [Window(datetime(2020, 1, 1), datetime(2100, 1, 1))]


def plan(id_, *prizes, thanks):
    """A campaign of these prizes."""
    return Campaign(id=id_, title=id_, timezone="UTC", windows=ALWAYS, prizes=prizes, fallback=Prize.thank_you(weight=thanks))


MANY = plan("many-small", Prize("pen", "Pen", 30, -1, value=2), thanks=70)
ONE = plan("one-big", Prize("car", "Car", 1, 2, value=20_000), thanks=9_999)


@pytest.fixture(scope="module")
def compared():
    """Many small prizes against one big one, for 5,000 participants of four draws."""
    return tune.compare({"many small": MANY, "one big": ONE}, participants=5_000, draws_each=4, runs=40, seed="plans")


def test_figures_agree_with_exact_ones(compared):
    """Within six standard errors (less than 1e-8 of false alarm each): cost, win rate, and the chance of any win."""
    small, errors = compared["many small"].figures, compared["many small"].errors
    for figure, exact in (("cost", 5_000 * 4 * 0.3 * 2), ("win rate", 0.3), ("wins", 1.2)):
        assert abs(small[figure] - exact) <= 6 * errors[figure]
    assert abs(small["any win"] - odds.hits_in(MANY, "pen", 4).sf(0)) <= 6 * errors["any win"]
    big = compared["one big"].figures
    assert small["sold out"] == 0 < big["sold out"] < 1
    assert big["top prize"] <= 2
    assert big["cost"] < small["cost p95"] * 10


def test_figures_are_those_of_the_simulation(compared):
    """The same seed gives the same report."""
    again = simulate(ONE, 5_000, 4, runs=40, seed="plans")
    assert compared["one big"].report.granted == again.granted
    assert compared["one big"].figures["cost"] == again.cost / 100


def test_a_comparison_can_be_seen(compared):
    """As text, as a table of a notebook, as a DataFrame, as a picture."""
    assert list(compared) == ["many small", "one big"]
    assert "5,000 participants, 4 draws each, 40 runs" in repr(compared)
    assert compared._repr_html_().startswith("<table>")
    frame = compared.to_pandas()
    assert list(frame.index) == ["many small", "one big"]
    assert frame.loc["many small", "win rate"] == compared["many small"].figures["win rate"]
    pytest.importorskip("matplotlib").use("Agg")
    panels = [axes for axes in compared.plot().axes if axes.axison]
    assert len(panels) == len(compared["one big"].figures)


def test_the_command_prints_the_same(tmp_path, capsys):
    """``prizedraw compare``: a table, or the rows as JSON, and a picture."""
    for one in (MANY, ONE):
        (tmp_path / f"{one.id}.toml").write_text(one.dumps(), "utf-8")
    files = [str(tmp_path / f"{one.id}.toml") for one in (MANY, ONE)]
    asked = ["compare", *files, "--participants", "500", "--draws", "2", "--seed", "1", "--runs", "3"]
    assert main([*asked, "--json", "--plot", str(tmp_path / "plans.png")]) == 0
    told = json.loads(capsys.readouterr().out)
    direct = tune.compare({one.id: one for one in (MANY, ONE)}, participants=500, draws_each=2, runs=3, seed=1)
    assert told["plans"] == direct.rows()
    assert (tmp_path / "plans.png").stat().st_size > 10_000
    assert main(asked) == 0
    assert "many-small" in capsys.readouterr().out


def test_bad_input_is_told():
    """Nothing to compare, or nobody to draw."""
    with pytest.raises(InvalidRequest, match="no plan"):
        tune.compare({}, participants=1, draws_each=1)
    with pytest.raises(InvalidRequest, match=r"\S"):
        tune.compare({"a": MANY}, participants=-1, draws_each=1)
