"""What is peculiar to the SQLite store: its file, other processes, forks and sudden death."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest

from prizedraw.errors import StorageBusy, StorageCorrupt, StorageError, StorageVersion
from prizedraw.storage import Commit, Committed, Read, Refused, SqliteStore
from prizedraw.storage.sqlite_file import APPLICATION_ID, LAYOUTS
from store_writers import create_and_write, increment, increment_many, line

spawn = multiprocessing.get_context("spawn")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "draws.db"


@pytest.fixture
def store(path):
    store = SqliteStore(path)
    store.open()
    yield store
    store.close()


def content(path):
    """What the file holds, byte for byte."""
    return path.read_bytes() if path.exists() else None


# --- files that are not ours ---


def text_file(path):
    path.write_text("not a database\n" * 100)


def zeros(path):
    path.write_bytes(bytes(8192))


def others_tables(path):
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE users (name)")
    theirs.close()


def others_id(path):
    with sqlite3.connect(path) as theirs:
        theirs.execute("PRAGMA application_id = 77")
        theirs.execute("PRAGMA user_version = 1")
    theirs.close()


def half_a_store(path):
    made = SqliteStore(path)
    made.open()
    made.close()
    path.write_bytes(path.read_bytes()[:3000])


def scribbled_store(path):
    made = SqliteStore(path)
    made.open()
    made.close()
    whole = bytearray(path.read_bytes())
    whole[100:1000] = b"\xff" * 900
    path.write_bytes(whole)


@pytest.mark.parametrize("make", [text_file, zeros, others_tables, others_id, half_a_store, scribbled_store])
def test_a_file_that_is_no_store_is_corrupt_and_left_untouched(path, make):
    """A text, zeros, someone else's database, a truncated and an overwritten store are refused as they are."""
    make(path)
    before = content(path), sorted(path.parent.iterdir())
    store = SqliteStore(path)
    with pytest.raises(StorageCorrupt, match=r"another file|restore it"):
        store.open()
    store.close()
    assert (content(path), sorted(path.parent.iterdir())) == before


def test_a_file_from_a_newer_version_is_refused(path, store):
    """The message names both versions; the file stays as it is."""
    store.close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {len(LAYOUTS) + 1}")
    newer.close()
    with pytest.raises(StorageVersion, match=rf"version {len(LAYOUTS) + 1}.*knows {len(LAYOUTS)}"):
        SqliteStore(path).open()


def test_the_file_says_what_it_is(path, store):
    """application_id and user_version are set, so that tools know the file."""
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert raw.execute("PRAGMA user_version").fetchone() == (len(LAYOUTS),)
    raw.close()


@pytest.mark.parametrize("existing", ["nothing", "an empty file", "an empty database"])
def test_a_fresh_file_becomes_a_store(path, existing):
    """A missing file, an empty one and a database without tables are created."""
    if existing == "an empty file":
        path.touch()
    elif existing == "an empty database":
        with sqlite3.connect(path) as empty:
            empty.execute("CREATE TABLE t (x)")
            empty.execute("DROP TABLE t")
        empty.close()
    store = SqliteStore(path)
    assert isinstance(increment(store, "e"), Committed)
    store.close()


@pytest.mark.parametrize("bad", ["", ":memory:"])
def test_a_path_that_names_no_file_is_refused(bad):
    """MemoryStore is the store in memory."""
    with pytest.raises(ValueError, match="MemoryStore"):
        SqliteStore(bad)


def test_an_unknown_durability_is_refused(path):
    """The message names the two there are."""
    with pytest.raises(ValueError, match="'full' or 'normal'"):
        SqliteStore(path, durability="fast")


def test_a_folder_instead_of_a_file(tmp_path):
    """Its own error, with the remedy."""
    with pytest.raises(StorageError, match="is a folder; name a file"):
        SqliteStore(tmp_path).open()


def test_a_missing_folder(tmp_path):
    """Nothing is created."""
    with pytest.raises(StorageError, match="does not exist; create it"):
        SqliteStore(tmp_path / "none" / "draws.db").open()
    assert list(tmp_path.iterdir()) == []


def test_a_path_with_characters_that_mean_something_in_urls(tmp_path):
    """A question mark, a percent sign and a hash are part of the name."""
    odd = tmp_path / "a?b#c%20d 抽奖.db"
    store = SqliteStore(odd)
    increment(store, "e")
    store.close()
    assert odd.exists()


