"""Checking a receipt: the decision is run again from what the receipt says, and must come out the same.

This proves the arithmetic. That the tickets were drawn at random is not proved here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw.decide import decide
from prizedraw.draw.receipt import THANK_YOU_KIND
from prizedraw.draw.rules import Rules
from prizedraw.errors import PrizeDrawError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prizedraw.campaign import Campaign
    from prizedraw.draw.decide import Decision
    from prizedraw.draw.receipt import Receipt, Ticket


class Verdict(msgspec.Struct, frozen=True):
    """The outcome of a check; true where nothing differs. ``differences`` are sentences."""

    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the receipt is what its tickets give."""
        return not self.differences

    def __bool__(self) -> bool:
        return self.ok


class _Script:
    """A tape that gives the tickets of a receipt, if they are asked for in the same sizes."""

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        self._tickets = tickets
        self._at = 0

    def rewind(self) -> None:
        self._at = 0

    def below(self, n: int, /) -> int:
        if self._at == len(self._tickets):
            raise _Astray(f"the rules draw a further ticket, of {n}, after the {self._at} of the receipt")
        size, value = self._tickets[self._at].size, self._tickets[self._at].value
        if size != n or not 0 <= value < size:
            raise _Astray(f"ticket {self._at + 1} is {value} of {size}, and the rules draw one of {n}")
        self._at += 1
        return value


class _Astray(PrizeDrawError):
    pass


def verify(receipt: Receipt, campaign: Campaign) -> Verdict:
    """Run a draw's decision again from its receipt and the campaign's rules.

    Args:
        receipt: of a draw, as it was returned or read back.
        campaign: the version of the campaign that was in force, ``engine.campaign(id, version=receipt.version)``.
    """
    rules = Rules(campaign, receipt.version)
    if rules.digest != receipt.rules or campaign.id != receipt.campaign_id:
        return Verdict(
            (f"the receipt was made under rules {receipt.rules} of {receipt.campaign_id!r}, not {rules.digest} of {campaign.id!r}",)
        )
    state = receipt.before.on(receipt.day.toordinal())
    known = {short.counter: (short.value, short.limit) for short in receipt.refused}
    off_shelf = {short.counter.removeprefix("shelf/") for short in receipt.refused if short.counter.startswith("shelf/")}
    try:
        decision = decide(rules, state, rules.day(state.day), _Script(receipt.tickets), off_shelf=off_shelf, known=known)
    except _Astray as astray:
        return Verdict((str(astray),))
    return Verdict(tuple(_differences(rules, receipt, decision)))


def _differences(rules: Rules, receipt: Receipt, decision: Decision) -> Iterator[str]:
    prize = rules.prizes[decision.prize]
    for name, found, told in (
        ("number", receipt.before.number + 1, receipt.number),
        ("day", max(receipt.before.day, receipt.day.toordinal()), receipt.day.toordinal()),
        ("prize", (prize.id, prize.name, prize.kind), (receipt.prize.id, receipt.prize.name, receipt.prize.kind)),
        ("drawn", rules.ids[decision.drawn], receipt.drawn),
        ("reason", decision.reason, receipt.reason),
        ("points", 0 if prize.kind == THANK_YOU_KIND else rules.points[decision.prize], receipt.points),
        ("forced_by", decision.forced_by, receipt.forced_by),
        ("owed", decision.owed, receipt.owed),
        ("tickets", decision.tickets, receipt.tickets),
        ("refused", decision.refused, receipt.refused),
    ):
        if found != told:
            yield f"{name} is {told!r}, and the tickets give {found!r}"
