"""What is peculiar to the Redis store: its scripts, its keys and slots, its locks, forgetting in pieces, digits."""

from __future__ import annotations

import os
import threading
import time

import pytest
import redis

from prizedraw.errors import InvalidRequest, StorageBusy, StorageError
from prizedraw.storage import MAX_INTEGER, Commit, Committed, Counter, Doc, Entry, MemoryStore, Read, RedisStore, Refused, Replayed, Stale
from prizedraw.storage.redis import layout, scripts, steps
from prizedraw.testing.conformance import everything, journal, one

pytest_plugins = ("valkey_servers",)

HOME = "gala"


def line(request, owner="ann", at=0, data=b"", kind="draw"):
    """An entry with the fields that a test does not care about filled in."""
    return Entry(request, owner, owner, kind, at, data)


@pytest.fixture
def store(valkey_url, prefix):
    """A store of the test's own."""
    store = RedisStore(valkey_url, prefix=prefix)
    yield store
    store.close()


@pytest.fixture
def server(valkey_url):
    """A client of the server."""
    with redis.Redis.from_url(valkey_url, protocol=2) as client:
        yield client


# --- digits ---


@pytest.mark.parametrize("value", [10**14, 10**15, 10**15 + 1, 2**52 + 1, 123456789012345, MAX_INTEGER - 1, MAX_INTEGER])
def test_pitfall_31_no_digit_is_lost_in_lua(store, value):
    """Values, limits and what entries tell of them are exact to 2**53 - 1: they go up by one, and down to nothing again."""
    (first,) = store.commit(HOME, [Commit({}, add={"n": value - 1}, limits={"n": value}, entries=(line("a"),))])
    assert first.entries[0].after == (("n", value - 1, value),)
    (second,) = store.commit(HOME, [Commit({}, add={"n": 1}, entries=(line("b"),))])
    assert second.entries[0].after == (("n", value, value),)
    assert store.entry(HOME, "b") == second.entries[0]
    assert one(store, Commit({}, add={"n": 1})) == Refused({"n": Counter(value, value)})
    one(store, Commit({}, add={"n": -value}))
    assert store.read(HOME, [Read(counters=("n",))])[0].counters["n"] == Counter(0, value)


@pytest.mark.parametrize("delta", [2**53, 2**53 + 1, 2**54, 2**63, 10**40])
@pytest.mark.parametrize("sign", [1, -1])
def test_pitfall_31_a_delta_too_large_for_a_double_is_refused(store, delta, sign):
    """Whatever is held, no such delta can be made."""
    for held in (0, 1, MAX_INTEGER):
        one(store, Commit({}, add={f"n{held}": held}))
        assert one(store, Commit({}, add={f"n{held}": sign * delta})) == Refused({f"n{held}": Counter(held, -1)})


def test_pitfall_31_cursors_and_versions_are_written_in_digits(store, server, prefix):
    """A home that has given a thousand million million cursors goes on counting them one by one; so does a document its versions."""
    keys = layout.keys(prefix, HOME)
    server.hset(keys.kept, mapping={"#first": 10**15, "#last": 10**15, "dd": b"%d:x" % 10**15})
    (outcome,) = store.commit(HOME, [Commit({"d": 10**15}, {"d": b"y"}, entries=(line("a"), line("b")))])
    assert [entry.cursor for entry in outcome.entries] == [10**15 + 1, 10**15 + 2]
    assert store.read(HOME, [Read(("d",))])[0].docs["d"] == Doc(10**15 + 1, b"y")
    assert [entry.cursor for entry in journal(store, owner="ann", limit=1)] == [10**15 + 1, 10**15 + 2]
    assert journal(store, limit=1, newest_first=True) == [*outcome.entries[::-1]]


# --- scripts ---


def test_a_server_that_has_forgotten_the_scripts_is_told_them_again(store, server):
    """SCRIPT FLUSH between any two calls changes nothing."""
    for version in range(3):
        server.script_flush()
        assert isinstance(one(store, Commit({"d": version}, {"d": b""}, entries=(line(f"e{version}"),))), Committed)
        server.script_flush()
        assert store.read(HOME, [Read(("d",), (), f"e{version}")])[0].entry.id == f"e{version}"
    server.script_flush()
    assert len(store.entries(HOME).items) == 3


