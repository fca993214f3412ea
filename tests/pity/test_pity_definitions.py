"""Bad guarantees: each mistake is refused at construction, at its place, in words that say what to do."""

from decimal import Decimal
from fractions import Fraction

import pytest

from prizedraw.errors import InvalidCampaign
from prizedraw.pity import Level, Newcomer, Pity, Stages

WEIGHTS = {"a": 1, "b": 2, "c": 3, "d": 4, "thank-you": 5}


def rule(**fields):
    """A rule that is right but for the fields given."""
    return Pity(**({"id": "top", "target": ("a",), "hard": 3} | fields))


def stages(*rules, weights=None, newcomer=None):
    return Stages(rules, {p: Fraction(w) for p, w in (WEIGHTS | (weights or {})).items()}, newcomer)


def refused(place, words, make, *args, **fields):
    """The mistake is refused at this place with these words."""
    with pytest.raises(InvalidCampaign) as caught:
        make(*args, **fields)
    assert caught.value.place == place
    assert words in str(caught.value)


# A rule alone


@pytest.mark.parametrize("value", ["1.01", "-0.1", 2, -1, Fraction(7, 6), 1.0000001], ids=repr)
def test_base_outside_0_to_1(value):
    """A chance above 1 or below 0 is no chance."""
    refused("base", "it must lie in 0..1", rule, base=value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), Decimal("NaN"), "nan", "inf"], ids=repr)
def test_base_that_is_no_number(value):
    """NaN and infinity are no chances, however they are written."""
    refused("base", "is not a chance; write a number", rule, base=value)


@pytest.mark.parametrize("value", [True, False, "", "junk", "1/0", b"1", [1], {}], ids=repr)
def test_base_that_cannot_be_read(value):
    """A bool is not 1 or 0, and nothing is guessed of junk."""
    refused("base", "is not a chance; write a number", rule, base=value)


@pytest.mark.parametrize("value", ["1e-999999999", "1E+1000", Decimal("1e-999999")], ids=repr)
def test_base_with_a_far_exponent(value):
    """A number of a thousand million digits is refused before it is made."""
    refused("base", "is not a chance; write a number", rule, base=value)


@pytest.mark.parametrize("value", [2, "1.5", -1], ids=repr)
def test_hazard_outside_0_to_1(value):
    """The place names the value in the list."""
    refused("hazard[1]", "it must lie in 0..1", rule, hard=None, hazard=[0, value, 1])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, "x"], ids=repr)
def test_hazard_with_something_else_than_a_number(value):
    """NaN, infinity, bools and None are no chances in a list either."""
    refused("hazard[2]", "is not a chance; write a number", rule, hard=None, hazard=[0, 1, value])


@pytest.mark.parametrize("value", [0.5, "0.5", 1, None, {"0": 1}], ids=repr)
def test_hazard_that_is_no_list(value):
    """A single number is a base, not a hazard."""
    refused("hazard", "must be a list of chances", rule, hard=None, hazard=value)


def test_hazard_that_is_too_long():
    """A table of more than 100,000 draws is a slip of the pen."""
    refused("hazard", "100001 values are more than 100000", rule, hard=None, hazard=["1/2"] * 100_001)


@pytest.mark.parametrize("value", [2, -1, True, float("nan"), "x"], ids=repr)
def test_soft_step_that_is_no_chance(value):
    """What each draw adds lies in 0..1 as well."""
    refused("soft_step", "is not a chance", rule, soft_from=2, soft_step=value)


@pytest.mark.parametrize("value", [2, -1, True, float("nan"), "x"], ids=repr)
def test_declared_rate_that_is_no_chance(value):
    """What the operator states is a chance."""
    refused("declared_rate", "is not a chance", rule, declared_rate=value)


@pytest.mark.parametrize("name", ["hard", "soft_from"])
@pytest.mark.parametrize("value", [0, -1, True, 1.0, "3"], ids=repr)
def test_draws_that_are_no_positive_integers(name, value):
    """Draws are counted from 1."""
    refused(name, "must be an integer of at least 1", rule, **{"soft_from": 1, "soft_step": "1/2", name: value})


