"""Bad input: each kind has its own clear error with the place of the fault. One row of a table, one named test."""

from __future__ import annotations

import contextlib
import json
import pickle

import pytest

from prizedraw.campaign import Campaign, Prize
from prizedraw.campaign.document import campaign_of, document_of
from prizedraw.errors import InvalidCampaign, PrizeDrawError

GOOD = """
format = 1
id = "gala"
title = "Gala"
form = "wheel"
timezone = "Europe/Berlin"
day_starts_at = "04:00"
channels = ["app"]
windows = [{start = 2027-02-01T10:00:00, end = 2027-02-01T22:00:00}, {start = 2027-02-02T10:00:00, end = 2027-02-02T22:00:00}]

[quota]
total_draws = 10
daily_draws = 3
total_wins = -1
daily_wins = 1

[points]
total = 1000
per_participant = 500

[odds]
when_unavailable = "redraw"

[[prizes]]
id = "phone"
name = "Phone"
product = "sku-1"
weight = "0.1"
stock = 5
alert_stock = 1
value = "4999.00"

[[prizes]]
id = "bonus"
name = "Bonus"
kind = "points"
points = 10
weight = "0.2"
stock = -1

[fallback]
name = "谢谢参与"
weight = "0.7"

[[pity]]
id = "phone-pity"
target = ["phone"]
base = "0.1"
hard = 9

[newcomer]
draws = 3
target = ["bonus"]

[meta]
owner = "marketing"
"""

PHONE = 'weight = "0.1"'

