"""The engine against a model of a few dictionaries, driven by Hypothesis through everything that can happen to a campaign.

The model predicts no outcome of chance: it takes the receipt's word for the prize, and checks that the prize could be given, that the
reason is legal, and that every count, balance and standing is what the history says.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from attrs import evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from prizedraw import DrawEngine, DrawRefused, DrawRequest, InvalidEdit, Points, Prize, Quota, Receipt, Refusal, Release, verify
from prizedraw.sampling import SeededEntropy
from prizedraw.testing import FixedClock
from scenery import NOON, wheel

PEOPLE = ["ann", "bob"]
PRIZES = ["cup", "mug", "coins"]
COINS = 30
RUNS = count(1)
"""Each history has a namespace of its own."""
people, prizes, limits = st.sampled_from(PEOPLE), st.sampled_from(PRIZES), st.sampled_from([-1, 1, 2, 4, 8])


class Person:
    """What the model knows of a participant."""

    def __init__(self):
        self.number = self.draws = self.wins = self.points = self.granted = 0
        self.today = Counter()
        self.won = Counter()
        self.blocked = self.barred = False


class Machine(RuleBasedStateMachine):
    """One campaign of three prizes, two participants, and everything an operator can do."""

    url = ":memory:"
    receipts = Bundle("receipts")

    @initialize(seed=st.integers(0, 2**32), stock=st.integers(0, 6))
    def begin(self, seed, stock):
        self.clock = FixedClock(NOON)
        self.engine = DrawEngine.open(self.url, clock=self.clock, entropy=SeededEntropy(seed), namespace=f"run-{next(RUNS)}")
        self.prizes = {
            "cup": Prize("cup", "Cup", 3, stock),
            "mug": Prize("mug", "Mug", 2, 5, alert_stock=2),
            "coins": Prize("coins", "Coins", 1, -1, kind="points", points=COINS),
        }
        self.fields = {"quota": Quota(ordering="relaxed"), "points": Points(), "release": Release()}
        self.allocated = {key: prize.stock for key, prize in self.prizes.items()}
        self.issued, self.released = Counter(), Counter()
        self.people = {name: Person() for name in PEOPLE}
        self.off, self.online, self.everybody, self.points, self.made, self.asked = set(), True, 0, 0, [], 0
        self.voided = set()
        self.engine.publish(self.campaign())

    def campaign(self):
        return wheel(*self.prizes.values(), fallback=Prize.thank_you(weight=1), **self.fields)

    @property
    def day(self):
        return (self.clock() + timedelta(hours=8)).date()

    # What the rules say, in the model's words

    def refusal(self, name, n):
        person, quota = self.people[name], self.fields["quota"]
        own = n - person.granted
        if not self.online:
            return "offline"
        if person.blocked or person.barred:
            return "blocked"
        for reason, limit, used, more in (
            ("total_draws", quota.total_draws, person.draws, own),
            ("campaign_draws", quota.campaign_draws, self.everybody, n),
            ("daily_draws", quota.daily_draws, person.today[self.day, "draws"], own),
        ):
            if limit != -1 and more > 0 and more > max(0, limit - used):
                return reason
        return None

    def closed(self, name, key):
        person, quota, prize = self.people[name], self.fields["quota"], self.prizes[key]
        caps = self.fields["points"]
        more = COINS if key == "coins" else 0
        for reason, limit, used in (
            ("total_wins", quota.total_wins, person.wins),
            ("daily_wins", quota.daily_wins, person.today[self.day, "wins"]),
            ("off_shelf", 0 if key in self.off else -1, 0),
            ("sold_out", self.allocated[key], self.issued[key]),
            ("daily_release", prize.daily_release, self.released[self.day, key]),
            ("daily_release", self.fields["release"].daily, self.released[self.day, "all"]),
            ("prize_cap", prize.per_participant, person.won[key]),
        ):
            if limit != -1 and used >= limit:
                return reason
        if more and any(
            limit is not None and used + more > limit for limit, used in ((caps.total, self.points), (caps.per_participant, person.points))
        ):
            return "points_cap"
        return None

    # What happens

    def took(self, name, receipt, request_id):
        """Check one receipt against the model, and bring the model up to date."""
        person = self.people[name]
        quota = self.fields["quota"]
        own = all(
            limit == -1 or used < limit
            for limit, used in ((quota.total_draws, person.draws), (quota.daily_draws, person.today[self.day, "draws"]))
        )
        person.number += 1
        assert (receipt.participant, receipt.number, receipt.request_id, receipt.own, receipt.day) == (
            name,
            person.number,
            request_id,
            own,
            self.day,
        )
        if receipt.drawn == "thank-you":
            assert receipt.reason == "drawn"
        else:
            assert receipt.reason == self.closed(name, receipt.drawn)
        assert receipt.prize.id == ("thank-you" if receipt.reason else receipt.drawn)
        assert verify(receipt, self.engine.campaign("wheel", version=receipt.version))
        self.count(receipt, +1)
        person.draws += own
        person.today[self.day, "draws"] += own
        person.granted -= not own
        self.everybody += 1
        self.made.append(receipt)

    def count(self, receipt, sign):
        if not receipt.is_win:
            return
        person, key = self.people[receipt.participant], receipt.prize.id
        for tally, which in (
            (self.issued, key),
            (self.released, (receipt.day, key)),
            (self.released, (receipt.day, "all")),
            (person.won, key),
        ):
            tally[which] += sign
        person.today[receipt.day, "wins"] += sign
        person.wins += sign
        person.points += sign * receipt.points
        self.points += sign * receipt.points

    def ask(self):
        self.asked += 1
        return f"order-{self.asked}"

    @rule(target=receipts, name=people, n=st.integers(1, 4))
    def draw(self, name, n):
        request_id, expected = self.ask(), self.refusal(name, n)
        try:
            made = self.engine.draw_many("wheel", name, n, request_id=request_id)
        except DrawRefused as refused:
            made, told = [], refused.reason
        else:
            told = None
        assert told == expected
        for receipt in made:
            self.took(name, receipt, request_id)
        return multiple(*made)

    @rule(target=receipts, wanted=st.lists(st.tuples(people, st.integers(1, 3)), max_size=4))
    def draw_batch(self, wanted):
        """Those of a batch happen one after another, in the order of the journal; whoever is refused then is refused at the end as well."""
        asked = [DrawRequest(name, self.ask(), n) for name, n in wanted]
        found = []
        outcomes = list(zip(asked, self.engine.draw_batch("wheel", asked), strict=True))
        places = {entry.request_id: place for place, entry in enumerate(self.engine.journal("wheel", kind="draw"))}
        for request, outcome in sorted(outcomes, key=lambda one: places.get(one[0].request_id, len(places))):
            expected = self.refusal(request.participant, request.n)
            if isinstance(outcome, Refusal):
                assert outcome.reason == expected
                continue
            assert expected is None
            made = [outcome] if isinstance(outcome, Receipt) else outcome
            assert len(made) == request.n
            for receipt in made:
                self.took(request.participant, receipt, request.request_id)
            found += made
        return multiple(*found)

    @rule(receipt=receipts)
    def replay(self, receipt):
        same = [one for one in self.made if one.request_id == receipt.request_id]
        assert self.engine.draw_many("wheel", receipt.participant, len(same), request_id=receipt.request_id) == same
        assert self.engine.receipt(receipt.id) == receipt

    @rule(receipt=consumes(receipts), chance=st.booleans())
    def void(self, receipt, chance):
        if not (receipt.is_win or chance):
            with pytest.raises(InvalidEdit):
                self.engine.void(receipt.id, request_id=f"void-{receipt.id}")
            return
        for _ in range(2):
            self.engine.void(receipt.id, request_id=f"void-{receipt.id}", return_chance=chance)
        with pytest.raises(InvalidEdit):
            self.engine.void(receipt.id, request_id=f"again-{receipt.id}", return_chance=chance)
        self.count(receipt, -1)
        if chance:
            person = self.people[receipt.participant]
            person.draws -= receipt.own
            person.today[receipt.day, "draws"] -= receipt.own
            person.granted += not receipt.own
            self.everybody -= 1

    @rule(name=people, n=st.integers(1, 3))
    def grant(self, name, n):
        request_id = self.ask()
        for _ in range(2):
            self.engine.grant_draws("wheel", name, n, request_id=request_id)
        self.people[name].granted += n

    @rule(name=people, everywhere=st.booleans(), blocked=st.booleans())
    def block(self, name, everywhere, blocked):
        act = self.engine.block if blocked else self.engine.unblock
        act(name) if everywhere else act(name, "wheel")
        setattr(self.people[name], "barred" if everywhere else "blocked", blocked)

    @rule(key=prizes, off=st.booleans())
    def shelve(self, key, off):
        (self.engine.take_off_shelf if off else self.engine.put_on_shelf)("wheel", key)
        (self.off.add if off else self.off.discard)(key)

    @rule(online=st.booleans())
    def switch(self, online):
        (self.engine.bring_online if online else self.engine.take_offline)("wheel")
        self.online = online

    @rule(key=prizes, stock=st.integers(-1, 8))
    def reallocate(self, key, stock):
        if -1 < stock < self.issued[key]:
            with pytest.raises(InvalidEdit):
                self.engine.reallocate("wheel", key, stock=stock)
            return
        self.engine.reallocate("wheel", key, stock=stock)
        self.allocated[key] = stock

    @rule(key=prizes, step=st.integers(-3, 3))
    def add_stock(self, key, step):
        after = self.allocated[key] + step
        if self.allocated[key] == -1 or after < self.issued[key]:
            with pytest.raises(InvalidEdit):
                self.engine.reallocate("wheel", key, add=step)
            return
        request_id = self.ask()
        for _ in range(2):
            self.engine.reallocate("wheel", key, add=step, request_id=request_id)
        self.allocated[key] = after

    @rule(key=prizes, weight=st.integers(0, 4), release=limits, cap=limits)
    def edit_prize(self, key, weight, release, cap):
        self.prizes[key] = evolve(self.prizes[key], weight=weight, daily_release=release, per_participant=cap, name=f"{key} {weight}")
        self.engine.publish(self.campaign())

    @rule(draws=limits, daily=limits, won=limits, today=limits, everybody=limits, release=limits, points=st.sampled_from([None, 60, 90]))
    def edit_caps(self, draws, daily, won, today, everybody, release, points):
        limited = sorted((one for one in (draws, won, daily, today) if one != -1), reverse=True)
        in_order = [limited.pop(0) if one != -1 else -1 for one in (draws, won, daily, today)]
        before = dict(self.fields)
        self.fields["quota"] = Quota(
            total_draws=in_order[0], total_wins=in_order[1], daily_draws=in_order[2], daily_wins=in_order[3], campaign_draws=everybody
        )
        self.fields["release"], self.fields["points"] = Release(release), Points(total=points, per_participant=points and points - 30)
        if -1 < everybody < self.everybody or (points is not None and points < self.points):
            with pytest.raises(InvalidEdit):
                self.engine.publish(self.campaign())
            self.fields = before
        else:
            self.engine.publish(self.campaign())

    @rule(hours=st.sampled_from([0, 1, 11, 12, 24]))
    @precondition(lambda self: self.day.day < 29)
    def wait(self, hours):
        self.clock.advance(hours=hours)

    # What always holds

    @invariant()
    def standings_are_what_happened(self):
        left = lambda limit, used: -1 if limit == -1 else max(0, limit - used)
        quota = self.fields["quota"]
        for name, person in self.people.items():
            found = self.engine.standing("wheel", name)
            assert (found.number, found.granted, found.points) == (person.number, person.granted, person.points)
            assert found.blocked == (person.blocked or person.barred)
            assert dict(found.won) == {key: n for key, n in person.won.items() if n}
            assert found.draws_left_today == left(quota.daily_draws, person.today[self.day, "draws"])
            assert found.draws_left == left(quota.total_draws, person.draws)
            assert found.wins_left_today == left(quota.daily_wins, person.today[self.day, "wins"])
            assert found.wins_left == left(quota.total_wins, person.wins)

    @invariant()
    def odds_give_nothing_that_is_closed(self):
        for name in PEOPLE:
            chances = self.engine.odds("wheel", name)
            assert sum(chances.values()) == 1
            total = sum(prize.weight for prize in self.prizes.values()) + 1
            for key, prize in self.prizes.items():
                assert chances[key] == (0 if self.closed(name, key) else prize.weight / total)

    @invariant()
    def stock_is_what_was_issued(self):
        for key, line in self.engine.stock("wheel").items():
            assert (line.allocated, line.issued, line.released_today) == (
                self.allocated[key],
                self.issued[key],
                self.released[self.day, key],
            )
            assert line.allocated == -1 or line.issued <= line.allocated

    def teardown(self):
        if not hasattr(self, "engine"):
            return
        audit = self.engine.audit("wheel")
        assert (audit.differences, audit.draws) == ((), len(self.made))
        told = list(self.engine.receipts("wheel", newest_first=False))
        assert {receipt.id: receipt for receipt in told} == {receipt.id: receipt for receipt in self.made}
        for name in PEOPLE:  # each one's in order; those of a batch may be committed in another
            assert [one for one in told if one.participant == name] == [one for one in self.made if one.participant == name]
        self.engine.close()


def run(machine, examples):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_pitfall_17_the_engine_agrees_with_the_model():
    """Caps, stock, standings, odds, replays, voids and the audit, through many histories in memory."""
    run(Machine, 150)


def test_the_engine_agrees_with_the_model_on_sqlite(tmp_path):
    """A smaller run of the same machine on a file that all histories share."""

    class OnSqlite(Machine):
        url = str(tmp_path / "draws.db")

    run(OnSqlite, 25)
