"""What the tests of the law share: short campaigns, the ways to close a prize, and the enumeration of every tape."""

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs

from prizedraw import Campaign, Prize, Quota, Window
from prizedraw.campaign import Odds
from prizedraw.draw import Rules, State, decide
from prizedraw.draw.rules import release_counter, stock_counter
from prizedraw.pity import Level, Newcomer, Pity

DAY = date(2027, 1, 1)
THANKS = "thank-you"


def campaign(weights, *rules, thanks=0, redraw=False, newcomer=None, **more):
    """A campaign of prizes that can be closed in every way: one unit a day, one for each participant."""
    return Campaign(
        id="law",
        title="Law",
        timezone="UTC",
        windows=[Window(datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))],
        prizes=[Prize(p, p, w, stock=5, daily_release=1, per_participant=1) for p, w in weights.items()],
        fallback=Prize.thank_you(weight=thanks),
        odds=Odds(when_unavailable="redraw" if redraw else "fallback"),
        pity=rules,
        newcomer=newcomer,
        quota=Quota(total_wins=9, daily_wins=9, ordering="relaxed"),
        **more,
    )


def uncapped(campaign, **stock):
    """The campaign without any cap but these stocks."""
    free = {"daily_release": -1, "per_participant": -1}
    prizes = [attrs.evolve(prize, **free, stock=stock.get(prize.id, -1)) for prize in campaign.prizes]
    return attrs.evolve(campaign, prizes=prizes, quota=None)


def plain(campaign):
    """The campaign as the oracle wants it."""
    names = ("id", "target", "scope", "counts", "base", "soft_from", "soft_step", "hard", "hazard", "lower", "resets", "repeats")
    rules = [
        {name: getattr(rule, name) for name in names} | {"levels": [(one.chance, one.hit, one.miss) for one in rule.levels]}
        for rule in campaign.pity
    ]
    newcomer = campaign.newcomer and (campaign.newcomer.draws, campaign.newcomer.target)
    prizes = {prize.id: prize.weight for prize in campaign.prizes}
    return {
        "prizes": prizes,
        "thanks": campaign.fallback.weight,
        "redraw": campaign.odds.when_unavailable == "redraw",
        "rules": rules,
        "newcomer": newcomer,
    }


def situation(misses=None, number=1, fresh=True, closed=None, cap=None):
    """State, prizes off the shelf and known counters such that exactly these prizes are closed, for these reasons."""
    won, known, off = {}, {}, set()
    for prize, reason in (closed or {}).items():
        if reason == "off_shelf":
            off.add(prize)
        elif reason == "sold_out":
            known[stock_counter(prize)] = (5, 5)
        elif reason == "daily_release":
            known[release_counter(DAY, prize)] = (1, 1)
        else:
            won[prize] = {"prize_cap": 1}[reason]
    state = State(
        number=number - 1,
        day=DAY.toordinal(),
        wins=9 if cap == "total_wins" else 0,
        day_wins=9 if cap == "daily_wins" else 0,
        won=won,
        misses=dict(misses or {}),
        newcomer=not fresh,
    )
    return state, off, known


class Odometer:
    """A tape that goes through every row of tickets: it repeats ``values`` and then turns up zeros."""

    def __init__(self, values):
        self.values, self.sizes = list(values), []

    def rewind(self):
        self.sizes.clear()

    def below(self, n):
        assert type(n) is int
        assert n >= 1
        place = len(self.sizes)
        self.sizes.append(n)
        if place == len(self.values):
            self.values.append(0)
        return self.values[place]


class TooMany(Exception):
    """There are more tapes than a test has time for."""


def every(run, most=6000):
    """(exact chance, result) of ``run(tape)`` for every tape there is."""
    values = []
    for _ in range(most):
        tape = Odometer(values)
        result, chance = run(tape), Fraction(1)
        values, sizes = tape.values[: len(tape.sizes)], list(tape.sizes)
        for size in sizes:
            chance /= size
        yield chance, result
        while values and values[-1] + 1 == sizes[-1]:
            values.pop()
            sizes.pop()
        if not values:
            return
        values[-1] += 1
    raise TooMany(most)


def enumerated(campaign, **where):
    """The exact chance of each (granted, reason, forced_by, owed) that ``decide`` gives over every tape."""
    rules, (state, off, known) = Rules(campaign, 1), situation(**where)
    law = {}
    for chance, made in every(lambda tape: decide(rules, state, rules.day(state.day), tape, off_shelf=off, known=known)):
        key = (rules.ids[made.prize], made.reason, made.forced_by, made.owed)
        law[key] = law.get(key, 0) + chance
    return law