BAD = {
    "nan weight": (PHONE, "weight = nan", "prizes[0].weight", "finite"),
    "infinite weight": (PHONE, "weight = inf", "prizes[0].weight", "finite"),
    "infinite weight as text": (PHONE, 'weight = "inf"', "prizes[0].weight", "finite"),
    "negative weight": (PHONE, 'weight = "-0.1"', "prizes[0].weight", "'-0.1'"),
    "weight that is a word": (PHONE, 'weight = "much"', "prizes[0].weight", "'much'"),
    "weight divided by zero": (PHONE, 'weight = "1/0"', "prizes[0].weight", "zero"),
    "weight that is a bool": (PHONE, "weight = true", "prizes[0].weight", "True"),
    "empty weight": (PHONE, 'weight = ""', "prizes[0].weight", "empty"),
    "no weight": (PHONE, "", "prizes[0].weight", "missing"),
    "negative fallback weight": ('weight = "0.7"', "weight = -1", "fallback.weight", "negative"),
    "duplicate prize id": ('id = "bonus"', 'id = "phone"', "prizes[1].id", "prizes[0]"),
    "reserved prize id": ('id = "bonus"', 'id = "thank-you"', "prizes[1].id", "reserved"),
    "reserved kind": ('kind = "points"', 'kind = "thank_you"', "prizes[1].kind", "'thank-you'"),
    "unknown kind": ('kind = "points"', 'kind = "voucher"', "prizes[1].kind", "'voucher'"),
    "prize id with a capital": ('id = "bonus"', 'id = "Bonus"', "prizes[1].id", "'Bonus'"),
    "empty prize id": ('id = "bonus"', 'id = ""', "prizes[1].id", "''"),
    "long prize id": ('id = "bonus"', f'id = "{"b" * 65}"', "prizes[1].id", "64"),
    "control character in an id": ('id = "bonus"', 'id = "bo\\nnus"', "prizes[1].id", "'bo\\nnus'"),
    "id of a campaign with a slash": ('id = "gala"', 'id = "a/b"', "id", "'a/b'"),
    "duplicate rule id": ("[newcomer]", '[[pity]]\nid = "phone-pity"\ntarget = ["bonus"]\nhard = 3\n[newcomer]', "pity[1].id", "pity[0]"),
    "title of 21 characters": ('title = "Gala"', f'title = "{"抽" * 21}"', "title", "21"),
    "empty title": ('title = "Gala"', 'title = " "', "title", "empty"),
    "title with a line break": ('title = "Gala"', 'title = "Ga\\nla"', "title", "line break"),
    "form of a later wave": ('form = "wheel"', 'form = "raffle"', "form", "not there yet"),
    "red packets": ('form = "wheel"', 'form = "red-packet"', "form", "not there yet"),
    "unknown form": ('form = "wheel"', 'form = "dice"', "form", "'dice'"),
    "unknown key at the top": ('title = "Gala"', 'titel = "Gala"', "titel", "'title'"),
    "unknown key of a prize": ("alert_stock = 1", "alertstock = 1", "prizes[0].alertstock", "'alert_stock'"),
    "unknown key of a window": ("start = 2027-02-02", "begin = 2027-02-02", "windows[1].begin", "start"),
    "unknown key of the quota": ("daily_wins = 1", "daily_win = 1", "quota.daily_win", "'daily_wins'"),
    "unknown key of a rule": ("hard = 9", "hart = 9", "pity[0].hart", "'hard'"),
    "unknown key of the fallback": ('weight = "0.7"', "stock = 5", "fallback.stock", "weight"),
    "unknown key of the newcomer": ("draws = 3\ntarget", "draw = 3\ntarget", "newcomer.draw", "'draws'"),
    "unknown table": ("[meta]", "[mata]", "mata", "'meta'"),
    "format of the future": ("format = 1", "format = 2", "format", "2"),
    "format that is a bool": ("format = 1", "format = true", "format", "True"),
    "no stock": ("stock = 5", "", "prizes[0].stock", "-1 for unlimited"),
    "stock below -1": ("stock = 5", "stock = -2", "prizes[0].stock", "-2"),
    "stock that is a fraction": ("stock = 5", "stock = 5.5", "prizes[0].stock", "5.5"),
    "stock that is a bool": ("stock = 5", "stock = true", "prizes[0].stock", "True"),
    "stock beyond 2**53": ("stock = 5", "stock = 9007199254740992", "prizes[0].stock", "9007199254740992"),
    "negative alert stock": ("alert_stock = 1", "alert_stock = -1", "prizes[0].alert_stock", "-1"),
    "points prize without points": ("points = 10\n", "", "prizes[1].points", "points = N"),
    "points prize of no points": ("points = 10\n", "points = 0\n", "prizes[1].points", "0"),
    "points on a product": ("stock = 5", "stock = 5\npoints = 5", "prizes[0].points", "5"),
    "product on points": ("points = 10\n", 'points = 10\nproduct = "sku-2"\n', "prizes[1].product", "'sku-2'"),
    "order from zero": ("stock = 5", "stock = 5\norder = 0", "prizes[0].order", "0"),
    "value that is a word": ('value = "4999.00"', 'value = "dear"', "prizes[0].value", "'dear'"),
    "negative value": ('value = "4999.00"', "value = -1", "prizes[0].value", "-1"),
    "nan value": ('value = "4999.00"', "value = nan", "prizes[0].value", "NaN"),
    "name that is a number": ('name = "Phone"', "name = 5", "prizes[0].name", "5"),
    "cap below -1": ("daily_draws = 3", "daily_draws = -2", "quota.daily_draws", "-2"),
    "cap that is a bool": ("daily_draws = 3", "daily_draws = false", "quota.daily_draws", "False"),
    "cap that is no integer": ("daily_draws = 3", "daily_draws = 2.5", "quota.daily_draws", "2.5"),
    "quota without daily_draws": ("daily_draws = 3", "", "quota.daily_draws", "missing"),
    "ordering broken": ("daily_wins = 1", "daily_wins = 4", "quota.daily_wins", "4"),
    "ordering that only the relaxed one allows": ("total_wins = -1", "total_wins = 2", "quota.daily_draws", "relaxed"),
    "points of one not below the total": ("per_participant = 500", "per_participant = 1000", "points.per_participant", "1000"),
    "points cap of zero": ("per_participant = 500", "per_participant = 0", "points.per_participant", "0"),
    "points cap of -1": ("total = 1000", "total = -1", "points.total", "-1"),
    "unknown mode": ('"redraw"', '"again"', "odds.when_unavailable", "'again'"),
    "reversed window": ("end = 2027-02-01T22", "end = 2027-02-01T09", "windows[0]", "end after it starts"),
    "overlapping windows": ("start = 2027-02-02T10", "start = 2027-02-01T21", "windows[1]", "overlaps"),
    "window edge without a time": ("start = 2027-02-02T10:00:00", "start = 2027-02-02", "windows[1].start", "2027"),
    "window edge with microseconds": ("T10:00:00, end = 2027-02-02", "T10:00:00.5, end = 2027-02-02", "windows[1].start", "second"),
    "window edge that is a word": ("start = 2027-02-02T10:00:00", 'start = "soon"', "windows[1].start", "'soon'"),
    "unknown zone": ("Europe/Berlin", "Europe/Bonn", "timezone", "'Europe/Bonn'"),
    "hour that does not exist": ('"04:00"', '"24:00"', "day_starts_at", "'24:00'"),
    "base above 1": ('base = "0.1"', 'base = "1.5"', "pity[0].base", "0..1"),
    "hazard below 0": ('base = "0.1"\nhard = 9', 'hazard = ["0.5", -1]', "pity[0].hazard[1]", "0..1"),
    "target of an unknown prize": ('target = ["phone"]', 'target = ["car"]', "pity[0].target", "'car'"),
    "newcomer target of an unknown prize": ('target = ["bonus"]', 'target = ["car"]', "newcomer.target", "'car'"),
    "scope that is no target": ("hard = 9", 'hard = 9\nscope = ["phone", "bonus"]', "pity[0].scope", "exactly the target"),
    "overlapping targets": (
        "[newcomer]",
        '[[pity]]\nid = "again"\ntarget = ["phone"]\nhard = 3\n[newcomer]',
        "pity[1].target",
        "disjoint",
    ),
    "channel named twice": ('["app"]', '["app", "app"]', "channels[1]", "twice"),
    "date in meta": ('owner = "marketing"', "since = 2027-01-01", "meta.since", "cannot be kept"),
}


