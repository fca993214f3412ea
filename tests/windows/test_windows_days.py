"""The days of a campaign, through every kind of change that clocks make."""

import pickle
import time as host
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prizedraw.errors import ClockError, InvalidCampaign
from prizedraw.windows import Calendar, Window

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

CHANGES = [
    ("Asia/Shanghai", date(2026, 2, 10)),  # no change at all
    ("Asia/Shanghai", date(1986, 5, 4)),  # its summer time of the eighties
    ("Asia/Shanghai", date(1986, 9, 14)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # midnight does not exist
    ("America/Sao_Paulo", date(2018, 2, 18)),  # the last hour of the day before comes twice
    ("Asia/Beirut", date(2023, 3, 30)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),  # the first hour of the day comes twice
    ("America/St_Johns", date(2010, 11, 7)),  # at 00:01 back to 23:01 of the day before
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
]

hours = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
near_midnight_and_dst = st.sampled_from(["00:00", "00:30", "01:30", "02:00", "02:15", "02:30", "03:00", "23:30"])
moments = st.tuples(st.sampled_from(CHANGES), hours | near_midnight_and_dst, st.integers(-3 * 1440, 3 * 1440))


def local(text):
    """A naive time, as a campaign file has it."""
    return datetime.fromisoformat(text)


def scan(zone, day, starts_at):
    """The first UTC minute whose local time is at or after the start of the day: what the rule says, word for word."""
    wanted = datetime.combine(day, time.fromisoformat(starts_at))
    minute = datetime.combine(day, time(), UTC) - 2 * DAY
    while minute.astimezone(zone).replace(tzinfo=None) < wanted:
        minute += MINUTE
    return minute


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CHANGES), hours | near_midnight_and_dst, st.integers(-1, 1))
def test_a_day_starts_at_the_first_instant_whose_local_time_is_not_before_it(change, starts_at, offset):
    """Oracle: a scan over UTC minutes around every kind of change."""
    name, day = change[0], change[1] + offset * DAY
    assert Calendar(name, starts_at).day_start(day) == scan(ZoneInfo(name), day, starts_at)


@settings(max_examples=300, deadline=None)
@given(moments)
def test_days_partition_time(moment):
    """Each instant lies in exactly one day: spans meet, are never empty, and their dates only go forward."""
    (name, day), starts_at, minutes = moment
    calendar = Calendar(name, starts_at)
    instant = datetime.combine(day, time(), UTC) + minutes * MINUTE
    today, start, end = calendar.day_span(instant)
    assert start <= instant < end
    assert calendar.day_span(start) == calendar.day_span(end - timedelta(microseconds=1)) == (today, start, end)
    tomorrow, next_start, _ = calendar.day_span(end)
    assert next_start == end
    assert tomorrow > today


@settings(max_examples=60, deadline=None)
@given(moments)
def test_the_day_of_an_instant_is_the_last_one_that_has_started(moment):
    """Oracle: the latest of the neighbouring dates whose scanned start is not after the instant."""
    (name, day), starts_at, minutes = moment
    instant = datetime.combine(day, time(), UTC) + minutes // 3 * MINUTE
    started = [d for n in range(-4, 4) if scan(ZoneInfo(name), d := day + n * DAY, starts_at) <= instant]
    assert Calendar(name, starts_at).day_of(instant) == max(started)


def test_the_day_changes_at_the_declared_hour_of_the_declared_zone():
    """At four in the morning in Shanghai, which is 20:00 UTC, and not at midnight of either."""
    calendar = Calendar("Asia/Shanghai", "04:00")
    turn = datetime(2026, 2, 10, 20, tzinfo=UTC)
    assert calendar.day_of(turn - timedelta(seconds=1)) == date(2026, 2, 10)
    assert calendar.day_span(turn) == (date(2026, 2, 11), turn, turn + DAY)


@pytest.mark.skipif(not hasattr(host, "tzset"), reason="the host's zone cannot be set here")
@pytest.mark.parametrize("zone_of_host", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_pitfall_21_the_zone_of_the_host_plays_no_part(monkeypatch, zone_of_host):
    """Also in the eight hours in which UTC and Shanghai disagree about the date, the day is Shanghai's."""
    monkeypatch.setenv("TZ", zone_of_host)
    host.tzset()
    try:
        for hour in range(24):
            now = datetime(2026, 2, 10, hour, 30, tzinfo=UTC)
            day, _, end = Calendar("Asia/Shanghai").day_span(now)
            assert day == date(2026, 2, 10 if hour < 16 else 11)
            assert timedelta(0) < end - now <= DAY
    finally:
        monkeypatch.undo()
        host.tzset()


@pytest.mark.parametrize(
    ("name", "day", "starts_at", "length"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "00:00", 23.0),
        ("Europe/Berlin", date(2026, 10, 25), "00:00", 25.0),
        ("Europe/Berlin", date(2026, 3, 28), "04:00", 23.0),
        ("Europe/Berlin", date(2026, 3, 28), "02:30", 23.5),
        ("Europe/Berlin", date(2026, 3, 29), "02:30", 23.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), "00:00", 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), "00:00", 24.5),
        ("America/Sao_Paulo", date(2018, 11, 4), "00:00", 23.0),
        ("America/Sao_Paulo", date(2018, 2, 17), "00:00", 25.0),
        ("Asia/Shanghai", date(2026, 2, 10), "00:00", 24.0),
    ],
)
def test_pitfall_22_a_day_is_no_rolling_24_hours(name, day, starts_at, length):
    """A day has 23, 24 or 25 hours, or something between; a gap that swallows its start is shared by two days."""
    calendar = Calendar(name, starts_at)
    assert calendar.day_start(day + DAY) - calendar.day_start(day) == timedelta(hours=length)


