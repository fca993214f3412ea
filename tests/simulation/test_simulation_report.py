"""Reports: figures with their errors, quantiles, tables for people and for pandas and Arrow, the log of wins."""

from __future__ import annotations

import sys
from decimal import Decimal
from fractions import Fraction
from math import isnan

import attrs
import numpy as np
import pytest

from prizedraw import MissingExtra, Pity, Prize, Quota, simulate
from prizedraw.errors import InvalidRequest
from scenery import wheel

THANKS = Prize.thank_you(weight=7)
PRIZES = (Prize("a", "奖品 <A>", 1, 30, value="2.505"), Prize("b", "B", 2, -1, value="0.10"), Prize("c", "C", 1, 4))
CAMPAIGN = wheel(*PRIZES, fallback=THANKS, quota=Quota(total_wins=4, ordering="relaxed"))
WAYS = {
    "stepping": {"order": "sessions"},
    "calendar": {},
    "leap": {"stock": {"a": -1, "c": -1}},
}


def report(runs=5, people=60, **options):
    """A report of a small campaign."""
    return simulate(CAMPAIGN, people, 9, runs=runs, seed=3, progress=False, **options)


@pytest.mark.parametrize("way", WAYS)
def test_every_run_adds_up(way):
    """Draws are grants and are demand; stock left and granted is what there was; wins are told by prize and by participant."""
    found = report(**WAYS[way])
    for run in range(5):
        granted = {id_: int(estimate.runs[run]) for id_, estimate in found.granted.items()}
        assert sum(granted.values()) == 60 * 9 == sum(int(estimate.runs[run]) for estimate in found.demand.values())
        assert (way == "leap") or granted["a"] + found.remaining["a"].runs[run] == 30
        exact = Decimal(granted["a"]) * Decimal("250.5") + Decimal(granted["b"]) * 10
        assert found.cost.runs[run] == int((exact + Decimal("0.5")).to_integral_value(rounding="ROUND_FLOOR"))
    wins = sum(float(found.granted[id_]) for id_ in "abc") * 5
    assert wins == (found.wins_per_participant * np.arange(len(found.wins_per_participant))).sum()
    assert found.wins_per_participant.sum() == 60 * 5
    assert len(found.wins_per_participant) <= 5


