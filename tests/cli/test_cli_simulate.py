"""``prizedraw simulate``: many runs of a campaign file, as a table or as JSON."""

from __future__ import annotations

from datetime import datetime

import pytest

from prizedraw import Campaign, simulate


def test_a_table_of_means_errors_quantiles_and_sell_outs(cli, campaigns) -> None:
    """Every prize by name, with what several runs say of it, on stdout; progress on stderr."""
    done = cli("simulate", campaigns / "quickstart.toml", "--participants", 2000, "--draws", 3, "--seed", 5, "--runs", 4)
    assert done.code == 0
    head, _, phone, coupon, thanks, *told = done.out.splitlines()
    assert head.split() == ["prize", "stock", "granted", "±", "5", "%", "95", "%", "demand", "remaining", "sold", "out", "at"]
    assert coupon.split()[:6] == ["Coupon", "1,000", "1,000", "0", "1,000", "1,000"]
    assert "100% of the runs" in coupon
    assert phone.startswith("Phone")
    assert thanks.startswith("谢谢参与")
    assert told[1:] == ["6,000 draws by 2,000 participants a run, 4 runs", "seed 5"]
    assert "24,000 of 24,000" in done.err


def test_json_says_what_the_report_says(cli, campaigns) -> None:
    """The same seed from Python: the same numbers."""
    file = campaigns / "spring_gala.toml"
    told = cli("simulate", file, "--participants", 300, "--draws", 6, "--seed", "spring", "--runs", 3, "--json").json
    report = simulate(Campaign.load(file), 300, 6, seed="spring", runs=3)
    assert [prize["granted"] for prize in told["prizes"]] == [float(mean) for mean in report.granted.values()]
    assert [prize["standard_error"] for prize in told["prizes"]] == [mean.standard_error for mean in report.granted.values()]
    assert told["wins_per_participant"] == report.wins_per_participant.tolist()
    assert (told["runs"], told["seed"], told["cost_cents"]) == (3, "spring", float(report.cost))


def test_one_run_has_no_error(cli, campaigns) -> None:
    """What cannot be known is null and not 0."""
    told = cli("simulate", campaigns / "quickstart.toml", "--participants", 20, "--draws", 5, "--seed", 1, "--json").json
    assert {prize["standard_error"] for prize in told["prizes"]} == {None}
    assert told["prizes"][0]["sold_out"] == {"share": 0.0, "draw": None, "round": None, "time": None}


def test_with_traffic_there_is_a_clock(cli, campaigns) -> None:
    """Draws all in the hour from eight in the evening: that is when stock runs out, in the table and in JSON, in the campaign's zone."""
    evening = ",".join("1" if hour == 20 else "0" for hour in range(24))
    asked = ("simulate", campaigns / "quickstart.toml", "--participants", 2000, "--draws", 3, "--seed", 5, "--traffic", evening)
    told = cli(*asked, "--json").json
    moment = datetime.fromisoformat(told["prizes"][1]["sold_out"]["time"])
    zone = Campaign.load(campaigns / "quickstart.toml").calendar.zone
    assert (moment.hour, moment.utcoffset()) == (20, moment.astimezone(zone).utcoffset())
    assert f", {moment:%Y-%m-%d %H:%M}" in cli(*asked).out


@pytest.mark.parametrize("traffic", ["lots", "1,2,3", ",".join(["1"] * 23) + ",-1", ""])
def test_traffic_that_is_none(cli, campaigns, traffic) -> None:
    """Exit code 2, and what to write."""
    done = cli("simulate", campaigns / "quickstart.toml", "--participants", 5, "--draws", 1, "--seed", 1, "--traffic", traffic)
    assert done.code == 2
    assert "24 numbers" in done.err


@pytest.mark.parametrize(
    "arguments", [("--participants", 0, "--draws", 1, "--seed", 1), ("--participants", 1, "--draws", 1, "--seed", 1, "--runs", 0)]
)
def test_no_participants_or_runs_is_bad_input(cli, campaigns, arguments) -> None:
    """Exit code 2, and the argument is named."""
    done = cli("simulate", campaigns / "quickstart.toml", *arguments)
    assert done.code == 2
    assert "must be a positive integer" in done.err
