"""What the stores for threads and for event loops have in common: all but the sending."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prizedraw.errors import InvalidRequest, StorageError
from prizedraw.storage.redis import connecting, layout, steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.storage.protocol import Commit
    from prizedraw.storage.redis.layout import Keys
    from prizedraw.storage.redis.steps import WaitAof

PREFIX = "prizedraw"
_PREFIX = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
_REMEMBERED = 1024


class Inside:
    """The handle inside an exclusive block: what a store reads and commits, and nothing else of it."""

    __slots__ = ("_store", "read")

    def __init__(self, store: Any) -> None:
        self._store, self.read = store, store.read

    def commit(self, home: str, commits: Sequence[Commit]) -> Any:
        """See ``Store.commit``; it stands back for nobody."""
        store = self._store
        return store._run(steps.commit(store._home(home), commits, store.wait_aof, inside=True))  # noqa: SLF001 - the store's own other half


class Common:
    """The settings of a store, and what it has learned of its server.

    Args:
        where: a URL or a client.
        prefix, wait_aof, allow_eviction: see ``RedisStore``.

    Attributes:
        where: the server as text, without a password.
        cluster: whether it is a cluster.
        prefix, wait_aof, allow_eviction: as given.
    """

    lock_first = False

    def __init__(self, where: Any, prefix: str, wait_aof: WaitAof | None, allow_eviction: bool) -> None:
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise InvalidRequest(f"{prefix!r} is no prefix; use letters, digits and . _ : / -", "prefix")
        self.where = connecting.place(where)
        self.cluster = connecting.is_clustered(where)
        self.prefix = prefix
        self.wait_aof = _checked(wait_aof)
        self.allow_eviction = allow_eviction
        self._own = isinstance(where, str)
        self._from = where
        self._client: Any = None
        self._keys: dict[str, Keys] = {}
        self._state = "new"
        self._durability = "Not known before the store is open."

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.where}, prefix {self.prefix!r}>"

    @property
    def durability(self) -> str:
        """What survives which failure once a commit has returned, as the server is configured."""
        return self._durability

    def _home(self, home: str) -> Keys:
        found = self._keys.get(home)
        if found is None:
            if len(self._keys) >= _REMEMBERED:
                self._keys.clear()
            found = self._keys[home] = layout.keys(self.prefix, home)
        return found

    def _closed(self) -> StorageError:
        return StorageError(f"the store at {self.where} is closed; call open() to use it again")

    def _learn(self, durability: str) -> None:
        self._durability = durability
        self._state = "open"


def _checked(wait_aof: WaitAof | None) -> WaitAof | None:
    if wait_aof is None:
        return None
    try:
        local, replicas, timeout = wait_aof
        good = local in {0, 1} and replicas >= 0 and timeout > 0
    except (TypeError, ValueError):
        good = False
    if not good:
        raise InvalidRequest(f"{wait_aof!r} is not (servers, 0 or 1; replicas, from 0; seconds)", "wait_aof")
    return wait_aof