@pytest.mark.parametrize("way", WAYS)
def test_the_log_tells_every_win(way):
    """Counted by prize and by participant it gives the report; a participant's numbers rise and are within the draws; types are small."""
    found = report(log=True, **WAYS[way])
    log = found.log
    for run in range(5):
        mine = log.run == run
        assert np.bincount(log.prize[mine], minlength=3).tolist() == [int(found.granted[id_].runs[run]) for id_ in "abc"]
        pairs = list(zip(log.participant[mine].tolist(), log.number[mine].tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
    per_person = np.bincount(log.run.astype(int) * 60 + log.participant, minlength=300)
    assert np.bincount(per_person).tolist() == found.wins_per_participant.tolist()
    assert 1 <= log.number.min() <= log.number.max() <= 9
    assert np.array_equal(log.number, log.round)
    assert log.nbytes == 5 * len(log)


@pytest.mark.parametrize("order", ["rounds", "sessions", "random"])
def test_with_traffic_the_log_has_times(order, tmp_path):
    """Within the windows and rising with each participant's draws; the last unit's time is that of the sell-out; aware in pandas."""
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow.parquet")
    found = report(log=True, traffic="constant", order=order)
    log, window = found.log, CAMPAIGN.windows[0]
    frame = log.to_pandas()
    assert frame["time"].between(window.start, window.end, inclusive="left").all()
    by_draw = frame.sort_values(["run", "participant", "number"]).groupby(["run", "participant"])["time"]
    assert by_draw.apply(lambda times: times.is_monotonic_increasing).all()
    first = simulate(CAMPAIGN, 60, 9, runs=1, seed=3, progress=False, log=True, traffic="constant", order=order)
    assert first.sold_out_at["c"].time == first.log.to_pandas().query("prize == 'c'")["time"].max()
    assert isinstance(frame["time"].dtype, pandas.DatetimeTZDtype)
    log.to_parquet(tmp_path / "log.parquet")
    assert arrow.read_table(tmp_path / "log.parquet")["time"].to_pandas().equals(frame["time"])
    assert log.nbytes == (5 + 8) * len(log)


def test_the_numbers_in_the_log_leave_refused_draws_out():
    """Round 3 of a participant whose second draw was refused is draw number 2."""
    campaign = attrs.evolve(wheel(Prize("a", "A", 1, -1)), quota=Quota(daily_draws=1))
    log = simulate(campaign, 3, 4, per_day=2, seed=1, log=True).log
    assert sorted(zip(log.participant.tolist(), log.number.tolist(), log.round.tolist(), strict=True)) == [
        (k, number, round_) for k in range(3) for number, round_ in ((1, 1), (2, 3))
    ]


def test_the_log_in_pandas_arrow_and_parquet(tmp_path):
    """The same columns everywhere, with prizes as ids."""
    pandas, parquet = pytest.importorskip("pandas"), pytest.importorskip("pyarrow.parquet")
    log = report(log=True).log
    frame = log.to_pandas()
    assert list(frame.columns) == ["run", "participant", "number", "round", "prize"]
    assert frame["prize"].value_counts().to_dict() == {id_: int((log.prize == k).sum()) for k, id_ in enumerate("abc")} | {"thank-you": 0}
    log.to_parquet(tmp_path / "wins.parquet")
    back = parquet.read_table(tmp_path / "wins.parquet").to_pandas()
    assert back["prize"].astype(str).tolist() == frame["prize"].astype(str).tolist()
    assert back["participant"].tolist() == log.participant.tolist()
    assert isinstance(frame, pandas.DataFrame)


def test_the_table_in_pandas_and_arrow():
    """A row for each prize and the thank-you."""
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    found = report()
    frame = found.to_pandas()
    assert list(frame.index) == ["a", "b", "c", "thank-you"]
    assert frame.loc["a", "granted"] == float(found.granted["a"])
    assert frame.loc["b", "remaining"] == -1
    assert found.to_arrow().to_pylist()[2]["sold_out_share"] == found.sold_out_share("c")


@pytest.mark.parametrize("module", ["pandas", "pyarrow"])
def test_a_missing_extra_is_named(monkeypatch, module):
    """Without the library the error says which extra brings it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"prizedraw\[lab\]"):
        report().to_pandas() if module == "pandas" else report().to_arrow()


def test_a_mean_has_its_standard_error_and_quantiles():
    """Against the definition: s/√n with n - 1, and the least value that a share of the runs did not pass."""
    values = report(runs=20).granted["b"]
    numbers = sorted(values.runs.tolist())
    mean = Fraction(sum(numbers), 20)
    variance = sum((n - mean) ** 2 for n in numbers) / Fraction(19 * 20)
    assert float(values) == pytest.approx(float(mean), rel=1e-15)
    assert values.standard_error == pytest.approx(float(variance) ** 0.5, rel=1e-12)
    assert [values.quantile(q) for q in (0, 0.05, 0.5, 0.51, 1)] == [numbers[0], numbers[0], numbers[9], numbers[10], numbers[19]]


def test_quantiles_of_everything():
    """By prize, of the cost, of the wins of a participant, and of where a prize sold out: runs in which it never did come last."""
    found = report(runs=20, stock={"a": 46})
    assert found.quantile(0.5) == {id_: values.quantile(0.5) for id_, values in found.granted.items()}
    assert found.quantile(0.9, "cost") == found.cost.quantile(0.9)
    share = found.sold_out_share("a")
    assert 0 < share < 1
    assert found.quantile(share, "sold_out_at")["a"] is not None
    assert found.quantile(1, "sold_out_at")["a"] is None
    wins = np.repeat(np.arange(len(found.wins_per_participant)), found.wins_per_participant)
    assert found.quantile(0.5, "wins_per_participant") == wins[len(wins) // 2 - 1]


@pytest.mark.parametrize(("q", "of", "problem"), [(1.5, "granted", "0..1"), (True, "granted", "0..1"), (0.5, "luck", "luck")])
def test_a_quantile_of_nothing_is_refused(q, of, problem):
    """A share beyond 0..1 and an unknown figure are named."""
    with pytest.raises(InvalidRequest, match=problem):
        report(runs=1).quantile(q, of)


def test_where_a_prize_sold_out():
    """One prize that every draw wins: the last of 25 units in rounds of 10 goes at draw 25, in round 3; none from the start is draw 0."""
    campaign = wheel(Prize("cup", "Cup", 1, 25), Prize("pen", "Pen", 0, 0))
    for order in ("rounds", "random"):
        where = simulate(campaign, 10, 4, order=order, seed=1).sold_out_at
        assert where["cup"].draw == 25
        assert where["pen"] == (0, 0, None)
    assert simulate(campaign, 10, 4, seed=1).sold_out_at["cup"] == (25, 3, None)
    assert simulate(campaign, 10, 4, seed=1, order="sessions").sold_out_at["cup"] == (25, 1, None)
    assert simulate(campaign, 10, 2, seed=1).sold_out_at["cup"] is None


def test_what_one_run_cannot_know():
    """A single run has counts and no error."""
    one = report(runs=1)
    assert float(one.granted["b"]).is_integer()
    assert isnan(one.granted["b"].standard_error)
    assert "±  " not in repr(one.granted["b"])


def test_a_telling_repr_and_html():
    """The campaign, the runs, the cost, the seed, and a line for each prize; names are escaped where HTML needs it."""
    found = report()
    text, html = repr(found), found._repr_html_()
    for part in ("'wheel'", "540 draws by 60 participants a run, 5 runs", "seed 3", "cost ", "thank-you", "unlimited"):
        assert part in text
    assert html.startswith("<table>")
    assert html.count("<tr>") == 5
    assert "540 draws" in html


def test_nobody_draws():
    """No participants, or no draws: everything is 0 and nothing fails."""
    for people, draws in ((0, 5), (5, 0)):
        found = simulate(CAMPAIGN, people, draws, seed=1)
        assert float(found.draws) == 0
        assert found.wins_per_participant.sum() == people
        assert repr(found)


def test_many_draws_of_one_participant():
    """A guarantee counted to the end of two thousand draws: every tenth draw, whatever the way."""
    campaign = wheel(Prize("a", "A", 0, -1), fallback=THANKS, pity=[Pity(id="ten", target=["a"], hard=10)])
    for order in ("rounds", "sessions", "random"):
        assert simulate(campaign, 3, 2_000, order=order, seed=1).granted["a"] == 600
        assert simulate(campaign, 3, 2_000, order=order, seed=1, stock={"a": 300}).granted["a"] == 300
