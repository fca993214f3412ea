"""What may change in a published campaign: two definitions and a time in, what the change means for stock out.

Only the comparison lives here. It knows no store: moving stock, and whether an equal definition is published again, is for the
engine. ``published`` is always the last definition that was *published*, so a file that did not change keeps reallocations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.errors import InvalidEdit
from prizedraw.windows import check_window_edit
from prizedraw.windows.spans import require_aware

if TYPE_CHECKING:
    from datetime import datetime

    from prizedraw.campaign.model import Campaign, Prize


class Edit(msgspec.Struct, frozen=True):
    """What an edit means for the prizes; ids in prize order.

    Attributes:
        kept: prizes whose allocation stays what it is.
        added: prizes that were not there; their stock is allocated.
        removed: prizes that are gone; what was not issued of them is released.
        renewed: prizes of another kind or product; the old remainder is released and the new stock allocated.
    """

    kept: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()


def check_edit(published: Campaign, new: Campaign, now: datetime) -> Edit:
    """Check that a published campaign may become another, and say what that means for its prizes.

    Windows change as in :func:`prizedraw.windows.check_window_edit`. The zone and the hour at which days start may change until
    the first window starts, since they say which day past draws belong to. A prize of the same kind and product keeps its stock
    figure; everything else about it may change. A prize that a guarantee names cannot be deleted, not even together with the
    guarantee, since participants have counters towards it.

    Args:
        published: the last published definition.
        new: the wanted one.
        now: an aware time.

    Raises:
        InvalidEdit: the change may not be made; the place names the field of ``new``.
        ClockError: ``now`` is naive.
    """
    require_aware(now)
    if new.id != published.id:
        raise InvalidEdit(f"{new.id!r} is not {published.id!r}; a campaign keeps its id, so publish it as another one", "id")
    _check_days(published, new, now)
    check_window_edit(published.windows, new.windows, now)
    before = {prize.id: prize for prize in published.prizes}
    after = {prize.id: prize for prize in new.prizes}
    removed = tuple(prize_id for prize_id in before if prize_id not in after)
    _check_removed(published, removed)
    shared = [prize_id for prize_id in after if prize_id in before]
    renewed = tuple(prize_id for prize_id in shared if stands_for(before[prize_id]) != stands_for(after[prize_id]))
    kept = tuple(prize_id for prize_id in shared if prize_id not in renewed)
    for place, prize in enumerate(new.prizes):
        if prize.id in kept and prize.stock != before[prize.id].stock:
            raise InvalidEdit(
                f"{prize.stock!r} is not the published stock of {prize.id!r}, which is {before[prize.id].stock!r}; "
                f"put that figure back and change the allocation with reallocate({new.id!r}, {prize.id!r}, stock={prize.stock!r})",
                f"prizes[{place}].stock",
            )
    return Edit(kept, tuple(prize_id for prize_id in after if prize_id not in before), removed, renewed)


def stands_for(prize: Prize) -> tuple[str, str | None]:
    """What units of a prize are units of: while it is the same, so is their stock."""
    return prize.kind, prize.product


def _check_days(published: Campaign, new: Campaign, now: datetime) -> None:
    started = published.windows[0]
    for field in ("timezone", "day_starts_at"):
        if getattr(new, field) != getattr(published, field) and started.start <= now:
            raise InvalidEdit(
                f"{getattr(new, field)!r} is not {getattr(published, field)!r}, and draws have been possible since {started.start}; "
                "days that have been counted cannot be cut anew, so put it back, or publish another campaign",
                field,
            )


def _check_removed(published: Campaign, removed: tuple[str, ...]) -> None:
    named = {f"pity rule {rule.id!r}": {*rule.target, *rule.scope, *(rule.counts or ())} for rule in published.pity}
    if published.newcomer is not None:
        named["newcomer rule"] = set(published.newcomer.target)
    for prize_id in removed:
        for rule, ids in named.items():
            if prize_id in ids:
                raise InvalidEdit(
                    f"{prize_id!r} is named by the published {rule} and cannot be deleted; "
                    "publish first without the rule, or keep the prize and take it off the shelf",
                    "prizes",
                )
