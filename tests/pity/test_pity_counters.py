"""How counters move: they follow what was granted, whatever brought it."""

from fractions import Fraction

from prizedraw.pity import Level, Pity, Stages


def counters(*rules, came, start=None):
    """The counters after draws that granted these prizes, one letter each, "-" being the thank-you."""
    stages = Stages(rules, {p: Fraction(1) for p in ("a", "b", "c", "thank-you")})
    now = start or stages.start
    for letter in came:
        now = stages.step(now, stages.numbers["thank-you" if letter == "-" else letter])
    return now


def rule(name, target, **more):
    return Pity(id=name, target=tuple(target), **({"hard": 5} | more))


def test_a_hit_clears_and_all_else_counts():
    """Every draw is a miss but a hit, thank-yous among them."""
    assert counters(rule("top", "a"), came="b-c") == (3,)
    assert counters(rule("top", "a"), came="b-ac") == (1,)


def test_pitfall_18_a_natural_hit_clears_the_counter():
    """A hit that the rule was not sure of clears its counter as a forced one does."""
    assert counters(rule("top", "ab"), came="b", start=(1,)) == (0,)
    assert counters(rule("top", "ab"), came="b", start=(4,)) == (0,)


def test_a_counter_goes_on_while_a_due_target_cannot_be_given():
    """The rule stays due until it is honoured."""
    assert counters(rule("top", "a"), came="---", start=(4,)) == (7,)


def test_a_higher_hit_is_a_miss_for_a_lower_rule():
    """Unless the higher one resets it."""
    low = rule("low", "b")
    assert counters(rule("top", "a"), low, came="ca") == (0, 2)
    assert counters(rule("top", "a", resets=["low"]), low, came="ca") == (0, 0)
    assert counters(rule("top", "a", resets=["low"]), low, came="bc") == (2, 1)


def test_draws_outside_counts_leave_the_counter():
    """``counts`` names the draws that matter; a hit always does."""
    assert counters(rule("top", "a", counts=["a", "b"]), came="cb-b") == (2,)
    assert counters(rule("top", "a", counts=["b"]), came="bba") == (0,)


def test_counts_left_out_is_the_scope():
    """A featured guarantee counts the draws that land in its scope, and every draw if ``counts`` is empty."""
    outer = rule("five", "ab")
    assert counters(outer, rule("featured", "a", scope=("a", "b")), came="cb-b") == (0, 2)
    assert counters(outer, rule("featured", "a", scope=("a", "b"), counts=[]), came="cb-b") == (0, 4)


def test_repeats_counts_hits_and_is_cleared_by_a_due_one():
    """Every third draw, whatever came between."""
    third = rule("third", "a", hard=3, repeats=True)
    assert counters(third, came="aa") == (2,)
    assert counters(third, came="aaa") == (0,)
    assert counters(third, came="ba-") == (3,), "due, and not honoured"
    assert counters(third, came="ba-a") == (0,)


def test_levels_follow_hits_and_misses():
    """The counter is the level; draws that do not count leave it."""
    levels = rule("levels", "a", hard=None, levels=[Level("1/2", 0, 1), Level(1, 2, 1), Level(0, 0, 2)], counts=["a", "b"])
    assert [counters(levels, came=came) for came in ("b", "bb", "ba", "bac", "bab", "baa")] == [(1,), (1,), (2,), (2,), (2,), (0,)]


def test_resets_has_the_last_word_on_a_repeating_rule():
    """A hit of the higher rule is a natural hit of the lower one, which keeps counting, and is then set to 0."""
    assert counters(rule("top", "a", resets=["third"]), rule("third", "ab", hard=3, repeats=True), came="ba") == (0, 0)


def test_resets_has_the_last_word_on_levels():
    """A level that a hit would have led to gives way to level 0."""
    low = rule("low", "ab", hard=None, levels=[Level("1/2", 1, 0), Level("1/2", 1, 1)])
    assert counters(rule("top", "a", resets=["low"]), low, came="b") == (1, 1)
    assert counters(rule("top", "a", resets=["low"]), low, came="ba") == (0, 0)


def test_start_is_where_a_new_participant_stands_and_not_where_a_hit_leads():
    """A hit clears to 0."""
    assert counters(rule("top", "a", start=3), came="") == (3,)
    assert counters(rule("top", "a", start=3), came="a") == (0,)
