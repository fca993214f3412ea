"""The replay checker: a campaign's journal, read from its first line on, must account for everything by itself.

Each decision is run again from its receipt (``verify``); each participant's draws must form a chain; caps, blocks, the shelf and
stock are counted here by plain sums in the order of the journal, and at the end compared with what the store holds. It shares no
code with the audit, and none with the flows but for the names of things and the reading of lines.

Of a journal whose old part was dropped, the checkpoint is taken at its word: ``Replay.unchecked`` tells what rests on it alone. Draws
of a participant who was erased are those of the pseudonym, and are run again like any other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from prizedraw.draw import State, state, verify
from prizedraw.draw.receipt import from_instant, receipts, to_day
from prizedraw.draw.rules import Rules
from prizedraw.engine import DrawEngine
from prizedraw.errors import InvalidRequest
from prizedraw.flows import keys
from prizedraw.flows.operator import decode
from prizedraw.flows.recounting import decode_past, past_keys
from prizedraw.flows.sharing import SHARES
from prizedraw.storage.protocol import Read
from prizedraw.testing.bridge import blocking

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prizedraw.campaign import Campaign
    from prizedraw.draw import Receipt
    from prizedraw.flows.operator import Move
    from prizedraw.storage.protocol import AsyncStore, Entry, Store

PAGE = 5000
_CHECKPOINT = "checkpoint"


def journal(store: Store, campaign_id: str, *, namespace: str = "default", kind: str | None = None) -> Iterator[Entry]:
    """Every line of a campaign's journal, or every one of a kind, in order, page by page."""
    home, after = keys.campaign_home(namespace, campaign_id), None
    while True:
        page = store.entries(home, kind=kind, after=after, limit=PAGE)
        yield from page.items
        if page.next is None:
            return
        after = page.next


def replay(store: Store | AsyncStore, campaign_id: str, *, namespace: str = "default") -> Replay:
    """The journal of a campaign, replayed and compared with what its store holds; nobody may write meanwhile. O(draws).

    Args:
        store: any store, open; an asynchronous one must not be bound to a loop that runs elsewhere.
        campaign_id: a published campaign.
        namespace: the engine's.

    Raises:
        UnknownCampaign: there is no such campaign.
        InvalidRequest: it has several stripes.
    """
    store = blocking(store)
    home = keys.campaign_home(namespace, campaign_id)
    if store.read(home, [Read((SHARES,))])[0].docs[SHARES].version:
        raise InvalidRequest(
            f"{campaign_id!r} has several stripes, whose journals have no order in common to replay; audit it", "campaign_id"
        )
    engine = DrawEngine(store, namespace=namespace)
    published = sum(1 for _ in _walk(store.docs, home, "rules/")) or 1  # none: the engine tells that there is no such campaign
    found = Replay({version: engine.campaign(campaign_id, version=version) for version in range(1, published + 1)})
    for checkpoint in journal(store, campaign_id, namespace=namespace, kind=_CHECKPOINT):
        after = next(journal(store, campaign_id, namespace=namespace, kind="publish"), None)
        version = published if after is None else decode(after.data).detail["version"] - 1
        pieces = [decode_past(store.read(home, [Read((key,))])[0].docs[key].data) for key in past_keys(checkpoint)]
        found.begin(checkpoint, {name: sums for piece in pieces for name, sums in piece.participants.items()}, version)
    found.read(journal(store, campaign_id, namespace=namespace))
    found.compare(
        {key.removeprefix("p/"): state.decode(doc.data) for key, doc in _walk(store.docs, home, "p/")},
        {key: counter.value for key, counter in _walk(store.counters, home, "")},
    )
    return found


def _walk(listing: Any, home: str, prefix: str) -> Iterator[tuple[str, Any]]:
    after = None
    while True:
        page = listing(home, prefix, after=after, limit=PAGE)
        yield from page.items
        if page.next is None:
            return
        after = page.next


_SUMS = ("number", "draws", "wins", "points", "won")


def _sums(person: State) -> State:
    """Of a participant what a checkpoint knows."""
    return State(**{name: getattr(person, name) for name in _SUMS})


def _able(at_most: int, count: int) -> bool:
    """Whether a count is within a cap; -1 is none."""
    return at_most == -1 or count <= at_most


