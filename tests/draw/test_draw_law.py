"""The law of one draw (D10): every tape of small campaigns against a brute-force oracle, in Fractions."""

from fractions import Fraction as F
from itertools import chain, permutations

import attrs
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from law_cases import ABC, CAMPAIGNS, REASONS, THANKS, TooMany, campaign, enumerated, every, marginal, plain, rule, situation
from law_oracle import following, law
from prizedraw.campaign import Odds
from prizedraw.draw import Rules, odds
from prizedraw.draw.decide import decide, moves
from prizedraw.errors import InvalidCampaign
from prizedraw.pity import Level, Newcomer, Stages, outcomes


def agreed(made, misses=None, number=1, fresh=True, closed=None, cap=None):
    """The law of a draw on which decide(), outcomes(), odds() and the oracle agree, after the checks that hold for every law."""
    misses = {one.id: one.start for one in made.pity} | (misses or {})
    where = {"misses": misses, "number": number, "fresh": fresh, "closed": closed or {}, "cap": cap}
    found = enumerated(made, **where)
    assert found == law(plain(made), **where)
    assert sum(found.values()) == 1
    chances = marginal(found)
    assert not chances.keys() & where["closed"].keys(), "what is closed is never given"
    weightless = {prize for prize, weight in made.weights.items() if not weight}
    assert not chances.keys() & (
        weightless - {THANKS} - set(chain(*(one.target for one in made.pity), made.newcomer.target if made.newcomer else ()))
    )
    compiled, (state, off, known) = Rules(made, 1), situation(**where)
    assert {p: c for p, c in odds(compiled, state, compiled.day(state.day), off, known).items() if c} == chances
    shut = range(compiled.thank_you) if cap else [compiled.number[p] for p in where["closed"]]
    due = made.newcomer is not None and fresh and number >= made.newcomer.draws
    sums = outcomes(compiled.stages, compiled.counters(misses), closed=shut, redraw=compiled.redraw, newcomer=due)
    assert {compiled.ids[k]: c for k, c in enumerate(sums) if c} == chances
    for granted in compiled.ids:
        after = compiled.stages.step(compiled.counters(misses), compiled.number[granted])
        assert compiled.misses(after) == following(plain(made), misses, granted)
    return chances


@pytest.mark.parametrize("redraw", [False, True], ids=["fallback", "redraw"])
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_tape_of_hand_picked_campaigns(name, redraw):
    """In each state up to four misses, and with every set of prizes sold out, all tapes together give the oracle's law."""
    made = attrs.evolve(CAMPAIGNS[name], odds=Odds(when_unavailable="redraw" if redraw else "fallback"))
    ids = [prize.id for prize in made.prizes]
    depths = [range(len(one.levels) or 5) for one in made.pity]
    states = list(zip(*(chain(depth, [depth[-1]] * (5 - len(depth))) for depth in depths), strict=True)) or [()]
    states += [tuple(depth[-1] for depth in depths), tuple(depth[k % 2] for k, depth in enumerate(depths))]
    for misses in states:
        at = dict(zip([one.id for one in made.pity], misses, strict=True))
        for mask in range(2 ** len(ids)):
            closed = {p: REASONS[(k + mask) % 4] for k, p in enumerate(ids) if mask >> k & 1}
            agreed(made, at, number=1 + mask % 3, fresh=mask % 2 == 0 or len(closed) == len(ids), closed=closed)


@pytest.mark.parametrize("name", CAMPAIGNS)
@pytest.mark.parametrize("cap", ["total_wins", "daily_wins"])
def test_at_a_win_cap_every_draw_is_a_thank_you(name, cap):
    """The first prize that a ticket names ends the draw, and the rule that was followed stays due."""
    made = CAMPAIGNS[name]
    for misses in (0, 1, 2):
        at = {one.id: min(misses, max(0, len(one.levels) - 1) if one.levels else misses) for one in made.pity}
        assert agreed(made, at, number=3, cap=cap) == {THANKS: 1}


# Small campaigns by the hundred

LETTERS = "abcd"
PLACES = [("ab", ""), ("abc", ""), ("c", ""), ("cd", ""), ("d", ""), ("a", "ab"), ("b", "ab"), ("a", "abc"), ("ab", "abc"), ("c", "cd")]


def fits(places):
    """Whether rules with these targets and scopes can stand together."""
    try:
        Stages([rule(str(k), *place, hard=2) for k, place in enumerate(places)], dict.fromkeys((*LETTERS, THANKS), F(1)))
    except InvalidCampaign:
        return False
    return True


