"""What flows are given: the namespace, the clock and entropy ports, and the compiled rules that were seen before.

Remembering is only of what cannot change: a head document's bytes, and a numbered version of a campaign.
"""

from __future__ import annotations

import re
from collections import defaultdict
from time import time_ns
from typing import TYPE_CHECKING

import msgspec

from prizedraw.campaign import Campaign
from prizedraw.draw import formats
from prizedraw.draw.receipt import from_instant, to_instant
from prizedraw.draw.rules import Rules
from prizedraw.errors import ClockError, InvalidCampaign, StorageVersion, UnknownCampaign
from prizedraw.flows import keys
from prizedraw.flows.effects import Fetch, Flow
from prizedraw.storage.protocol import Doc, Read

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from prizedraw.sampling import Entropy

FORMAT = 1

NOT_COUNTED, COUNTING, COUNTED = 0, 1, 2
"""The counter of all draws is one row that every draw would have to wait for, so it is moved only once a campaign has limited
them: not at all before; then for every draw, while those made before are being counted; then it holds all."""
TOLERANCE = 60_000_000
"""Microseconds that a clock may step back, or be from the store's."""
CROWDED_FOR = 10_000_000
"""Microseconds for which a document that was fought for is locked before it is read."""
_REMEMBERED = 256
_KEPT = 65_536
_CAMPAIGN_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")


class Head(msgspec.Struct, array_like=True, frozen=True):
    """The head document of a campaign.

    Attributes:
        format: the version of this layout.
        version: number of the campaign's version in force.
        online: the switch.
        off_shelf: ids of prizes off the shelf.
        counting: whether draws move the counter of all draws; see NOT_COUNTED, COUNTING and COUNTED.
        stripes: how many homes the campaign is spread over, since its first publication.
    """

    format: int
    version: int
    online: bool
    off_shelf: frozenset[str] = frozenset()
    counting: int = 0
    stripes: int = 1


_decoder = msgspec.msgpack.Decoder(Head)


def encode_head(head: Head) -> bytes:
    """The bytes of a head document; equal heads have equal bytes."""
    fields = (head.format, head.version, head.online, sorted(head.off_shelf), head.counting)
    return msgspec.msgpack.encode(fields if head.stripes == 1 else (*fields, head.stripes))


def system_clock() -> int:
    """The system's time, in microseconds since the epoch."""
    return time_ns() // 1000


def told_by(clock: Callable[[], datetime]) -> Callable[[], int]:
    """A clock that gives aware datetimes as one that gives microseconds since the epoch.

    Raises:
        ClockError: when it is read, if it gives a naive time or none at all.
    """

    def read() -> int:
        moment = clock()
        try:
            return from_instant(moment)
        except (TypeError, AttributeError):
            raise ClockError(f"the clock gave {moment!r}; give an aware datetime, such as datetime.now(UTC)") from None

    return read