def test_a_day_whose_start_is_jumped_over_starts_with_the_jump():
    """Berlin jumps from 02:00 to 03:00 on 2026-03-29, at 01:00 UTC."""
    assert Calendar("Europe/Berlin", "02:30").day_start(date(2026, 3, 29)) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_day_whose_start_comes_twice_starts_the_first_time():
    """Berlin shows 02:30 twice on 2026-10-25; ten minutes past the second 02:00 the new day is already running."""
    calendar = Calendar("Europe/Berlin", "02:30")
    assert calendar.day_start(date(2026, 10, 25)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert calendar.day_of(datetime(2026, 10, 25, 1, 10, tzinfo=UTC)) == date(2026, 10, 25)


def test_a_day_that_a_zone_skipped_is_nobody_s():
    """Samoa had no 2011-12-30: the 29th is followed by the 31st without a gap."""
    calendar = Calendar("Pacific/Apia")
    day, _, end = calendar.day_span(datetime(2011, 12, 30, 9, 59, tzinfo=UTC))
    assert day == date(2011, 12, 29)
    assert end == calendar.day_start(date(2011, 12, 30)) == calendar.day_start(date(2011, 12, 31))
    assert calendar.day_of(end) == date(2011, 12, 31)


def test_a_naive_instant_has_no_day():
    """The host's zone is not asked."""
    with pytest.raises(ClockError, match="naive"):
        Calendar("UTC").day_of(local("2026-02-10T12:00"))


def test_local_times_become_instants():
    """A plain one, one that comes twice (the first), and one that never comes (mapped forward by the hour it lost)."""
    berlin = Calendar("Europe/Berlin")
    assert berlin.localize(local("2026-07-01T12:00")).isoformat() == "2026-07-01T12:00:00+02:00"
    assert berlin.localize(local("2026-10-25T02:30")).isoformat() == "2026-10-25T02:30:00+02:00"
    assert berlin.localize(local("2026-03-29T02:30")).isoformat() == "2026-03-29T03:30:00+02:00"


@settings(max_examples=300, deadline=None)
@given(moments)
def test_localizing_undoes_what_clocks_show(moment):
    """Oracle: through UTC and back a local time is itself unless it is in a gap, and no earlier instant shows it."""
    (name, day), _, minutes = moment
    zone, calendar = ZoneInfo(name), Calendar(name)
    naive = datetime.combine(day, time()) + minutes * MINUTE
    found = calendar.localize(naive)
    there = naive.replace(tzinfo=zone).astimezone(UTC)
    assert found == there
    assert found.replace(tzinfo=None) == there.astimezone(zone).replace(tzinfo=None)
    assert calendar.in_gap(naive) == (there.astimezone(zone).replace(tzinfo=None) != naive)


def test_an_aware_time_needs_no_zone():
    """Localizing it again would move it, so it is an error."""
    with pytest.raises(InvalidCampaign, match="has an offset already"):
        Calendar("UTC").localize(datetime(2026, 2, 10, tzinfo=UTC))


def test_a_window_is_local_unless_it_has_an_offset():
    """The naive start is Shanghai's, the end with an offset stays as it is."""
    found = Calendar("Asia/Shanghai").localize_window(Window(local("2026-02-10T10:00"), datetime(2026, 2, 10, 4, tzinfo=UTC)))
    assert str(found) == "2026-02-10 10:00:00+08:00 to 2026-02-10 04:00:00+00:00"


BAD_ZONES = [
    "Asia/Shangai", "asia/shanghai", "CST8", "", " UTC", "Asia", "Asia/", "/usr/share/zoneinfo/UTC", "/etc/localtime",
    "../zoneinfo/UTC", "Europe/../Europe/Berlin", "localtime", "posix/UTC", "right/UTC", "zone.tab", "tzdata.zi",
    "a\0b", "\ud800", "x" * 5000, None, 8, True, ["UTC"], ZoneInfo("UTC"),
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_ZONES, ids=lambda name: ascii(name)[:20])
def test_an_unknown_zone_is_an_error_naming_it(name):
    """Misspelt names, paths, files that are no zones and other types alike; and the same ones on every host."""
    with pytest.raises(InvalidCampaign, match=r"^timezone: .* is no time zone; give an IANA name") as caught:
        Calendar(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "24:00",
        "4:00",
        "04:60",
        "04:00:60",
        "0400",
        "04",
        "04:00:00.5",
        "04:00+08:00",
        "04:00 ",
        "٠٤:٠٠",
        "",
        4,
        None,
        time(4),
    ],
)
def test_a_day_start_that_is_no_hour_is_an_error(text):
    """Only HH:MM and HH:MM:SS are hours."""
    with pytest.raises(InvalidCampaign, match=r"^day_starts_at: must be an hour") as caught:
        Calendar("UTC", text)
    assert repr(text) in str(caught.value)


def test_calendars_are_values():
    """Equal by zone and hour, hashable, and the same after pickling."""
    calendar = Calendar("Europe/Berlin", "04:30:15")
    assert pickle.loads(pickle.dumps(calendar)) == calendar == Calendar("Europe/Berlin", "04:30:15")
    assert hash(calendar) == hash(Calendar("Europe/Berlin", "04:30:15"))
    assert calendar != Calendar("Europe/Berlin")
    assert calendar.zone.key == "Europe/Berlin"
    assert calendar.day_start(date(2026, 7, 1)) == datetime(2026, 7, 1, 2, 30, 15, tzinfo=UTC)