TOGETHER = [places for n in (1, 2, 3) for places in permutations(PLACES, n) if fits(places)]
chances = st.sampled_from([F(0), F(1, 3), F(1, 2), F(1)])


@st.composite
def rules(draw):
    """One to three rules that stand together, in every form there is."""
    places = draw(st.sampled_from(TOGETHER))
    ids = [str(k) for k in range(len(places))]
    made = []
    for id_, place in zip(ids, places, strict=True):
        hard = draw(st.integers(1, 3))
        rise = {"soft_from": draw(st.integers(1, hard)), "soft_step": draw(st.sampled_from([F(1, 4), F(1, 2)]))}
        levels = [Level(draw(chances), draw(st.integers(0, 1)), draw(st.integers(0, 1))) for _ in range(2)]
        forms = [
            {"hard": hard},
            {"hard": hard},
            {"hard": hard, "repeats": True},
            {"base": draw(chances), "hard": hard},
            {"base": draw(chances)},
            rise,
            {**rise, "base": draw(chances), "hard": hard},
            {"hazard": draw(st.lists(chances, min_size=1, max_size=3))},
            {"levels": levels},
        ]
        more = {
            "lower": draw(st.sampled_from(["absolute", "sequential"])),
            "counts": draw(st.sampled_from([None, (), ("a", "c")])),
            "resets": draw(st.lists(st.sampled_from(ids), unique=True, max_size=2)),
        }
        made.append(rule(id_, *place, **draw(st.sampled_from(forms)), **more))
    return made


@st.composite
def situations(draw):
    """A campaign of four prizes, and where one participant stands in it."""
    weights = dict(zip(LETTERS, draw(st.lists(st.integers(0, 3), min_size=4, max_size=4)), strict=True))
    newcomer = draw(
        st.none() | st.builds(Newcomer, st.integers(1, 3), st.lists(st.sampled_from(LETTERS), min_size=1, max_size=2, unique=True))
    )
    try:
        made = campaign(weights, *draw(rules()), thanks=draw(st.integers(0, 2)), redraw=draw(st.booleans()), newcomer=newcomer)
    except InvalidCampaign:
        made = campaign(dict.fromkeys(LETTERS, 1), thanks=1)
    misses = {one.id: draw(st.integers(0, len(one.levels) - 1 if one.levels else 3)) for one in made.pity}
    closed = draw(st.dictionaries(st.sampled_from(LETTERS), st.sampled_from(REASONS), max_size=4))
    cap = draw(st.sampled_from([None] * 9 + ["total_wins", "daily_wins"]))
    return made, misses, draw(st.integers(1, 3)), draw(st.booleans()), {} if cap else closed, cap


@given(situations())
@settings(max_examples=500, deadline=None, derandomize=True)
def test_every_tape_of_drawn_campaigns(situation):
    """Whatever rules, counters, closed prizes and mode: all tapes together give the oracle's law."""
    try:
        agreed(*situation)
    except TooMany:
        reject()


# Single sentences of the law


def test_redraw_spreads_over_a_resting_target_too():
    """With c sold out, a 2 and thank-you 1 share its chance with the resting stage of a and b in their ratio, 2 to 1."""
    made = campaign(ABC | {"c": 5}, rule("five", "ab", hard=9), rule("featured", "a", "ab", base="1/2"), thanks=1, redraw=True)
    assert agreed(made, closed={"c": "sold_out"}) == {"a": F(3, 8), "b": F(3, 8), THANKS: F(1, 4)}


def test_featured_guarantee_holds_where_a_wider_rule_brings_the_prize():
    """A five-star that comes by a due "four-star or better" is settled by the five-stars' own stage, whose guarantee is due."""
    made = campaign(
        {"a": 1, "b": 1, "c": 2, "d": 4},
        rule("five", "ab", hard=90),
        rule("featured", "a", "ab", base="1/2", hard=2),
        rule("ten", "abc", hard=10),
    )
    law = enumerated(made, misses={"five": 9, "featured": 1, "ten": 9})
    assert law == {("a", None, "ten", ()): F(1, 2), ("c", None, "ten", ()): F(1, 2)}


def test_a_resting_rule_keeps_its_share_when_a_due_one_has_nothing_to_give():
    """All four-stars gone, the due rule gives way to the rest by weight, the five-star that no rule claims now among it."""
    made = campaign({"a": 1, "b": 2, "c": 3}, rule("five", "a", hard=90), rule("four", "b", hard=10))
    assert agreed(made, {"five": 0, "four": 9}, closed={"b": "sold_out"}) == {"a": F(1, 4), "c": F(3, 4)}


