"""``prizedraw odds``: exact odds, written as printed charts have them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from prizedraw.cli.figures import against, count, percent

CHART = """
Luxury car | 2 | 11,000,000:1
Home makeover | 2 | 11,000,000:1
Vehicle | 3 | 7,333,333:1
College tuition | 3 | 7,333,333:1
Family vacation | 4 | 5,500,000:1
Grocery gift card, $5,000 | 10 | 2,200,000:1
Cash, $5,000 | 10 | 2,200,000:1
LED HD TV | 10 | 2,200,000:1
Cash, $1,000 | 10 | 2,200,000:1
Gas, $1,000 | 10 | 2,200,000:1
Spa treatment | 60 | 366,667:1
Cash, $250 | 100 | 220,000:1
Grocery gift card, $100 | 150 | 146,667:1
Cash, $100 | 150 | 146,667:1
Grocery gift card, $50 | 400 | 55,000:1
Cash, $50 | 400 | 55,000:1
Cash, $20 | 1,000 | 22,000:1
Cash, $10 | 2,000 | 11,000:1
Cash, $5 | 7,500 | 2,933:1
Instant win cash, $2 | 125,000 | 176:1
Two free game tickets | 2,000,000 | 11:1
Instant winner free product | 292,755 | 75.1:1
"""
"""The published odds chart of the game, prize by prize: name, number of prizes, odds with one ticket of 22,000,000."""


def test_the_published_chart_is_printed_line_by_line(cli, campaigns) -> None:
    """Every line of the chart, and its total of 9.1:1, stand in the table as they were published."""
    done = cli("odds", campaigns / "game_of_life.toml")
    printed = [line.split() for line in done.out.splitlines()]
    chart = [line.split(" | ") for line in CHART.strip().splitlines()]
    shown = {" ".join(words[:-4]): words[-1] for words in printed if len(words) > 4}
    assert done.code == 0
    assert shown == {name: odds for name, _, odds in chart} | {"Not a winner": "1.1:1", "any prize": "9.1:1"}


def test_the_chances_are_exact_fractions(cli, campaigns) -> None:
    """In JSON a chance is the number of prizes over 22,000,000 in lowest terms, and all of them sum to 1."""
    told = cli("odds", campaigns / "game_of_life.toml", "--json").json
    chances = {prize["name"]: Fraction(prize["chance"]) for prize in told["prizes"]}
    chart = [line.split(" | ") for line in CHART.strip().splitlines()]
    assert [chances[name] * 22_000_000 for name, _, _ in chart] == [int(number.replace(",", "")) for _, number, _ in chart]
    assert sum(chances.values()) == 1
    assert told["any_prize"] == {"chance": "2429579/22000000", "percent": float(Fraction(242_957_900, 22_000_000)), "odds": "9.1:1"}


def test_guarantees_are_told_with_their_long_run_rates(cli, campaigns) -> None:
    """The published banner: 1.6052 % five-stars with the players' fit, two of three featured, and where each chance rises."""
    told = {rule["id"]: rule for rule in cli("odds", campaigns / "banner.toml", "--json").json["guarantees"]}
    survival, expected = 1.0, 0.0
    for pull in range(1, 91):
        expected += survival
        survival *= 1 - min(1.0, 0.006 + 0.06 * max(0, pull - 73))
    assert float(Fraction(told["five-star"]["rate"])) == pytest.approx(1 / expected, rel=1e-12)
    assert told["featured"]["rate"] == "2/3"
    assert told["five-star"]["course"] == "0.6 %, rising from draw 74, sure on draw 90"
    said = cli("odds", campaigns / "banner.toml").out
    assert "alone 1.605 % in the long run" in said
    assert "odds of a first draw" in said


def test_the_newcomers_promise_is_told(cli, campaigns) -> None:
    """A campaign for newcomers says on which draw the promise holds."""
    said = cli("odds", campaigns / "spring_gala.toml").out
    assert "newcomer (points-8, points-88, coupon-50): sure on draw 3" in said
    assert "tenth-draw (coupon-50, tea-set, earbuds, phone): by weight, sure on draw 10" in said


def test_a_prize_without_stock_is_never_won(cli, past) -> None:
    """The odds are the engine's: what has no stock goes to the thank-you."""
    past.write_text(past.read_text("utf-8").replace("stock = 5\n", "stock = 0\n"), "utf-8")
    told = {prize["id"]: prize for prize in cli("odds", past, "--json").json["prizes"]}
    assert (told["phone"]["chance"], told["phone"]["odds"]) == ("0", "never")
    assert told["thank-you"]["chance"] == "71/100"


@pytest.mark.parametrize(
    ("chance", "odds"),
    [
        ("1", "1:1"),
        ("1/11", "11:1"),
        ("2/3", "1.5:1"),
        ("20/21", "1.1:1"),  # 1.05: a half is rounded up
        ("10/999", "99.9:1"),
        ("100/9995", "100:1"),  # 99.95
        ("2/201", "101:1"),  # 100.5
        ("3/22000000", "7,333,333:1"),
        ("0", "never"),
    ],
)
def test_odds_are_rounded_as_charts_do(chance: str, odds: str) -> None:
    """One digit after the point below a hundred, none above, halves up."""
    assert against(Fraction(chance)) == odds


@pytest.mark.parametrize(
    ("chance", "text"),
    [("1", "100 %"), ("0", "0 %"), ("1/3", "33.33 %"), ("1/11000000", "0.000009091 %"), ("1/2", "50 %"), ("1/1000", "0.1 %")],
)
def test_percentages_keep_four_digits(chance: str, text: str) -> None:
    """However small a chance is, its first four digits are there, and never a power of ten."""
    assert percent(Fraction(chance)) == text


def test_counts_have_their_thousands_apart() -> None:
    """-1 is a word."""
    assert (count(2_429_579), count(0), count(-1)) == ("2,429,579", "0", "unlimited")


def test_what_lies_ahead_is_told(cli, campaigns) -> None:
    """Of the banner: 90 draws bring 90 prizes; a featured five-star of the first kind takes so many draws on average."""
    told = cli("odds", campaigns / "banner.toml", "--draws", "90", "--target", "star-singer", "--json").json
    assert told["draws"]["n"] == 90
    assert sum(one["n"] for one in told["draws"]["expected"]) == pytest.approx(90)
    until, hits = told["target"]["draws_until"], told["target"]["hits"]
    expected = {one["id"]: one["n"] for one in told["draws"]["expected"]}
    assert hits["mean"] == pytest.approx(expected["star-singer"])
    assert until["quantiles"]["0.5"] < until["quantiles"]["0.99"]
    said = cli("odds", campaigns / "banner.toml", "--draws", "90", "--target", "star-singer").out
    assert "In 90 draws:" in said
    assert "draws until it comes" in said


def test_a_target_that_is_not_in_the_file(cli, campaigns) -> None:
    """It is named with those there are, and nothing is printed."""
    done = cli("odds", campaigns / "banner.toml", "--target", "unicorn")
    assert done.code != 0
    assert done.out == ""
    assert "'unicorn' is not a prize" in done.err