def test_many_commits_go_a_hundred_to_a_script(store):
    """250 commits of one call: later ones see earlier ones across the pieces, one failing never fails another."""
    commits = [Commit({"d": n}, {"d": b"%d" % n}, {"n": 1}, entries=(line(f"e{n % 240}"),)) for n in range(250)]
    commits[100] = Commit({}, add={"n": -1000})
    outcomes = store.commit(HOME, [Commit({}, limits={"n": 1000}), *commits])[1:]
    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds == ["Committed"] * 100 + ["Refused"] + ["Stale"] * 139 + ["Replayed"] * 10
    assert store.read(HOME, [Read(("d",), ("n",))])[0].docs["d"] == Doc(100, b"99")


def test_a_commit_may_name_thousands_of_things(store):
    """9,000 documents and 9,000 counters in one commit: more than Lua's stack holds at once."""
    names = [f"k{n:04}" for n in range(9000)]
    commit = Commit(dict.fromkeys(names, 0), dict.fromkeys(names, b"x"), dict.fromkeys(names, 1), entries=(line("e"),))
    assert isinstance(one(store, commit), Committed)
    assert isinstance(one(store, commit), Replayed)
    (view,) = store.read(HOME, [Read(tuple(names), tuple(names), "e")])
    assert set(view.docs.values()) == {Doc(1, b"x")}
    assert set(view.counters.values()) == {Counter(1, -1)}
    assert [key for key, _ in store.docs(HOME, "k", limit=5000).items] == names[:5000]


def test_a_home_has_two_keys_and_none_expires(store, server, prefix):
    """However much a home keeps, it is two keys without an expiry, in one slot, and a lock leaves none behind."""
    for n in range(50):
        one(store, Commit({f"p/{n}": 0}, {f"p/{n}": b""}, {f"c{n}": 1}, entries=(line(f"e{n}", owner=f"p{n}"),)))
    with store.exclusive(HOME, ("a", "b"), 1.0):
        locked = list(server.scan_iter(f"{prefix}:{{*"))
    left = list(server.scan_iter(f"{prefix}:{{*"))
    assert sorted(key.rpartition(b":")[2] for key in left) == [b"kept", b"names"]
    assert {server.ttl(key) for key in left} == {-1}
    assert len({redis.cluster.key_slot(key) for key in locked}) == 1
    assert len(locked) == 4


@pytest.mark.parametrize("home", ["", "}", "{", "{}", "a}b", "%", "%7D", "{a", "default/campaign/x"])
def test_every_key_of_a_home_is_in_one_slot_whatever_its_name(home):
    """Braces in a home's name do not end the tag, and an empty name still makes one."""
    names = [*layout.keys("p", home), *layout.locks(layout.keys("p", home), ("a", "b}", "{c}"))]
    assert len({redis.cluster.key_slot(name) for name in names}) == 1


def test_no_two_homes_share_a_key():
    """What stands for braces in a key cannot be written in a name."""
    homes = ["", "%", "%25", "{", "%7B", "}", "%7D", "a", "a}", "a%7D", "a:kept"]
    assert len({layout.keys("p", home) for home in homes}) == len(homes)


# --- the journal of one owner ---


def test_an_owner_with_many_lines_is_listed_from_any_place(store):
    """700 lines of ann among others fill many chunks: each page from each cursor, up and down, is a slice of them."""
    for start in range(0, 1400, 100):
        store.commit(HOME, [Commit({}, entries=(line(f"e{n}", owner="ann" if n % 2 else "bob"),)) for n in range(start, start + 100)])
    cursors = [entry.cursor for entry in journal(store, owner="ann", limit=97)]
    assert cursors == list(range(2, 1401, 2))
    for after in (*range(0, 1402, 77), 1, 2, 1399, 1400):
        up = [entry.cursor for entry in store.entries(HOME, owner="ann", after=str(after), limit=5).items]
        assert up == [cursor for cursor in cursors if cursor > after][:5]
        down = [entry.cursor for entry in store.entries(HOME, owner="ann", after=str(after), limit=5, newest_first=True).items]
        assert down == [cursor for cursor in reversed(cursors) if cursor < after][:5]


