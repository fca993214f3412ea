"""A prepared statement and its rows on psycopg's own connection, without a cursor, which costs as much as all else in a draw.

Nothing is decided here, not even how to wait: what is asked is a generator for ``Connection.wait``, of either sort of connection.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from psycopg import DataError, errors, generators, pq
from psycopg.adapt import Transformer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult


class Prepared:
    """What a connection has prepared.

    Args:
        connection: one that has a backend of its own.
    """

    def __init__(self, connection: Any) -> None:
        self._pgconn: PGconn = connection.pgconn
        self._names: dict[bytes, bytes] = {}
        self._loading = Transformer(connection)

    def rows(self, sql: bytes, params: Sequence[str | bytes | int]) -> PQGen[list[tuple[Any, ...]]]:
        """Run a statement, prepared at the first time, and return its rows.

        Args:
            sql: one statement, with %s for its parameters.
            params: text, or a number in digits, whose type the server infers; bytes for bytea.

        Raises:
            psycopg.Error: what the server or the connection says.
        """
        pgconn = self._pgconn
        name = self._names.get(sql)
        if name is None:
            name = b"prizedraw_%d" % len(self._names)
            pgconn.send_prepare(name, numbered(sql))
            _told((yield from generators.execute(pgconn)))
            self._names[sql] = name
        values, formats = [], []
        for value in params:
            if type(value) is bytes:
                values.append(value)
                formats.append(pq.Format.BINARY)
                continue
            text = str(value)
            if "\0" in text:  # where it would end
                raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
            values.append(text.encode())
            formats.append(pq.Format.TEXT)
        pgconn.send_query_prepared(name, values, formats, pq.Format.BINARY)
        result = _told((yield from generators.execute(pgconn)))
        loading = self._loading
        loading.set_pgresult(result)
        return loading.load_rows(0, result.ntuples, tuple)


@lru_cache(1000)
def numbered(sql: bytes) -> bytes:
    """A statement with $1, $2, … for %s, and % for %%."""
    numbers = count(1)
    return re.sub(rb"%[s%]", lambda found: b"$%d" % next(numbers) if found[0] == b"%s" else b"%", sql)


def _told(results: list[PGresult]) -> PGresult:
    result = results[-1]
    if result.status == pq.ExecStatus.FATAL_ERROR:
        raise errors.error_from_result(result)
    return result
