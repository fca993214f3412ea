"""The tables of the PostgreSQL store, and the statements that make, change and grant them.

Only definitions live here. They are run by ``storage.postgres_steps``, and by a database administrator where the store may not.
"""

from __future__ import annotations

SCHEMA = """\
CREATE SCHEMA {schema};
"""

_TABLES = """\
CREATE TABLE {schema}.layout (version integer NOT NULL);
CREATE TABLE {schema}.docs (
    home text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (home, key)
) WITH (fillfactor = 90);
CREATE TABLE {schema}.counters (
    home text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    value bigint NOT NULL,
    ceiling bigint NOT NULL,
    PRIMARY KEY (home, key)
) WITH (fillfactor = 90);
CREATE TABLE {schema}.entries (
    home text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    fingerprint text NOT NULL,
    owner text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    data bytea NOT NULL,
    cursor bigint GENERATED ALWAYS AS IDENTITY,
    after text,
    PRIMARY KEY (home, id)
);
CREATE UNIQUE INDEX entries_in_order ON {schema}.entries (home, cursor);
CREATE INDEX entries_of_owner ON {schema}.entries (home, owner, cursor);
INSERT INTO {schema}.layout VALUES (0);
"""
"""A document of version 0 is one that somebody guards the absence of; a counter's ceiling of -1 is none."""

LAYOUTS: tuple[str, ...] = (_TABLES,)
"""What leads from each layout to the next, from none to 1 first. A released one is never changed, only followed by another.

All that are missing are run in one transaction, whose writing of the number in ``layout`` is the last thing."""

_NUMBER = "UPDATE {schema}.layout SET version = {number};\n"

PROCEDURE = """\
CREATE OR REPLACE PROCEDURE {schema}.commit_one(
    home_ text, wait text, quick boolean,
    doc_keys text[], versions bigint[], puts bytea[], counter_keys text[], deltas bigint[], ceilings bigint[],
    id_ text, fingerprint_ text, owner_ text, kind_ text, at_ bigint, data_ bytea, INOUT cursor_ bigint, INOUT after_ text,
    INOUT waited boolean
) LANGUAGE plpgsql AS $procedure$
DECLARE
    left_ bigint;
    top bigint;
    began timestamptz;
BEGIN
    PERFORM set_config('lock_timeout', wait, true);
    IF quick THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    FOR i IN 1 .. cardinality(doc_keys) LOOP
        IF puts[i] IS NULL THEN
            PERFORM FROM {schema}.docs WHERE home = home_ AND key = doc_keys[i] AND version = versions[i] FOR SHARE;
        ELSIF versions[i] = 0 THEN
            INSERT INTO {schema}.docs AS d (home, key, version, data) VALUES (home_, doc_keys[i], 1, puts[i])
            ON CONFLICT (home, key) DO UPDATE SET version = 1, data = excluded.data WHERE d.version = 0;
        ELSE
            UPDATE {schema}.docs SET version = version + 1, data = puts[i]
            WHERE home = home_ AND key = doc_keys[i] AND version = versions[i];
        END IF;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'stale' USING ERRCODE = 'PZ001';
        END IF;
    END LOOP;
    began := clock_timestamp();
    FOR i IN 1 .. cardinality(counter_keys) LOOP
        LOOP
            UPDATE {schema}.counters SET value = value + deltas[i], ceiling = coalesce(ceilings[i], ceiling)
            WHERE home = home_ AND key = counter_keys[i] AND value + deltas[i]
                BETWEEN 0 AND CASE coalesce(ceilings[i], ceiling) WHEN -1 THEN 9007199254740991 ELSE coalesce(ceilings[i], ceiling) END
            RETURNING value, ceiling INTO left_, top;
            EXIT WHEN FOUND;
            PERFORM FROM {schema}.counters WHERE home = home_ AND key = counter_keys[i];
            IF FOUND OR deltas[i] < 0 OR deltas[i] > ceilings[i] AND ceilings[i] <> -1 THEN
                RAISE EXCEPTION 'refused' USING ERRCODE = 'PZ002';
            END IF;
            INSERT INTO {schema}.counters (home, key, value, ceiling) VALUES (home_, counter_keys[i], deltas[i], coalesce(ceilings[i], -1))
            ON CONFLICT DO NOTHING RETURNING value, ceiling INTO left_, top;
            EXIT WHEN FOUND;
        END LOOP;
        IF top <> -1 THEN
            after_ := concat(coalesce(after_ || ',', '['), '[', to_json(counter_keys[i]), ',', left_, ',', top, ']');
        END IF;
    END LOOP;
    after_ := after_ || ']';
    waited := clock_timestamp() > began + interval '500 microseconds';
    INSERT INTO {schema}.entries (home, id, fingerprint, owner, kind, at, data, after)
    VALUES (home_, id_, fingerprint_, owner_, kind_, at_, data_, after_) RETURNING entries.cursor INTO cursor_;
    IF quick THEN
        COMMIT;
        PERFORM pg_logical_emit_message(true, 'prizedraw', '');
    END IF;
END
$procedure$;
"""
"""The usual commit in one round trip: all of it, or an error and nothing of it. Never needed, as ``postgres_steps`` says.

``quick`` is for counters that others want too: it does not hold them while the disk is written. It commits without waiting, which
ends the locks, and then waits for the disk with a commit of its own, whose place in the log is behind. ``postgres_steps`` tells why
nobody is shown what may still be lost. ``waited`` tells whether others wanted them.
"""

GRANTS = """\
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON {schema}.layout TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.docs, {schema}.counters, {schema}.entries TO {role};
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA {schema} TO {role};
"""


def quoted(name: str) -> str:
    """An SQL identifier, whatever is in it.

    Raises:
        ValueError: PostgreSQL cannot have a thing of this name.
    """
    if not name or "\0" in name or len(name.encode()) > 63 or name.startswith("pg_"):
        raise ValueError(f"{name!r} cannot name a schema; use 1 to 63 bytes that do not begin with 'pg_'")
    return '"' + name.replace('"', '""') + '"'


def upgrade(since: int) -> str:
    """The script that leads from the layout ``since``, or 0 for none, to the newest."""
    return "".join(LAYOUTS[since:]) + _NUMBER.replace("{number}", str(len(LAYOUTS)))


def ddl(schema: str, role: str | None = None, *, procedure: bool = True, since: int = 0) -> str:
    """The script that makes the tables in ``schema``, for whoever may create them; with a role, what the role needs to use them.

    With ``since``, the script that upgrades the layout of that number. Run it in one transaction, as ``psql --single-transaction`` does.
    """
    script = ("" if since else SCHEMA) + upgrade(since) + (PROCEDURE if procedure else "")
    if role is not None:
        script += GRANTS
    return in_schema(script, schema).replace("{role}", quoted(role) if role is not None else "")


def in_schema(script: str, schema: str) -> str:
    """A script of this module with the schema filled in."""
    return script.replace("{schema}", quoted(schema))
