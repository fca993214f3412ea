"""The linter: each code with an example that fires and a near miss that does not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings

from prizedraw.campaign import CODES, Campaign, Disclosure, Finding, Odds, Prize
from prizedraw.errors import ClockError, InvalidRequest
from prizedraw.pity import Level, Newcomer, Pity
from prizedraw.quota import Points, Quota
from prizedraw.stock import Release
from prizedraw.testing.strategies import campaigns
from prizedraw.windows import Window

local = datetime.fromisoformat

ROOT = Path(__file__).parents[2]
PHONE = Prize("phone", "Phone", "0.1", 5, alert_stock=1, image="phone.png")
MUG = Prize("mug", "Mug", "0.2", 100, alert_stock=10, image="mug.png")
POINTS = Prize("pts", "Points", "0.2", -1, kind="points", points=10, image="pts.png")


def gala(**changes):
    """A campaign that the linter finds nothing about, with some arguments changed. It lasts three days."""
    arguments = {
        "id": "gala",
        "title": "Gala",
        "timezone": "Europe/Berlin",
        "windows": [Window(local("2027-03-27T10:00"), local("2027-03-29T22:00"))],
        "prizes": [PHONE, MUG, POINTS],
        "fallback": Prize.thank_you(weight="0.5"),
        "quota": Quota(campaign_draws=10_000),
    }
    return Campaign(**{**arguments, **changes})


def phone(**changes):
    """The same with a changed phone."""
    return gala(prizes=[attrs.evolve(PHONE, **changes), MUG, POINTS])


def pity(*, target=("phone",), **rule):
    return gala(pity=[Pity(id="rule", target=target, **rule)])


def certain(when="redraw", small=-1, **changes):
    """The thank-you has weight 0."""
    prizes = [PHONE, attrs.evolve(POINTS, stock=small, alert_stock=1)]
    return gala(prizes=prizes, fallback=None, odds=Odds(when_unavailable=when), **changes)


def grid(n, shown):
    prizes = [attrs.evolve(POINTS, id=f"p{k}", name=f"{k}") for k in range(n)]
    return gala(form="grid", prizes=prizes, fallback=Prize.thank_you(weight=1, shown=shown))


SOFT = {"base": "0.006", "soft_from": 74, "soft_step": "0.06", "hard": 90}
TRAFFIC = {"participants": 50, "draws_each": 1}

EXAMPLES = {
    # code: (campaign that fires, one that does not, arguments)
    "nobody-can-draw": (gala(quota=Quota(daily_draws=0)), gala(quota=Quota(daily_draws=1)), {}),
    "nobody-can-win": (gala(quota=Quota(daily_wins=0)), gala(quota=Quota(daily_wins=1)), {}),
    "pity-without-stock": (
        gala(prizes=[attrs.evolve(PHONE, stock=0), MUG], pity=[Pity(id="rule", target=["phone"], hard=9)]),
        gala(prizes=[attrs.evolve(PHONE, stock=0), MUG], pity=[Pity(id="rule", target=["phone", "mug"], hard=9)]),
        {},
    ),
    "declared-rate-unreachable": (pity(base="0.006", hard=90, declared_rate="0.016"), pity(**SOFT, declared_rate="0.016"), {}),
    "unreachable-prize": (phone(weight=0), phone(weight="0.0001"), {}),
    "points-above-cap": (gala(points=Points(per_participant=9)), gala(points=Points(per_participant=10)), {}),
    "pity-never-hits": (pity(base=0), pity(base="0.001"), {}),
    "pity-out-of-reach": (
        gala(quota=Quota(total_draws=9), pity=[Pity(id="rule", target=["phone"], hard=10)]),
        gala(quota=Quota(total_draws=10), pity=[Pity(id="rule", target=["phone"], hard=10)]),
        {},
    ),
    "newcomer-out-of-reach": (
        gala(quota=Quota(daily_draws=3), newcomer=Newcomer(draws=10, target=["mug"])),
        gala(quota=Quota(daily_draws=3), newcomer=Newcomer(draws=9, target=["mug"])),  # three days
        {},
    ),
    "declared-rate-low": (pity(**SOFT, declared_rate="0.006"), pity(**SOFT, declared_rate="0.016"), {}),
    "win-pool-can-run-dry": (certain("fallback"), certain("redraw"), {}),
    "stock-short": (phone(stock=4), phone(stock=5), TRAFFIC),  # 50 draws at 1/10 are 5
    "release-above-stock": (phone(daily_release=6), phone(daily_release=5), {}),
    "alert-never-fires": (phone(alert_stock=5), phone(alert_stock=4), {}),
    "duplicate-name": (phone(name="Mug"), phone(name="mug"), {}),
    "grid-cells": (grid(8, shown=True), grid(7, shown=True), {}),
    "window-edge-in-gap": (
        gala(windows=[Window(local("2027-03-28T02:30"), local("2027-03-29T00:00"))]),  # clocks jump from 02:00 to 03:00
        gala(windows=[Window(local("2027-03-28T03:00"), local("2027-03-29T00:00"))]),
        {},
    ),
    "windows-over": (gala(), gala(timezone="America/New_York"), {"now": datetime(2027, 3, 29, 20, tzinfo=UTC)}),
    "nothing-disclosed": (gala(disclosure=Disclosure(weights=False)), gala(disclosure=Disclosure(weights=False, stock=True)), {}),
    "pity-undisclosed": (pity(hard=9, disclosed=False), pity(hard=9), {}),
    "everyone-wins": (certain(), gala(), {}),
    "campaign-draws-unlimited": (gala(quota=None), gala(quota=None, prizes=[POINTS]), {}),
    "missing-image": (phone(image=None), phone(image="p.png"), {}),
    "missing-alert-stock": (phone(alert_stock=None), phone(alert_stock=None, stock=-1), {}),
}


def codes(campaign, **arguments):
    return [finding.code for finding in campaign.lint(**arguments)]


def test_a_campaign_without_findings():
    """Nothing is said where there is nothing to say, whatever is asked."""
    assert gala().lint(datetime(2027, 3, 1, tzinfo=UTC), participants=10, draws_each=3) == []


@pytest.mark.parametrize("code", CODES)
def test_each_code_fires_and_stays_silent(code):
    """One campaign has the finding, a near miss does not."""
    fires, silent, arguments = EXAMPLES[code]
    assert code in codes(fires, **arguments)
    assert code not in codes(silent, **arguments)


@pytest.mark.parametrize("change", [{"stock": 0}, {"daily_release": 0}, {"per_participant": 0}], ids=str)
def test_prizes_that_can_never_be_given(change):
    """The message names the figure that shuts the prize."""
    found = [finding for finding in phone(**change).lint() if finding.code == "unreachable-prize"]
    assert next(iter(change)) in found[0].message


def test_a_prize_of_weight_0_that_a_rule_brings():
    """A rule that names only prizes of weight 0 brings them evenly; one that has others goes by weight."""
    prizes = [attrs.evolve(PHONE, weight=0), MUG, POINTS]
    assert "unreachable-prize" not in codes(gala(prizes=prizes, pity=[Pity(id="rule", target=["phone"], hard=9)]))
    assert "unreachable-prize" not in codes(gala(prizes=prizes, newcomer=Newcomer(draws=3, target=["phone"])))
    assert "unreachable-prize" in codes(gala(prizes=prizes, pity=[Pity(id="rule", target=["phone", "mug"], hard=9)]))


def test_a_newcomer_rule_without_stock():
    """A promise to newcomers needs something to give, too."""
    campaign = gala(prizes=[attrs.evolve(PHONE, stock=0), MUG], newcomer=Newcomer(draws=3, target=["phone"]))
    assert [finding.where for finding in campaign.lint() if finding.code == "pity-without-stock"] == ["newcomer.target"]


def test_a_pool_that_runs_dry():
    """With redraw a 100 % win needs an unlimited prize that no guarantee keeps for itself; with fallback every prize must be."""
    assert "win-pool-can-run-dry" in codes(certain("redraw", small=1000))
    assert "win-pool-can-run-dry" in codes(certain("redraw", pity=[Pity(id="rule", target=["pts"], hard=5)]))
    assert "win-pool-can-run-dry" in codes(certain("redraw", points=Points(total=1000)))
    assert "win-pool-can-run-dry" in codes(certain("redraw", release=Release(100)))
    assert "win-pool-can-run-dry" not in codes(gala(prizes=[POINTS], fallback=None))


def test_nobody_can_win_where_nothing_is_reachable():
    """All prizes shut, or nothing released."""
    assert "nobody-can-win" in codes(gala(prizes=[attrs.evolve(PHONE, stock=0), attrs.evolve(MUG, weight=0)]))
    assert "nobody-can-win" in codes(gala(release=Release(0)))


@pytest.mark.parametrize(
    ("rule", "rate"),
    [
        ({"base": "0.006", "hard": 90}, "0.014347"),  # the hard cap alone, as published
        (SOFT, "0.016052051785522"),
        ({"base": "0.051", "soft_from": 9, "soft_step": "0.51", "hard": 10}, "0.130626882647524"),
        ({"hard": 10, "base": "0", "repeats": True}, "0.1"),
        ({"levels": [Level("1/4", 0, 1), Level("1/2", 0, 1)]}, "0.5"),
    ],
    ids=["hard", "soft", "four-star", "repeats", "levels"],
)
def test_the_rate_that_a_rule_reaches(rule, rate):
    """A declared rate just below the published long-run rate passes, one a thousandth above it does not."""
    assert "declared-rate-unreachable" not in codes(pity(**rule, declared_rate=Fraction(rate) * Fraction(9999, 10000)))
    assert "declared-rate-unreachable" in codes(pity(**rule, declared_rate=Fraction(rate) * Fraction(1002, 1000)))


def test_demand_follows_the_guarantees_and_the_caps():
    """Ten draws with a sure phone on the tenth ask for more phones than the weights alone; caps bound what one participant takes."""
    traffic = {"participants": 10, "draws_each": 10}
    sure = [Pity(id="rule", target=["phone"], hard=10)]
    # By weight alone 10 of 100; with the rule 10·(1 − 0.9⁹ + …) more: each participant's tenth draw is sure after nine misses.
    extra = Fraction(9, 10) ** 10
    demand = float(10 * (10 * Fraction(1, 10) + extra))
    (finding,) = (
        one for one in gala(pity=sure, prizes=[attrs.evolve(PHONE, stock=13), MUG, POINTS]).lint(**traffic) if one.code == "stock-short"
    )
    assert f"{demand:.6g}" in finding.message
    assert "stock-short" not in codes(gala(pity=sure, prizes=[attrs.evolve(PHONE, stock=14), MUG, POINTS]), **traffic)
    assert "stock-short" not in codes(phone(stock=5, per_participant=0), **traffic)
    assert "stock-short" not in codes(gala(quota=Quota(campaign_draws=50)), **traffic)
    assert "stock-short" in codes(gala(quota=Quota(campaign_draws=60)), **traffic)
    assert "stock-short" not in codes(gala(quota=Quota(total_draws=5)), **traffic)


def test_demand_equal_to_stock_is_enough():
    """A campaign whose weights are its stocks lasts exactly as many draws as there are tickets."""
    campaign = Campaign.load(ROOT / "examples/campaigns/game_of_life.toml")
    assert "stock-short" not in codes(campaign, participants=22_000_000, draws_each=1)
    assert codes(campaign, participants=22_100_000, draws_each=1).count("stock-short") == 0  # campaign_draws holds it
    assert codes(attrs.evolve(campaign, quota=None), participants=22_100_000, draws_each=1).count("stock-short") == 22


def test_a_replaced_campaign_remembers_the_gap():
    """Other weights do not make the finding go away."""
    campaign = EXAMPLES["window-edge-in-gap"][0].replace(weights={"phone": "0.2"})
    (finding,) = (one for one in campaign.lint() if one.code == "window-edge-in-gap")
    assert finding.where == "windows[0].start"
    assert "03:30" in finding.message


def test_the_gap_is_no_part_of_the_campaign():
    """The campaign with the time that was meant is equal."""
    meant = gala(windows=[Window(local("2027-03-28T03:30"), local("2027-03-29T00:00"))])
    assert EXAMPLES["window-edge-in-gap"][0] == meant


def test_findings_are_sorted_and_printable():
    """Errors come first; the text has severity, place, message and code."""
    found = gala(quota=Quota(daily_wins=0), prizes=[attrs.evolve(PHONE, image=None)]).lint()
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert str(Finding("missing-image", "no image", "prizes[0]")) == "info: prizes[0]: no image [missing-image]"


@pytest.mark.parametrize(
    "traffic",
    [{"participants": 5}, {"draws_each": 5}, {"participants": 0, "draws_each": 1}, {"participants": True, "draws_each": 1}],
    ids=str,
)
def test_traffic_is_told_whole(traffic):
    """Participants and draws of each, both or neither, positive integers."""
    with pytest.raises(InvalidRequest):
        gala().lint(**traffic)


def test_now_is_aware():
    """A naive now is no instant."""
    with pytest.raises(ClockError):
        gala().lint(local("2027-01-01T00:00"))


@given(campaigns())
@settings(max_examples=60, deadline=None)
def test_the_linter_never_fails(campaign):
    """Every valid campaign can be linted, and every finding has a known code."""
    for finding in campaign.lint(datetime(2028, 1, 1, tzinfo=UTC), participants=100, draws_each=3):
        assert finding.code in CODES
        assert finding.message
        assert finding.where


@pytest.mark.parametrize("name", ["game_of_life", "spring_gala", "banner", "quickstart"])
def test_examples_have_no_errors(name):
    """The campaigns that we show do what they promise."""
    found = Campaign.load(ROOT / f"examples/campaigns/{name}.toml").lint()
    assert [finding for finding in found if finding.severity != "info"] == []


def test_the_page_of_codes_agrees():
    """docs/reference/finding-codes.md lists every code with its severity, and no other."""
    page = (ROOT / "docs/reference/finding-codes.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", page, re.MULTILINE)) == CODES
