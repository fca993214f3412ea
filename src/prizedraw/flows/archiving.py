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
from prizedraw.flows.merging import CLAIM, shown
from prizedraw.flows.operator import FORMAT as ENTRY_FORMAT
from prizedraw.flows.operator import OperatorData
from prizedraw.flows.recounting import Recount, past_keys
from prizedraw.flows.streaming import Stream
from prizedraw.flows.striping import spread, stripes_of
from prizedraw.storage.protocol import Commit, Entry, Read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prizedraw.flows.context import Context
    from prizedraw.flows.operator import Order
    from prizedraw.flows.sharing import Stripes
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

    Its flows know of stripes, and are not to be spread: each stripe has a journal of its own, and checkpoints of its own in it.

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
        self._before = before
        self._order = order
        self._keep = keep
        self._journals: list[_Journal] = []
        self.lines: Stream[bytes] = Stream(self._read())

    def _read(self) -> Paged[bytes]:
        verdict = yield from spread(self._context, audit(self._context, self._campaign_id))
        if not verdict.ok:
            raise StorageCorrupt(f"the audit of {self._campaign_id!r} fails, and a checkpoint would hide it: {verdict.differences[0]}")
        digest = hashlib.sha256()
        stripes = yield from stripes_of(self._context, self._context.home(self._campaign_id))
        for stripe in range(stripes.n):
            journal = _Journal(self._campaign_id, stripes, stripe, self._before, self._order.request_id)
            self._journals.append(journal)
            while (entries := (yield from journal.page())) is not None:
                yield self._lines(entries, digest)
        if self._keep:
            end = {"entries": sum(one.taken.entries for one in self._journals), "draws": self._draws, "sha256": digest.hexdigest()}
            yield [msgspec.json.encode({"end": end}) + b"\n"]

    def _lines(self, entries: list[Entry], digest: hashlib._Hash) -> list[bytes]:
        if not self._keep:
            return []
        lines = [msgspec.json.encode(journal_entry(self._campaign_id, entry).to_dict()) + b"\n" for entry in entries]
        for line in lines:
            digest.update(line)
        return lines

    @property
    def _draws(self) -> int:
        return sum(one.taken.draws - one.taken.archived_draws for one in self._journals)

    def finish(self) -> Flow[Archived]:
        """Drop what was read.

        Raises:
            StorageBusy: somebody else archived meanwhile; nothing was dropped of the journal that it names.
            StorageCorrupt: an entry that is older than ``before`` came in while they were read, and was dropped uncounted.
        """
        entries = sum(one.taken.entries - one.taken.checkpoints for one in self._journals)
        dropped = False
        for journal in self._journals:
            dropped |= yield from journal.drop(self._order, self._context.now(), kept=self._keep)
        if dropped:
            yield Compact()
        return Archived(entries, self._draws, to_instant(self._before))


class _Journal:
    """The old part of the journal of one home."""

    def __init__(self, campaign_id: str, stripes: Stripes, stripe: int, before: int, generation: str) -> None:
        self.taken = Recount(partial=True)
        """What was read, claims left out."""
        self._campaign_id = campaign_id
        self._home = stripes.at(stripe)
        self._before = before
        self._generation = generation if stripes.n == 1 else f"{generation}~{stripe}"
        self._suffix = "" if stripes.n == 1 else f"~{stripe}"
        self._claims = 0
        self._folded: list[str] = []
        self._number = 0
        self._after: str | None = ""

    def page(self) -> Flow[list[Entry] | None]:
        """The next entries to drop, checkpoints first; None at the end."""
        if self._after == "":
            self._after = None
            return (yield from self._checkpoints())
        if self._after == _END:
            return None
        page = yield Listing(self._home, "entries", after=self._after, limit=_PAGE)
        self._after = page.next or _END
        old = [entry for entry in page.items if entry.at < self._before and entry.kind != CHECKPOINT]
        self._claims += sum(entry.kind == CLAIM for entry in old)
        found = [entry if not self._suffix else shown(entry, entry.cursor) for entry in old if entry.kind != CLAIM]
        for entry in found:
            self.taken.add(self._campaign_id, entry)
        return found

    def _checkpoints(self) -> Flow[list[Entry]]:
        checkpoints = (yield Listing(self._home, "entries", kind=CHECKPOINT, limit=_PAGE)).items
        self._number = max(map(_number, checkpoints), default=0)
        old = [entry for entry in checkpoints if entry.at < self._before]
        for entry in old:
            self.taken.add(self._campaign_id, entry)
            yield from self.taken.add_past(self._home, entry)
            self._folded += past_keys(entry)
        return old

    def drop(self, order: Order, now: int, *, kept: bool) -> Flow[bool]:
        """Drop what was read, and leave a checkpoint; whether there was anything."""
        taken = self.taken
        if taken.entries == taken.checkpoints:
            return False  # nothing but checkpoints: there is nothing to gain
        pieces = dict(taken.pieces(self._generation))
        yield from _put(self._home, pieces)
        detail = {**taken.detail(self._generation), "made": now, "kept": kept}
        checkpoint = yield from self._checkpoint(OperatorData(ENTRY_FORMAT, order.actor, order.note, taken.moves(), detail))
        dropped = yield Forget(self._home, self._before, checkpoint)
        found = (yield Fetch(self._home, Read(entry=checkpoint.id))).entry
        if found is None or found.data != checkpoint.data:
            yield from _put(self._home, dict.fromkeys(pieces, b""))
            raise StorageBusy(
                f"the journal of {self._home!r} was archived by somebody else meanwhile; nothing of it was dropped, try again"
            )
        if dropped != taken.entries + self._claims:
            raise StorageCorrupt(
                f"{dropped} entries of {self._home!r} were dropped, and {taken.entries + self._claims} were counted: a draw that began"
                f" before {to_instant(self._before).isoformat()} was committed meanwhile; audit, and archive only what no process can"
                " still be writing"
            )
        yield from _put(self._home, dict.fromkeys(self._folded, b""))
        return True

    def _checkpoint(self, content: OperatorData) -> Flow[Entry]:
        data = msgspec.msgpack.encode(content)
        number = self._number + 1
        while True:
            id_ = f"{CHECKPOINT}-{number:06d}{self._suffix}"
            known = (yield Fetch(self._home, Read(entry=id_))).entry
            if known is None or known.kind == CHECKPOINT:
                # It is as old as what it stands for, so that the next one takes it in.
                return Entry(id_, f"\n{CHECKPOINT}", "", CHECKPOINT, self._before - 1, data)
            number += 1  # somebody has called a request so


_END = "end"


def _number(checkpoint: Entry) -> int:
    return int(checkpoint.id.removeprefix(f"{CHECKPOINT}-").partition("~")[0])


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
