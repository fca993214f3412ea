"""What the tests of the law share: short campaigns, the ways to close a prize, and the enumeration of every tape."""

from datetime import UTC, date, datetime
from fractions import Fraction

from prizedraw import Campaign, Prize, Quota, Window
from prizedraw.campaign import Odds
from prizedraw.draw import Rules, State, decide
from prizedraw.draw.rules import release_counter, stock_counter

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
