"""The statements of the PostgreSQL store: text, and nothing else. What they are for, and their order, is in ``postgres_steps``.

A statement that reads documents, counters or entries for a view has nine columns, so that all three may be asked for at once:
a number (1, 2, 3), the key, two integers, the data, and four texts.
"""

from __future__ import annotations

from prizedraw.storage.postgres_schema import quoted


class Statements:
    """The statements of a store in its schema."""

    def __init__(self, schema: str) -> None:
        name = quoted(schema).replace("%", "%%")

        def sql(text: str) -> bytes:
            return text.replace("@", name).encode()

        self.docs = sql(
            "SELECT 1, key, version, NULL::bigint, data, NULL, NULL, NULL, NULL FROM @.docs WHERE home = %s AND key = ANY(%s::text[])"
        )
        self.counters = sql(
            "SELECT 2, key, value, ceiling, NULL::bytea, NULL, NULL, NULL, NULL FROM @.counters WHERE home = %s AND key = ANY(%s::text[])"
        )
        self.entries = sql(
            "SELECT 3, id, cursor, at, data, fingerprint, owner, kind, after FROM @.entries WHERE home = %s AND id = ANY(%s::text[])"
        )
        self.share_docs = self.docs + b" ORDER BY key FOR SHARE"
        self.lock_docs = self.docs + b" ORDER BY key FOR UPDATE"
        self.lock_counters = self.counters + b" ORDER BY key FOR UPDATE"
        self.commit_one = sql("CALL @.commit_one(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,NULL,NULL,NULL)")
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
        self.has_procedure = sql(
            "SELECT count(*) > 0 FROM pg_proc WHERE pronamespace = %s::regnamespace AND proname = 'commit_one'"
            " AND has_function_privilege(oid, 'EXECUTE')"
        )