def test_a_rare_kind_is_found_behind_thousands_of_lines(store):
    """One line in 1500 is a win: each listing finds it, whoever looks."""
    for start in range(0, 1500, 100):
        store.commit(HOME, [Commit({}, entries=(line(f"e{n}", kind="win" if n == 700 else "draw"),)) for n in range(start, start + 100)])
    for owner in (None, "ann"):
        for newest_first in (False, True):
            page = store.entries(HOME, owner=owner, kind="win", newest_first=newest_first)
            assert ([entry.id for entry in page.items], page.next) == (["e700"], None)


# --- forgetting ---


def fill(store, lines, owners=3):
    """Commit lines at times 0, 1, 2, … of some owners in turn."""
    for start in range(0, lines, 100):
        many = range(start, min(start + 100, lines))
        store.commit(HOME, [Commit({}, entries=(line(f"e{at}", f"o{at % owners}", at),)) for at in many])


def half_forgotten(store, before, monkeypatch):
    """Forget, and die after the first step."""

    def dies(keys):
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patched:
        patched.setattr(steps, "_sweep", dies)
        with pytest.raises(KeyboardInterrupt):
            store.forget(HOME, before, line("check", "", before, kind="checkpoint"))


def test_what_is_forgotten_is_gone_for_readers_before_it_is_swept_away(store, monkeypatch):
    """A forgetting that died after its first step looks like one that was finished, in every listing and read."""
    fill(store, 900)
    kept = store.entries(HOME, after="600", limit=500).items
    half_forgotten(store, 600, monkeypatch)
    expected = [*kept, store.entry(HOME, "check")]
    for limit in (7, 1000):
        assert journal(store, limit=limit) == expected
        assert journal(store, limit=limit, newest_first=True) == expected[::-1]
        assert journal(store, owner="o1", limit=limit) == [entry for entry in expected if entry.owner == "o1"]
        assert journal(store, kind="draw", limit=limit) == expected[:-1]
    assert store.entry(HOME, "e599") is None
    assert store.entry(HOME, "e600") == kept[0]
    assert [view.entry for view in store.read(HOME, [Read(entry="e5"), Read(entry="e700")])] == [None, kept[100]]


def test_ids_that_are_forgotten_are_free_before_they_are_swept_away(store, server, prefix, monkeypatch):
    """An id taken anew in between stays when the sweep comes to its old line."""
    fill(store, 500)
    half_forgotten(store, 400, monkeypatch)
    assert isinstance(one(store, Commit({}, entries=(line("e7", "o1", 1000),))), Committed)
    assert isinstance(one(store, Commit({}, entries=(line("e450", "o0", 1000),))), Replayed)
    assert [entry.id for entry in journal(store, limit=50)] == [*(f"e{at}" for at in range(400, 500)), "check", "e7"]
    assert [entry.id for entry in journal(store, owner="o1")] == [*(f"e{at}" for at in range(400, 500) if at % 3 == 1), "e7"]
    assert store.forget(HOME, 400, line("check", "", 400)) == 0
    assert store.entry(HOME, "e7").at == 1000
    assert [entry.id for entry in journal(store, owner="o1")][-1] == "e7"
    fields = server.hkeys(layout.keys(prefix, HOME).kept)
    assert [sum(field.startswith(sort) for field in fields) for sort in (b"i", b"e")] == [102, 102]


def test_the_next_forgetting_finishes_what_was_left(store, server, prefix, monkeypatch):
    """Nothing is left of what the one that died had hidden; the next one counts its own."""
    fill(store, 700)
    half_forgotten(store, 500, monkeypatch)
    assert store.forget(HOME, 600, line("second", "", 600)) == 101  # 500 to 599, and the first checkpoint
    assert [entry.id for entry in journal(store)] == [*(f"e{at}" for at in range(600, 700)), "second"]
    keys = layout.keys(prefix, HOME)
    assert sum(field.startswith(b"e") for field in server.hkeys(keys.kept)) == 101
    assert sum(field.startswith(b"i") for field in server.hkeys(keys.kept)) == 101