def test_a_due_four_star_without_four_stars_leaves_the_five_star_odds():
    """A class gives way to those after it, never to one before; and the rule stays due."""
    made = campaign({"a": 1, "b": 2, "c": 3}, rule("five", "a", base="1/10"), rule("four", "ab", hard=10))
    law = enumerated(made, misses={"five": 0, "four": 9}, closed={"b": "sold_out"})
    assert law == {("a", None, None, ()): F(1, 10), ("c", None, None, ("four",)): F(9, 10)}


def test_pitfall_05_no_residue_at_the_ceiling():
    """Two tiers whose chances add up to more than 1 share exactly 1, the higher one first."""
    made = campaign(ABC, rule("top", "a", base="0.6"), rule("low", "b", base="0.7"), thanks=1)
    assert agreed(made) == {"a": F(3, 5), "b": F(2, 5)}


def test_pitfall_06_odds_of_zero_never_win():
    """A prize of weight 0 has no ticket, whatever is closed around it and in either mode."""
    for redraw in (False, True):
        made = campaign({"a": 0, "b": 1, "c": 1}, thanks=1, redraw=redraw)
        for closed in ({}, {"b": "sold_out"}, {"b": "sold_out", "c": "off_shelf"}):
            assert "a" not in agreed(made, closed=closed)


def test_pitfall_10_a_due_rule_looks_at_stock_too():
    """Pity, the newcomer's rule and both at once never give what is closed, for any reason."""
    made = campaign({"a": 1, "b": 2}, rule("top", "a", hard=2), thanks=1, newcomer=Newcomer(2, ("a",)))
    for reason in REASONS:
        for fresh in (True, False):
            law = enumerated(made, misses={"top": 5}, number=2, fresh=fresh, closed={"a": reason})
            owed = ("newcomer", "top") if fresh else ("top",)
            assert law == {("b", None, None, owed): F(2, 3), (THANKS, reason, None, owed): F(1, 3)}


def test_pitfall_14_everything_sold_out_is_a_thank_you():
    """In either mode, due or not, and with no weight on the thank-you."""
    for redraw in (False, True):
        made = campaign(ABC, rule("top", "a", hard=2), redraw=redraw)
        for misses in (0, 1):
            assert agreed(made, {"top": misses}, closed=dict.fromkeys("abc", "sold_out")) == {THANKS: 1}


def test_pitfall_19_of_two_due_rules_the_first_goes_first_and_the_other_stays_due():
    """File order decides; the second rule's counter goes on, and it is due again."""
    made = campaign(ABC, rule("top", "a", hard=2), rule("low", "b", hard=2), thanks=1)
    assert enumerated(made, misses={"top": 1, "low": 1}) == {("a", None, "top", ()): 1}
    assert following(plain(made), {"top": 1, "low": 1}, "a") == {"top": 0, "low": 2}
    assert enumerated(made, misses={"top": 0, "low": 2}) == {("b", None, "low", ()): 1}


def test_pitfall_28_when_all_is_gone_the_winner_is_nobody_and_nothing_moves():
    """The receipt's prize is the thank-you, which has no stock to go down."""
    made = campaign(ABC)
    compiled, (state, off, known) = Rules(made, 1), situation(closed=dict.fromkeys("abc", "sold_out"))
    day = compiled.day(state.day)
    for _, made_of in every(lambda tape: decide(compiled, state, day, tape, off_shelf=off, known=known)):
        added, limits = {}, {}
        moves(compiled, day, made_of.prize, added, limits)
        assert (compiled.ids[made_of.prize], added, limits) == (THANKS, {}, {})


def test_the_reason_is_that_of_the_first_closed_prize_named():
    """Two closed prizes of weights 1 and 2, redrawn until nothing is left: the first reason is told."""
    made = campaign({"a": 1, "b": 2}, redraw=True)
    law = enumerated(made, closed={"a": "sold_out", "b": "off_shelf"})
    assert law == {(THANKS, "sold_out", None, ()): F(1, 3), (THANKS, "off_shelf", None, ()): F(2, 3)}


def test_a_win_in_spite_of_a_closed_prize_has_no_reason():
    """Redrawn to an open prize it is a win like any other; the thank-you after a redraw tells the reason."""
    made = campaign({"a": 1, "b": 1}, thanks=2, redraw=True)
    law = enumerated(made, closed={"a": "daily_release"})
    assert law == {("b", None, None, ()): F(1, 3), (THANKS, "drawn", None, ()): F(1, 2), (THANKS, "daily_release", None, ()): F(1, 6)}
