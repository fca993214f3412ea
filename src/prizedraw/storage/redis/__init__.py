"""The store on a Redis or Valkey server, or a cluster of them, for threads and for event loops.

``layout`` says what lies under which key, ``scripts`` and the files in ``lua`` change it, ``steps`` says which commands an
operation takes; ``sync`` and ``aio`` send them and nothing more, ``connecting`` makes clients and ``failures`` words for errors.
"""

from __future__ import annotations

try:
    import redis  # noqa: F401 - asked for here, so that the error can name the extra
except ImportError as missing:
    from prizedraw.errors import MissingExtra

    raise MissingExtra("a Redis or Valkey store needs redis-py; install prizedraw[redis]") from missing

from prizedraw.storage.redis.aio import AsyncRedisStore
from prizedraw.storage.redis.sync import RedisStore

__all__ = ["AsyncRedisStore", "RedisStore"]