def marginal(law):
    """Prize id to its chance, those that never come left out."""
    chances = {}
    for (granted, *_), chance in law.items():
        chances[granted] = chances.get(granted, 0) + chance
    return chances


def rule(name, target, scope="", **more):
    """A pity rule; prizes have ids of one letter."""
    return Pity(id=name, target=tuple(target), scope=tuple(scope), **more)


ABC = {"a": 1, "b": 2, "c": 3}
REASONS = ("off_shelf", "sold_out", "daily_release", "prize_cap")

CAMPAIGNS = {
    "no rule": campaign(ABC, thanks=2),
    "hard": campaign(ABC, rule("top", "a", hard=3), thanks=2),
    "base and hard": campaign(ABC, rule("top", "ab", base="1/4", hard=3), thanks=2),
    "soft with base": campaign(ABC, rule("top", "a", base="1/8", soft_from=2, soft_step="1/4", hard=4), thanks=2),
    "soft from the share": campaign(ABC, rule("top", "a", soft_from=2, soft_step="1/4"), thanks=2),
    "hazard list": campaign(ABC, rule("top", "a", hazard=["0", "1/3", "2/3", "1/2"]), thanks=2),
    "absolute tiers": campaign(ABC, rule("top", "a", hazard=["1/4", "1/2", 1]), rule("low", "b", hazard=["1/2", "3/4", 1])),
    "sequential tiers": campaign(
        ABC, rule("top", "a", hazard=["1/4", "1/2", 1], lower="sequential"), rule("low", "b", hazard=["1/2", "3/4", 1])
    ),
    "four-star or better": campaign(ABC, rule("top", "a", hazard=["1/4", "1/2", 1]), rule("low", "ab", hazard=["1/2", "1/3", 1])),
    "hard tiers at rest": campaign(ABC, rule("top", "a", hard=4), rule("low", "ab", hard=2), thanks=1),
    "featured": campaign(
        {"a": 1, "b": 1, "c": 2, "d": 4},
        rule("five", "abc", hazard=["1/4", "1/2", 1]),
        rule("featured", "a", "abc", base="1/2", hard=2),
    ),
    "featured, five at rest": campaign(
        {"a": 1, "b": 1, "c": 2, "d": 4},
        rule("five", "ab", hard=3),
        rule("featured", "a", "ab", hard=2),
        rule("low", "abc", hard=2),
        thanks=1,
    ),
    "levels": campaign(
        {"a": 1, "b": 2, "c": 3},
        rule("five", "ab", hazard=["1/3", 1]),
        rule("radiance", "a", "ab", levels=[Level("1/2", 0, 1), Level("1/2", 0, 2), Level("1/2", 1, 3), Level(1, 1, 3)], start=1),
    ),
    "repeats": campaign(ABC, rule("third", "a", hard=3, repeats=True), thanks=1),
    "repeats that is reset": campaign(ABC, rule("top", "a", hard=4, resets=["third"]), rule("third", "ab", hard=3, repeats=True), thanks=1),
    "levels that are reset": campaign(
        ABC, rule("top", "a", hard=4, resets=["low"]), rule("low", "ab", levels=[Level("1/2", 1, 0), Level(0, 1, 1)]), thanks=1
    ),
    "resets and counts": campaign(
        ABC, rule("top", "a", base="1/4", hard=3, counts=["a", "b"], resets=["low"]), rule("low", "b", hard=2, counts=[]), thanks=1
    ),
    "counts in scope": campaign(
        ABC, rule("ten", "ab", base="1/2", hard=3), rule("featured", "a", "ab", hard=2), rule("again", "b", "ab", hard=3, counts=[])
    ),
    "start": campaign(ABC, rule("top", "a", hard=5, start=4), thanks=1),
    "pity-only prizes": campaign({"a": 0, "b": 0, "c": 3}, rule("top", "ab", hard=2), thanks=1),
    "partly pity-only": campaign({"a": 0, "b": 1, "c": 3}, rule("top", "ab", hard=2), thanks=1),
    "newcomer": campaign(ABC, rule("top", "a", hard=3), thanks=2, newcomer=Newcomer(2, ("a", "b"))),
    "three stages": campaign(
        {"a": 1, "b": 1, "c": 1, "d": 2},
        rule("outer", "abc", hazard=["1/3", 1]),
        rule("middle", "ab", "abc", hard=2),
        rule("inner", "a", "ab", hazard=["1/2", 1]),
    ),
}
