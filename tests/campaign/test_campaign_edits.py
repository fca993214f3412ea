"""What may change in a published campaign: windows, days, prizes."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from prizedraw.campaign import Campaign, Edit, Prize, check_edit
from prizedraw.errors import ClockError, InvalidEdit
from prizedraw.pity import Newcomer, Pity
from prizedraw.windows import Window

local = datetime.fromisoformat

BEFORE = datetime(2027, 1, 1, tzinfo=UTC)
DURING = datetime(2027, 2, 10, 12, tzinfo=UTC)
PHONE, MUG, POINTS = (
    Prize("phone", "Phone", 1, 5, product="sku-1"),
    Prize("mug", "Mug", 9, 50),
    Prize("pts", "Points", 9, -1, kind="points", points=5),
)

PUBLISHED = Campaign(
    id="gala",
    title="Gala",
    timezone="Asia/Shanghai",
    windows=[Window(local("2027-02-10T10:00"), local("2027-02-10T22:00"))],
    prizes=[PHONE, MUG, POINTS],
    pity=[Pity(id="phone-pity", target=["phone"], hard=10)],
    newcomer=Newcomer(draws=3, target=["pts"]),
)


def edited(**changes):
    return attrs.evolve(PUBLISHED, **changes)


def with_prize(prize):
    return edited(prizes=[attrs.evolve(prize, order=one.order) if one.id == prize.id else one for one in PUBLISHED.prizes])


def test_nothing_changed():
    """An equal definition keeps every prize."""
    assert check_edit(PUBLISHED, edited(), DURING) == Edit(kept=("phone", "mug", "pts"))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Smartphone"},
        {"image": "phone.png"},
        {"alert_stock": 2},
        {"weight": 3},
        {"value": "99.00"},
        {"daily_release": 1},
        {"per_participant": 1},
        {"shown": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_may_change_in_a_prize(change):
    """Everything but stock, kind and product leaves the allocation alone."""
    assert check_edit(PUBLISHED, with_prize(attrs.evolve(PHONE, **change)), DURING) == Edit(kept=("phone", "mug", "pts"))


def test_order_may_change():
    """Prizes may change places; the ids of an edit come in the new order."""
    reordered = edited(prizes=[attrs.evolve(prize, order=place) for place, prize in enumerate(reversed(PUBLISHED.prizes), 1)])
    assert check_edit(PUBLISHED, reordered, DURING).kept == ("pts", "mug", "phone")


def test_pitfall_13_an_edit_never_refills_stock():
    """Another stock figure for the same prize is refused, with the call that changes an allocation."""
    for stock in (4, 6, 0, -1):
        with pytest.raises(InvalidEdit, match=rf"reallocate\('gala', 'phone', stock={stock}\)") as caught:
            check_edit(PUBLISHED, with_prize(attrs.evolve(PHONE, stock=stock)), DURING)
        assert caught.value.place == "prizes[0].stock"


@pytest.mark.parametrize(
    "prize", [attrs.evolve(PHONE, product="sku-2", stock=9), Prize("phone", "100 points", 1, 9, kind="points", points=100)]
)
def test_another_kind_or_product_is_new_stock(prize):
    """The prize is renewed, with whatever stock it names."""
    assert check_edit(PUBLISHED, with_prize(prize), DURING) == Edit(kept=("mug", "pts"), renewed=("phone",))


def test_prizes_come_and_go():
    """A prize that no guarantee names may be deleted, and others added."""
    new = edited(prizes=[PHONE, POINTS, Prize("car", "Car", 1, 1)])
    assert check_edit(PUBLISHED, new, DURING) == Edit(kept=("phone", "pts"), added=("car",), removed=("mug",))


def test_a_prize_that_a_guarantee_names_stays():
    """Neither a pity rule's nor the newcomer's prize can be deleted, not even together with the rule."""
    with pytest.raises(InvalidEdit, match="'phone' is named by the published pity rule 'phone-pity'"):
        check_edit(PUBLISHED, edited(prizes=[MUG, POINTS], pity=[]), DURING)
    with pytest.raises(InvalidEdit, match="'pts' is named by the published newcomer rule"):
        check_edit(PUBLISHED, edited(prizes=[PHONE, MUG], newcomer=None), DURING)
    without = edited(pity=[], newcomer=None)
    assert check_edit(PUBLISHED, without, DURING).removed == ()
    assert check_edit(without, edited(prizes=[MUG], pity=[], newcomer=None), DURING).removed == ("phone", "pts")


def test_the_id_stays():
    """A campaign of another id is another campaign."""
    with pytest.raises(InvalidEdit, match="'other'"):
        check_edit(PUBLISHED, edited(id="other"), BEFORE)


@pytest.mark.parametrize("change", [{"timezone": "Europe/Berlin"}, {"day_starts_at": "04:00"}], ids=lambda change: next(iter(change)))
def test_days_are_fixed_once_draws_are_possible(change):
    """Zone and hour may change until the first window starts, to the second."""
    start = PUBLISHED.windows[0].start
    assert check_edit(PUBLISHED, edited(**change), BEFORE).kept
    with pytest.raises(InvalidEdit, match=next(iter(change))):
        check_edit(PUBLISHED, edited(**change), start)


def test_windows_follow_their_own_rule():
    """The window that is open now cannot be deleted."""
    later = Window(datetime(2027, 3, 1, 10, tzinfo=UTC), datetime(2027, 3, 1, 12, tzinfo=UTC))
    assert check_edit(PUBLISHED, edited(windows=[*PUBLISHED.windows, later]), PUBLISHED.windows[0].start).kept
    with pytest.raises(InvalidEdit, match="window"):
        check_edit(PUBLISHED, edited(windows=[later]), PUBLISHED.windows[0].start)


def test_now_is_aware():
    """A naive now is no instant."""
    with pytest.raises(ClockError):
        check_edit(PUBLISHED, PUBLISHED, local("2027-01-01T00:00"))