@pytest.mark.parametrize("value", [-1, True, 1.5, "0", None], ids=repr)
def test_start_that_is_no_count(value):
    """A new participant's counter is a whole number of misses."""
    refused("start", "must be an integer of at least 0", rule, start=value)


def test_hard_beyond_the_limit():
    """A guarantee after more than 100,000 draws is none."""
    refused("hard", "100001 is beyond 100000 draws", rule, hard=100_001)


def test_soft_from_beyond_the_limit():
    """Nor is a rise that begins there."""
    refused("soft_from", "100001 is beyond 100000 draws", rule, hard=None, soft_from=100_001, soft_step=1)


def test_soft_from_without_a_step():
    """A rise needs to know by how much."""
    refused("soft_step", "soft_from and soft_step go together", rule, soft_from=2)


def test_soft_step_without_a_start():
    """And from where."""
    refused("soft_from", "soft_from and soft_step go together", rule, soft_step="1/2")


def test_soft_step_of_zero():
    """A step of 0 never rises."""
    refused("soft_step", "0 never rises", rule, soft_from=2, soft_step=0)


def test_soft_step_that_takes_for_ever():
    """Without hard, a rise has to reach 1 within the limit."""
    refused("soft_step", "needs more than 100000 draws to reach 1", rule, hard=None, soft_from=2, soft_step="1/1000000")


def test_soft_from_after_hard():
    """A rise behind the sure draw would never act."""
    refused("soft_from", "comes after hard = 3 and would never act", rule, soft_from=4, soft_step="1/2")


def test_repeats_without_hard():
    """Every n-th draw needs an n."""
    refused("repeats", "repeats needs hard = n", rule, hard=None, base="1/2", repeats=True)


@pytest.mark.parametrize("name", ["repeats", "disclosed"])
@pytest.mark.parametrize("value", [1, 0, None, "true"], ids=repr)
def test_flags_that_are_no_bools(name, value):
    """Yes and no are true and false."""
    refused(name, "must be true or false", rule, **{name: value})


@pytest.mark.parametrize("value", ["relative", "", None, ["absolute"]], ids=repr)
def test_lower_that_is_unknown(value):
    """Two ways of sharing are known."""
    refused("lower", "must be 'absolute' or 'sequential'", rule, lower=value)


@pytest.mark.parametrize("value", ["", "Top", "a b", "-a", "x" * 65, "newcomer", 1, None], ids=repr)
def test_id_that_is_no_rule_id(value):
    """``newcomer`` is the newcomer rule's own name in receipts."""
    refused("id", "is not a rule id", rule, id=value)


def test_target_of_nothing():
    """A guarantee promises something."""
    refused("target", "needs at least one prize to promise", rule, target=())


@pytest.mark.parametrize("name", ["target", "scope", "counts", "resets"])
@pytest.mark.parametrize("value", ["abc", 5, [1], [None], {"a": 1}], ids=repr)
def test_ids_that_are_no_list_of_ids(name, value):
    """A bare string is not a list of its letters."""
    refused(name, "must be a list of ids", rule, **{name: value})


@pytest.mark.parametrize("name", ["target", "scope", "counts", "resets"])
def test_ids_named_twice(name):
    """A set is written without repetition."""
    refused(name, "'b' is named twice", rule, **{name: ("b", "a", "b")})


def test_nothing_but_a_target():
    """A rule says when it acts."""
    refused("base", "give a base, a soft rise, hard, a hazard list or levels", rule, hard=None)


def test_hazard_beside_hard():
    """A list is the whole law; hard would be a second one."""
    refused("hard", "hard must be left out beside hazard", rule, hazard=[1])


def test_hazard_beside_a_rise():
    """So would a rise; the place is the first of the fields too many."""
    refused(
        "base", "base, soft_from, soft_step must be left out beside hazard", rule, hard=None, base=0, soft_from=1, soft_step=1, hazard=[1]
    )


