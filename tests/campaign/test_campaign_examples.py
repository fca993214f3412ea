"""The campaign files that we show say what was published."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from prizedraw.campaign import Campaign
from prizedraw.pity import Stages

EXAMPLES = Path(__file__).parents[2] / "examples" / "campaigns"

# Odds for one ticket as printed in the published chart, "n:1", in the order of the prizes.
PUBLISHED = """
11,000,000 11,000,000 7,333,333 7,333,333 5,500,000 2,200,000 2,200,000 2,200,000 2,200,000 2,200,000 366,667 220,000
146,667 146,667 55,000 55,000 22,000 11,000 2,933 176 11 75.1
"""


def test_game_of_life_prints_the_published_odds():
    """22 prizes, 22,000,000 tickets, weights equal to stocks; each chance is one in the published number."""
    campaign = Campaign.load(EXAMPLES / "game_of_life.toml")
    total = sum(campaign.weights.values())
    assert (len(campaign.prizes), total, campaign.fallback.weight) == (22, 22_000_000, 19_570_421)
    assert sum(prize.stock for prize in campaign.prizes) == 2_429_579
    for prize, published in zip(campaign.prizes, PUBLISHED.split(), strict=True):
        assert prize.weight == prize.stock
        one_in = total / prize.weight
        decimals = 1 if "." in published else 0
        assert f"{float(one_in):,.{decimals}f}" == published
    assert f"{float(total / (total - campaign.fallback.weight)):.1f}" == "9.1"


def test_banner_reaches_the_published_rates():
    """The rules alone give the published long-run rates; weights say the same as the base chances."""
    campaign = Campaign.load(EXAMPLES / "banner.toml")
    rules = {rule.pity.id: rule for rule in Stages(campaign.pity, campaign.weights, campaign.newcomer).rules}
    assert float(rules["five-star"].law.rate()) == pytest.approx(0.016052051785522, rel=1e-12)
    assert float(rules["four-star"].law.rate()) == pytest.approx(0.130626882647524, rel=1e-12)
    total = sum(campaign.weights.values())
    for rule in campaign.pity:
        scope = rule.scope or tuple(campaign.weights)
        share = Fraction(sum(campaign.weights[one] for one in rule.target), sum(campaign.weights[one] for one in scope))
        assert share == rule.base
    assert total == 10_000


def test_spring_gala_is_what_the_documents_describe():
    """Products and points, three draws and one win a day, daily release, a Chinese thank-you."""
    campaign = Campaign.load(EXAMPLES / "spring_gala.toml")
    assert (campaign.id, campaign.fallback.name, campaign.quota.daily_draws, campaign.quota.daily_wins) == ("spring-gala", "谢谢参与", 3, 1)
    assert {prize.kind for prize in campaign.prizes} == {"product", "points"}
    assert sum(campaign.weights.values()) == 1
    assert all(window.start.utcoffset().total_seconds() == 8 * 3600 for window in campaign.windows)
