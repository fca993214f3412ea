"""The campaign as a value: order, localization, equality, replacing, looking up."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest

from prizedraw.campaign import Campaign, Disclosure, Odds, Prize
from prizedraw.errors import InvalidCampaign, InvalidRequest
from prizedraw.pity import Pity
from prizedraw.quota import Points, Quota
from prizedraw.stock import Release
from prizedraw.windows import Window

local = datetime.fromisoformat


def gala(**changes):
    """A campaign of two prizes, with some arguments changed."""
    arguments = {
        "id": "gala",
        "title": "Gala",
        "timezone": "Asia/Shanghai",
        "windows": [Window(local("2027-02-10T10:00"), local("2027-02-10T22:00"))],
        "prizes": [Prize("phone", "Phone", "0.1", 5), Prize("mug", "Mug", 1, 100)],
        "fallback": Prize.thank_you(weight="0.9"),
    }
    return Campaign(**{**arguments, **changes})


def test_naive_windows_are_local_to_the_zone():
    """Ten in the morning in Shanghai is two in UTC, and the windows come back in order of time."""
    later = Window(local("2027-03-01T10:00"), local("2027-03-01T11:00"))
    campaign = gala(windows=[later, Window(local("2027-02-10T10:00"), local("2027-02-10T22:00"))])
    assert campaign.windows[0] == Window(datetime(2027, 2, 10, 2, tzinfo=UTC), datetime(2027, 2, 10, 14, tzinfo=UTC))
    assert campaign.windows[1].start == datetime(2027, 3, 1, 2, tzinfo=UTC)


def test_prizes_are_sorted_by_order_and_then_by_place():
    """A prize without an order has its place, from 1; of equal orders the earlier place comes first."""
    prizes = [Prize("c", "C", 1, 1, order=3), Prize("b", "B", 1, 1), Prize("a", "A", 1, 1), Prize("z", "Z", 1, 1, order=2)]
    campaign = gala(prizes=prizes)
    assert [(prize.id, prize.order) for prize in campaign.prizes] == [("b", 2), ("z", 2), ("c", 3), ("a", 3)]


def test_order_beyond_the_thank_you():
    """The thank-you is last whatever the orders are, and not among the prizes."""
    campaign = gala(prizes=[Prize("a", "A", 1, 1, order=120)])
    assert [prize.id for prize in campaign.prizes] == ["a"]
    assert list(campaign.weights) == ["a", "thank-you"]


def test_none_stands_for_what_is_usual():
    """Tables left out and tables given as None are the same."""
    nothing = dict.fromkeys(["quota", "points", "release", "odds", "disclosure", "pity", "newcomer", "channels", "thumbnail", "meta"])
    assert gala(**nothing) == gala()
    assert gala(quota=Quota(), points=Points(), release=Release(), odds=Odds(), disclosure=Disclosure(), pity=[], meta={}) == gala()


def test_campaigns_are_frozen_hashable_values():
    """Equal ones have one hash and one digest; nothing in them can be assigned."""
    one, other = gala(), gala()
    assert one == other
    assert len({one, other, copy.deepcopy(one), gala(title="Other")}) == 2
    assert one.digest == other.digest
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.title = "Other"


def test_repr_tells_what_it_is():
    """Id, title, number of prizes and the start of the digest."""
    assert repr(gala()) == f"<Campaign 'gala' 'Gala', 2 prizes, {gala().digest[:12]}>"


def test_value_and_weight_are_exact():
    """A float stands for its shortest decimal."""
    prize = Prize("p", "P", 0.1, 1, value=0.1)
    assert (prize.weight, prize.value) == (Fraction(1, 10), Decimal("0.1"))
    assert Prize("p", "P", Decimal("0.10"), 1, value="19.90").value == Decimal("19.9")


def test_title_counts_characters_not_bytes():
    """Twenty Chinese characters are a title."""
    assert gala(title="抽" * 20).title == "抽" * 20


def test_prize_by_id():
    """The thank-you is one too; an unknown id says what there is."""
    assert gala().prize("mug").name == "Mug"
    assert gala().prize("thank-you").kind == "thank_you"
    with pytest.raises(InvalidRequest, match=r"'car'.*phone, mug, thank-you"):
        gala().prize("car")


def test_replace_weights_and_stock():
    """Only what is named changes."""
    changed = gala().replace(weights={"phone": "1/3", "thank-you": 2}, stock={"phone": -1})
    assert (changed.prize("phone").weight, changed.fallback.weight, changed.prize("phone").stock) == (Fraction(1, 3), 2, -1)
    assert changed.prize("mug") == gala().prize("mug")
    assert changed.replace(weights={"phone": "0.1", "thank-you": "0.9"}, stock={"phone": 5}) == gala()


@pytest.mark.parametrize("changes", [{"weights": {"car": 1}}, {"stock": {"car": 1}}])
def test_replace_knows_its_prizes(changes):
    """An unknown id is an error, not a new prize."""
    with pytest.raises(InvalidRequest, match="'car'"):
        gala().replace(**changes)


def test_replace_validates():
    """What replacing makes is a campaign like any other."""
    with pytest.raises(InvalidCampaign, match="weight"):
        gala().replace(weights={"phone": -1})
    with pytest.raises(InvalidCampaign, match="unlimited"):
        gala().replace(stock={"thank-you": 5})


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"prizes": "phone"}, "prizes"),
        ({"prizes": [5]}, "prizes[0]"),
        ({"prizes": [Prize.thank_you()]}, "prizes[0]"),
        ({"windows": [(1, 2)]}, "windows[0]"),
        ({"fallback": Prize("p", "P", 1, 1)}, "fallback"),
        ({"quota": {"daily_draws": 3}}, "quota"),
        ({"pity": [{"id": "a"}]}, "pity[0]"),
        ({"newcomer": 3}, "newcomer"),
        ({"meta": [1]}, "meta"),
        ({"meta": {"a": float("nan")}}, "meta.a"),
        ({"meta": {1: 2}}, "meta"),
        ({"channels": "app"}, "channels"),
    ],
)
def test_objects_of_the_wrong_kind(changes, place):
    """In code, too, the place of the fault is named."""
    with pytest.raises(InvalidCampaign) as caught:
        gala(**changes)
    assert caught.value.place == place


def test_weights_without_a_common_measure():
    """Weights whose tickets would be numbers of thousands of digits are refused."""
    prizes = [Prize(f"p{k}", "P", Fraction(1, 10**300 + 2 * k + 1), 1) for k in range(6)]
    with pytest.raises(InvalidCampaign, match=r"prizes: .*common"):
        gala(prizes=prizes)


def test_rules_are_checked_together():
    """The structure of the guarantees is the campaign's matter."""
    with pytest.raises(InvalidCampaign, match=r"pity\[1\]\.scope"):
        gala(pity=[Pity(id="a", target=["phone"], hard=3), Pity(id="b", target=["phone"], scope=["phone", "mug"], hard=3)])