def test_a_full_disk_writes_nothing_and_says_so(path):
    """When SQLite may not grow the file, the commit fails whole, and small ones go on."""

    class Small(SqliteStore):
        def _connect(self):
            connection = super()._connect()
            connection.run("PRAGMA max_page_count = 40")
            return connection

    store = Small(path)
    increment(store, "before")
    with pytest.raises(StorageError, match="disk is full"):
        store.commit("h", [Commit({"big": 0}, {"big": bytes(500_000)}, {"n": 1}, entries=(line("lost"),))])
    (view,) = store.read("h", [Read(("big",), ("n",), "lost")])
    assert (view.docs["big"].version, view.counters["n"].value, view.entry) == (0, 1, None)
    assert isinstance(increment(store, "after"), Committed)
    store.close()


READ_ONLY = """
import urllib.parse  # needed below, and the interpreter may be out of reach of whom the script becomes
import os, sys
from prizedraw.errors import StorageError
from prizedraw.storage import Commit, SqliteStore
if os.geteuid() == 0:
    os.setuid(65534)
store = SqliteStore(sys.argv[1])
try:
    store.commit("h", [Commit({"d": 0}, {"d": b""})])
except StorageError as error:
    print(type(error).__name__, error)
store.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_file_or_folder_is_named_with_the_remedy(what):
    """Whoever may not write gets a StorageError that says so."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        path = folder / "draws.db"
        if what == "file":
            made = SqliteStore(path)
            made.open()
            made.close()
            path.chmod(0o444)
            (folder / "draws.db-turn").chmod(0o666)
        else:
            folder.chmod(0o555)
        done = subprocess.run([sys.executable, "-W", "error", "-c", READ_ONLY, str(path)], capture_output=True, text=True, check=False)
        folder.chmod(0o700)
    assert done.stderr == ""
    assert done.stdout.startswith("StorageError")
    assert "read-only" in done.stdout or "permissions" in done.stdout


def test_a_file_locked_by_another_program_is_busy_in_time(path, store):
    """A writer that knows no turnstile is waited for, not longer than asked."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusy) as busy, store.exclusive("h", (), 0.2):
        pytest.fail("two writers at once")
    assert 0.1 <= busy.value.waited < 10
    other.execute("ROLLBACK")
    other.close()
    assert isinstance(increment(store, "e"), Committed)


def test_a_handle_is_dead_after_its_block(store):
    """Committing on it later is an error, never a commit outside a transaction."""
    with store.exclusive("h", (), 1.0) as handle:
        pass
    with pytest.raises(StorageError, match="has ended"):
        handle.commit("h", [Commit({"d": 0}, {"d": b""})])


def test_a_block_that_raises_is_rolled_back(store):
    """On this store the commits of the block are gone with it."""
    with pytest.raises(ZeroDivisionError), store.exclusive("h", (), 1.0) as handle:
        handle.commit("h", [Commit({"d": 0}, {"d": b"x"}, entries=(line("e"),))])
        raise ZeroDivisionError
    assert store.docs("h", "").items == ()
    assert store.entry("h", "e") is None


def test_a_closed_store_says_so_and_opens_again(store):
    """Use after close() is an error; open() makes it usable."""
    increment(store, "e")
    store.close()
    with pytest.raises(StorageError, match="is closed; call open"):
        store.read("h", [])
    store.open()
    assert store.entry("h", "e") is not None


def test_homes_of_one_transaction_do_not_share_cursors(store):
    """Entries of two homes in one block are all kept, each in its own journal."""
    with store.exclusive("a", (), 1.0) as handle:
        for turn in range(3):
            handle.commit("a", [Commit({}, entries=(line(f"e{turn}"),))])
            handle.commit("b", [Commit({}, entries=(line(f"e{turn}"),))])
    for home in ("a", "b"):
        assert [entry.id for entry in store.entries(home, owner="ann").items] == ["e0", "e1", "e2"]


def test_two_stores_of_one_process_share_the_turn(path, store):
    """Two objects on one file take turns like two processes, under one lock file."""
    other = SqliteStore(path.parent / "." / path.name)
    threads = [
        threading.Thread(target=lambda s=s, n=n: [increment(s, f"{n}-{turn}") for turn in range(40)])
        for n, s in enumerate((store, other, store, other))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read("h", [Read(("d",), ("n",))])[0].docs["d"].data == b"160"
    other.close()


# --- other processes ---


def test_processes_race_to_create_the_file(tmp_path):
    """Four processes open a new file at once, again and again: one schema, every write kept, no error."""
    for turn in range(3):
        path = tmp_path / f"{turn}.db"
        begin = spawn.Barrier(4)
        run_all(create_and_write, [(str(path), begin, name) for name in range(4)])
        store = SqliteStore(path)
        assert len(store.entries("h").items) == 4
        store.close()


def run_all(target, arguments):
    """Run a function in one process per arguments; all must end well."""
    workers = [spawn.Process(target=target, args=each) for each in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * len(workers)


def test_four_processes_lose_nothing(path, store):
    """Each adds 1 to one document and one counter 500 times; none is lost, no error comes up."""
    run_all(increment_many, [(str(path), name, 500) for name in range(4)])
    (view,) = store.read("h", [Read(("d",), ("n",))])
    assert (view.docs["d"].data, view.docs["d"].version, view.counters["n"].value) == (b"2000", 2000, 2000)


WRITER = textwrap.dedent("""
    import sys
    from prizedraw.storage import Commit, Entry, Read, SqliteStore
    store = SqliteStore(sys.argv[1])
    turn = int(sys.argv[2])
    while True:
        with store.exclusive("h", (), 30.0) as handle:
            for n in range(3):
                doc = handle.read("h", [Read(("d",))])[0].docs["d"]
                line = Entry(f"{turn}-{n}", "f", "ann", "draw", 0, b"")
                handle.commit("h", [Commit({"d": doc.version}, {"d": b""}, {"n": 1}, entries=(line,))])
        print(turn, flush=True)
        turn += 1
