"""What is kept of a participant in a campaign: the document that every draw reads and writes.

Only the document, its encoding and the step from one draw to the next live here.
"""

from __future__ import annotations

import msgspec

from prizedraw.draw.formats import unreadable

FORMAT = 1


class Lot(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Draws granted together: how many are left, and until when (microseconds since the epoch, 0: for ever)."""

    left: int
    expires: int = 0


class State(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A participant in a campaign, before a draw.

    Attributes:
        format: the version of this layout.
        number: draws made in all, granted ones among them.
        day: ordinal of the campaign day that ``day_draws`` and ``day_wins`` count; 0 before the first draw. Only moves forward.
        day_draws: draws of that day, granted ones left out.
        day_wins: wins of that day.
        draws: draws in all, granted ones left out.
        wins: wins in all.
        points: points won in all.
        won: prize id → how often.
        misses: rule id → misses since its last hit (or level); rules at their start are left out.
        newcomer: whether the newcomer's promise has been met.
        granted: granted draws, the first to expire first.
        blocked: whether the participant is blocked in this campaign.
        barred: version of the platform's word on the participant; positive: blocked everywhere, negative or 0: not.
    """

    format: int = FORMAT
    number: int = 0
    day: int = 0
    day_draws: int = 0
    day_wins: int = 0
    draws: int = 0
    wins: int = 0
    points: int = 0
    won: dict[str, int] = {}
    misses: dict[str, int] = {}
    newcomer: bool = False
    granted: tuple[Lot, ...] = ()
    blocked: bool = False
    barred: int = 0

    @property
    def refused(self) -> bool:
        """Whether the participant is blocked, in this campaign or everywhere."""
        return self.blocked or self.barred > 0

    def on(self, day: int) -> State:
        """The same participant on a campaign day (an ordinal): counts of an earlier day are over; a day never moves back."""
        if day <= self.day:
            return self
        return msgspec.structs.replace(self, day=day, day_draws=0, day_wins=0)

    def open_lots(self, now: int) -> tuple[Lot, ...]:
        """The granted draws that have not expired at ``now`` (microseconds since the epoch), the first to expire first."""
        return tuple(lot for lot in self.granted if lot.left and (not lot.expires or lot.expires > now))

    def usable(self, now: int) -> int:
        """How many granted draws can be used at ``now`` (microseconds since the epoch)."""
        return sum(lot.left for lot in self.open_lots(now))

    def without_one(self, now: int) -> tuple[Lot, ...]:
        """The granted draws after one was used at ``now``, from the lot that expires first; what has expired is dropped."""
        first, *others = self.open_lots(now)
        return (Lot(first.left - 1, first.expires), *others) if first.left > 1 else tuple(others)

    def with_lot(self, lot: Lot) -> State:
        """The same participant with more granted draws; those that expire together are one lot."""
        left = {one.expires: one.left for one in self.granted}
        left[lot.expires] = left.get(lot.expires, 0) + lot.left
        lots = tuple(Lot(left[expires], expires) for expires in sorted(left, key=lambda one: one or _NEVER))
        return msgspec.structs.replace(self, granted=lots)


_NEVER = 2**63
NEW = State()

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(State)
encode = _encoder.encode


def decode(data: bytes) -> State:
    """Read a participant's document; an empty one is a new participant.

    Raises:
        StorageVersion: it was written by a newer version of prizedraw.
        StorageCorrupt: it is damaged.
    """
    if not data:
        return NEW
    try:
        state = _decoder.decode(data)
    except msgspec.DecodeError:
        raise unreadable("a participant's document", data, FORMAT) from None
    if state.format != FORMAT:
        raise unreadable("a participant's document", data, FORMAT)
    return state