def test_levels_beside_hard():
    """A state machine is the whole law too."""
    refused("hard", "hard must be left out beside levels", rule, levels=[Level(1, 0, 0)])


def test_levels_beside_hazard():
    """One of both."""
    refused("levels", "give either levels or a hazard", rule, hard=None, hazard=[1], levels=[Level(1, 0, 0)])


@pytest.mark.parametrize("name", ["hit", "miss"])
def test_level_that_leads_nowhere(name):
    """Levels are numbered from 0."""
    levels = [Level(0, 0, 1), Level(**({"chance": 1, "hit": 0, "miss": 1} | {name: 2}))]
    refused(f"levels[1].{name}", "2 is not a level; there are 2, from 0", rule, hard=None, levels=levels)


def test_start_that_is_no_level():
    """A new participant stands on a level that is there."""
    refused("start", "1 is not a level; there are 1, from 0", rule, hard=None, levels=[Level(1, 0, 0)], start=1)


@pytest.mark.parametrize("value", [1, None, ["x"], [{"chance": 1}]], ids=repr)
def test_levels_that_are_no_levels(value):
    """Whatever is not a level is refused before it is looked into."""
    refused("levels", "must be a list of levels", rule, hard=None, levels=value)


@pytest.mark.parametrize("value", [None, True, "x", 2, float("nan")], ids=repr)
def test_level_without_a_chance(value):
    """A level has a chance in 0..1."""
    refused("chance", "is not a chance", Level, value, 0, 0)


@pytest.mark.parametrize("name", ["hit", "miss"])
@pytest.mark.parametrize("value", [None, True, -1, 0.5], ids=repr)
def test_level_without_a_next_one(name, value):
    """A level leads somewhere, come a hit or a miss."""
    refused(name, "must be an integer of at least 0", Level, **({"chance": 1, "hit": 0, "miss": 0} | {name: value}))


@pytest.mark.parametrize("value", [0, -1, None, True, 1.5, "3"], ids=repr)
def test_newcomer_at_no_draw(value):
    """Draws are counted from 1."""
    refused("draws", "must be an integer of at least 1", Newcomer, value, ("a",))


def test_newcomer_of_nothing():
    """The newcomer rule promises something."""
    refused("target", "needs at least one prize to promise", Newcomer, 3, ())


@pytest.mark.parametrize("value", ["abc", None, 5, [1]], ids=repr)
def test_newcomer_target_that_is_no_list_of_ids(value):
    """As with a rule's target."""
    refused("target", "must be a list of ids", Newcomer, 3, value)


# Rules together


def test_two_rules_of_one_id():
    """A participant's counter is kept under the id."""
    refused("pity[1].id", "'top' is the id of pity[0] too", stages, rule(), rule(target=("b",)))


@pytest.mark.parametrize("name", ["target", "scope", "counts"])
def test_unknown_prize(name):
    """The message lists the prizes there are."""
    refused(f"pity[0].{name}", "'z' is not a prize of this campaign; there are a, b, c, d", stages, rule(**{name: ("z",)}))


@pytest.mark.parametrize("name", ["target", "scope", "counts"])
def test_thank_you_in_a_rule(name):
    """No rule promises the thank-you, nor acts inside it."""
    refused(f"pity[0].{name}", "'thank-you' is not a prize", stages, rule(**{name: ("thank-you",)}))


def test_resets_of_an_unknown_rule():
    """The message lists the rules there are."""
    refused("pity[0].resets", "'low' is not a rule of this campaign; there are top", stages, rule(resets=("low",)))


def test_newcomer_of_an_unknown_prize():
    """The newcomer's target is prizes of the campaign."""
    refused("newcomer.target", "'z' is not a prize", stages, newcomer=Newcomer(2, ("z",)))


@pytest.mark.parametrize(("first", "second"), [("ab", "bc"), ("ab", "a"), ("abc", "ab"), ("ab", "ab")])
def test_overlapping_targets(first, second):
    """In one stage a later target is apart from an earlier one, or contains it whole and more."""
    low = rule(id="low", target=tuple(second))
    refused("pity[1].target", "targets of one stage must be disjoint", stages, rule(target=tuple(first)), low)


