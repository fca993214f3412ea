"""Campaign files: the round trip, the two syntaxes, and what is said about texts that are no campaigns."""

from __future__ import annotations

import json
import pickle
import tomllib
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prizedraw.campaign import Campaign
from prizedraw.campaign.document import written
from prizedraw.errors import InvalidCampaign
from prizedraw.testing.strategies import campaigns


@given(campaigns(), st.sampled_from(["toml", "json"]))
@settings(max_examples=150, deadline=None)
def test_a_file_brings_back_the_same_campaign(campaign, form):
    """Whatever is written is read back equal, with the same digest and the same text."""
    text = campaign.dumps(form)
    again = Campaign.loads(text)
    assert again == campaign
    assert (again.digest, again.dumps(form), hash(again)) == (campaign.digest, text, hash(campaign))


@given(campaigns())
@settings(max_examples=40, deadline=None)
def test_a_campaign_survives_pickling(campaign):
    """Equality, hash, digest and calendar are the same on the other side."""
    again = pickle.loads(pickle.dumps(campaign))
    assert again == campaign
    assert (hash(again), again.digest, again.calendar) == (hash(campaign), campaign.digest, campaign.calendar)


@given(st.fractions(0, max_denominator=10**12) | st.decimals(0, 10**9, places=9).map(Fraction))
def test_a_weight_is_written_exactly(number):
    """What is written for a number is read as the same number, and as an integer if it is one."""
    text = written(number)
    assert Fraction(text) == number
    assert isinstance(text, int) == (number.denominator == 1)
    assert isinstance(text, int) or ("/" in text) == (10**30 % number.denominator != 0)


GOOD = """
id = "gala"
title = "春节"
timezone = "Europe/Berlin"
windows = [{start = 2027-10-31T02:30:00+01:00, end = 2027-10-31T12:00:00}]
prizes = [{id = "b", name = "B", weight = 0.1, stock = 1, order = 2}, {id = "a", name = "A", weight = "1/3", stock = -1, order = 1}]
[meta]
z = 1
a = [1.5, {x = true}, "\\u0001\\"\\\\"]
"""


def test_defaults_of_a_short_file():
    """Without quota, points, release and fallback nothing is capped and the thank-you is there with weight 0."""
    campaign = Campaign.loads(GOOD)
    quota = campaign.quota
    assert {quota.total_draws, quota.daily_draws, quota.total_wins, quota.daily_wins, quota.campaign_draws} == {-1}
    assert (campaign.points.total, campaign.release.daily, campaign.odds.when_unavailable) == (None, -1, "fallback")
    thank_you = campaign.fallback
    assert (thank_you.id, thank_you.kind, thank_you.name, thank_you.order, thank_you.stock) == (
        "thank-you",
        "thank_you",
        "谢谢参与",
        99,
        -1,
    )
    assert (thank_you.weight, thank_you.shown) == (0, False)


def test_a_float_is_its_shortest_decimal():
    """0.1 in a file is one tenth, in TOML and in JSON."""
    campaign = Campaign.loads(GOOD)
    assert campaign.prize("b").weight == Fraction(1, 10)
    document = json.loads(campaign.dumps("json"))
    document["prizes"][1]["weight"] = 0.1
    assert Campaign.loads(json.dumps(document)) == campaign


def test_the_second_of_two_equal_hours_keeps_its_offset():
    """02:30 on the day that clocks go back is written with an offset where it is the second one, and plainly where it is the first."""
    second = tomllib.loads(Campaign.loads(GOOD).dumps())["windows"][0]["start"]
    assert second.utcoffset() is not None
    first = tomllib.loads(Campaign.loads(GOOD.replace("+01:00", "+02:00")).dumps())["windows"][0]["start"]
    assert first.tzinfo is None
    assert Campaign.loads(GOOD).windows[0].start != Campaign.loads(GOOD.replace("+01:00", "")).windows[0].start


def test_chinese_stays_readable():
    """Texts are written as they are, not as escapes."""
    assert "春节" in Campaign.loads(GOOD).dumps()
    assert "春节" in Campaign.loads(GOOD).dumps("json")


