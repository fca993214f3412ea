"""What is peculiar to the PostgreSQL store: opening, rights, errors, forks, the end of the journal, races of many processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import subprocess
import sys
import threading
from collections import Counter as Tally
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest

from postgres_crew import race
from postgres_servers import fresh_database, fresh_schema, postgres_url
from prizedraw import AsyncDrawEngine, DrawEngine, Prize, Quota
from prizedraw.errors import InvalidRequest, StorageBusy, StorageError, StorageVersion
from prizedraw.storage import AsyncPostgresStore, Commit, Committed, Counter, Entry, MemoryStore, PostgresStore, Read, Stale, postgres_steps
from prizedraw.storage.postgres_schema import LAYOUTS, ddl
from prizedraw.storage.postgres_steps import CONTENDED
from prizedraw.testing import FixedClock
from scenery import NOON, wheel

SECRET = "s3cret-word"


@pytest.fixture
def schema():
    return fresh_schema()


@pytest.fixture
def store(schema):
    store = PostgresStore(postgres_url(), schema=schema)
    store.open()
    yield store
    store.close()


@pytest.fixture
def way(request, monkeypatch):
    """The way of the usual commit, or that of all others for it too."""
    if request.param == "careful":
        monkeypatch.setattr(postgres_steps, "_is_usual", lambda commit: False)
    return request.param


@pytest.fixture
def admin():
    with psycopg.connect(postgres_url(), autocommit=True) as connection:
        yield connection


def line(name, owner="", fingerprint="f"):
    return Entry(name, fingerprint, owner, "draw", 0, b"")


def url(**changes):
    """The server's URL with the password and other parts changed."""
    server = urlsplit(postgres_url())
    user, password = changes.get("user", "postgres"), changes.get("password", SECRET)
    host, port = changes.get("host", server.hostname), changes.get("port", server.port)
    return f"postgresql://{user}:{password}@{host}:{port}/{changes.get('database', server.path[1:])}"


# --- bad input: each its own error, with the remedy, without the password ---


def opened(conninfo, **options):
    with pytest.raises(Exception) as error:
        PostgresStore(conninfo, **options).open()
    shown, cause = str(error.value), error.value
    while cause is not None:
        assert SECRET not in f"{cause!r} {cause}"
        cause = cause.__cause__
    return error.type, shown


@pytest.mark.parametrize(
    "bad", [f"postgresql://ann:{SECRET}@[::1/x", f"postgresql://h/x?password={SECRET}&colour=red", f"password={SECRET} =", "nonsense"]
)
def test_a_connection_string_that_is_none_is_refused_at_construction(bad):
    """It says what to write."""
    kind, shown = opened(bad)
    assert kind is InvalidRequest
    assert "postgresql://user:password@host:5432/database" in shown


def test_a_server_that_is_not_there_is_named():
    """Host and port, and what to look at."""
    kind, shown = opened(url(port=1))
    assert kind is StorageError
    assert "127.0.0.1:1" in shown
    assert "see that the server runs" in shown


def test_an_unknown_host_is_named():
    """The name cannot be resolved."""
    kind, shown = opened(url(host="nowhere.invalid"))
    assert kind is StorageError
    assert "nowhere.invalid" in shown


def test_an_unknown_database_is_named():
    """With what to do."""
    kind, shown = opened(url(database="no_such_database"))
    assert kind is StorageError
    assert "there is no such database; create it" in shown


def test_an_unknown_role_is_named():
    """The server's own words, and a remedy."""
    kind, shown = opened(url(user="nobody_of_this_name"))
    assert kind is StorageError
    assert '"nobody_of_this_name" does not exist' in shown


def test_a_database_that_is_not_in_utf8_is_refused(admin):
    """Another encoding cannot hold every text."""
    name = fresh_schema()
    admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    kind, shown = opened(url(database=name))
    assert kind is StorageError
    assert "LATIN1" in shown
    assert "ENCODING 'UTF8'" in shown


@pytest.mark.parametrize("name", ["", "pg_mine", "x" * 64, "a\0b"])
def test_a_schema_that_cannot_be_is_refused_at_construction(name):
    """PostgreSQL would cut the name or refuse it."""
    with pytest.raises(ValueError, match="cannot name a schema"):
        PostgresStore(postgres_url(), schema=name)


