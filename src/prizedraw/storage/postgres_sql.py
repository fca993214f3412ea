"""The statements of the PostgreSQL store: text, and nothing else. What they are for, and their order, is in ``postgres_steps``.

A statement that reads documents, counters or entries for a view has nine columns, so that all three may be asked for at once:
a number (1, 2, 3), the key, two integers, the data, and four texts.

Every key is looked up in a unique index, and the statements say so in a way that the planner can see: what is prepared while a table
is new is kept until its statistics are first made, and a scan of the whole table would grow with every draw until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.storage.postgres_rows import texts
from prizedraw.storage.postgres_schema import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

FEW = 4
"""Keys of a sort that are parameters one by one, which is cheaper for both sides; where there are more, they are one array."""

DOCS = "SELECT 1, key, version, NULL::bigint, data, NULL, NULL, NULL, NULL FROM @.docs WHERE home = %s AND key"
COUNTERS = "SELECT 2, key, value, ceiling, NULL::bytea, NULL, NULL, NULL, NULL FROM @.counters WHERE home = %s AND key"
EACH = "SELECT one.* FROM unnest(%s::text[]) AS asked CROSS JOIN LATERAL ({} = asked LIMIT 1) AS one"
ENTRIES = "SELECT 3, id, cursor, at, data, fingerprint, owner, kind, after FROM @.entries WHERE home = %s AND id"

GUARD = (
    "SELECT clock_timestamp() AS done FROM @.docs WHERE home = %s AND key = %s AND version = %s AND EXISTS (SELECT FROM {before}) FOR SHARE"
)
PUT = (
    "UPDATE @.docs SET version = version + 1, data = %s WHERE home = %s AND key = %s AND version = %s"
    " AND EXISTS (SELECT FROM {before}) RETURNING clock_timestamp() AS done"
)
PUT_NEW = (
    "INSERT INTO @.docs AS d (home, key, version, data) SELECT %s, %s, 1, %s::bytea WHERE EXISTS (SELECT FROM {before})"
    " ON CONFLICT (home, key) DO UPDATE SET version = 1, data = excluded.data WHERE d.version = 0 RETURNING clock_timestamp() AS done"
)
MOVE = (
    "UPDATE @.counters SET value = value + %s WHERE home = %s AND key = %s AND EXISTS (SELECT FROM {before})"
    " AND value + %s BETWEEN 0 AND CASE ceiling WHEN -1 THEN 9007199254740991 ELSE ceiling END"
)
LIMIT = (
    "UPDATE @.counters SET value = value + %s, ceiling = %s WHERE home = %s AND key = %s AND EXISTS (SELECT FROM {before})"
    " AND value + %s BETWEEN 0 AND %s"
)
MOVED = (
    " RETURNING clock_timestamp() AS done, CASE WHEN ceiling <> -1 THEN concat('[', %s::text, ',', value, ',', ceiling, ']') END AS told"
)
PARTS = {"g": GUARD, "p": PUT, "n": PUT_NEW, "m": MOVE + MOVED, "l": LIMIT + MOVED}
APPEND = (
    "INSERT INTO @.entries (home, id, fingerprint, owner, kind, at, data, after)"
    " SELECT %s, %s, %s, %s, %s, %s::bigint{checked}, %s::bytea, {after} FROM {before} RETURNING cursor, after, {waited}"
)
CHECKED = {"checked": " / made", "before": "(SELECT count(*) AS made FROM part{}) AS whole"}
TOLD = "(SELECT told FROM part{})"
AFTER = "nullif(concat('[', concat_ws(',', {}), ']'), '[]')"
WAITED = "(SELECT done FROM part{ended}) > (SELECT done FROM part{began}) + interval '500 microseconds'"
"""The parts of the usual commit, each of which does its work if the part before it did. Where one did not, the last adds nothing; with
CHECKED it divides by zero: an error, so that nothing is kept of the others. ``after`` is written in JSON."""


class Statements:
    """The statements of a store in its schema."""

    def __init__(self, schema: str) -> None:
        self._name = name = quoted(schema).replace("%", "%%")
        self._lookups: dict[tuple[int, int, int], bytes] = {}
        self._usual: dict[tuple[str, bool, bool], bytes] = {}

        def sql(text: str) -> bytes:
            return text.replace("@", name).encode()

        self.share_docs = sql(DOCS + " = ANY(%s::text[]) ORDER BY key FOR SHARE")
        self.lock_docs = sql(DOCS + " = ANY(%s::text[]) ORDER BY key FOR UPDATE")
        self.lock_counters = sql(COUNTERS + " = ANY(%s::text[]) ORDER BY key FOR UPDATE")
        self.keep_absent = sql(
            "INSERT INTO @.docs (home, key, version, data) SELECT %s, key, 0, '' FROM unnest(%s::text[]) AS key ON CONFLICT DO NOTHING"
        )
        self.put = sql(
            "UPDATE @.docs AS d SET version = n.version, data = n.data"
            " FROM unnest(%s::text[], %s::bigint[], %s::bytea[]) AS n (key, version, data) WHERE d.home = %s AND d.key = n.key"
        )
        self.put_new = sql("INSERT INTO @.docs (home, key, version, data) SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::bytea[])")
        self.move = sql(
            "UPDATE @.counters AS c SET value = n.value, ceiling = n.ceiling"
            " FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS n (key, value, ceiling) WHERE c.home = %s AND c.key = n.key"
        )
        self.move_new = sql(
            "INSERT INTO @.counters (home, key, value, ceiling) SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::bigint[])"
        )
        self.append = sql(
            "INSERT INTO @.entries (home, id, fingerprint, owner, kind, at, data, after) SELECT %s, *"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bytea[], %s::text[]) RETURNING cursor"
        )
        self.forget = sql(
            "WITH gone AS (DELETE FROM @.entries WHERE home = %s AND at < %s AND cursor < %s RETURNING 1) SELECT count(*) FROM gone"
        )
        self.redact = sql(
            "UPDATE @.entries AS e SET owner = n.owner, fingerprint = n.fingerprint, data = n.data"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[]) AS n (id, owner, fingerprint, data)"
            " WHERE e.home = %s AND e.id = n.id"
        )
        self.drop_docs = sql("DELETE FROM @.docs WHERE home = %s AND key = ANY(%s::text[])")
        self.list_docs = sql(
            "SELECT key, version, data FROM @.docs WHERE home = %s AND key {start} %s AND version > 0 ORDER BY key LIMIT %s"
        )
        self.list_counters = sql("SELECT key, value, ceiling FROM @.counters WHERE home = %s AND key {start} %s ORDER BY key LIMIT %s")
        self.list_entries = sql(
            "SELECT id, fingerprint, owner, kind, at, data, cursor, after FROM @.entries WHERE home = %s AND cursor > %s AND cursor < %s"
        )
        self.writers = sql(
            "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted"
            " AND relation = '@.entries'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        self.flush = b"SELECT pg_logical_emit_message(true, 'prizedraw', '')"
        self.now = b"SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        self.layout = sql(
            "SELECT current_setting('server_encoding'), current_setting('synchronous_commit'), current_setting('fsync'),"
            " EXISTS (SELECT FROM pg_namespace WHERE nspname = %s),"
            " EXISTS (SELECT FROM pg_tables WHERE schemaname = %s AND tablename = 'layout')"
        )
        self.version = sql("SELECT max(version) FROM @.layout")
        needed = {
            "docs": ("SELECT", "INSERT", "UPDATE", "DELETE"),
            "counters": ("SELECT", "INSERT", "UPDATE"),
            "entries": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        }
        checks = [f"has_table_privilege('@.{table}', '{right}')" for table, rights in needed.items() for right in rights]
        self.rights = sql("SELECT " + " AND ".join(checks))

    def look_up(self, docs: int, counters: int, entries: int) -> bytes:
        """To read so many of each; see ``wanted`` for the parameters of each sort."""
        asked = (min(docs, FEW + 1), min(counters, FEW + 1), min(entries, FEW + 1))
        found = self._lookups.get(asked)
        if found is None:
            parts = [_look_up(select, many) for select, many in zip((DOCS, COUNTERS, ENTRIES), asked, strict=True) if many]
            found = self._lookups[asked] = " UNION ALL ".join(parts).replace("@", self._name).encode()
        return found

    def usual(self, shape: str, *, quick: bool, bounded: bool) -> bytes:
        """The usual commit, in one statement.

        Args:
            shape: a letter for each part, in order: "g" a document is guarded, "p" put, "n" put where there is none; then "m" a counter
                is moved, "l" moved and given a limit.
            quick: whether the commit does not wait for the disk.
            bounded: whether the session bounds how long a lock is waited for; if not, that is the first parameter.
        """
        found = self._usual.get((shape, quick, bounded))
        if found is None:
            bound = "" if bounded else ", set_config('lock_timeout', %s, true)"
            flushed = ", set_config('synchronous_commit', 'off', true)" if quick else ""
            parts = [f"SELECT clock_timestamp() AS done{bound}{flushed}", *map(PARTS.__getitem__, shape)]
            steps = [f"part{n} AS MATERIALIZED ({part.format(before=f'part{n - 1}')})" for n, part in enumerate(parts)]
            counters, last = shape.count("m") + shape.count("l"), len(shape)
            end = {"after": "NULL", "waited": "false", "checked": "", "before": f"part{last}"}
            if counters:
                end["after"] = AFTER.format(", ".join([TOLD.format(n + 1) for n in range(last - counters, last)]))
                end["waited"] = WAITED.format(began=last - counters, ended=last)
            if last - shape.count("g") > 1:
                end |= CHECKED
            text = f"WITH {', '.join(steps)} {APPEND.format(**end).format(last)}"
            found = self._usual[shape, quick, bounded] = text.replace("@", self._name).encode()
        return found


def wanted(home: str, keys: Sequence[str]) -> list[str]:
    """The parameters to look up keys of a sort."""
    return [home, *keys] if len(keys) <= FEW else [texts(keys), home]


def _look_up(select: str, many: int) -> str:
    if many <= FEW:
        return f"{select} IN ({', '.join(many * ['%s'])})"
    return EACH.format(select)