def test_scope_that_is_nobodys_target():
    """A stage settles what another rule brings."""
    inner = rule(id="inner", scope=("a", "b"))
    refused(
        "pity[1].scope",
        "must be exactly the target of one other rule, and is that of no other rule",
        stages,
        rule(target=("a", "b", "c")),
        inner,
    )


def test_scope_that_is_the_target_of_two_rules():
    """Who brings it must be plain."""
    rules = (
        rule(id="inner", target=("a",), scope=("a", "b")),
        rule(id="one", target=("a", "b")),
        rule(id="outer", target=("a", "b", "c")),
        rule(id="two", target=("a", "b"), scope=("a", "b", "c")),
    )
    refused("pity[0].scope", "must be exactly the target of one other rule, and is that of two rules", stages, *rules)


def test_target_that_is_its_whole_scope():
    """A chance of the whole inside itself says nothing."""
    refused("pity[1].target", "must be a proper part of its scope", stages, rule(), rule(id="inner", scope=("a",)))


def test_target_outside_its_scope():
    """Nor does the chance of what is elsewhere."""
    refused(
        "pity[1].target",
        "must be a proper part of its scope",
        stages,
        rule(target=("a", "b")),
        rule(id="in", target=("c",), scope=("a", "b")),
    )


def test_scope_that_contains_another_target():
    """Where "four-star or better" contains the five-stars, it cannot be a stage of its own."""
    rules = (rule(target=("a",)), rule(id="low", target=("a", "b")), rule(id="inner", target=("b",), scope=("a", "b")))
    refused("pity[2].scope", "contains the target of 'top' in its stage, so it cannot be a scope", stages, *rules)


def test_scope_that_contains_another_target_however_it_is_written():
    """Scopes are sets: the order in which two rules write one does not hide an overlap."""
    rules = (
        rule(id="outer", target=("a", "b", "c")),
        rule(id="one", target=("a",), scope=("a", "b", "c")),
        rule(id="two", target=("a", "b"), scope=("c", "b", "a")),
        rule(id="inner", target=("b",), scope=("b", "a")),
    )
    refused("pity[3].scope", "contains the target of 'one' in its stage", stages, *rules)


def test_rules_that_claim_every_prize_and_leave_a_chance():
    """With the thank-you at 0, a chance that no rule claims would have nobody to go to."""
    rules = (rule(target=("a", "b"), hard=None, base="1/4"), rule(id="low", target=("c", "d"), hard=None, base="1/2"))
    refused("pity[0], pity[1]", "yet 1/4 of the chance is left to nobody", stages, *rules, weights={"thank-you": 0})


def test_a_hazard_that_falls_short_at_one_draw_only():
    """The smallest value counts: the rules must claim everything in each state."""
    rules = (rule(target=("a", "b"), hard=None, hazard=["3/4", "1/4"]), rule(id="low", target=("c", "d"), hard=None, base="1/2"))
    refused("pity[0], pity[1]", "yet 1/4 of the chance is left to nobody", stages, *rules, weights={"thank-you": 0})


def test_inner_rules_that_claim_every_prize_and_leave_a_chance():
    """A stage has no thank-you, so its rules are held to the same."""
    inner = (
        rule(id="one", target=("a",), scope=("a", "b"), hazard=["1/2"], hard=None),
        rule(id="two", target=("b",), scope=("a", "b"), hazard=["1/3"], hard=None),
    )
    refused("pity[1], pity[2]", "yet 1/6 of the chance is left to nobody", stages, rule(target=("a", "b")), *inner)


def test_rules_that_claim_everything_and_leave_nothing():
    """Where they add up to 1 in every state it is fine."""
    rules = (rule(target=("a", "b"), hard=None, base="1/4"), rule(id="low", target=("c", "d"), hard=None, base="3/4"))
    assert stages(*rules, weights={"thank-you": 0}).root.at((0, 0)).total == 4
