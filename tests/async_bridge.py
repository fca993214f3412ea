"""An asynchronous store seen as a blocking one: every call is made on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading


class Blocking:
    """A ``Store`` made of an ``AsyncStore``."""

    def __init__(self, store):
        self._store = store
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __getattr__(self, name):
        found = getattr(self._store, name)
        if not asyncio.iscoroutinefunction(found):
            return found
        return lambda *args, **options: self.wait(found(*args, **options))

    def exclusive(self, home, docs, wait):
        return _Block(self, self._store.exclusive(home, docs, wait))

    def wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self):
        """Close the store and end the loop."""
        self.wait(self._store.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Block:
    def __init__(self, bridge, block):
        self._bridge, self._block = bridge, block

    def __enter__(self):
        self._handle = self._bridge.wait(self._block.__aenter__())
        return self

    def read(self, home, reads):
        return self._bridge.wait(self._handle.read(home, reads))

    def commit(self, home, commits):
        return self._bridge.wait(self._handle.commit(home, commits))

    def __exit__(self, kind, error, trace):
        return self._bridge.wait(self._block.__aexit__(kind, error, trace))
