"""What the tests of exact odds share: short campaigns, published laws, and brute force over every course of draws."""

from datetime import datetime
from fractions import Fraction

import attrs

import law_cases
import law_oracle
from prizedraw import Campaign, Prize, Window

WINDOWS = [Window(datetime(2027, 1, 1), datetime(2028, 1, 1))]
GENSHIN_5 = {"base": "0.006", "soft_from": 74, "soft_step": "0.06", "hard": 90}
GENSHIN_4 = {"base": "0.051", "soft_from": 9, "soft_step": "0.51", "hard": 10}


def wheel(weights, *rules, thanks=0, stock=-1, **more):
    """A campaign of prizes without caps; ids are what is asked for."""
    stocks = stock if isinstance(stock, dict) else dict.fromkeys(weights, stock)
    caps = more.pop("caps", {})
    prizes = [Prize(p, p, w, stocks.get(p, -1), per_participant=caps.get(p, -1)) for p, w in weights.items()]
    fallback = Prize.thank_you(weight=thanks)
    return Campaign(id="odds", title="Odds", timezone="UTC", windows=WINDOWS, prizes=prizes, fallback=fallback, pity=rules, **more)


def ample(campaign):
    """The campaign with unlimited stock and no limits that are shared or daily: what odds over several draws suppose."""
    prizes = [attrs.evolve(prize, stock=-1, daily_release=-1) for prize in campaign.prizes]
    quota = attrs.evolve(campaign.quota, daily_draws=-1, daily_wins=-1, campaign_draws=-1, ordering="relaxed")
    points = attrs.evolve(campaign.points, total=None)
    return attrs.evolve(campaign, prizes=prizes, quota=quota, release=None, points=points)


def courses(campaign, draws):
    """(exact chance, the prizes granted in order) of every course of a new participant's draws, by the oracle of one draw.

    Lifetime caps are kept: total_draws, total_wins, per_participant and the participant's points.
    """
    plain = law_cases.plain(campaign)
    newcomer = plain["newcomer"]
    prizes = {prize.id: prize for prize in campaign.prizes}
    limits = campaign.quota
    found = [(Fraction(1), (), {rule.id: rule.start for rule in campaign.pity})]
    for number in range(1, draws + 1):
        if limits.total_draws != -1 and number > limits.total_draws:
            break
        following = []
        for chance, course, misses in found:
            wins = [id_ for id_ in course if id_ != law_oracle.THANKS]
            fresh = newcomer and not set(wins) & set(newcomer[1])
            cap = "total_wins" if limits.total_wins != -1 and len(wins) >= limits.total_wins else None
            points, most = sum(prizes[id_].points or 0 for id_ in wins), campaign.points.per_participant
            closed = {id_: "prize_cap" for id_, p in prizes.items() if p.per_participant != -1 and wins.count(id_) >= p.per_participant}
            closed |= {id_: "points_cap" for id_, p in prizes.items() if p.points and most is not None and points + p.points > most}
            law = {}
            for (granted, *_), p in law_oracle.law(plain, misses, number, fresh, closed, cap).items():
                law[granted] = law.get(granted, 0) + p
            for granted, p in law.items():
                if p:
                    following.append((chance * p, (*course, granted), law_oracle.following(plain, misses, granted)))
        found = following
    return [(chance, course) for chance, course, _ in found]