def test_forgetting_frees_what_it_held(store, server, prefix):
    """Everything forgotten, a home keeps the checkpoint and a few fields, however many lines and owners there were."""
    fill(store, 3000, owners=40)
    before = server.memory_usage(layout.keys(prefix, HOME).kept, samples=0)
    assert store.forget(HOME, 3000, line("check", "", 3000)) == 3000
    keys = layout.keys(prefix, HOME)
    assert sorted(server.hkeys(keys.kept)) == [b"#first", b"#last", b"#swept", b"e3001", b"icheck", b"o"]
    assert server.memory_usage(keys.kept, samples=0) < before / 20


def test_lines_out_of_order_of_time_are_forgotten_by_time(store):
    """Clocks differ: what is older than the bound goes, wherever it stands in the journal and among its owner's lines."""
    times = [(at * 37) % 1000 for at in range(1000)]
    for start in range(0, 1000, 100):
        store.commit(HOME, [Commit({}, entries=(line(f"e{n}", f"o{n % 2}", times[n]),)) for n in range(start, start + 100)])
    for before in (250, 500, 990):
        store.forget(HOME, before, line(f"check{before}", "", 10_000))
        for owner in (0, 1):
            left = [f"e{n}" for n in range(1000) if times[n] >= before and n % 2 == owner]
            assert [entry.id for entry in journal(store, owner=f"o{owner}", limit=33)] == left
            assert [entry.id for entry in journal(store, owner=f"o{owner}", limit=33, newest_first=True)] == left[::-1]


# --- redaction ---


def test_an_owner_with_many_lines_gets_many_more_in_between(store):
    """Every third line of ann becomes bob's, among his own: entries and listings are those of the store in memory, as is their time."""
    late = 2**53 + 1  # in the year 2255: not to be lost in a double
    commits = [
        Commit({}, add={"n": 1}, limits={"n": 5000}, entries=(line(f"e{n}", "ann" if n % 2 else "bob", late + n),)) for n in range(1500)
    ]
    told = [Entry(f"e{n}", "asked" if n % 4 else "bob", "bob", "", 0, b"new %d" % n) for n in range(1, 1500, 3)]
    again = [Entry("e1", "twice", "cid", "", 0, b"twice"), Entry("e9", "same", "ann", "", 0, b"")]
    expected = MemoryStore()
    for one_of_them in (store, expected):
        one_of_them.commit(HOME, commits)
        outcome = one_of_them.redact(HOME, Commit({}, entries=(line("mark", "bob"),)), told + again)
        assert outcome == Committed((one_of_them.entry(HOME, "mark"),))
    assert journal(store, limit=500) == journal(expected)
    for owner in ("ann", "bob", "cid"):
        assert journal(store, owner=owner, limit=97) == journal(expected, owner=owner)
        assert journal(store, owner=owner, limit=97, newest_first=True) == journal(expected, owner=owner, newest_first=True)
    store.commit(HOME, [Commit({}, entries=(line(f"later{n}", "bob"),)) for n in range(200)])
    assert [entry.id for entry in journal(store, owner="bob")][-200:] == [f"later{n}" for n in range(200)]


def test_a_redaction_finishes_a_forgetting_and_leaves_no_name(store, server, prefix, monkeypatch):
    """After a forgetting that died, no field, value or name on the server holds the owner any more; bob's are all there."""
    one(store, Commit({"p/ann-7f": 0, "p/bob": 0}, {"p/ann-7f": b"ann-7f", "p/bob": b"bob"}))
    owners = ("ann-7f", "bob")
    store.commit(HOME, [Commit({}, entries=(line(f"e{at}", owners[at % 2], at, owners[at % 2].encode()),)) for at in range(900)])
    half_forgotten(store, 600, monkeypatch)
    told = [Entry(one.id, "p-1", "p-1", "", 0, b"") for one in journal(store, owner="ann-7f")]
    assert len(told) == 150
    assert isinstance(store.redact(HOME, Commit({"p/ann-7f": 1}), told, ["p/ann-7f"]), Committed)
    keys = layout.keys(prefix, HOME)
    assert b"ann-7f" not in b" ".join(part for pair in server.hgetall(keys.kept).items() for part in pair)
    assert server.zrange(keys.names, 0, -1) == [b"dp/bob"]
    assert len(journal(store, owner="p-1")) == len(journal(store, owner="bob")) == 150


