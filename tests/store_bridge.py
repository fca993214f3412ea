"""An asynchronous store seen as a synchronous one, so that one suite tests both: each call runs on a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager


class Bridge:
    """The calls of an asynchronous store, each waited for. The loop ends with ``close``."""

    def __init__(self, make):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.inner = make()

    def wait(self, awaitable):
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(60)

    @property
    def durability(self):
        return self.inner.durability

    @property
    def lock_first(self):
        return self.inner.lock_first

    @contextmanager
    def exclusive(self, home, docs, wait):
        block = self.inner.exclusive(home, docs, wait)
        handle = self.wait(block.__aenter__())
        try:
            yield _Handle(self, handle)
        except BaseException as error:
            if not self.wait(block.__aexit__(type(error), error, error.__traceback__)):
                raise
        else:
            self.wait(block.__aexit__(None, None, None))

    def close(self):
        if not self._loop.is_closed():
            self.wait(self.inner.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __getattr__(self, name):
        call = getattr(self.inner, name)
        return lambda *args, **options: self.wait(call(*args, **options))


class _Handle:
    def __init__(self, bridge, handle):
        self._bridge, self._handle = bridge, handle

    def read(self, home, reads):
        return self._bridge.wait(self._handle.read(home, reads))

    def commit(self, home, commits):
        return self._bridge.wait(self._handle.commit(home, commits))
