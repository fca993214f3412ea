"""Forgetting the old part of a journal: its entries are dropped, and a checkpoint is left from which the audit starts.

First the audit must be clean, since a checkpoint would hide what is not. Then the entries are read, and handed out for whoever keeps
them; what they add up to is written beside the journal; and the store drops them and appends the checkpoint in one step. Checkpoints
are numbered, and an id is used once: of two that are made at the same time only one counts.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw.receipt import to_instant
from prizedraw.errors import InvalidRequest, StorageBusy, StorageCorrupt
from prizedraw.flows.auditing import audit
from prizedraw.flows.counting import CHECKPOINT
from prizedraw.flows.effects import Compact, Fetch, Flow, Forget, Listing, Posts
from prizedraw.flows.journaling import journal_entry
from prizedraw.flows.operator import FORMAT as ENTRY_FORMAT
from prizedraw.flows.operator import OperatorData
from prizedraw.flows.recounting import Recount, past_keys
from prizedraw.flows.streaming import Stream
from prizedraw.storage.protocol import Commit, Entry, Read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prizedraw.flows.context import Context
    from prizedraw.flows.operator import Order
    from prizedraw.flows.streaming import Paged

YOUNGEST = 86_400_000_000
"""Microseconds: what is younger than a day is dropped only by force. A retry of a request that was dropped draws again."""
_PAGE = 1000


class Archived(msgspec.Struct, frozen=True):
    """What was dropped from a journal.

    Attributes:
        entries, draws: how many, checkpoints left out.
        before: the time before which; aware, in UTC.
    """

    entries: int
    draws: int
    before: datetime


class Archive:
    """One archiving on its way: take all of ``lines``, keep them safely, then ``finish``. Memory for the participants.

    Args:
        context: the engine's.
        campaign_id: whose journal.
        before: microseconds since the epoch; what is older is dropped.
        order: who, and why; its id names the generation of what is written beside the journal.
        keep: whether lines are wanted.
    """

    def __init__(self, context: Context, campaign_id: str, before: int, order: Order, *, keep: bool) -> None:
        self._context = context
        self._campaign_id = campaign_id
        self._home = context.home(campaign_id)
        self._before = before
        self._order = order
        self._keep = keep
        self._taken = Recount(partial=True)
        self._folded: list[str] = []
        self._number = 0
        self.lines: Stream[bytes] = Stream(self._read())

    def _read(self) -> Paged[bytes]:
        verdict = yield from audit(self._context, self._campaign_id)
        if not verdict.ok:
            raise StorageCorrupt(f"the audit of {self._campaign_id!r} fails, and a checkpoint would hide it: {verdict.differences[0]}")
        digest = hashlib.sha256()
        checkpoints = (yield Listing(self._home, "entries", kind=CHECKPOINT, limit=_PAGE)).items
        self._number = max(map(_number, checkpoints), default=0)
        old = [entry for entry in checkpoints if entry.at < self._before]
        for entry in old:
            self._taken.add(self._campaign_id, entry)
            yield from self._taken.add_past(self._home, entry)
            self._folded += past_keys(entry)
        yield self._lines(old, digest)
        after = None
        while True:
            page = yield Listing(self._home, "entries", after=after, limit=_PAGE)
            old = [entry for entry in page.items if entry.at < self._before and entry.kind != CHECKPOINT]
            for entry in old:
                self._taken.add(self._campaign_id, entry)
            yield self._lines(old, digest)
            if page.next is None:
                break
            after = page.next
        if self._keep:
            end = {"entries": self._taken.entries, "draws": self._taken.draws - self._taken.archived_draws, "sha256": digest.hexdigest()}
            yield [msgspec.json.encode({"end": end}) + b"\n"]

    def _lines(self, entries: list[Entry], digest: hashlib._Hash) -> list[bytes]:
        if not self._keep:
            return []
        lines = [msgspec.json.encode(journal_entry(self._campaign_id, entry).to_dict()) + b"\n" for entry in entries]
        for line in lines:
            digest.update(line)
        return lines

    def finish(self) -> Flow[Archived]:
        """Drop what was read.

        Raises:
            StorageBusy: somebody else archived meanwhile; nothing was dropped.
            StorageCorrupt: an entry that is older than ``before`` came in while they were read, and was dropped uncounted.
        """
        taken, generation = self._taken, self._order.request_id
        done = Archived(taken.entries - taken.checkpoints, taken.draws - taken.archived_draws, to_instant(self._before))
        if taken.entries == taken.checkpoints:
            return done  # nothing but checkpoints: there is nothing to gain
        yield from _put(self._home, dict(taken.pieces(generation)))
        checkpoint = yield from self._checkpoint(generation)
        dropped = yield Forget(self._home, self._before, checkpoint)
        kept = (yield Fetch(self._home, Read(entry=checkpoint.id))).entry
        if kept is None or kept.data != checkpoint.data:
            yield from _put(self._home, dict.fromkeys((key for key, _ in taken.pieces(generation)), b""))
            raise StorageBusy(
                f"the journal of {self._campaign_id!r} was archived by somebody else meanwhile; nothing was dropped, try again"
            )
        if dropped != taken.entries:
            raise StorageCorrupt(
                f"{dropped} entries of {self._campaign_id!r} were dropped, and {taken.entries} were counted: a draw that began before"
                f" {done.before.isoformat()} was committed meanwhile; audit, and archive only what no process can still be writing"
            )
        yield from _put(self._home, dict.fromkeys(self._folded, b""))
        yield Compact()
        return done

    def _checkpoint(self, generation: str) -> Flow[Entry]:
        order, detail = self._order, {**self._taken.detail(generation), "made": self._context.now(), "kept": self._keep}
        data = msgspec.msgpack.encode(OperatorData(ENTRY_FORMAT, order.actor, order.note, self._taken.moves(), detail))
        number = self._number + 1
        while True:
            id_ = f"{CHECKPOINT}-{number:06d}"
            known = (yield Fetch(self._home, Read(entry=id_))).entry
            if known is None or known.kind == CHECKPOINT:
                # It is as old as what it stands for, so that the next one takes it in.
                return Entry(id_, f"\n{CHECKPOINT}", "", CHECKPOINT, self._before - 1, data)
            number += 1  # somebody has called a request so


def _number(checkpoint: Entry) -> int:
    return int(checkpoint.id.removeprefix(f"{CHECKPOINT}-"))


def _put(home: str, contents: dict[str, bytes]) -> Flow[None]:
    """Put documents that nobody else writes."""
    for piece in _pieces(list(contents), 50):
        docs = (yield Fetch(home, Read(tuple(piece)))).docs
        yield Posts(home, [Commit({key: doc.version}, {key: contents[key]}) for key, doc in docs.items()])


def _pieces(keys_: list[str], size: int) -> Iterator[list[str]]:
    return (keys_[start : start + size] for start in range(0, len(keys_), size))


def check_before(before: int, now: int, *, force: bool) -> int:
    """A time before which entries may be dropped, as it is.

    Raises:
        InvalidRequest: it is less than a day ago, and not forced.
    """
    if before > now - YOUNGEST and not force:
        raise InvalidRequest(
            f"{to_instant(before).isoformat()} is less than a day ago, and a retry of a request that was dropped draws again;"
            " give an earlier time, or force=True while the campaign is offline",
            "before",
        )
    return before
