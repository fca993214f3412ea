"""Windows, the states they make, and how they may be edited."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prizedraw.errors import ClockError, InvalidCampaign, InvalidEdit
from prizedraw.windows import (
    CampaignState,
    Window,
    check_window_edit,
    check_windows,
    first_open,
    next_window,
    state_of,
    window_at,
)

DAY = datetime(2026, 2, 10, tzinfo=UTC)


def at(hour):
    return DAY + timedelta(hours=hour)


def window(start, end):
    return Window(at(start), at(end))


def local(text):
    """A naive time, as a campaign file has it."""
    return datetime.fromisoformat(text)


MORNING, EVENING = window(10, 12), window(18, 22)
BOTH = (MORNING, EVENING)

marks = st.lists(st.integers(0, 40), min_size=2, max_size=8, unique=True).map(sorted)
spans = marks.map(lambda m: list(zip(m[::2], m[1::2], strict=False)))
"""Disjoint spans of whole hours, in order."""


def test_a_window_holds_its_start_and_not_its_end():
    """Half-open, so that two windows which touch never both hold an instant."""
    assert MORNING.holds(at(10))
    assert MORNING.holds(at(12) - timedelta(microseconds=1))
    assert not MORNING.holds(at(12))
    check_windows([window(10, 12), window(12, 14)])


def test_windows_are_equal_by_instant_and_keep_their_offset():
    """10:00 in Shanghai is 02:00 UTC; the window still says +08:00."""
    shanghai = timezone(timedelta(hours=8))
    there = Window(datetime(2026, 2, 10, 10, tzinfo=shanghai), datetime(2026, 2, 10, 12, tzinfo=shanghai))
    assert there == window(2, 4)
    assert hash(there) == hash(window(2, 4))
    assert str(there) == "2026-02-10 10:00:00+08:00 to 2026-02-10 12:00:00+08:00"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (date(2026, 2, 10), "must be a date with a time"),
        ("2026-02-10T10:00:00", "must be a date with a time"),
        (None, "must be a date with a time"),
        (local("2026-02-10T10:00:00.000005"), "must be to the second"),
        (local("1969-12-31T23:00"), "must lie in the years 1970 to 9998"),
        (datetime(9999, 12, 31, 23, tzinfo=UTC), "must lie in the years 1970 to 9998"),
    ],
)
def test_a_time_that_is_no_second_of_the_usable_years_is_an_error(value, told):
    """Both ends are checked under their own name."""
    with pytest.raises(InvalidCampaign, match=f"start: {told}"):
        Window(value, local("2026-02-11T00:00"))
    with pytest.raises(InvalidCampaign, match=f"end: {told}"):
        Window(local("2026-02-09T00:00"), value)


def test_windows_come_out_in_order_of_time():
    """The file may list them in any order."""
    assert check_windows([EVENING, MORNING]) == BOTH


def test_a_campaign_without_a_window_is_an_error():
    """It could never run."""
    with pytest.raises(InvalidCampaign, match="windows: must have at least one window"):
        check_windows([])


@pytest.mark.parametrize("end", [18, 17])
def test_a_window_that_does_not_end_after_it_starts_is_an_error(end):
    """Reversed and empty ones alike; the place is the index in the file."""
    with pytest.raises(InvalidCampaign, match=r"^windows\[1\]: must end after it starts"):
        check_windows([MORNING, window(18, end)])


def test_overlapping_windows_are_an_error_naming_both():
    """The later of the two is the place, the other is named in the message; indices are those of the file."""
    with pytest.raises(InvalidCampaign, match=r"^windows\[0\]: .* overlaps windows\[2\]"):
        check_windows([window(11, 13), EVENING, MORNING])


def test_a_naive_window_must_be_localized_first():
    """Without a zone it is no span of time."""
    with pytest.raises(InvalidCampaign, match=r"^windows\[0\]: .* is naive"):
        check_windows([Window(local("2026-02-10T10:00"), at(12))])


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=4))
def test_accepted_are_exactly_the_windows_that_share_no_hour(given_spans):
    """Oracle: the hours of all windows, none of them empty, are distinct."""
    hours = [hour for start, end in given_spans for hour in range(start, end)]
    fine = all(start < end for start, end in given_spans) and len(hours) == len(set(hours))
    try:
        checked = check_windows([window(*span) for span in given_spans])
    except InvalidCampaign:
        assert not fine
    else:
        assert fine
        assert list(checked) == [window(*span) for span in sorted(given_spans)]


def test_pitfall_23_the_end_of_a_window_is_enforced():
    """At the end, and between two windows, none holds the instant."""
    assert window_at(BOTH, at(11)) is MORNING
    assert window_at(BOTH, at(12)) is None
    assert window_at(BOTH, at(15)) is None
    assert window_at(BOTH, at(22)) is None
    assert state_of(BOTH, True, at(12)) != "running"


def test_the_next_window_starts_after_now():
    """The window that holds now is not its own next one, not even at its start."""
    assert next_window(BOTH, at(9)) is MORNING
    assert next_window(BOTH, at(10)) is EVENING
    assert next_window(BOTH, at(18)) is None


@given(spans, st.integers(-1, 41))
def test_the_first_open_instant_is_the_first_hour_of_any_window(found, hour):
    """Oracle: the least hour from the given one on that lies in a span."""
    windows = check_windows([window(*span) for span in found])
    hours = [h for span in found for h in range(*span) if h >= hour]
    assert first_open(windows, at(hour)) == (at(min(hours)) if hours else None)
    assert (window_at(windows, at(hour)) is not None) == (hour in hours)


@pytest.mark.parametrize("question", [window_at, next_window, first_open])
def test_a_naive_now_is_an_error(question):
    """No zone is guessed, the host's least of all."""
    with pytest.raises(ClockError, match="naive"):
        question(BOTH, local("2026-02-10T11:00"))


