"""What a journal adds up to: entry by entry, and from the checkpoints that stand for entries which were dropped.

A checkpoint adds what those had added: the campaign's sums stand in it, those of participants in documents that it names.
"""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING, Any

import msgspec

from prizedraw.draw import formats
from prizedraw.draw import receipt as receipts
from prizedraw.draw.receipt import THANK_YOU_KIND
from prizedraw.draw.rules import DRAWS, POINTS, release_counter
from prizedraw.flows import keys
from prizedraw.flows.counting import CHECKPOINT, VOID, moved
from prizedraw.flows.drawing import DRAW
from prizedraw.flows.effects import Fetch, Flow
from prizedraw.flows.operator import Move, decode
from prizedraw.flows.querying import movements_of
from prizedraw.stock import Ledger, LedgerError
from prizedraw.storage.protocol import Read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from prizedraw.storage.protocol import Entry

FORMAT = 1
_TOGETHER = 2000
"""Participants in one document."""


class Past(msgspec.Struct, array_like=True, frozen=True):
    """A piece of what participants had: participant → name of a sum → the sum."""

    format: int
    participants: dict[str, dict[str, int]]


_decoder = msgspec.msgpack.Decoder(Past)


class Recount:
    """The sums of entries; memory for the participants, prizes and counters.

    Attributes:
        entries, draws: how many were added.
        checkpoints: how many of the entries are checkpoints.
        archived, archived_draws: how many entries the checkpoints among them stand for, and draws in these.
        uncounted: draws that did not move the counter of all draws.
        counters: counter → what it must stand at, but for stock.
        ledger: the stock of every prize.
        participants: participant → name of a sum → the sum.
        broken: why the ledger was given up, or empty.

    Args:
        partial: whether these are some entries out of many.
    """

    def __init__(self, *, partial: bool = False) -> None:
        self.entries = self.checkpoints = self.draws = self.archived = self.archived_draws = self.uncounted = 0
        self.counters: Tally[str] = Tally()
        self.ledger = Ledger(partial=partial)
        self.participants: dict[str, Tally[str]] = {}
        self.broken = ""

    def add(self, campaign_id: str, entry: Entry) -> None:
        """Add an entry. Of a checkpoint, ``add_past`` adds what it names."""
        self.entries += 1
        by, counted = moved(entry)
        self.counters[DRAWS] += by if counted else 0
        self.uncounted += 0 if counted else by
        if not self.broken:
            try:
                for movement in movements_of(campaign_id, entry):
                    self.ledger.add(movement)
            except LedgerError as broken:
                self.broken = str(broken)
        if entry.kind == DRAW:
            self._draw(entry)
        elif entry.kind == VOID:
            self._void(entry)
        elif entry.kind == CHECKPOINT:
            self._checkpoint(decode(entry.data).detail)

    def add_past(self, home: str, entry: Entry) -> Flow[None]:
        """Add what a checkpoint names: the sums of participants."""
        for key in past_keys(entry):
            data = (yield Fetch(home, Read((key,)))).docs[key].data
            for participant, sums in decode_past(data).participants.items():
                self.participants.setdefault(participant, Tally()).update(sums)

    def _draw(self, entry: Entry) -> None:
        data = receipts.decode(entry.data)
        mine = self.participants.setdefault(entry.owner, Tally())
        day = receipts.to_day(data.day)
        self.draws += len(data.lines)
        for line in data.lines:
            mine["number"] += 1
            mine["draws"] += line.own
            if line.prize.kind != THANK_YOU_KIND:
                self._win(mine, day, line.prize.id, line.points, 1)

    def _void(self, entry: Entry) -> None:
        detail = decode(entry.data).detail
        mine = self.participants.setdefault(entry.owner, Tally())
        if detail["win"]:
            self._win(mine, receipts.to_day(detail["day"]), detail["prize"], detail["points"], -1)
        if detail["chance"]:
            mine["draws"] -= detail["own"]

    def _win(self, mine: Tally[str], day: date, prize_id: str, points: int, sign: int) -> None:
        self.counters[release_counter(day, prize_id)] += sign
        self.counters[release_counter(day)] += sign
        mine["wins"] += sign
        mine[f"won/{prize_id}"] += sign
        if points:
            self.counters[POINTS] += sign * points
            mine["points"] += sign * points

    def _checkpoint(self, detail: dict[str, Any]) -> None:
        self.checkpoints += 1
        self.draws += detail["draws"]
        self.archived += detail["entries"]
        self.archived_draws += detail["draws"]
        self.counters.update(detail["counters"])

    def moves(self) -> tuple[Move, ...]:
        """The ledger as moves of a checkpoint."""
        return tuple(Move(*one) for one in self.ledger.brought_forward())

    def detail(self, generation: str) -> dict[str, Any]:
        """The rest of a checkpoint that stands for all that was added."""
        return {
            "entries": self.entries - self.checkpoints + self.archived,
            "draws": self.draws,
            "uncounted": self.uncounted,
            "counters": {key: value for key, value in self.counters.items() if value},
            "generation": generation,
            "pieces": -(-len(self.participants) // _TOGETHER),
        }

    def pieces(self, generation: str) -> Iterator[tuple[str, bytes]]:
        """The documents that a checkpoint of this generation names."""
        people = sorted(self.participants)
        for place in range(0, len(people), _TOGETHER):
            piece = {
                participant: {name: n for name, n in self.participants[participant].items() if n}
                for participant in people[place : place + _TOGETHER]
            }
            yield keys.past(generation, place // _TOGETHER), encode_past(Past(FORMAT, piece))


def past_keys(entry: Entry) -> list[str]:
    """The documents that a checkpoint names."""
    detail = decode(entry.data).detail
    return [keys.past(detail["generation"], place) for place in range(detail["pieces"])]


encode_past = msgspec.msgpack.Encoder().encode


def decode_past(data: bytes) -> Past:
    """Read a piece of what participants had; an empty one is of a checkpoint that was dropped since.

    Raises:
        StorageVersion: it was written by a newer version of prizedraw.
        StorageCorrupt: it is damaged.
    """
    if not data:
        return Past(FORMAT, {})
    return formats.read(_decoder, data, "a document of the past", FORMAT)