def test_meta_is_kept_and_cannot_be_changed():
    """What is read from meta is a copy; types are told apart."""
    campaign = Campaign.loads(GOOD)
    campaign.meta["a"].append(2)
    assert dict(campaign.meta) == {"z": 1, "a": [1.5, {"x": True}, '\x01"\\']}
    assert Campaign.loads(GOOD.replace("z = 1", "z = true")) != campaign


def test_equal_campaigns_written_differently_have_one_digest():
    """The order of keys and prizes' tables, spellings of numbers and offsets play no part."""
    one = Campaign.loads(GOOD)
    other = Campaign.loads(
        GOOD.replace("0.1,", '"1/10",').replace("02:30:00+01:00", "01:30:00Z").replace("z = 1\n", "").replace('"\\\\"]', '"\\\\"]\nz = 1')
        + '[disclosure]\nweights = true\n[fallback]\nname = "谢谢参与"\n'
    )
    assert one == other
    assert one.digest == other.digest
    assert one.replace(weights={"a": "0.5"}).digest != one.digest


def test_digest_is_pinned():
    """A change of the canonical form would make every published campaign look edited; it needs a changelog entry."""
    assert Campaign.loads(GOOD).digest == "6c8676f28f3884060205da688b263995f9b6a69639d30515a1f84c78e63c5a57"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id = \n", r"is not TOML: .*line 1, column 6"),
        ('id = "a"\nid = "b"\n', "is not TOML: .*line 2"),
        ('{"id": }', r"is not JSON: .*line 1 column 8"),
        ('{"id": "a", "id": "b"}', "'id' stands twice"),
        ('{"prizes": [{"weight": NaN}]}', "NaN is not JSON"),
        ('{"prizes": [{"weight": Infinity}]}', "Infinity is not JSON"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ("id = " + "9" * 5000, "is not TOML"),
        ("", "is missing"),
    ],
    ids=["toml syntax", "toml twice", "json syntax", "json twice", "nan", "infinity", "deep toml", "deep json", "long integer", "empty"],
)
def test_texts_that_are_no_campaigns(text, says):
    """A fault of syntax is InvalidCampaign with line and column, like any other fault."""
    with pytest.raises(InvalidCampaign, match=says):
        Campaign.loads(text)


def test_load_reads_both_kinds_and_a_byte_order_mark(tmp_path):
    """The suffix tells which it is."""
    campaign = Campaign.loads(GOOD)
    for form in ("toml", "json"):
        path = tmp_path / f"gala.{form}"
        path.write_text("\ufeff" + campaign.dumps(form), encoding="utf-8")
        assert Campaign.load(path) == Campaign.load(str(path)) == campaign


def test_a_file_that_is_not_there(tmp_path):
    """The message names the path; the natural error is its cause."""
    with pytest.raises(InvalidCampaign, match=r"nowhere\.toml") as caught:
        Campaign.load(tmp_path / "nowhere.toml")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_files_that_cannot_be_read(tmp_path):
    """A directory, another suffix and another encoding each have their message."""
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    for name, says in (
        ("folder.toml", "cannot be read"),
        ("gala.yaml", "neither a .toml nor a .json"),
        ("latin.toml", "not UTF-8 at byte 9"),
    ):
        with pytest.raises(InvalidCampaign, match=says):
            Campaign.load(tmp_path / name)


def test_a_fault_in_a_file_names_the_file(tmp_path):
    """The place stays the key; the file is a note of the error."""
    path = tmp_path / "bad.toml"
    path.write_text(GOOD.replace("stock = 1,", "stock = -5,"), encoding="utf-8")
    with pytest.raises(InvalidCampaign, match=r"^prizes\[0\]\.stock") as caught:
        Campaign.load(path)
    assert any("bad.toml" in note for note in caught.value.__notes__)


def test_unknown_output_format():
    """There are two formats."""
    with pytest.raises(InvalidCampaign, match="'yaml'"):
        Campaign.loads(GOOD).dumps("yaml")
