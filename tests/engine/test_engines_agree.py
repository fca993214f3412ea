"""The engine gives the same receipts, refusals, standings, stock and audits on every store, blocking or asynchronous."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from async_stores import AsyncMemoryStore
from broken_stores import LimitOffByOne
from prizedraw.storage import MemoryStore, SqliteStore
from prizedraw.testing import EngineAgreementMachine, NoExclusive

HISTORIES = settings(max_examples=20, stateful_step_count=25, deadline=None, derandomize=True, database=None)


class EnginesAgree(EngineAgreementMachine):
    """Every embedded store, with its locks and without; a server's stores are added by their URL."""

    def make_stores(self, tmp_path):
        return {
            "memory": MemoryStore(),
            "memory without locks": NoExclusive(MemoryStore()),
            "sqlite": SqliteStore(tmp_path / "draws.db", durability="normal"),
            "asynchronous": AsyncMemoryStore(),
            "asynchronous without locks": NoExclusive(AsyncMemoryStore()),
        }


TestEnginesAgree = EnginesAgree.TestCase
TestEnginesAgree.settings = HISTORIES


def test_a_broken_store_is_named():
    """A store that gives one more than the limit: in some history the engine's answers differ, and the message says on which store."""

    class Machine(EngineAgreementMachine):
        def make_stores(self, tmp_path):
            return {"sound": MemoryStore(), "broken": LimitOffByOne()}

    histories = settings(HISTORIES, max_examples=200, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError, match="on broken the engine answers"):
        run_state_machine_as_test(Machine, settings=histories)
