"""Why a prize is closed: every reason, the order in which they go, and which counters must be known for it."""

from itertools import combinations

import attrs
import msgspec
import pytest

from law_cases import DAY, campaign
from prizedraw import Prize
from prizedraw.draw import Rules, Shortage, State, closed
from prizedraw.draw.rules import POINTS, release_counter, stock_counter
from prizedraw.fallback import Reason
from prizedraw.quota import Points
from prizedraw.stock import Release

PRIZE = Prize("a", "a", 1, stock=5, daily_release=2, per_participant=3, kind="points", points=10)
MADE = attrs.evolve(campaign({"b": 1}), prizes=[PRIZE], points=Points(total=100, per_participant=30), release=Release(7))
RULES = Rules(MADE, 1)
TODAY = RULES.day(DAY.toordinal())
SOLD, RELEASED, ALL_RELEASED = stock_counter("a"), release_counter(DAY, "a"), release_counter(DAY)
ROOM = {SOLD: (4, 5), RELEASED: (1, 2), ALL_RELEASED: (6, 7), POINTS: (90, 100)}

CLOSERS = [  # reason, what it takes in the participant's state, among the counters, on the shelf; in order of precedence
    (Reason.TOTAL_WINS, {"wins": 9}, {}, set()),
    (Reason.DAILY_WINS, {"day_wins": 9}, {}, set()),
    (Reason.OFF_SHELF, {}, {}, {"a"}),
    (Reason.SOLD_OUT, {}, {SOLD: (5, 5)}, set()),
    (Reason.DAILY_RELEASE, {}, {RELEASED: (2, 2)}, set()),
    (Reason.DAILY_RELEASE, {}, {ALL_RELEASED: (7, 7)}, set()),
    (Reason.PRIZE_CAP, {"won": {"a": 3}}, {}, set()),
    (Reason.POINTS_CAP, {"points": 21}, {}, set()),
    (Reason.POINTS_CAP, {}, {POINTS: (91, 100)}, set()),
]


def why(state=None, known=None, off=(), added=None):
    """Why the prize is closed, nothing being known but what is given."""
    return closed(RULES, msgspec.structs.replace(State(day=TODAY.ordinal), **(state or {})), TODAY, 0, off, known or {}, added or {})


def test_with_room_for_one_more_it_is_open():
    """One unit, one release, one win and ten points left are enough."""
    assert why({"wins": 8, "day_wins": 8, "won": {"a": 2}, "points": 20}, ROOM) is None
    assert why() is None, "a counter of which nothing is known has room"


@pytest.mark.parametrize(("reason", "state", "known", "off"), CLOSERS)
def test_each_reason_alone(reason, state, known, off):
    """Whatever closes the prize is told, with the counter as it stands."""
    found = why(state, ROOM | known, off)
    assert found.reason is reason
    shelf = (Shortage("shelf/a", 0, 0),) if off else ()
    assert ((found.shortage,) if found.shortage else ()) == (*shelf, *(Shortage(name, *pair) for name, pair in known.items()))
    assert found.asks == ()


@pytest.mark.parametrize(("first", "second"), [*combinations(CLOSERS, 2)])
def test_of_two_reasons_the_first_in_precedence_is_told(first, second):
    """total_wins, daily_wins, off_shelf, sold_out, daily_release, prize_cap, points_cap."""
    (reason, *one), (_, *two) = first, second
    assert why(one[0] | two[0], ROOM | one[1] | two[1], one[2] | two[2]).reason is reason


@pytest.mark.parametrize("own", [{"won": {"a": 3}}, {"points": 21}])
def test_own_caps_ask_for_the_counters_whose_reason_would_go_first(own):
    """A capped participant moves no counter; yet sold_out and daily_release go before as reasons, so they are asked for once."""
    assert why(own).asks == (SOLD, RELEASED, ALL_RELEASED)
    assert why(own, {SOLD: (4, 5)}).asks == (RELEASED, ALL_RELEASED)
    assert why(own, ROOM).asks == ()
    assert why(own, ROOM | {SOLD: (5, 5)}).reason is Reason.SOLD_OUT


@pytest.mark.parametrize("own", [{"wins": 9}, {"day_wins": 9}])
def test_win_caps_ask_for_nothing(own):
    """They go before everything that a counter could tell."""
    assert why(own).asks == ()


def test_points_are_never_split():
    """A prize of ten points is closed where nine are left, for the participant and in the campaign."""
    assert why({"points": 20}, ROOM) is None
    assert why({"points": 21}, ROOM).reason is Reason.POINTS_CAP
    assert why({}, ROOM | {POINTS: (91, 100)}).shortage == Shortage(POINTS, 91, 100)


@pytest.mark.parametrize("counter", ROOM)
def test_earlier_draws_of_the_same_request_count(counter):
    """What the request itself has taken so far is added to what the counter stood at."""
    taken = 10 if counter == POINTS else 1
    value, limit = ROOM[counter]
    assert why({}, ROOM, added={counter: 0}) is None
    assert why({}, ROOM, added={counter: taken}).shortage == Shortage(counter, value + taken, limit)


def test_pitfall_16_a_days_release_is_the_rules_own_limit():
    """An edit of the release holds at once, whatever limit the store kept when the counter last moved."""
    assert why({}, {RELEASED: (1, 1)}) is None
    assert why({}, {RELEASED: (2, 9)}).shortage == Shortage(RELEASED, 2, 2)