class Context:
    """What every flow of an engine shares.

    Args:
        namespace: keeps campaigns of different tenants on one store apart.
        clock: gives microseconds since the epoch; see ``system_clock`` and ``told_by``.
        entropy: gives the words of every tape.
    """

    def __init__(self, namespace: str, clock: Callable[[], int], entropy: Entropy) -> None:
        self.namespace = namespace
        self.entropy = entropy
        self.registry = keys.registry_home(namespace)
        self._read_clock = clock
        self._latest = 0
        self._heads: dict[bytes, Head] = {}
        self._rules: dict[tuple[str, int], Rules] = {}
        self._homes: dict[str, str] = {}
        self.in_force: defaultdict[str, dict[bytes, tuple[Head, Rules]]] = defaultdict(dict)
        """By home, what the bytes of a head document put in force."""
        self.stripes: dict[str, int] = {}
        """By home, how many stripes the campaign has, where that is known."""
        self._begun: dict[tuple[str, str], int] = {}
        self.crowded: dict[tuple[str, str], int] = {}
        """Home and document → until when it had better be locked, because others are at it too; see ``is_crowded``."""

    def crowd(self, home: str, key: str, now: int) -> None:
        """Remember for a while that a document had to be locked, because others were at it too."""
        if len(self.crowded) >= _REMEMBERED:
            self.crowded.clear()
        self.crowded[home, key] = now + CROWDED_FOR

    def begin(self, home: str, counter: str, head: int) -> None:
        """Remember that a day's counter has its share in a stripe, by this version of its head."""
        if len(self._begun) >= _KEPT:
            self._begun.clear()
        self._begun[home, counter] = head

    def has_begun(self, home: str, counter: str, head: int) -> bool:
        """Whether a day's counter is known to have its share in a stripe, by this version of its head."""
        return self._begun.get((home, counter), 0) == head

    def is_crowded(self, home: str, key: str, now: int) -> bool:
        """Whether whoever wants to change a document had better lock it first: optimism would only overtake those who wait for it."""
        return self.crowded.get((home, key), 0) > now

    def home(self, campaign_id: str) -> str:
        """The home of a campaign; raises UnknownCampaign where the id can be none."""
        found = self._homes.get(campaign_id) if isinstance(campaign_id, str) else None
        if found is None:
            if not isinstance(campaign_id, str) or not _CAMPAIGN_ID.fullmatch(campaign_id):
                raise UnknownCampaign(f"{campaign_id!r:.80} is not the id of a campaign", campaign_id=str(campaign_id))
            found = keys.campaign_home(self.namespace, campaign_id)
            if len(self._homes) < _REMEMBERED:
                self._homes[campaign_id] = found
        return found

    def now(self) -> int:
        """The time of the clock, in microseconds since the epoch.

        Raises:
            ClockError: it is naive, or has gone back by more than a minute since it was last read here.
        """
        now = self._read_clock()
        if now > self._latest:
            self._latest = now
        elif now < self._latest - TOLERANCE:
            latest, moment = to_instant(self._latest).isoformat(), to_instant(now).isoformat()
            raise ClockError(f"the clock went back from {latest} to {moment}; set it right, nothing was written")
        return now

    def head(self, campaign_id: str, doc: Doc) -> Head:
        """Read a head document.

        Raises:
            UnknownCampaign: there is none.
            StorageVersion: it was written by a newer version of prizedraw.
            StorageCorrupt: it is damaged.
        """
        found = self._heads.get(doc.data)
        if found is None:
            if not doc.version:
                raise UnknownCampaign(
                    f"no campaign {campaign_id!r} is published in namespace {self.namespace!r}; publish it first", campaign_id=campaign_id
                )
            found = formats.read(_decoder, doc.data, f"campaign {campaign_id!r}", FORMAT)
            if len(self._heads) >= _REMEMBERED:
                self._heads.clear()
            self._heads[doc.data] = found
        return found

    def put_in_force(self, campaign_id: str, doc: Doc) -> Flow[tuple[Head, Rules]]:
        """What a head document puts in force, remembered in ``in_force``; raises as ``head`` and ``rules``."""
        home = self.home(campaign_id)
        head = self.head(campaign_id, doc)
        found = (head, (yield from self.rules(home, head.version)))
        remembered = self.in_force[home]
        if len(remembered) >= _REMEMBERED:
            remembered.clear()
        remembered[doc.data] = found
        return found

    def rules(self, home: str, version: int) -> Flow[Rules]:
        """The compiled rules of a version, read if need be.

        Raises:
            StorageVersion: it was written by a newer version of prizedraw.
        """
        found = self._rules.get((home, version))
        if found is None:
            key = keys.rules(version)
            view = yield Fetch(home, Read((key,)))
            try:
                campaign = Campaign.loads(view.docs[key].data.decode())
            except InvalidCampaign as error:  # it was valid for whoever published it
                raise StorageVersion(f"version {version} of {home!r} is not for this version of prizedraw ({error}); upgrade it") from error
            found = Rules(campaign, version)
            if len(self._rules) >= _REMEMBERED:
                self._rules.clear()
            self._rules[home, version] = found
        return found
