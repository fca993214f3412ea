"""What an operator does to a running campaign: the switch, the shelf, allocations, blocks, grants and voids.

Each is one commit in the campaign's home with a journal entry of its own; only a block on the whole platform is a chain of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from prizedraw.campaign.edits import stands_for
from prizedraw.draw import receipt as receipts
from prizedraw.draw import state as states
from prizedraw.draw.rules import DRAWS, POINTS, release_counter, stock_counter
from prizedraw.errors import InvalidEdit, InvalidRequest, UnknownReceipt
from prizedraw.flows import keys
from prizedraw.flows.context import COUNTED, COUNTING, encode_head
from prizedraw.flows.drawing import DRAW, from_entry
from prizedraw.flows.effects import Fetch, Flow
from prizedraw.flows.operator import Move, Order, carry_out, guard
from prizedraw.flows.publishing import campaign_ids, post_bar
from prizedraw.quota import UNLIMITED
from prizedraw.stock import MovementKind, reallocation
from prizedraw.storage.protocol import Commit, Read, View

if TYPE_CHECKING:
    from prizedraw.draw.receipt import Receipt
    from prizedraw.flows.context import Context

LARGEST = 2**53 - 1


def switch(context: Context, campaign_id: str, order: Order, *, online: bool) -> Flow[None]:
    """Take a campaign offline or bring it online; nothing where it is so already. A switch never opens a window."""

    def prepare(view: View, now: int) -> Flow[Commit | None]:
        yield from ()
        head = context.head(campaign_id, view.docs[keys.HEAD])
        if head.online == online:
            return None
        changed = msgspec.structs.replace(head, online=online)
        return Commit(guard(view), {keys.HEAD: encode_head(changed)}, {}, {}, (order.entry(now),))

    yield from carry_out(context, context.home(campaign_id), order, (keys.HEAD,), (), prepare)


def shelve(context: Context, campaign_id: str, prize_id: str, order: Order, *, off: bool) -> Flow[None]:
    """Take a prize off the shelf or put it back; nothing where it is so already. Its weight stays, the thank-you takes it."""
    home = context.home(campaign_id)

    def prepare(view: View, now: int) -> Flow[Commit | None]:
        head = context.head(campaign_id, view.docs[keys.HEAD])
        rules = yield from context.rules(home, head.version)
        _check_prize(rules.ids[:-1], prize_id)
        if (prize_id in head.off_shelf) == off:
            return None
        shelf = head.off_shelf | {prize_id} if off else head.off_shelf - {prize_id}
        changed = msgspec.structs.replace(head, off_shelf=shelf)
        return Commit(guard(view), {keys.HEAD: encode_head(changed)}, {}, {}, (order.entry(now, (), {"prize": prize_id}),))

    yield from carry_out(context, home, order, (keys.HEAD,), (), prepare)


def _check_prize(ids: tuple[str, ...], prize_id: str) -> None:
    if prize_id not in ids:
        raise InvalidEdit(f"{prize_id!r} is not a prize of this campaign; there are {', '.join(ids)}", "prize_id")


def reallocate(context: Context, campaign_id: str, prize_id: str, order: Order, *, stock: int | None, add: int | None) -> Flow[None]:
    """Set a prize's allocation to ``stock``, or change it by ``add``; never below what is issued.

    Raises:
        InvalidEdit: the allocation would fall below what is issued, or there is nothing to add to.
    """
    home, counter = context.home(campaign_id), stock_counter(prize_id)
    _check_amounts(stock, add)

    def prepare(view: View, now: int) -> Flow[Commit | None]:
        head = context.head(campaign_id, view.docs[keys.HEAD])
        rules = yield from context.rules(home, head.version)
        _check_prize(rules.ids[:-1], prize_id)
        issued, before = view.counters[counter]
        if add is not None and before == UNLIMITED:
            raise InvalidEdit(f"the stock of {prize_id!r} is unlimited, so {add!r} cannot be added; set it with stock=", "add")
        after = stock if stock is not None else before + (add or 0)
        if (add is not None or after != UNLIMITED) and not issued <= after <= LARGEST:
            raise InvalidEdit(
                f"{after} is below the {issued} of {prize_id!r} that are issued; give at least {issued}"
                if after < issued
                else f"{after} is more than {LARGEST}",
                "stock" if add is None else "add",
            )
        moves = tuple(Move(prize_id, kind, quantity) for kind, quantity in reallocation(before, after))
        # The head is written although it stays the same, so that a publication cannot pass by unseen.
        put = {keys.HEAD: view.docs[keys.HEAD].data}
        return Commit(guard(view), put, {}, {counter: after}, (order.entry(now, moves, {"version": head.version}),))

    yield from carry_out(context, home, order, (keys.HEAD,), (counter,), prepare)


def _check_amounts(stock: int | None, add: int | None) -> None:
    if (stock is None) == (add is None):
        raise InvalidRequest("give either stock=, the new allocation, or add=, the change of it", "stock")
    if stock is not None and (type(stock) is not int or not UNLIMITED <= stock <= LARGEST):
        raise InvalidRequest(f"{stock!r} must be an integer of at least 0, or -1 for unlimited", "stock")
    if add is not None and (type(add) is not int or abs(add) > LARGEST):
        raise InvalidRequest(f"{add!r} must be an integer", "add")


def block(context: Context, participant: str, campaign_id: str, order: Order, *, blocked: bool) -> Flow[None]:
    """Refuse a participant in one campaign, or admit them again; nothing where it is so already."""
    key = keys.participant(participant)

    def prepare(view: View, now: int) -> Flow[Commit | None]:
        yield from ()
        context.head(campaign_id, view.docs[keys.HEAD])
        state = states.decode(view.docs[key].data)
        if state.blocked == blocked:
            return None
        changed = msgspec.structs.replace(state, blocked=blocked)
        return Commit(guard(view), {key: states.encode(changed)}, {}, {}, (order.entry(now),))

    yield from carry_out(context, context.home(campaign_id), order, (keys.HEAD, key), (), prepare)


def bar(context: Context, participant: str, order: Order, *, blocked: bool) -> Flow[None]:
    """Refuse a participant in every campaign of the namespace, or admit them again.

    The registry keeps the word, numbered; then each campaign is told. A campaign published meanwhile reads the registry itself, and
    calling again finishes what a crash left open.
    """
    key, word = keys.barred(participant), b"1" if blocked else b"0"

    def prepare(view: View, now: int) -> Flow[Commit | None]:
        yield from ()
        doc = view.docs[key]
        if doc.data == word or not (doc.version or blocked):
            return None
        return Commit(guard(view), {key: word}, {}, {}, (order.entry(now),))

    yield from carry_out(context, context.registry, order, (key,), (), prepare)
    view = yield Fetch(context.registry, Read((key,)))
    doc = view.docs[key]
    for campaign_id in (yield from campaign_ids(context)):
        yield from post_bar(context.home(campaign_id), participant, doc.version if doc.data == b"1" else -doc.version)


def grant(context: Context, campaign_id: str, participant: str, n: int, order: Order, *, expires: int) -> Flow[None]:
    """Give a participant ``n`` extra draws, until ``expires`` (microseconds since the epoch, 0: for ever)."""
    key = keys.participant(participant)

    def prepare(view: View, now: int) -> Flow[Commit | None]:
        yield from ()
        context.head(campaign_id, view.docs[keys.HEAD])
        if expires and expires <= now:
            raise InvalidRequest(f"{receipts.to_instant(expires).isoformat()} is over; give a time to come, or None", "expires")
        state = states.decode(view.docs[key].data).with_lot(states.Lot(n, expires))
        return Commit(guard(view), {key: states.encode(state)}, {}, {}, (order.entry(now, (), {"n": n, "expires": expires}),))

    yield from carry_out(context, context.home(campaign_id), order, (keys.HEAD, key), (), prepare)


def void(context: Context, receipt_id: str, order: Order, *, return_chance: bool) -> Flow[None]:
    """Take a draw back: its stock, its day's release, its points and its place under the win caps; the used chance if asked.

    Pity stays as it is: later draws were decided on it.

    Raises:
        UnknownReceipt: there is no such draw.
        InvalidEdit: it was voided before.
    """
    campaign_id, place, request_id = receipts.parse_receipt_id(receipt_id)
    home, mark = context.home(campaign_id), keys.void(receipt_id)
    view = yield Fetch(home, Read((keys.HEAD,), (), request_id))
    context.head(campaign_id, view.docs[keys.HEAD])
    entry = view.entry
    if entry is None or entry.kind != DRAW or place >= len(made := from_entry(campaign_id, entry)):
        raise UnknownReceipt(f"there is no receipt {receipt_id!r}; use the .id of a receipt of this namespace")
    receipt = made[place]
    order = order._replace(owner=receipt.participant)
    key = keys.participant(receipt.participant)
    counters = (stock_counter(receipt.prize.id),) if receipt.is_win else ()
    if not (receipt.is_win or return_chance):
        raise InvalidEdit(
            f"{receipt_id!r} is a thank-you, of which only the chance can be given back; ask with return_chance=True", "receipt"
        )

    def prepare(view: View, now: int) -> Flow[Commit | None]:
        head = context.head(campaign_id, view.docs[keys.HEAD])
        if view.docs[mark].version:
            raise InvalidEdit(f"{receipt_id!r} was voided before, by request {view.docs[mark].data.decode()!r}", "receipt")
        state = states.decode(view.docs[key].data)
        changed = _taken_back(state, receipt, return_chance=return_chance)
        put = {key: states.encode(changed), mark: order.request_id.encode()}
        add, limits = {}, {}
        moves: tuple[Move, ...] = ()
        if receipt.is_win:
            stock = stock_counter(receipt.prize.id)
            add = {stock: -1, release_counter(receipt.day, receipt.prize.id): -1, release_counter(receipt.day): -1}
            moves = (Move(receipt.prize.id, MovementKind.VOID, 1),)
            if receipt.points:
                add[POINTS] = -receipt.points
            held = view.counters[stock].limit
            if held != UNLIMITED and not (yield from _is_still_there(context, home, receipt, head.version)):
                # What comes back is released with the rest of it, and the head is written to keep such voids in order.
                limits[stock] = held - 1
                put[keys.HEAD] = view.docs[keys.HEAD].data
                moves += (Move(receipt.prize.id, MovementKind.RELEASE, 1),)
        counted = head.counting == COUNTED or (head.counting == COUNTING and receipts.decode(entry.data).counted)
        if return_chance and counted:
            add[DRAWS] = -1
        elif return_chance and head.counting == COUNTING:
            put[keys.HEAD] = view.docs[keys.HEAD].data  # so that whoever has counted the draws before counts them again
        detail = {
            "receipt": receipt_id,
            "prize": receipt.prize.id,
            "day": receipt.day.toordinal(),
            "points": receipt.points,
            "win": receipt.is_win,
            "chance": return_chance,
            "counted": counted,
            "own": changed.draws < state.draws,
        }
        return Commit(guard(view), put, add, limits, (order.entry(now, moves, detail),))

    yield from carry_out(context, home, order, (keys.HEAD, key, mark), counters, prepare)


def _is_still_there(context: Context, home: str, receipt: Receipt, version: int) -> Flow[bool]:
    """Whether the units of a receipt's prize are those that the prize has in ``version``.

    They are not where, in a version between, the prize was deleted or stood for something else: then their remainder was released.
    """
    meanings = set()
    for one in range(receipt.version, version + 1):
        rules = yield from context.rules(home, one)
        place = rules.number.get(receipt.prize.id)
        meanings.add(None if place is None else stands_for(rules.prizes[place]))
    return len(meanings) == 1


def _taken_back(state: states.State, receipt: Receipt, *, return_chance: bool) -> states.State:
    """The participant without what the receipt gave."""
    same_day = state.day == receipt.day.toordinal()
    changes: dict[str, Any] = {}
    if receipt.is_win:
        id_ = receipt.prize.id
        won = {**state.won, id_: state.won.get(id_, 0) - 1}
        changes = {
            "wins": state.wins - 1,
            "day_wins": state.day_wins - same_day,
            "points": state.points - receipt.points,
            "won": {key: n for key, n in won.items() if n},
        }
    if return_chance:
        return _chance_returned(msgspec.structs.replace(state, **changes), receipt, same_day=same_day)
    return msgspec.structs.replace(state, **changes)


def _chance_returned(state: states.State, receipt: Receipt, *, same_day: bool) -> states.State:
    """The participant with the used chance back: an own one under its caps, a granted one as a lot that does not expire."""
    if not receipt.own:
        return state.with_lot(states.Lot(1))
    return msgspec.structs.replace(state, draws=state.draws - 1, day_draws=state.day_draws - same_day)