@pytest.mark.parametrize("name", ['a "quoted" one', "100%", "Ünïcode 谢谢", "{schema}; --"])
def test_any_other_schema_name_means_itself(name):
    """Quotes, percents, braces and capitals are part of the name."""
    conninfo = fresh_database()
    store = PostgresStore(conninfo, schema=name)
    assert isinstance(store.commit("h", [Commit({"d": 0}, {"d": b""}, {"n": 1}, {}, (line("e"),))])[0], Committed)
    assert [one.id for one in store.entries("h").items] == ["e"]
    store.close()
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", (name,)).fetchone() == (1,)


def test_a_layout_of_a_newer_version_is_refused(store, schema, admin):
    """Nothing is changed; the error names both layouts."""
    admin.execute(f"UPDATE {schema}.layout SET version = 99")
    with pytest.raises(StorageVersion, match=f"layout 99.*up to {len(LAYOUTS)}; upgrade"):
        PostgresStore(postgres_url(), schema=schema).open()


def test_without_psycopg_the_extra_is_named():
    """Where psycopg is missing, the name of the store raises MissingExtra; the other stores do not need it."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from prizedraw.errors import MissingExtra\n"
        "from prizedraw import DrawEngine, storage\n"
        "storage.MemoryStore()\n"
        "for ask in (lambda: storage.PostgresStore, lambda: storage.AsyncPostgresStore, lambda: DrawEngine.open('postgresql://h/x')):\n"
        "    try: ask()\n"
        "    except MissingExtra as error: assert 'prizedraw[postgres]' in str(error), error\n"
        "    else: raise SystemExit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_text_with_nul_is_an_error_that_writes_nothing(store):
    """PostgreSQL cannot keep the character; the requirements leave it out."""
    with pytest.raises(StorageError, match="NUL"):
        store.commit("h", [Commit({"a\0b": 0}, {"a\0b": b""})])
    assert store.docs("h", "").items == ()


# --- rights ---


@pytest.fixture
def role(admin):
    """A role that may log in and nothing else."""
    name = fresh_schema()
    admin.execute(f"CREATE ROLE {name} LOGIN")
    return name


def test_a_role_that_may_not_create_gets_the_script_to_run(role, schema, admin):
    """The error names the call that prints it; what that prints makes the store work for the role."""
    kind, shown = opened(url(user=role), schema=schema)
    assert kind is StorageError
    assert "PostgresStore.ddl(" in shown
    admin.execute(PostgresStore.ddl(schema, role))
    store = PostgresStore(url(user=role), schema=schema)
    campaign = wheel(Prize("cup", "Cup", 1, 5))
    with DrawEngine(store, clock=FixedClock(NOON)) as engine:
        engine.publish(campaign)
        receipt = engine.draw("wheel", "ann", request_id="r")
        assert engine.draw("wheel", "ann", request_id="r") == receipt
        assert engine.audit("wheel").ok


def test_a_role_without_rights_on_the_tables_gets_the_grants_to_run(store, role, schema, admin):
    """A schema that somebody else made: the error holds the GRANT statements."""
    admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {schema}.layout TO {role}")
    kind, shown = opened(url(user=role), schema=schema)
    assert kind is StorageError
    assert "GRANT SELECT, INSERT, UPDATE, DELETE" in shown


def test_the_script_for_an_administrator_is_what_the_store_itself_makes(admin):
    """Both schemas have the same columns and indexes."""
    theirs, ours = fresh_schema(), fresh_schema()
    admin.execute(ddl(theirs))
    PostgresStore(postgres_url(), schema=ours).open()

    def picture(schema):
        asked = (
            "SELECT table_name, column_name, data_type, collation_name, is_nullable FROM information_schema.columns"
            " WHERE table_schema = %s"
            " UNION ALL SELECT tablename, indexname, replace(indexdef, schemaname, ''), NULL, NULL FROM pg_indexes WHERE schemaname = %s"
            " ORDER BY 1, 2"
        )
        return admin.execute(asked, (schema, schema)).fetchall()

    found = picture(ours)
    assert len(found) > 20
    assert [tuple(str(part).replace('""', "") for part in row) for row in found] == [
        tuple(str(part).replace('""', "") for part in row) for row in picture(theirs)
    ]


# --- life ---


def test_many_threads_open_one_schema_at_once(schema):
    """Eight stores that all find nothing make one schema between them."""
    stores = [PostgresStore(postgres_url(), schema=schema, max_size=1) for _ in range(8)]
    errors = []

    def use(store, name):
        try:
            store.commit("h", [Commit({}, add={"n": 1}, entries=(line(name),))])
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=use, args=(store, str(n))) for n, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert stores[0].read("h", [Read(counters=("n",))])[0].counters["n"] == Counter(8, -1)
    for store in stores:
        store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_pitfall_32_after_a_fork_the_child_makes_connections_of_its_own(store):
    """The child commits while the parent goes on with its own connections; a block that was open stays the parent's."""
    store.commit("h", [Commit({}, add={"n": 1})])
    with store.exclusive("h", ("d",), 5.0) as handle:
        handle.commit("h", [Commit({"d": 0}, {"d": b"parent"})])
        child = os.fork()
        if child == 0:
            try:
                handle.commit("h", [Commit({"d": 1}, {"d": b"child"})])
            except StorageError:
                (outcome,) = store.commit("h", [Commit({}, add={"n": 1}, entries=(line("child"),))])
                os._exit(0 if isinstance(outcome, Committed) else 1)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    view = store.read("h", [Read(("d",), ("n",), "child")])[0]
    assert view.docs["d"].data == b"parent"
    assert view.counters["n"].value == 2
    assert view.entry is not None


