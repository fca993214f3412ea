"""Erasing the id of a participant: everything that was kept under it is kept under a pseudonym that leads nowhere.

So nothing is lost but the name: draws, stock and the audit stay as they were. In each home one commit moves the document to its new
key and, in the same step, the store gives the entries their new owner. The document guards every entry about its participant, so none
can come in between. Homes are independent of each other, and calling again finishes what broke off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw import receipt as receipts
from prizedraw.errors import StorageBusy
from prizedraw.flows import keys
from prizedraw.flows.drawing import DRAW
from prizedraw.flows.effects import MISFIRES, Compact, Fetch, Flow, Listing, Redact
from prizedraw.flows.merging import CLAIM
from prizedraw.flows.operator import decode
from prizedraw.flows.publishing import campaign_ids
from prizedraw.flows.recounting import FORMAT, Past, decode_past, encode_past
from prizedraw.flows.sharing import Stripes
from prizedraw.storage.protocol import Commit, Committed, Doc, Entry, Read

if TYPE_CHECKING:
    from prizedraw.flows.context import Context
    from prizedraw.flows.operator import Order

ERASE = "erase"


class Erased(msgspec.Struct, frozen=True):
    """What became of a participant's id.

    Attributes:
        pseudonym: what stands in its place.
        campaigns: where there was something.
        entries: how many journal entries were about the participant.
        remaining: request ids, of these, in which the participant's id can be read; they were given by the caller, and stay.
    """

    pseudonym: str
    campaigns: tuple[str, ...]
    entries: int
    remaining: tuple[str, ...]


def erase(context: Context, participant: str, order: Order) -> Flow[Erased]:
    """Give all that is kept of a participant to a pseudonym, the owner of ``order``."""
    entries = list((yield from _registry(context, participant, order)))
    campaigns = []
    for campaign_id in (yield from campaign_ids(context)):
        found = yield from _campaign(context, context.home(campaign_id), participant, order)
        if found is not None:
            campaigns.append(campaign_id)
            entries += found
    yield Compact()
    remaining = tuple(dict.fromkeys(entry.id for entry in entries if _names(entry, participant)))
    told = [entry for entry in entries if entry.kind != CLAIM]
    return Erased(order.owner, tuple(campaigns), len(told), remaining)


def _registry(context: Context, participant: str, order: Order) -> Flow[list[Entry]]:
    """Erase who is blocked everywhere; the entries about it."""
    home, key = context.registry, keys.barred(participant)
    for _ in range(MISFIRES):
        doc = (yield Fetch(home, Read((key,)))).docs[key]
        entries = yield from _entries(home, participant)
        if not (doc.version or entries):
            return []
        redacted = [_redacted(entry, participant, order.owner) for entry in entries]
        commit = Commit({key: doc.version}, entries=(_mark(context, order, redacted),))
        if isinstance((yield Redact(home, commit, tuple(redacted), (key,))), Committed):
            return redacted
    raise _overtaken()


def _campaign(context: Context, home: str, participant: str, order: Order) -> Flow[list[Entry] | None]:
    """Erase a participant in a campaign; the entries about it, or None where there is nothing."""
    yield Fetch(home, Read((keys.HEAD,)))  # from then on its stripes are known
    pseudonym = Stripes(home, context.stripes.get(home, 1)).beside(order.owner, participant)
    order = order._replace(owner=pseudonym)
    key, other = keys.participant(participant), keys.participant(pseudonym)
    for _ in range(MISFIRES):
        docs = (yield Fetch(home, Read((keys.HEAD, key, other)))).docs
        entries = yield from _entries(home, participant)
        entries += yield from _entries(home, participant, CLAIM)
        past = yield from _past(home, participant)
        if not (docs[key].version or entries or past):
            return None
        redacted = [_redacted(entry, participant, order.owner) for entry in entries]
        put = {name: _renamed(doc.data, participant, order.owner) for name, doc in past.items()}
        put[other] = docs[key].data
        if docs[keys.HEAD].version:
            put[keys.HEAD] = docs[keys.HEAD].data  # what is on its way with an old document must look again
        expect = {name: doc.version for name, doc in (docs | past).items()}
        outcome = yield Redact(home, Commit(expect, put, entries=(_mark(context, order, redacted),)), tuple(redacted), (key,))
        if isinstance(outcome, Committed):
            return redacted
    raise _overtaken()


def _mark(context: Context, order: Order, redacted: list[Entry]) -> Entry:
    return order.entry(context.now(), (), {"entries": len(redacted)})


def _overtaken() -> StorageBusy:
    return StorageBusy(f"the participant went on drawing {MISFIRES} times meanwhile; block them first, and erase again")


def _entries(home: str, participant: str, kind: str | None = None) -> Flow[list[Entry]]:
    found: list[Entry] = []
    after = None
    while True:
        page = yield Listing(home, "entries", owner=participant, kind=kind, after=after)
        found += page.items
        if page.next is None:
            return found
        after = page.next


def _past(home: str, participant: str) -> Flow[dict[str, Doc]]:
    """The documents of the past that name the participant."""
    found: dict[str, Doc] = {}
    after = None
    while True:
        page = yield Listing(home, "docs", prefix=keys.PAST, after=after, limit=10)
        found.update((key, doc) for key, doc in page.items if participant in decode_past(doc.data).participants)
        if page.next is None:
            return found
        after = page.next


def _renamed(data: bytes, participant: str, pseudonym: str) -> bytes:
    sums = decode_past(data).participants
    return encode_past(Past(FORMAT, {pseudonym if name == participant else name: held for name, held in sums.items()}))


def _redacted(entry: Entry, participant: str, pseudonym: str) -> Entry:
    """The entry of the pseudonym: without what a caller kept with a draw, and without an operator's note."""
    if entry.kind == DRAW:
        content = receipts.decode(entry.data)
        data = entry.data if content.meta is None else receipts.encode(msgspec.structs.replace(content, meta=None))
        fingerprint = pseudonym + entry.fingerprint.removeprefix(participant)
    else:
        told = decode(entry.data)
        data = entry.data if not told.note else msgspec.msgpack.encode(msgspec.structs.replace(told, note=""))
        fingerprint = _asked(entry.fingerprint, f"\n{told.detail['kind'] if entry.kind == CLAIM else entry.kind} ", participant, pseudonym)
    return msgspec.structs.replace(entry, owner=pseudonym, fingerprint=fingerprint, data=data)


def _asked(fingerprint: str, begin: str, participant: str, pseudonym: str) -> str:
    """What an operator asked about the participant, about the pseudonym; see the jobs that make orders."""
    if fingerprint == participant or fingerprint.startswith(participant + "\n"):
        return pseudonym + fingerprint.removeprefix(participant)  # the claim of a draw
    asked = fingerprint.removeprefix(begin)
    if asked == participant or asked.startswith(participant + " "):
        return begin + pseudonym + asked[len(participant) :]
    return fingerprint


def _names(entry: Entry, participant: str) -> bool:
    return participant in entry.id or participant in entry.fingerprint or participant.encode() in entry.data
