"""A campaign of several stripes answers as the same campaign of one home, in histories that are made up at random."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter, methodcaller

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from prizedraw.storage import MemoryStore
from prizedraw.testing import EngineAgreementMachine
from prizedraw.testing.strategies import PEOPLE, requests

HISTORIES = settings(max_examples=60, stateful_step_count=30, deadline=None, derandomize=True, database=None, report_multiple_bugs=False)


class StripesAgree(EngineAgreementMachine):
    """The same calls on one home and on three.

    A limit is brought to what has none only while the campaign is offline, as the documentation says. The clock stands between two
    calls, so what is listed by time has no order between stripes.
    """

    def make_stores(self, tmp_path):
        """A store for the campaign of several stripes."""
        self._online, self._known, self._refusals = True, False, 0
        return {"stripes": MemoryStore()}

    def _published(self, campaign):
        id_ = self._id()

        def publish(engine):
            return engine.publish(campaign, request_id=id_, stripes=3 if engine is self._engines["stripes"] else None)

        if isinstance(self._offline(publish), int):
            self._campaign, self._known = campaign, True

    def _offline(self, call):
        """The answer to a call made while the campaign is offline."""
        if self._known:
            self._agree(lambda engine: engine.take_offline(self._campaign.id))
        answer = self._agree(call)
        if self._known and self._online:
            self._agree(lambda engine: engine.bring_online(self._campaign.id))
        return answer

    def teardown(self):
        """Look at everything once more; the audits find the same draws, and nothing that differs."""
        try:
            self.look("nobody")
            draws, differences = self._agree(lambda engine: attrgetter("draws", "differences")(engine.audit(self._campaign.id)))
            assert differences == ()
            assert draws >= 0
        finally:
            for engine in self._engines.values():
                engine.close()
            self._folder.cleanup()

    @rule(data=st.data())
    def draw_batch(self, data):
        """The requests of a batch, one by one: which of several reads its tickets first differs, as some claim their ids elsewhere."""
        for asked in data.draw(requests(self._campaign, prefix=self._id())):
            call = methodcaller("draw_many", self._campaign.id, asked.participant, asked.n, request_id=asked.request_id)
            made = self._agree(call)
            self._receipts += [receipt.id for receipt in made] if isinstance(made, list) else []

    @rule(who=st.sampled_from(PEOPLE))
    def draw_for_another(self, who):
        """The same mismatch, or the same receipt; an id that was refused once may be claimed all the same, so another one follows."""
        answer = self._agree(lambda engine: engine.draw(self._campaign.id, who, request_id=f"shared-{self._refusals}"))
        self._refusals += isinstance(answer, tuple) and answer[0] == "DrawRefused"

    @rule(online=st.booleans())
    def switch(self, online):
        """The campaign goes offline or back."""
        self._agree(lambda engine: (engine.bring_online if online else engine.take_offline)(self._campaign.id))
        self._online = online

    @rule(place=st.integers(0, 9), stock=st.none() | st.integers(-1, 20), add=st.integers(-5, 5))
    def reallocate(self, place, stock, add):
        """Another allocation, or a change of it."""
        prize, id_ = self._prize(place), self._id()
        change = {"add": add} if stock is None else {"stock": stock}
        self._offline(lambda engine: engine.reallocate(self._campaign.id, prize, request_id=id_, **change))

    @rule(who=st.sampled_from(PEOPLE))
    def look(self, who):
        """The same standing, odds, stock, state, receipts and movements."""
        id_ = self._campaign.id
        for call in (
            lambda engine: engine.standing(id_, who),
            lambda engine: engine.odds(id_, who),
            lambda engine: engine.stock(id_),
            lambda engine: engine.state(id_),
            lambda engine: engine.campaign(id_),
            lambda engine: engine.campaigns(),
            lambda engine: sorted(engine.receipts(id_), key=lambda one: (one.at, one.id)),
            lambda engine: engine.receipts(id_, who, wins_only=True, newest_first=False),
            lambda engine: Counter((one.prize_id, one.kind, one.quantity, one.at) for one in engine.movements(id_)),
            lambda engine: tuple(engine.snapshot(id_)),
        ):
            self._agree(call)


TestStripesAgree = StripesAgree.TestCase
TestStripesAgree.settings = HISTORIES