def test_a_closed_store_says_so_and_may_be_opened_again(store):
    """Sync; the asynchronous one opens again likewise."""
    store.close()
    with pytest.raises(StorageError, match=r"closed; call open\(\)"):
        store.commit("h", [Commit({})])
    store.open()
    assert store.commit("h", [Commit({})]) == [Committed(())]


def test_the_asynchronous_engine_opens_nothing_before_its_first_call():
    """A URL that nobody listens at is no error until something is asked."""

    async def play():
        engine = AsyncDrawEngine.open(url(port=1))
        assert isinstance(engine.store, AsyncPostgresStore)
        with pytest.raises(StorageError, match="cannot connect"):
            await engine.campaigns()
        await engine.close()

    asyncio.run(play())


def test_an_asynchronous_store_may_be_used_on_one_loop_after_another(schema):
    """Each loop gets connections of its own."""
    store = AsyncPostgresStore(postgres_url(), schema=schema)

    async def once(turn):
        (outcome,) = await store.commit("h", [Commit({}, add={"n": 1})])
        assert isinstance(outcome, Committed)
        assert (await store.read("h", [Read(counters=("n",))]))[0].counters["n"].value == turn
        await store.close()
        return outcome

    async def again():
        await store.open()
        return await once(2)

    assert asyncio.run(once(1)) == asyncio.run(again())


def test_now_is_the_clock_of_the_server(store, admin):
    """Aware, in UTC, between two readings of the server's own."""
    before = admin.execute("SELECT clock_timestamp()").fetchone()[0]
    now = store.now()
    after = admin.execute("SELECT clock_timestamp()").fetchone()[0]
    assert before <= now <= after
    assert now.tzinfo is UTC
    assert isinstance(now, datetime)


def test_durability_is_what_the_server_is_set_to(store, schema, admin):
    """The sentence follows fsync and synchronous_commit as the store found them."""
    fsync = admin.execute("SHOW fsync").fetchone()[0]
    assert ("fsync = off" in store.durability) == (fsync == "off")


# --- the journal among writers ---


