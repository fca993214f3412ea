"""Simulation and the real engine on the memory store give the same law, on every rule there is."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from played import compared, lasting, play
from prizedraw import Campaign, Newcomer, Pity, Points, Prize, Quota, Release, simulate
from prizedraw.campaign import Odds
from prizedraw.testing import campaigns
from scenery import wheel

EXAMPLES = Path(__file__).parents[2] / "examples" / "campaigns"
ORDERS = ("rounds", "sessions", "random")
TIERS = (
    Pity(id="top", target=["a"], base="1/10", soft_from=3, soft_step="1/4", hard=5),
    Pity(id="low", target=["b"], base="1/5", hard=3, counts=[], lower="sequential"),
)
A, B, C = Prize("a", "A", 1, 4, value="2.50"), Prize("b", "B", 2, 9), Prize("c", "C", 3, -1)
THANKS = Prize.thank_you(weight=3)
CASES = {
    "stock": wheel(A, B, C, fallback=THANKS),
    "stock redrawn": wheel(A, B, C, fallback=THANKS, odds=Odds(when_unavailable="redraw")),
    "win caps": wheel(A, B, C, fallback=THANKS, quota=Quota(total_wins=3, daily_wins=1)),
    "draw caps": wheel(A, B, C, fallback=THANKS, quota=Quota(total_draws=5, daily_draws=2, campaign_draws=60)),
    "releases": wheel(
        attrs.evolve(A, daily_release=1),
        attrs.evolve(B, daily_release=3),
        C,
        fallback=THANKS,
        release=Release(8),
        quota=Quota(daily_draws=2),
    ),
    "prize caps": wheel(attrs.evolve(A, per_participant=1, stock=-1), attrs.evolve(B, per_participant=2, stock=-1), C, fallback=THANKS),
    "prize caps redrawn": wheel(
        attrs.evolve(A, per_participant=1, stock=-1),
        attrs.evolve(B, per_participant=1, stock=7),
        C,
        fallback=THANKS,
        odds=Odds(when_unavailable="redraw"),
    ),
    "points": wheel(
        Prize("p", "P", 2, -1, kind="points", points=5),
        Prize("q", "Q", 2, 12, kind="points", points=2),
        C,
        fallback=THANKS,
        points=Points(total=120, per_participant=11),
    ),
    "two tiers": wheel(A, B, C, fallback=THANKS, pity=TIERS),
    "two tiers redrawn and capped": wheel(
        attrs.evolve(A, per_participant=1),
        B,
        C,
        fallback=THANKS,
        pity=TIERS,
        odds=Odds(when_unavailable="redraw"),
        quota=Quota(daily_wins=2),
    ),
    "featured": wheel(
        attrs.evolve(A, stock=6),
        B,
        C,
        fallback=THANKS,
        pity=[Pity(id="five", target=["a", "b"], base="1/5", hard=4), Pity(id="up", target=["a"], scope=["a", "b"], base="1/2", hard=2)],
    ),
    "newcomer": wheel(
        attrs.evolve(A, stock=-1), B, C, fallback=Prize.thank_you(weight=60), newcomer=Newcomer(3, ("a", "b")), quota=Quota(daily_draws=2)
    ),
}
DRAWS = (8, 8, 7, 6, 8, 3, 0, 8, 8, 5, 8, 8)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", CASES)
def test_each_rule_as_the_engine_has_it(name, order):
    """Participants with differing numbers of draws: grants, demand, refusals and wins each have the engine's distribution."""
    campaign = lasting(CASES[name])
    per_day = 2 if order == "rounds" else 0
    games = 100 if order == "rounds" else 50
    report = simulate(campaign, len(DRAWS), np.array(DRAWS), order=order, per_day=2 if per_day else 100, runs=games, seed=5, progress=False)
    compared(report, (play(campaign, DRAWS, game, order=order, per_day=per_day) for game in range(games)))


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(campaign=campaigns(), data=st.data())
def test_any_campaign_as_the_engine_has_it(campaign, data):
    """Campaigns of every shape: the same law as the engine's, on three days in rounds, on one in the other orders."""
    campaign = lasting(campaign)
    order = data.draw(st.sampled_from(ORDERS))
    stock = {prize.id: min(prize.stock, data.draw(st.integers(0, 12))) for prize in campaign.prizes}
    campaign = campaign.replace(stock=stock)
    draws = (5,) * 6
    per_day = 2 if order == "rounds" else 0
    report = simulate(campaign, len(draws), 5, order=order, per_day=per_day or 100, runs=120, seed=8, progress=False)
    compared(report, (play(campaign, draws, game, order=order, per_day=per_day) for game in range(120)))


@pytest.mark.parametrize("name", ["quickstart", "spring_gala", "banner", "game_of_life"])
def test_the_example_campaigns_as_the_engine_has_them(name):
    """The shipped examples, four draws a participant on two days."""
    campaign = lasting(Campaign.load(EXAMPLES / f"{name}.toml"))
    draws = (4,) * 25
    report = simulate(campaign, 25, 4, per_day=2, runs=60, seed=3, progress=False)
    compared(report, (play(campaign, draws, game, per_day=2) for game in range(60)))