def test_a_redaction_waits_as_a_commit_does(own_valkey, prefix):
    """Once flushed it is Committed; without the replica that is asked for it is made, and an error says so."""
    store = RedisStore(own_valkey.url, prefix=prefix, wait_aof=(1, 0, 5.0))
    assert isinstance(store.redact(HOME, Commit({}, entries=(line("first"),))), Committed)
    store.close()
    store = RedisStore(own_valkey.url, prefix=prefix, wait_aof=(1, 1, 0.05))
    with pytest.raises(StorageError, match="the commit is made, but"):
        store.redact(HOME, Commit({}, entries=(line("second"),)), [Entry("first", "p-1", "p-1", "", 0, b"")])
    assert [(entry.id, entry.owner) for entry in journal(store)] == [("first", "p-1"), ("second", "ann")]
    store.close()


# --- locks ---


def test_writers_of_one_document_take_turns_in_order_of_arrival(store):
    """Five threads that came one after the other hold the lock in that order, one at a time."""
    turns, inside = [], []

    def hold(name):
        with store.exclusive(HOME, ("d",), 30.0):
            inside.append(name)
            assert len(inside) == 1
            time.sleep(0.01)
            turns.append(name)
            inside.remove(name)

    with store.exclusive(HOME, ("d", "e"), 1.0):
        threads = []
        for name in range(5):
            threads.append(threading.Thread(target=hold, args=(name,)))
            threads[-1].start()
            time.sleep(0.1)
        assert turns == []
    for thread in threads:
        thread.join()
    assert turns == [0, 1, 2, 3, 4]


def test_a_wait_that_is_too_long_ends_in_storage_busy(store):
    """The one who gives up has waited as long as it was told to, and is no longer in the queue."""
    with store.exclusive(HOME, ("d",), 1.0):
        with pytest.raises(StorageBusy) as busy, store.exclusive(HOME, ("c", "d"), 0.2):
            pass
        assert 0.2 <= busy.value.waited < 5
        with store.exclusive(HOME, ("c",), 0.2):
            pass
    with store.exclusive(HOME, ("c", "d"), 0.2):
        pass


def test_the_lock_of_one_who_died_is_free_after_a_while(store, monkeypatch):
    """A holder that never lets go holds up the others for its lease only."""
    monkeypatch.setattr(steps, "LEASE", 200)
    store.open()
    store._run(steps.lock(layout.keys(store.prefix, HOME), ("d",), "dead", 1.0))
    with store.exclusive(HOME, ("d",), 5.0):
        pass


def test_a_commit_of_others_stands_back_for_the_holder_of_its_document(store):
    """What another thread commits to the document comes after the holder's own, and is stale; another document is nobody's business."""
    got = []
    one(store, Commit({"d": 0}, {"d": b"0"}))
    with store.exclusive(HOME, ("d",), 1.0) as handle:
        other = threading.Thread(target=lambda: got.extend(store.commit(HOME, [Commit({"d": 1}, {"d": b"theirs"})])))
        other.start()
        assert isinstance(one(store, Commit({"e": 0}, {"e": b""})), Committed)
        time.sleep(0.02)
        assert [type(outcome) for outcome in handle.commit(HOME, [Commit({"d": 1}, {"d": b"ours"})])] == [Committed]
    other.join()
    assert [type(outcome) for outcome in got] == [Stale]
    assert store.read(HOME, [Read(("d",))])[0].docs["d"].data == b"ours"


def test_a_commit_stands_back_for_a_dead_holder_only_for_a_moment(store, monkeypatch):
    """One that holds a document and is gone keeps a commit from it for HELD milliseconds and TURN seconds, and its outcome is as ever."""
    monkeypatch.setattr(steps, "TURN", 0.1)
    store.open()
    store._run(steps.lock(layout.keys(store.prefix, HOME), ("d",), "dead", 1.0))
    assert isinstance(one(store, Commit({"d": 0}, {"d": b""})), Committed)


