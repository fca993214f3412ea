"""What operator calls share: their journal entry, and the loop that commits a change of the head document.

An operator's call is idempotent by its request id, as a draw is; who did it and why is kept with it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from prizedraw.draw import formats
from prizedraw.errors import InvalidRequest, RequestMismatch, StorageBusy
from prizedraw.flows.effects import MISFIRES, PATIENCE, Effect, Exclusive, Fetch, Flow, Post
from prizedraw.storage.protocol import Commit, Committed, Conflict, Entry, Read, Replayed, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prizedraw.flows.context import Context

FORMAT = 1
_LONGEST_NOTE = 2000


class Move(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A change of a prize's stock by an operator: a kind of movement, and units (-1: the limit itself)."""

    prize_id: str
    kind: str
    quantity: int


class OperatorData(msgspec.Struct, array_like=True, frozen=True):
    """The content of an operator's journal entry."""

    format: int
    actor: str
    note: str
    moves: tuple[Move, ...] = ()
    detail: dict[str, Any] = {}


_decoder = msgspec.msgpack.Decoder(OperatorData)


def decode(data: bytes) -> OperatorData:
    """Read the content of an operator's journal entry.

    Raises:
        StorageVersion: it was written by a newer version of prizedraw.
        StorageCorrupt: it is damaged.
    """
    return formats.read(_decoder, data, "a journal entry", FORMAT)


class Order(NamedTuple):
    """An operator's call.

    Attributes:
        kind: the kind of its journal entry.
        request_id: its idempotency key.
        asked: what was asked, in full: a second call of the same id must ask the same.
        owner: the participant it is about, or empty.
        actor, note: who, and why.
    """

    kind: str
    request_id: str
    asked: str
    owner: str = ""
    actor: str = ""
    note: str = ""

    @property
    def fingerprint(self) -> str:
        """What was asked; a line break in front keeps it apart from every draw's."""
        return f"\n{self.kind} {self.asked}"

    def entry(self, now: int, moves: tuple[Move, ...] = (), detail: Mapping[str, Any] | None = None) -> Entry:
        """The journal entry; ``now`` in microseconds since the epoch."""
        data = msgspec.msgpack.encode(OperatorData(FORMAT, self.actor, self.note, moves, dict(detail or {})))
        return Entry(self.request_id, self.fingerprint, self.owner, self.kind, now, data)

    def check(self) -> None:
        """Raise InvalidRequest where actor or note are not short texts."""
        for place, text in (("actor", self.actor), ("note", self.note)):
            if not isinstance(text, str) or len(text) > _LONGEST_NOTE or not _encodable(text):
                raise InvalidRequest(f"must be a text of at most {_LONGEST_NOTE} characters, not {text!r:.80}", place)

    def replayed(self, entry: Entry) -> Entry:
        """The entry of an earlier call of this id.

        Raises:
            RequestMismatch: it asked for something else.
        """
        if entry.fingerprint != self.fingerprint:
            raise RequestMismatch(
                f"request {self.request_id!r} was used before for {entry.fingerprint.strip()!r}, and not for {self.fingerprint.strip()!r}; "
                "use a new request id for a new request",
                request_id=self.request_id,
            )
        return entry


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


Prepare: TypeAlias = Callable[[View, int], Generator[Effect, Any, Commit | None]]


def carry_out(
    context: Context, home: str, order: Order, docs: tuple[str, ...], counters: tuple[str, ...], prepare: Prepare
) -> Flow[Entry | None]:
    """Read, prepare a commit, and commit it, until it holds; the entry that stands in the journal then.

    Args:
        context: the engine's.
        home: where.
        order: the call.
        docs: documents to read; the commit guards each of them.
        counters: counters to read; the commit may be refused where they have moved, and is prepared again.
        prepare: a flow from the view and the time (microseconds since the epoch) to the commit; None: there is nothing to do.
    """
    misfires = 0
    read = Read(docs, counters, order.request_id)
    while True:
        view = yield Fetch(home, read)
        if view.entry is not None:
            return order.replayed(view.entry)
        commit = yield from prepare(view, context.now())
        if commit is None:
            return None
        outcome = yield Post(home, commit)
        if isinstance(outcome, Committed):
            return outcome.entries[0]
        if isinstance(outcome, (Replayed, Conflict)):
            return order.replayed(outcome.entry)
        misfires += 1
        if misfires == PATIENCE:
            yield Exclusive(home, docs)
        if misfires == MISFIRES:
            raise StorageBusy(f"{order.kind} was overtaken {misfires} times by other writers; nothing was written, try again")


def guard(view: View) -> dict[str, int]:
    """The versions of every document of a view, to be expected by a commit."""
    return {key: doc.version for key, doc in view.docs.items()}