class Replay:
    """What a journal adds up to, and what is wrong with it.

    Args:
        campaigns: version → definition, of every version that was published.

    Attributes:
        problems: one sentence each; none where all is well.
        people: participant → the document that the journal leads to (but for blocks of the whole platform, kept elsewhere).
        counts: counter → its value.
        allocated: prize id → its allocation, -1 for unlimited.
        draws: receipt id → receipt, in order.
        unchecked: what rests on a checkpoint alone → how often: "lines" that were dropped, and "draws" in them; "voids" of such draws;
            "standings" of participants that were taken from their first draw after it, but for the sums that it holds. Empty where
            nothing was dropped.
    """

    def __init__(self, campaigns: Mapping[int, Campaign]) -> None:
        self.problems: list[str] = []
        self.people: dict[str, State] = defaultdict(State)
        self.counts: Counter[str] = Counter()
        self.allocated: dict[str, int] = {}
        self.draws: dict[str, Receipt] = {}
        self.unchecked: Counter[str] = Counter()
        self._rules = {version: Rules(campaign, version) for version, campaign in campaigns.items()}
        self._lifted: Counter[str] = Counter()
        self._given: Counter[str] = Counter()
        self._ids: set[str] = set()
        self._voided: set[str] = set()
        self._cursor = self._version = 0
        self._online: bool | None = False
        self._counted = False
        self._off: set[str] = set()
        self._checkpoints: set[str] = set()
        self._met: set[str] = set()
        """Of a journal that begins with a checkpoint, who has drawn since."""

    def begin(self, checkpoint: Entry, past: Mapping[str, Mapping[str, int]], version: int) -> None:
        """Begin where lines were dropped, instead of at nothing.

        Args:
            checkpoint: the line that stands for them.
            past: participant → name of a sum → the sum, as the documents have it that the checkpoint names.
            version: the campaign's version in force then.
        """
        data = decode(checkpoint.data)
        self._checkpoints.add(checkpoint.id)
        self.unchecked.update(lines=data.detail["entries"], draws=data.detail["draws"])
        self._allocate(data.moves)
        for move in data.moves:
            self.counts[f"stock/{move.prize_id}"] += {"issue": 1, "void": -1}.get(move.kind, 0) * move.quantity
        self.counts.update(data.detail["counters"])
        self.counts["draws"] += data.detail["uncounted"]
        for name, sums in past.items():
            was = self.people[name]
            won = Counter(was.won) + Counter({key.removeprefix("won/"): n for key, n in sums.items() if key.startswith("won/")})
            added = {sum_: getattr(was, sum_) + sums.get(sum_, 0) for sum_ in _SUMS if sum_ != "won"}
            self.people[name] = replace(was, **added, won=dict(won))
        self._version, self._online = version, None  # whether it was offline, and what off the shelf, was said in what was dropped
        self._counted = any(self._rules[one].quota.campaign_draws != -1 for one in range(1, version + 1))

    def _met_before(self, name: str) -> bool:
        """Whether all is known of a participant."""
        return not self._checkpoints or name in self._met

    def read(self, entries: Iterable[Entry]) -> None:
        """Replay lines in order."""
        for entry in entries:
            self._check(entry.id not in self._ids, f"{entry.id}: the id stands twice")
            self._check(entry.cursor > self._cursor, f"{entry.id}: out of order")
            self._ids.add(entry.id)
            self._cursor = entry.cursor
            if entry.kind == "draw":
                self._draw(entry)
            else:
                self._operator(entry)
            self._balances(entry)

    def compare(self, people: Mapping[str, State], counts: Mapping[str, int]) -> None:
        """Compare the end of the journal with a store's documents and counters; draws are counted from when they were first limited."""
        held = {**counts, "draws": counts.get("draws", 0) if self._counted else self.counts["draws"]}
        for name in people.keys() | self.people.keys():
            told, found = self.people.get(name, State()), replace(people.get(name, State()), barred=0)
            if not self._met_before(name):
                told, found = _sums(told), _sums(found)
            self._check(told == found, f"{name}: the store holds {found}, the journal leads to {told}")
        for name in held.keys() | self.counts.keys():
            counted, value = self.counts[name], held.get(name, 0)
            self._check(counted == value, f"{name}: the store holds {value}, the journal leads to {counted}")

    def _check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    def _draw(self, entry: Entry) -> None:
        rules = self._rules[self._version]
        name, at = entry.owner, entry.at
        made = receipts(rules.campaign.id, name, entry.id, at, entry.data)
        asked = name if len(made) == 1 else f"{name}\n{len(made)}"
        self._check(entry.fingerprint == asked, f"{entry.id}: the fingerprint is of another request")
        self._check(self._online is not False, f"{entry.id}: offline")
        self._check(any(from_instant(w.start) <= at < from_instant(w.end) for w in rules.campaign.windows), f"{entry.id}: outside")
        self._check(not self.people[name].blocked, f"{entry.id}: {name} is blocked")
        for receipt in made:
            self.draws[receipt.id] = receipt
            self._check(receipt.version == self._version, f"{receipt.id}: version {self._version} was in force")
            for difference in verify(receipt, rules.campaign).differences if receipt.version == self._version else ():
                self.problems.append(f"{receipt.id}: {difference}")
            self._chain(receipt, rules, at)
            self._caps(receipt, rules)

    def _chain(self, receipt: Receipt, rules: Rules, at: int) -> None:
        """The participant before the draw is the one after the draw before; then the draw is counted."""
        was = self.people[receipt.participant]
        told = replace(receipt.before, barred=0)
        if not self._met_before(receipt.participant):
            self._met.add(receipt.participant)
            self.unchecked["standings"] += 1
            self._check(_sums(told) == _sums(was), f"{receipt.id}: before it is {_sums(told)}, the checkpoint and since: {_sums(was)}")
            was = told
        rolled = was.on(receipt.day.toordinal())
        self._check(told in (was, rolled), f"{receipt.id}: before it is {told}, after the draw before it was {was}")
        self._check(receipt.number == was.number + 1, f"{receipt.id}: number {receipt.number} follows {was.number}")
        prize, own, win = receipt.prize.id, receipt.own, receipt.is_win
        granted = [lot for lot in rolled.granted if own or not lot.expires or lot.expires > at]
        if not own:
            self._check(bool(granted), f"{receipt.id}: no granted draw is left")
            granted = [replace(granted[0], left=granted[0].left - 1), *granted[1:]] if granted else []
        stepped = rules.stages.step(rules.counters(rolled.misses), rules.number[prize])
        self.people[receipt.participant] = replace(
            rolled,
            number=rolled.number + 1,
            draws=rolled.draws + own,
            day_draws=rolled.day_draws + own,
            wins=rolled.wins + win,
            day_wins=rolled.day_wins + win,
            points=rolled.points + receipt.points,
            won={**rolled.won, prize: rolled.won.get(prize, 0) + 1} if win else rolled.won,
            misses=rules.misses(stepped),
            newcomer=rolled.newcomer or rules.number[prize] in rules.wanted,
            granted=tuple(lot for lot in granted if lot.left),
        )
        self.counts["draws"] += 1
        if win:
            self._move(receipt.day.isoformat(), prize, receipt.points, 1)

    def _move(self, day: str, prize: str, points: int, sign: int) -> None:
        for counter in (f"stock/{prize}", f"day/{day}/{prize}", f"day/{day}/"):
            self.counts[counter] += sign
        if points:
            self.counts["points"] += sign * points

    def _caps(self, receipt: Receipt, rules: Rules) -> None:
        """No cap is passed by this draw; a cap that was lowered beneath what was used is passed by nothing further."""
        now, quota, campaign = self.people[receipt.participant], rules.quota, rules.campaign
        caps = {"campaign_draws": (quota.campaign_draws, self.counts["draws"])}
        if receipt.own:
            caps |= {"total_draws": (quota.total_draws, now.draws), "daily_draws": (quota.daily_draws, now.day_draws)}
        if receipt.is_win:
            prize = campaign.prize(receipt.prize.id)
            day, id_ = receipt.day.isoformat(), prize.id
            self._check(id_ not in self._off, f"{receipt.id}: {id_} is off the shelf")
            caps |= {
                "total_wins": (quota.total_wins, now.wins),
                "daily_wins": (quota.daily_wins, now.day_wins),
                "per_participant": (prize.per_participant, now.won[id_]),
                "daily_release": (prize.daily_release, self.counts[f"day/{day}/{id_}"]),
                "release": (campaign.release.daily, self.counts[f"day/{day}/"]),
            }
        if receipt.points:
            caps |= {"points": (rules.points_limit, now.points), "all points": (rules.total_points_limit, self.counts["points"])}
        for cap, (limit, count) in caps.items():
            self._check(_able(limit, count), f"{receipt.id}: {cap} is {limit}, and this makes {count}")

    def _operator(self, entry: Entry) -> None:
        data = decode(entry.data)
        detail, was = data.detail, self.people[entry.owner] if entry.owner else State()
        if entry.kind == _CHECKPOINT:
            self._check(entry.id in self._checkpoints, f"{entry.id}: stands for lines that were dropped while this was read")
            return
        self._allocate(data.moves)
        match entry.kind:
            case "publish":
                self._check(detail["version"] == self._version + 1, f"{entry.id}: version {detail['version']} after {self._version}")
                self._version, self._online = detail["version"], detail["online"]
                self._counted |= self._rules[self._version].quota.campaign_draws != -1
                self._off &= set(self._rules[self._version].ids)
            case "online" | "offline":
                self._online = entry.kind == "online"
            case "off_shelf":
                self._off.add(detail["prize"])
            case "on_shelf":
                self._check(detail["prize"] in self._off or bool(self._checkpoints), f"{entry.id}: {detail['prize']} was on the shelf")
                self._off.discard(detail["prize"])
            case "block" | "unblock":
                self.people[entry.owner] = replace(was, blocked=entry.kind == "block")
            case "grant":
                self.people[entry.owner] = was.with_lot(state.Lot(detail["n"], detail["expires"]))
            case "void":
                self._void(entry, detail, was)

    def _allocate(self, moves: Iterable[Move]) -> None:
        for move in moves:
            sign = {"allocate": 1, "restock": 1, "release": -1}.get(move.kind, 0)
            if move.quantity == -1:
                self._lifted[move.prize_id] += sign
            else:
                self._given[move.prize_id] += sign * move.quantity
            self.allocated[move.prize_id] = -1 if self._lifted[move.prize_id] else self._given[move.prize_id]

    def _void(self, entry: Entry, detail: Mapping[str, Any], was: State) -> None:
        id_, day = detail["prize"], detail["day"]
        self._check(detail["receipt"] not in self._voided, f"{entry.id}: {detail['receipt']} is voided twice")
        self._voided.add(detail["receipt"])
        told = (entry.owner, id_, detail["points"], day)
        draw = self.draws.get(detail["receipt"])
        gave = draw and (draw.participant, draw.prize.id, draw.points, draw.day.toordinal())
        if draw is None and self._checkpoints:
            self.unchecked["voids"] += 1
        else:
            self._check(gave == told, f"{entry.id}: takes back {told}, and {detail['receipt']} gave {gave}")
        same_day = was.day == day
        if detail["win"]:
            won = {**was.won, id_: was.won.get(id_, 0) - 1}
            won = {key: n for key, n in won.items() if n}
            was = replace(was, wins=was.wins - 1, day_wins=was.day_wins - same_day, points=was.points - detail["points"], won=won)
            self._move(to_day(day).isoformat(), id_, detail["points"], -1)
        if detail["chance"]:
            self.counts["draws"] -= 1
            returned = replace(was, draws=was.draws - 1, day_draws=was.day_draws - same_day)
            was = returned if detail["own"] else was.with_lot(state.Lot(1))
        self.people[entry.owner] = was

    def _balances(self, entry: Entry) -> None:
        """Stock is within its allocation after every line, and the line notes what its commit left."""
        for counter, value, limit in entry.after:
            self._check(value == self.counts[counter], f"{entry.id}: notes {value} of {counter}, the journal makes {self.counts[counter]}")
            if counter.startswith("stock/"):
                given = self.allocated.get(counter.removeprefix("stock/"), 0)
                self._check(limit == given, f"{entry.id}: notes a limit of {limit} on {counter}, {given} are allocated")
        for id_, given in self.allocated.items():
            issued = self.counts[f"stock/{id_}"]
            self._check(issued >= 0 and _able(given, issued), f"{entry.id}: {issued} of {id_} are issued, and {given} allocated")
