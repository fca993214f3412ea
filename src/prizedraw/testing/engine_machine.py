"""The engine on several stores at once: the same calls with the same tickets at the same times, and so the same answers.

Only calls of an engine are made here; for calls of a store see ``machines``.
"""

from __future__ import annotations

import inspect
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from prizedraw.engine import AsyncDrawEngine, DrawEngine
from prizedraw.errors import PrizeDrawError, StorageError
from prizedraw.sampling import SeededEntropy
from prizedraw.testing.bridge import Bridge
from prizedraw.testing.clock import FixedClock
from prizedraw.testing.model import ModelStore
from prizedraw.testing.strategies import PEOPLE, campaigns, quotas, requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import DataObject

    from prizedraw.campaign import Campaign
    from prizedraw.storage.protocol import AsyncStore, Store

_people = st.sampled_from(PEOPLE)
_places = st.integers(0, 9)


class EngineAgreementMachine(RuleBasedStateMachine):
    """Makes the same calls on an engine for each store, and demands that all answer as on the model.

    Each engine has its own source of tickets of one seed, and all share a clock. A blocking store is driven by DrawEngine, an
    asynchronous one by AsyncDrawEngine on a loop of its own. Each history has a namespace of its own, so that stores that were
    written to before will do.

    ::

        class EnginesAgree(EngineAgreementMachine):
            def make_stores(self, tmp_path):
                return {"file": SqliteStore(tmp_path / "draws.db"), "mine": MyStore(URL)}

        TestEnginesAgree = EnginesAgree.TestCase
    """

    def make_stores(self, tmp_path: Path) -> Mapping[str, Store | AsyncStore]:
        """The stores to compare, by names for messages.

        Args:
            tmp_path: an empty folder, removed after the history.
        """
        raise NotImplementedError("override make_stores to return your stores by name")

    @initialize(data=st.data(), seed=st.integers(0, 2**32))
    def begin(self, data: DataObject, seed: int) -> None:
        """A campaign is published in the middle of its first window, on every store."""
        self._asked = 0
        self._campaign = data.draw(campaigns())
        first = self._campaign.windows[0].start
        start = first if first.tzinfo else self._campaign.calendar.localize(first)
        self._clock = FixedClock(start + timedelta(hours=1))
        self._folder = tempfile.TemporaryDirectory()
        stores = {"the model": cast("Store", ModelStore()), **self.make_stores(Path(self._folder.name))}
        options: dict[str, Any] = {"clock": self._clock, "namespace": secrets.token_hex(6)}
        self._tickets = {name: _Tickets(seed) for name in stores}
        self._engines = {name: _engine(store, entropy=self._tickets[name], **options) for name, store in stores.items()}
        self._receipts: list[str] = []
        self._published(self._campaign)

    def teardown(self) -> None:
        """Look at everything once more, check that all journals add up, close the stores and remove the folder."""
        if not hasattr(self, "_engines"):
            return
        try:
            self.look("nobody")
            audit = self._agree(lambda engine: engine.audit(self._campaign.id))
            assert audit.differences == (), audit.differences
        finally:
            for engine in self._engines.values():
                engine.close()
            self._folder.cleanup()

    def _agree(self, call: Callable[[Any], Any]) -> Any:
        """The answer that all engines give: a value, or an error of the engine's with all that it tells."""
        for tickets in self._tickets.values():
            tickets.next_call()
        answers = {name: _answer(call, engine) for name, engine in self._engines.items()}
        expected = answers.pop("the model")
        for name, answer in answers.items():
            assert answer == expected, f"on {name} the engine answers\n{answer!r}, and should answer\n{expected!r}"
        return expected

    def _id(self) -> str:
        self._asked += 1
        return f"call-{self._asked}"

    def _prize(self, place: int) -> str:
        return self._campaign.prizes[place % len(self._campaign.prizes)].id

    def _published(self, campaign: Campaign) -> None:
        id_ = self._id()
        version = self._agree(lambda engine: engine.publish(campaign, request_id=id_))
        if isinstance(version, int):
            self._campaign = campaign

    @rule(data=st.data())
    def draw_batch(self, data: DataObject) -> None:
        """The same receipts and refusals, some for requests that come again."""
        asked = data.draw(requests(self._campaign, prefix=self._id()))
        for answer in self._agree(lambda engine: engine.draw_batch(self._campaign.id, asked)):
            self._receipts += [receipt.id for receipt in (answer if isinstance(answer, list) else [answer]) if hasattr(receipt, "id")]

    @rule(who=_people, n=st.integers(1, 5), times=st.integers(1, 2))
    def draw(self, who: str, n: int, times: int) -> None:
        """The same receipts, the second time as well, or the same refusal."""
        id_ = self._id()
        for _ in range(times):
            made = self._agree(lambda engine: engine.draw_many(self._campaign.id, who, n, request_id=id_))
        self._receipts += [receipt.id for receipt in made] if isinstance(made, list) else []

    @rule(who=_people)
    def draw_for_another(self, who: str) -> None:
        """The same mismatch, or the same receipt, for an id that may have been used for somebody else."""
        self._agree(lambda engine: engine.draw(self._campaign.id, who, request_id="shared"))

    @rule(place=st.integers(0, 10**6), chance=st.booleans())
    def void(self, place: int, chance: bool) -> None:
        """One of the receipts is voided, or refused to be, once for each request."""
        if self._receipts:
            receipt, id_ = self._receipts[place % len(self._receipts)], self._id()
            for _ in range(2):
                self._agree(lambda engine: engine.void(receipt, request_id=id_, return_chance=chance))
            self._agree(lambda engine: engine.receipt(receipt))

    @rule(place=_places, stock=st.none() | st.integers(-1, 20), add=st.integers(-5, 5))
    def reallocate(self, place: int, stock: int | None, add: int) -> None:
        """Another allocation, or a change of it."""
        prize, id_ = self._prize(place), self._id()
        change: dict[str, Any] = {"add": add} if stock is None else {"stock": stock}
        self._agree(lambda engine: engine.reallocate(self._campaign.id, prize, request_id=id_, **change))

    @rule(place=_places, off=st.booleans())
    def shelve(self, place: int, off: bool) -> None:
        """A prize goes off the shelf or back."""
        prize, id_ = self._prize(place), self._id()
        self._agree(lambda engine: (engine.take_off_shelf if off else engine.put_on_shelf)(self._campaign.id, prize, request_id=id_))

    @rule(online=st.booleans())
    def switch(self, online: bool) -> None:
        """The campaign goes offline or back."""
        id_ = self._id()
        self._agree(lambda engine: (engine.bring_online if online else engine.take_offline)(self._campaign.id, request_id=id_))

    @rule(who=_people, here=st.booleans(), blocked=st.booleans())
    def block(self, who: str, here: bool, blocked: bool) -> None:
        """A participant is blocked or unblocked, here or everywhere."""
        place, id_ = self._campaign.id if here else None, self._id()
        self._agree(lambda engine: (engine.block if blocked else engine.unblock)(who, place, request_id=id_))

    @rule(who=_people, n=st.integers(1, 5), hours=st.none() | st.integers(1, 48))
    def grant(self, who: str, n: int, hours: int | None) -> None:
        """Extra draws, for ever or for some hours."""
        expires, id_ = None if hours is None else self._clock() + timedelta(hours=hours), self._id()
        self._agree(lambda engine: engine.grant_draws(self._campaign.id, who, n, request_id=id_, expires=expires))

    @rule(place=_places, weight=st.integers(0, 5), quota=quotas())
    def edit(self, place: int, weight: int, quota: Any) -> None:
        """Another weight and other caps, where the campaign's rules allow them."""
        try:
            edited = evolve(self._campaign.replace(weights={self._prize(place): weight}), quota=quota)
        except PrizeDrawError:
            return  # no such campaign can be
        self._published(edited)

    @rule(seconds=st.sampled_from([1, 3600, 6 * 3600, 86_400, 30 * 86_400]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self._clock.advance(seconds=seconds)

    @rule(who=_people)
    def look(self, who: str) -> None:
        """The same standing, odds, stock, state, receipts, movements and alerts."""
        id_ = self._campaign.id
        for call in (
            lambda engine: engine.standing(id_, who),
            lambda engine: engine.odds(id_, who),
            lambda engine: engine.stock(id_),
            lambda engine: engine.state(id_),
            lambda engine: engine.campaign(id_),
            lambda engine: engine.campaigns(),
            lambda engine: engine.receipts(id_),
            lambda engine: engine.receipts(id_, who, wins_only=True, newest_first=False),
            lambda engine: engine.movements(id_),
            lambda engine: engine.alerts(id_),
        ):
            self._agree(call)


class _Tickets:
    """Seeded entropy, new for each call: who takes more of it than the others in one still agrees with them in the next."""

    def __init__(self, seed: int) -> None:
        self._seed, self._calls = seed, 0
        self.next_call()

    def next_call(self) -> None:
        self._calls += 1
        self._source = SeededEntropy(f"{self._seed}/{self._calls}")

    def below(self, n: int, /) -> int:
        return self._source.below(n)

    def word(self) -> int:
        return self._source.word()


def _answer(call: Callable[[Any], Any], engine: Any) -> Any:
    try:
        found = call(engine)
        return list(found) if inspect.isgenerator(found) else found
    except StorageError:
        raise
    except PrizeDrawError as error:
        return (type(error).__name__, str(error), vars(error))


def _engine(store: Store | AsyncStore, **options: Any) -> Any:
    if inspect.iscoroutinefunction(store.read):
        return _OnALoop(cast("AsyncStore", store), **options)
    engine = DrawEngine(cast("Store", store), **options)
    engine.store.open()
    return engine


class _OnALoop:
    """An engine for event loops whose calls block, and whose iterators are lists."""

    def __init__(self, store: AsyncStore, **options: Any) -> None:
        self._bridge = Bridge(store)
        self._engine = AsyncDrawEngine(store, **options)

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **kwargs: Any) -> Any:
            found = getattr(self._engine, name)(*args, **kwargs)
            return await found if inspect.isawaitable(found) else [item async for item in found]

        return lambda *args, **kwargs: self._bridge.run(call(*args, **kwargs))

    def close(self) -> None:
        self._bridge.run(self._engine.close())
        self._bridge.close()