def test_locks_on_several_documents_never_wait_in_a_circle(store):
    """Two threads that name two documents in opposite orders fifty times each both get through."""

    def hold(docs):
        for _ in range(50):
            with store.exclusive(HOME, docs, 30.0):
                pass

    threads = [threading.Thread(target=hold, args=(docs,)) for docs in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


# --- life ---


def test_a_store_that_was_closed_says_so_until_it_is_opened(store):
    """Using it is an error with the remedy; open() helps."""
    one(store, Commit({"d": 0}, {"d": b""}))
    store.close()
    with pytest.raises(StorageError, match=r"is closed; call open\(\)"):
        store.entries(HOME)
    store.open()
    assert len(everything(store)[0]) == 1


def test_a_client_that_was_given_stays_open(valkey_url, prefix):
    """Who brings a client keeps it."""
    with redis.Redis.from_url(valkey_url, protocol=2) as client:
        store = RedisStore(client, prefix=prefix)
        one(store, Commit({"d": 0}, {"d": b""}))
        store.close()
        assert client.ping()
        assert "127.0.0.1" in repr(store) or os.environ.get("PRIZEDRAW_TEST_REDIS")


def test_a_client_that_makes_text_of_bytes_is_turned_away(valkey_url, prefix):
    """What is kept is bytes."""
    with (
        redis.Redis.from_url(valkey_url, decode_responses=True, protocol=2) as client,
        pytest.raises(InvalidRequest, match="decode_responses"),
    ):
        RedisStore(client, prefix=prefix).open()


def test_a_client_of_the_newer_protocol_will_do(valkey_url, prefix):
    """The answers mean the same in RESP3."""
    with redis.Redis.from_url(valkey_url, protocol=3) as client:
        store = RedisStore(client, prefix=prefix)
        one(store, Commit({"d": 0}, {"d": b"x"}, {"n": 1}, {"n": 3}, (line("e"),)))
        (view,) = store.read(HOME, [Read(("d",), ("n",), "e")])
        assert (view.docs["d"], view.counters["n"], view.entry.after) == (Doc(1, b"x"), Counter(1, 3), (("n", 1, 3),))
        assert "append-only" in store.durability or "memory" in store.durability


def test_a_child_of_a_fork_uses_connections_of_its_own(store):
    """Parent and child commit and read at once through the same store object, right after it was used; no answer goes to the other."""

    def work(name):
        made = [isinstance(one(store, Commit({}, add={"n": 1})), Committed) for _ in range(200)]
        read = [store.read(HOME, [Read((name,))])[0].docs[name].data == name.encode() for _ in range(200)]
        return all(made) and all(read)

    one(store, Commit({"parent": 0, "child": 0}, {"parent": b"parent", "child": b"child"}))
    child = os.fork()
    if not child:
        os._exit(0 if work("child") else 1)
    assert work("parent")
    assert os.waitpid(child, 0)[1] == 0
    assert store.read(HOME, [Read(counters=("n",))])[0].counters["n"] == Counter(400, -1)


def test_the_servers_clock_is_told(store, server):
    """Aware, and between two looks at the server's time."""
    low = server.time()
    now = store.now().timestamp()
    high = server.time()
    assert low[0] + low[1] / 1e6 - 1e-5 <= now <= high[0] + high[1] / 1e6 + 1e-5


def test_scripts_declare_every_key_that_they_touch():
    """No script makes up the name of a key: what it passes to a command is one of KEYS, by name or by place."""
    for script in (
        scripts.COMMIT,
        scripts.REDACT,
        scripts.NAMES,
        scripts.LINES,
        scripts.SWEEP,
        scripts.LOCK,
        scripts.UNLOCK,
        scripts.FORMAT,
        scripts.EXCHANGE,
    ):
        for call in script.text.decode().split("redis.call(")[1:]:
            command, _, rest = call.partition(",")
            first = rest.lstrip().partition(",")[0].partition(")")[0]
            assert command.startswith("'TIME'") or first in {"kept", "names", "key", "KEYS[1]"}, call[:60]
