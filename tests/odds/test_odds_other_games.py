"""Rules as other games publish them, each written with the public names and compared with a closed form or a few lines of its own.

The rules are those that operators state in the game: Fate/Grand Order (sure once at 330), Genshin Impact (weapons, epitomized path with
two points), Pokémon TCG Pocket (five cards a pack, 2,500 points for a card), Fire Emblem Heroes (half a percent more after each five),
step-up banners, Umamusume (spark at 200), blind boxes (a secret figure in one of 144). The constants are the table that players of Dota 2
keep ("Random distribution", liquipedia.net/dota2 and dota2.fandom.com).
"""

from decimal import Decimal
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from odds_cases import wheel
from prizedraw import Level, Newcomer, Pity, odds


@pytest.mark.parametrize(
    ("p", "c"),
    [
        ("0.10", "0.014745844781072675877050816"),
        ("0.20", "0.055704042949781851858398652"),
        ("0.35", "0.157983098125747077557540462"),
        ("0.45", "0.249306998440163189714677100"),
        ("0.55", "0.360397850933168697104686803"),
        ("0.65", "0.481125478337229174401911323"),
    ],
)
def test_constants_of_players_tables(p, c):
    """The table to its last digit but one, and the law of the constant has the chance that was asked for."""
    found = odds.prd_constant(p, digits=30)
    assert abs(found - Decimal(c)) < Decimal("2e-27")
    mean, survival = Fraction(0), Fraction(1)
    for n in range(1, 200):
        mean += survival
        survival *= max(Fraction(0), 1 - n * Fraction(found))
    assert abs(mean - 1 / Fraction(p)) < Fraction(1, 10**25)


def test_sure_once_and_never_again():
    """0.8 %, sure at the 330th draw for who had none; five copies are one such wait and four free ones."""
    p = 0.008
    banner = wheel({"up": "0.008"}, thanks="0.992", newcomer=Newcomer(330, ["up"]))
    first = (1 - (1 - p) ** 330) / p
    assert odds.draws_until(banner, "up").mean == pytest.approx(first, rel=1e-12)
    assert odds.draws_until(banner, "up").max == 330
    assert odds.draws_until(banner, "up", copies=5).mean == pytest.approx(first + 4 / p, rel=1e-12)


def weapons_for_one(points, had=0, sure=False):
    """Five-stars until the weapon wanted, one of two featured ones that share three of four, or all where one is sure."""
    if had == points:
        return 1
    featured = 1 if sure else 0.75
    return 1 + featured / 2 * weapons_for_one(points, had + 1) + (1 - featured) * weapons_for_one(points, had + 1, sure=True)


def test_a_path_of_two_points_beside_a_featured_guarantee():
    """After two five-stars that were not the one wanted, the next is; after one that was not featured, the next is featured."""
    fives = ["want", "other", "standard"]
    banner = wheel(
        dict.fromkeys(fives, 1),
        Pity(id="five", target=fives, base="0.007", soft_from=63, soft_step="0.07", hard=77),
        Pity(id="path", target=["want"], scope=fives, hard=3),
        Pity(id="featured", target=["want", "other"], scope=fives, base="3/4", hard=2),
        thanks=1,
    )
    hazard = [min(1, 0.007 + 0.07 * max(0, k - 62)) for k in range(1, 77)] + [1]
    one = sum(np.cumprod([1, *(1 - np.array(hazard[:-1]))]))
    assert odds.draws_until(banner, "want").mean == pytest.approx(one * weapons_for_one(2), rel=1e-12)
    assert odds.draws_until(banner, "want").max == 3 * 77


def test_cards_of_a_pack_have_odds_of_their_own():
    """Five cards a pack, the crown only on the fourth (0.04 %) and the fifth (0.16 %); 500 packs buy one. Cards are draws."""
    slots = [Level(0, 1, 1), Level(0, 2, 2), Level(0, 3, 3), Level("0.0004", 4, 4), Level("0.0016", 0, 0)]
    packs = wheel({"crown": 1, "other": 1}, Pity(id="slots", target=["crown"], levels=slots))
    pack = 1 - (1 - 0.0004) * (1 - 0.0016)
    assert odds.draws_until(packs, "crown").in_steps(5).mean / 5 == pytest.approx(1 / pack, rel=1e-11)
    bought = odds.draws_until(packs, "crown", exchange=5 * 500).in_steps(5)
    assert bought.mean / 5 == pytest.approx((1 - (1 - pack) ** 500) / pack, rel=1e-11)


def test_a_chance_that_rises_with_each_five():
    """6 %, half a percent more after each five draws without, sure at the 121st."""
    hazard = [Fraction(6, 100) + Fraction(k // 5, 200) for k in range(120)] + [Fraction(1)]
    law = odds.draws_until(wheel({"a": 1}, Pity(id="p", target=["a"], hazard=hazard), thanks=1), "a")
    mean, survival = Fraction(0), Fraction(1)
    for chance in hazard:
        mean += survival
        survival *= 1 - chance
    assert law.mean_exact == mean


def test_steps_that_go_by_the_number_of_the_draw():
    """Five steps of ten: twice the chance in the third, the last draw of the fifth sure; then from the start, whatever came."""
    chances = [Fraction(1, 100)] * 20 + [Fraction(2, 100)] * 10 + [Fraction(1, 100)] * 19 + [Fraction(1)]
    steps = [Level(chance, (k + 1) % 50, (k + 1) % 50) for k, chance in enumerate(chances)]
    banner = wheel({"a": 1, "b": 1}, Pity(id="steps", target=["a"], levels=steps))
    assert odds.expected(banner, 50)["a"] == pytest.approx(float(sum(chances)), rel=1e-13)
    assert odds.long_run_exact(banner)["a"] == sum(chances) / 50
    assert odds.draws_until(banner, "a").max == 50


def test_five_copies_with_a_spark_at_every_two_hundred():
    """0.75 % each; after n draws n // 200 copies may be had, so the wait is over at the first n with enough of both together."""
    p = Fraction(75, 10_000)
    law = odds.draws_until(wheel({"card": p}, thanks=1 - p), "card", copies=5, exchange=200)
    waiting = (sum(comb(n, k) * float(p) ** k * float(1 - p) ** (n - k) for k in range(5 - n // 200)) for n in range(1000))
    assert law.mean == pytest.approx(sum(waiting), rel=1e-12)
    assert law.max == 1000


def test_twelve_figures_and_a_secret_one():
    """The secret one in 144, the twelve share the rest: the whole set by inclusion and exclusion over how many are left out."""
    secret, each = Fraction(1, 144), Fraction(143, 144 * 12)
    law = odds.coupon_collector([each] * 12 + [secret])
    mean = sum((-1) ** (r + h + 1) * comb(12, r) / (r * each + h * secret) for r in range(13) for h in (0, 1) if r + h)
    assert law.mean_exact == mean
    twelve = sum((-1) ** (r + 1) * comb(12, r) / (r * each) for r in range(1, 13))
    assert odds.coupon_collector([each] * 12 + [secret], [1] * 12 + [0]).mean_exact == twelve