def test_the_good_file_is_good():
    """The text that the rows below spoil one by one is a campaign."""
    assert Campaign.loads(GOOD).prize("phone").stock == 5


@pytest.mark.parametrize(("good", "bad", "place", "says"), BAD.values(), ids=BAD)
def test_bad_input(good, bad, place, says):
    """The error names the place, and the value or the remedy."""
    assert GOOD.count(good) == 1
    with pytest.raises(InvalidCampaign) as caught:
        Campaign.loads(GOOD.replace(good, bad))
    assert caught.value.place == place
    assert str(caught.value).startswith(f"{place}: ")
    assert says in str(caught.value)


def test_all_weights_zero():
    """A campaign in which nothing can be drawn is refused."""
    with pytest.raises(InvalidCampaign, match="all weights are zero"):
        Campaign.loads(GOOD.replace('"0.1"\nstock', "0\nstock").replace('"0.2"', "0").replace('"0.7"', "0"))


def test_a_rule_that_claims_everything_while_mass_is_left():
    """A rule over all prizes, none of them with a weight outside it, must be sure."""
    text = GOOD.replace('["phone"]', '["phone", "bonus"]').replace('"0.7"', "0")
    with pytest.raises(InvalidCampaign, match=r"pity\[0\].*left to nobody"):
        Campaign.loads(text)


@pytest.mark.parametrize("key", ["prizes", "windows"])
def test_empty_lists(key):
    """A campaign needs a prize and a window."""
    arguments = {"id": "a", "title": "A", "timezone": "UTC", "prizes": [Prize("p", "P", 1, 1)], "windows": Campaign.loads(GOOD).windows}
    with pytest.raises(InvalidCampaign) as caught:
        Campaign(**{**arguments, key: []})
    assert caught.value.place == key


@pytest.mark.parametrize("key", ["id", "title", "timezone", "windows", "prizes"])
def test_missing_keys(key):
    """A required key that is left out is named."""
    document = document_of(Campaign.loads(GOOD))
    del document[key]
    with pytest.raises(InvalidCampaign, match=f"^{key}: is missing"):
        Campaign.loads(json.dumps(document, default=str))


def test_lone_surrogates():
    """Half a character, which JSON can smuggle in, is refused wherever a text stands."""
    for text in ('{"title": "\\ud800"', '{"title": "A", "meta": {"a": "\\ud800"}', '{"title": "A", "meta": {"\\ud800": 1}'):
        rest = ', "id": "a", "timezone": "UTC", "windows": [{"start": "2027-01-01T00:00", "end": "2027-01-02T00:00"}], '
        with pytest.raises(InvalidCampaign, match="surrogate"):
            Campaign.loads(text + rest + '"prizes": [{"id": "p", "name": "P", "weight": 1, "stock": 1}]}')


JUNK = [None, True, -1, 2**60, 1.5, "", "x", "1e999999999", "\ud800", [], [1], [[]], {}, {"x": 1}, [{}], ["x", "x"]]


def test_no_value_of_the_wrong_kind_raises_anything_else():
    """Junk in the place of any value of the file is InvalidCampaign or harmless, never another exception."""

    def spoiled(value):
        yield from JUNK
        if isinstance(value, dict):
            for key in value:
                for junk in spoiled(value[key]):
                    yield {**value, key: junk}
        if isinstance(value, list):
            for k, item in enumerate(value):
                for junk in spoiled(item):
                    yield [*value[:k], junk, *value[k + 1 :]]

    rule = (
        'hard = 9\nscope = []\ncounts = []\nsoft_from = 3\nsoft_step = "0.1"\nlower = "sequential"\nresets = []\nrepeats = true\nstart = 2'
    )
    levels = '[[pity]]\nid = "steps"\ntarget = ["bonus"]\nlevels = [{chance = "1/2", hit = 0, miss = 0}]\n[newcomer]'
    hazard = '[[pity]]\nid = "list"\ntarget = ["bonus"]\nhazard = ["1/2"]\n[newcomer]'
    for more in (levels, hazard):
        good = document_of(Campaign.loads(GOOD.replace("hard = 9", rule).replace("[newcomer]", more)))
        for document in spoiled(good):
            with contextlib.suppress(InvalidCampaign):
                campaign_of(document)


def test_errors_are_value_errors_of_the_tree():
    """Whoever knows nothing of prizedraw catches ValueError."""
    with pytest.raises(ValueError, match="id") as caught:
        Prize("", "P", 1, 1)
    assert isinstance(caught.value, PrizeDrawError)
    assert pickle.loads(pickle.dumps(caught.value)).place == caught.value.place == "id"