@pytest.mark.parametrize("way", ["usual", "careful"], indirect=True)
def test_who_reads_the_journal_upwards_misses_nothing_that_is_on_its_way(store, schema, way):
    """Six threads append while one follows by cursor: what it met is every entry, once, in order of cursors."""
    done = threading.Event()
    met: list[tuple[int, str]] = []

    def follow():
        after = None
        while True:
            last = done.is_set()
            page = store.entries("h", after=after, limit=7)
            met.extend((one.cursor, one.id) for one in page.items)
            after = str(page.items[-1].cursor) if page.items else after
            if last and not page.items:
                return

    def append(name):
        for k in range(60):
            store.commit("h", [Commit({f"p/{name}": k}, {f"p/{name}": b""}, {"hot": 1}, {}, (line(f"{name}-{k}", f"p/{name}"),))])

    follower = threading.Thread(target=follow)
    writers = [threading.Thread(target=append, args=(name,)) for name in range(6)]
    for thread in (follower, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    follower.join()
    assert met == sorted(met)
    assert sorted(name for _, name in met) == sorted(f"{name}-{k}" for name in range(6) for k in range(60))


def test_a_page_waits_for_a_writer_that_came_first_and_is_busy_if_it_never_ends(store, schema, admin):
    """A transaction holds an entry with a lower cursor open: the page is not given before it ends, or not at all."""
    impatient = PostgresStore(postgres_url(), schema=schema, busy_wait=0.2)
    impatient.open()
    admin.execute("BEGIN")
    admin.execute(
        f"INSERT INTO {schema}.entries (home, id, fingerprint, owner, kind, at, data) VALUES ('h', 'slow', 'f', '', 'draw', 0, '')"
    )
    store.commit("h", [Commit({}, entries=(line("quick"),))])
    assert [one.id for one in store.entries("h", owner="").items] == ["quick"]
    with pytest.raises(StorageBusy, match="pg_stat_activity"):
        impatient.entries("h")
    found = []
    reader = threading.Thread(target=lambda: found.extend(one.id for one in store.entries("h").items))
    reader.start()
    admin.execute("COMMIT")
    reader.join()
    assert found == ["slow", "quick"]
    impatient.close()


# --- what is told is on disk ---


def flushed(admin):
    """Up to where the server's log is on disk, and up to where it is written, in bytes."""
    return admin.execute("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn, pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.entry("h", "e"),
        lambda store: store.read("h", [Read(entry="e")]),
        lambda store: store.entries("h"),
        lambda store: store.entries("h", owner="ann", newest_first=True),
        lambda store: store.commit("h", [Commit({}, entries=(line("e"),))]),
        lambda store: store.commit("h", [Commit({}, entries=(line("e", fingerprint="other"),))]),
    ],
    ids=["entry", "read", "page", "page of an owner", "replayed", "conflict"],
)
def test_an_entry_that_is_not_on_disk_is_shown_to_nobody(store, schema, admin, ask):
    """An entry is committed without waiting for the disk; each answer that shows it comes when the disk has it."""
    admin.execute("SET synchronous_commit = off")
    columns = "(home, id, fingerprint, owner, kind, at, data)"
    admin.execute(f"INSERT INTO {schema}.entries {columns} VALUES ('h', 'e', 'f', 'ann', 'draw', 0, '')")
    written = flushed(admin)[1]
    assert ask(store)
    assert flushed(admin)[0] >= written


@pytest.mark.parametrize("way", ["usual", "careful"], indirect=True)
def test_a_commit_that_lets_go_of_its_counters_early_is_on_disk_when_it_returns(store, admin, way):
    """After each of 20 quick commits the log is on disk up to where they were written, and holds them."""
    store.commit("h", [Commit({}, limits={"n": 50})])
    for turn in range(20):
        store._ask._waiting = 1.0
        before = flushed(admin)[1]
        (outcome,) = store.commit("h", [Commit({}, add={"n": 1}, entries=(line(f"e{turn}"),))])
        assert outcome.entries[0].after == (("n", turn + 1, 50),)
        assert flushed(admin)[0] > before


def test_waiting_for_a_counter_makes_the_next_commits_quick(store, schema):
    """Two commits in a row that find their counter held are followed by quick ones, whatever was before."""
    store.commit("h", [Commit({}, add={"n": 1}, entries=(line("first"),))])
    store._ask._waiting = 0.0
    for turn in range(2):
        with psycopg.connect(postgres_url()) as other:
            other.execute(f"SELECT FROM {schema}.counters WHERE key = 'n' FOR UPDATE")
            waiting = threading.Thread(target=store.commit, args=("h", [Commit({}, add={"n": 1}, entries=(line(f"e{turn}"),))]))
            waiting.start()
            while not other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
                pass
        waiting.join()
    assert store._ask._waiting > CONTENDED
    assert store.read("h", [Read(counters=("n",))])[0].counters["n"].value == 3


