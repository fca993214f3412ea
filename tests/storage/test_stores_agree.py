"""Random histories: every store answers as the model does, alone and all at once."""

from __future__ import annotations

from hypothesis import settings

from async_stores import AsyncMemoryStore
from prizedraw.storage import MemoryStore, SqliteStore
from prizedraw.testing import AgreementMachine, StoreMachine

HISTORIES = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, database=None)


class MemoryMachine(StoreMachine):
    """In memory."""

    def make_store(self, tmp_path):
        return MemoryStore()


class AsyncMachine(StoreMachine):
    """Behind coroutines."""

    def make_store(self, tmp_path):
        return AsyncMemoryStore()


class StoresAgree(AgreementMachine):
    """All stores at once; a server's stores are added by their URL."""

    def make_stores(self, tmp_path):
        return {
            "memory": MemoryStore(),
            "sqlite": SqliteStore(tmp_path / "draws.db", durability="normal"),
            "asynchronous": AsyncMemoryStore(),
        }


TestMemory, TestAsynchronous, TestStoresAgree = MemoryMachine.TestCase, AsyncMachine.TestCase, StoresAgree.TestCase
TestMemory.settings = TestAsynchronous.settings = TestStoresAgree.settings = HISTORIES
