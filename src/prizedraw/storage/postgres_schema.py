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

GRANTS = """\
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON {schema}.layout TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.docs, {schema}.counters, {schema}.entries TO {role};
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


def ddl(schema: str, role: str | None = None, *, since: int = 0) -> str:
    """The script that makes the tables in ``schema``, for whoever may create them; with a role, what the role needs to use them.

    With ``since``, the script that upgrades the layout of that number. Run it in one transaction, as ``psql --single-transaction`` does.
    """
    script = ("" if since else SCHEMA) + upgrade(since)
    if role is not None:
        script += GRANTS
    return in_schema(script, schema).replace("{role}", quoted(role) if role is not None else "")


def in_schema(script: str, schema: str) -> str:
    """A script of this module with the schema filled in."""
    return script.replace("{schema}", quoted(schema))