# --- races ---


def test_pitfall_09_processes_never_oversell_and_one_id_is_one_draw(schema):
    """Six processes race for one prize and 25 request ids: all stock is given and no more, each id has one owner, the audit agrees."""
    conninfo = postgres_url()
    campaign = wheel(Prize("cup", "Cup", 1, 200, alert_stock=20), quota=Quota(daily_draws=50))
    with DrawEngine(PostgresStore(conninfo, schema=schema), clock=FixedClock(NOON)) as engine:
        engine.publish(campaign)
        context = multiprocessing.get_context("spawn")
        pipes, processes = [], []
        for name in range(6):
            ours, theirs = context.Pipe(duplex=False)
            processes.append(context.Process(target=race, args=(conninfo, schema, name, theirs)))
            processes[-1].start()
            theirs.close()
            pipes.append(ours)
        told = [pipe.recv() for pipe in pipes]
        for process in processes:
            process.join(60)
        for k in range(25):
            owners = Tally(made[f"shared-{k}"] for _, made in told)
            assert owners["mismatch"] == 5
        assert engine.stock("wheel")["cup"].issued == 200
        assert engine.stock("wheel")["cup"].remaining == 0
        assert [alert.kind for alert in engine.alerts("wheel")] == ["low_stock", "sold_out"]
        assert sum(1 for receipt in engine.receipts("wheel") if receipt.is_win) == 200
        assert engine.audit("wheel").ok


def test_a_hammered_participant_meets_few_stale_replies(schema):
    """Eight threads draw for one participant: after the second stale reply a draw has the participant to itself."""
    store = PostgresStore(postgres_url(), schema=schema)
    runs: list[int] = []
    local = threading.local()
    original = store.commit

    def watched(home, commits):
        outcomes = original(home, commits)
        for outcome in outcomes:
            local.row += isinstance(outcome, Stale)
        return outcomes

    store.commit = watched
    with DrawEngine(store, clock=FixedClock(NOON)) as engine:
        local.row = 0
        engine.publish(wheel(Prize("cup", "Cup", 1, 5000)))

        def draw_often():
            for _ in range(15):
                local.row = 0
                engine.draw("wheel", "ann")
                runs.append(local.row)

        threads = [threading.Thread(target=draw_often) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert engine.standing("wheel", "ann").number == 120
    assert max(runs) <= 2


@pytest.mark.parametrize("way", ["usual", "careful"], indirect=True)
def test_stores_agree_on_commits_of_every_kind(store, way):
    """300 random commits on few keys have the outcomes that the memory store gives, cursors apart."""
    memory, rng = MemoryStore(), random.Random(11)
    for turn in range(300):
        keys = rng.sample("abcd", rng.randint(0, 3))
        expect = {key: rng.randint(0, 2) for key in keys}
        if rng.random() < 0.6:
            expect = {key: memory.read("h", [Read((key,))])[0].docs[key].version for key in keys}
        commit = Commit(
            expect,
            {key: b"%d" % turn for key in keys if rng.random() < 0.6},
            {key: rng.randint(-2, 3) for key in rng.sample("mnop", rng.randint(0, 3))},
            {key: rng.randint(-1, 6) for key in rng.sample("mnop", rng.randint(0, 2))},
            tuple(line(f"e{rng.randint(0, 150)}", fingerprint=rng.choice("xy")) for _ in range(rng.choice((0, 1, 1, 1)))),
        )
        assert plain(store.commit("h", [commit])) == plain(memory.commit("h", [commit])), turn
    for listing in ("docs", "counters"):
        assert getattr(store, listing)("h", "") == getattr(memory, listing)("h", "")
    assert plain(store.entries("h", limit=1000).items) == plain(memory.entries("h", limit=1000).items)


def plain(answer):
    """The answer with cursors left out and ``after`` in order of key."""
    if isinstance(answer, Entry):
        return (answer.id, answer.fingerprint, answer.owner, answer.kind, answer.at, answer.data, sorted(answer.after))
    if isinstance(answer, dict):
        return {key: plain(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [plain(item) for item in answer]
    if hasattr(answer, "__struct_fields__"):
        return (type(answer).__name__, *(plain(getattr(answer, field)) for field in answer.__struct_fields__))
    return answer