@pytest.mark.parametrize(
    ("hour", "state"),
    [
        (9, CampaignState.NOT_STARTED),
        (10, CampaignState.RUNNING),
        (12, CampaignState.NOT_STARTED),
        (15, CampaignState.NOT_STARTED),
        (21, CampaignState.RUNNING),
        (22, CampaignState.CLOSED),
    ],
)
def test_the_state_of_a_campaign_through_its_day(hour, state):
    """Between two windows it has not started; offline it is closed at any hour."""
    assert state_of(BOTH, True, at(hour)) is state
    assert state_of(BOTH, False, at(hour)) is CampaignState.CLOSED


class TestEdits:
    """At 20:00 the morning is past, the evening is open, and tomorrow's window is still to come."""

    NOW = at(20)
    TOMORROW = window(34, 46)
    OLD = (MORNING, EVENING, TOMORROW)

    def allowed(self, *new):
        check_window_edit(self.OLD, check_windows(new), self.NOW)

    def test_an_unchanged_set_is_always_fine(self):
        """Publishing the same file again changes nothing, on any day; an offset written otherwise changes nothing."""
        for hour in range(50):
            check_window_edit(self.OLD, self.OLD, at(hour))
        self.allowed(Window(MORNING.start.astimezone(timezone(timedelta(hours=8))), MORNING.end), *self.OLD[1:])

    @pytest.mark.parametrize("evening", [(18, 21), (18, 30), (15, 22), (19, 25), (21, 23)])
    def test_the_open_window_may_be_moved(self, evening):
        """Longer, shorter, earlier or later, even so that it pauses until 21:00."""
        self.allowed(MORNING, window(*evening), self.TOMORROW)

    def test_the_open_window_may_be_split(self):
        """One part of it is its successor, the other a new window."""
        self.allowed(MORNING, window(18, 21), window(21, 22), self.TOMORROW)

    @pytest.mark.parametrize("rest", [[], [TOMORROW], [window(22, 30)]])
    def test_the_open_window_may_not_be_deleted(self, rest):
        """A window clear of its span is another one, be it a minute later."""
        with pytest.raises(InvalidEdit, match=r"windows: the window 2026-02-10 18:00.* is open now"):
            self.allowed(MORNING, *rest)

    def test_the_open_window_may_not_end_at_once(self):
        """To close it now there is the switch."""
        with pytest.raises(InvalidEdit, match=r"^windows\[1\]: 2026-02-10 18:00.* would be over already"):
            self.allowed(MORNING, window(18, 20), self.TOMORROW)

    @pytest.mark.parametrize("morning", [[], [window(10, 13)], [window(9, 12)]])
    def test_a_past_window_may_not_change(self, morning):
        """Neither deleted nor moved: receipts lie in it."""
        with pytest.raises(InvalidEdit, match=r"2026-02-10 10:00.* is past and stays"):
            self.allowed(*morning, EVENING, self.TOMORROW)

    def test_a_window_may_not_be_added_to_the_past(self):
        """Nobody could draw in it."""
        with pytest.raises(InvalidEdit, match=r"^windows\[1\]: 2026-02-10 14:00.* would be over already"):
            self.allowed(MORNING, window(14, 16), EVENING, self.TOMORROW)

    @pytest.mark.parametrize("later", [[], [window(30, 32)], [TOMORROW, window(60, 61)], [window(22, 23)]])
    def test_future_windows_are_free(self, later):
        """Deleted, moved, added."""
        self.allowed(MORNING, EVENING, *later)

    def test_a_window_that_ends_now_is_past(self):
        """Half-open here too: at 22:00 the evening stays as it is."""
        with pytest.raises(InvalidEdit, match="is past and stays"):
            check_window_edit(self.OLD, (MORNING, window(18, 23), self.TOMORROW), at(22))

    def test_a_naive_now_is_an_error(self):
        """No zone is guessed."""
        with pytest.raises(ClockError, match="naive"):
            check_window_edit(self.OLD, self.OLD, local("2026-02-10T20:00"))


@given(old=spans, new=spans, keep=st.booleans(), now=st.integers(-1, 41))
def test_edits_compare_sets(old, new, keep, now):
    """Oracle: the past is the same set before and after, and the open span shares an hour with one that ends later."""
    if keep:  # reach the accepted cases often: take the past over, and from the new set what has room after it
        past = [span for span in old if span[1] <= now]
        new = past + [span for span in new if span[1] > now and not any(span[0] < end for _, end in past)]
    fine = {s for s in old if s[1] <= now} == {s for s in new if s[1] <= now} and all(
        any(set(range(*span)) & set(range(*other)) for other in new if other[1] > now) for span in old if now in range(*span)
    )
    try:
        check_window_edit([window(*s) for s in old], [window(*s) for s in new], at(now))
    except InvalidEdit:
        assert not fine
    else:
        assert fine