""")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this platform")
def test_pitfall_12_a_killed_writer_leaves_whole_transactions(path):
    """Killed 10 times at random moments: what it acknowledged is there, and document, counter and journal agree."""
    moments = random.Random(12)
    acknowledged = -1
    for _ in range(10):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(acknowledged + 2)], stdout=subprocess.PIPE, text=True) as child:
            first = child.stdout.readline()
            time.sleep(moments.uniform(0, 0.05))
            os.kill(child.pid, signal.SIGKILL)
            acknowledged = int((first + child.stdout.read()).split("\n")[-2])
        store = SqliteStore(path)
        (view,) = store.read("h", [Read(("d",), ("n",), f"{acknowledged}-2")])
        lines, after = [], None
        while True:
            page = store.entries("h", owner="ann", after=after, limit=1000)
            lines += page.items
            after = page.next
            if after is None:
                break
        assert view.entry is not None
        assert len(lines) % 3 == 0
        assert view.counters["n"].value == view.docs["d"].version == len(lines)
        assert lines[-1].id.endswith("-2")
        store.close()
        acknowledged = max(acknowledged, int(lines[-1].id.split("-")[0]))


# --- forks ---


def in_child(action):
    """Fork; run the action in the child; its exit status is 0 if it returned true."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if action() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_pitfall_32_a_forked_child_uses_connections_of_its_own(store):
    """Parent and child write on after a fork; nothing is lost."""
    increment(store, "before")
    assert in_child(lambda: isinstance(increment(store, "child"), Committed)) == 0
    increment(store, "parent")
    assert [entry.id for entry in store.entries("h").items] == ["before", "child", "parent"]


@needs_fork
def test_a_fork_inside_a_block_leaves_the_block_to_the_parent(store):
    """The child cannot commit what the parent began; the parent's commit is whole."""

    def child_leaves(block):
        with pytest.raises(StorageError, match="its parent alone"):
            block.__exit__(None, None, None)
        return True

    block = store.exclusive("h", (), 1.0)
    handle = block.__enter__()
    handle.commit("h", [Commit({"d": 0}, {"d": b"x"}, entries=(line("e"),))])
    assert in_child(lambda: child_leaves(block)) == 0
    block.__exit__(None, None, None)
    assert store.entry("h", "e") is not None


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forks_among_writing_threads(store):
    """Children born while threads of the parent write can write too, and nothing is lost."""
    stop = threading.Event()
    made = []

    def write():
        while not stop.is_set():
            made.append(increment(store, f"parent {len(made)}").entries[0].id)

    writer = threading.Thread(target=write)
    writer.start()
    for turn in range(5):
        assert in_child(lambda turn=turn: isinstance(increment(store, f"child {turn}"), Committed)) == 0
    stop.set()
    writer.join()
    assert store.read("h", [Read((), ("n",))])[0].counters["n"].value == len(made) + 5


def test_pitfall_11_the_last_unit_goes_once(store):
    """Of 20 threads after the last unit, one gets it."""
    store.commit("h", [Commit({}, limits={"n": 1})])
    outcomes = []
    threads = [threading.Thread(target=lambda n=n: outcomes.extend(store.commit("h", [Commit({}, add={"n": 1})]))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Committed) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 19
