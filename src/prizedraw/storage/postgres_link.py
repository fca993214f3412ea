"""The way to a PostgreSQL server: a checked connection string, what is said of it in messages, and how connections are set up.

Nothing here connects. psycopg is imported here first, so that its absence is one error with one remedy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prizedraw.errors import InvalidRequest, MissingExtra

try:
    import psycopg
    import psycopg_pool  # noqa: F401 - imported here only to see that it is there
    from psycopg.conninfo import conninfo_to_dict
except ImportError as missing:
    raise MissingExtra(
        f"the PostgreSQL store needs psycopg and psycopg_pool ({missing}); install prizedraw[postgres]", name="psycopg"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_TIMEOUT = 10
"""Seconds that one attempt to connect may take, unless the connection string says otherwise."""
LOST = {"tcp_user_timeout": 30_000, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""When a network that has gone silent counts as lost: milliseconds for what was sent, seconds and tries where an answer is waited for.

Left to the system a call would wait for a quarter of an hour, or two hours."""


class Link:
    """A server and a database on it, as a connection string names them.

    Args:
        conninfo: a ``postgresql://`` URL or a libpq connection string; what it leaves out comes from the PG… variables.
        prepared: whether statements are prepared on the server; None: where a connection has a backend of its own.

    Attributes:
        where: the server for messages, without user and password.
        options: keyword arguments of ``connect``.
    """

    def __init__(self, conninfo: str, *, prepared: bool | None) -> None:
        try:
            asked = conninfo_to_dict(conninfo)
        except psycopg.Error:
            asked = None
        if asked is None:  # outside of the handler: what libpq said may hold the password
            raise InvalidRequest(
                "is not a PostgreSQL connection string; write postgresql://user:password@host:5432/database, with what is special in "
                "user or password percent-encoded",
                "conninfo",
            )
        self.conninfo = conninfo
        self.where = _where(asked)
        self.options: dict[str, Any] = {
            "autocommit": True,
            "prepare_threshold": None,
            "client_encoding": "utf8",
            "fallback_application_name": "prizedraw",
            **{name: value for name, value in (LOST | {"connect_timeout": CONNECT_TIMEOUT}).items() if name not in asked},
        }
        self.prepared = prepared

    def threshold(self, *, own: bool) -> int | None:
        """After how many executions a connection prepares a statement: at once, or never (None).

        Args:
            own: whether it has a backend of its own; elsewhere a prepared statement may be gone, or another client's.
        """
        return 0 if (own if self.prepared is None else self.prepared) else None


def _where(asked: Mapping[str, Any]) -> str:
    host = asked.get("host") or asked.get("hostaddr") or "the default host"
    port = f":{asked['port']}" if asked.get("port") else ""
    return f"PostgreSQL at {host}{port}, database {asked.get('dbname') or 'of the default name'!r}"
