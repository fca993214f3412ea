"""Servers that are not there or not fit to keep draws, wrong URLs and wrong settings: each its own error with the remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import redis

from ports import free_port
from prizedraw import AsyncDrawEngine, DrawEngine
from prizedraw.errors import InvalidRequest, StorageBusy, StorageCorrupt, StorageError, StorageVersion
from prizedraw.storage import AsyncRedisStore, Commit, Committed, Entry, RedisStore
from prizedraw.storage.redis import layout, opening, upgrading
from prizedraw.testing import Bridge
from valkey_servers import Cluster, Valkey

pytest_plugins = ("valkey_servers",)

SECRET = "open-sesame"
LINE = Entry("e", "f", "ann", "draw", 0, b"")


@pytest.fixture(params=["threads", "event loop"])
def make(request):
    """Makes a store of either kind; they are closed after the test."""
    made = []

    def store(*args, **options):
        if request.param == "threads":
            made.append(RedisStore(*args, **options))
        else:
            made.append(Bridge(AsyncRedisStore(*args, **options)))
        return made[-1]

    yield store
    for one in made:
        one.close()


@pytest.fixture
def refused(make):
    """Opens a store and returns what the error says, which is never the password."""

    def said(*args, kind=StorageError, **options):
        store = make(*args, **options)
        with pytest.raises(kind) as error:
            store.open()
        assert type(error.value) is kind
        assert SECRET not in str(error.value)
        return str(error.value)

    return said


def server(tmp_path, *options):
    """A server of the test's own."""
    return Valkey(tmp_path / "valkey", *options)


# --- URLs and settings ---


@pytest.mark.parametrize("url", ["redis://host:port", "redis://[::1", "redis://host:6379/0?socket_timeout=soon"])
def test_a_url_that_is_none_is_an_error_with_an_example(url):
    """Told without a try to connect."""
    with pytest.raises(InvalidRequest, match="redis://host:6379/0"):
        RedisStore(url).open()


@pytest.mark.parametrize("make", [RedisStore, AsyncRedisStore])
def test_an_unknown_scheme_is_an_error(make):
    """The ones that are known are named."""
    with pytest.raises(InvalidRequest, match=r"'http://…' is unknown; use one of redis, rediss"):
        make("http://host:6379")


@pytest.mark.parametrize("open_", [DrawEngine.open, AsyncDrawEngine.open])
def test_a_cluster_that_is_neither_true_nor_false_is_an_error(open_):
    """The engine says so when it is made."""
    with pytest.raises(InvalidRequest, match="cluster='perhaps' is neither true nor false"):
        open_("redis://host:6379?cluster=perhaps")


@pytest.mark.parametrize("prefix", ["", "a{b}", "a b", "é", None, "x" * 101])
def test_a_prefix_that_is_none_is_an_error(prefix):
    """Braces would move its keys to another slot."""
    with pytest.raises(InvalidRequest, match="prefix"):
        RedisStore("redis://host", prefix=prefix)


@pytest.mark.parametrize("wait_aof", [(1, 0), (2, 0, 1.0), (1, -1, 1.0), (1, 0, 0), ("a", 0, 1), 1])
def test_a_wait_that_is_none_is_an_error(wait_aof):
    """Servers, replicas and seconds."""
    with pytest.raises(InvalidRequest, match="wait_aof"):
        RedisStore("redis://host", wait_aof=wait_aof)


def test_without_the_driver_the_error_names_the_extra():
    """Where redis-py is not installed, naming the store or opening a URL says what to install."""
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "from prizedraw import DrawEngine\n"
        "from prizedraw.errors import MissingExtra\n"
        "try: DrawEngine.open('redis://host')\n"
        "except MissingExtra as error: print(error)\n"
        "try: from prizedraw.storage import RedisStore\n"
        "except MissingExtra as error: print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.count("prizedraw[redis]") == 2


# --- servers that cannot be reached or used ---


def test_nobody_listens(refused):
    """The place is named, the password is not."""
    port = free_port()
    told = refused(f"redis://:{SECRET}@127.0.0.1:{port}/0")
    assert f"the connection to 127.0.0.1:{port}/0 failed" in told
    assert "nothing was written" in told


def test_nobody_listens_where_the_cluster_should_be(refused):
    """As for one server."""
    assert "cluster 127.0.0.1:" in refused(f"redis://:{SECRET}@127.0.0.1:{free_port()}?cluster=true")


def test_the_password_is_wrong(tmp_path, refused):
    """Neither the right nor the wrong one is told."""
    with server(tmp_path, "--requirepass", f"not-{SECRET}") as valkey:
        assert "does not accept the name or password" in refused(f"redis://:{SECRET}@127.0.0.1:{valkey.port}")
        assert "does not accept the name or password" in refused(f"redis://127.0.0.1:{valkey.port}")


def test_there_is_no_such_database(valkey_url, refused):
    """The number is at the end of the URL."""
    assert "no database of that number" in refused(valkey_url.rpartition("/")[0] + "/9999")


def test_the_server_is_a_replica(tmp_path, refused):
    """A store needs the primary."""
    with Valkey(tmp_path / "primary") as primary, Valkey(tmp_path / "replica", "--replicaof", "127.0.0.1", primary.port) as replica:
        assert "is a replica, which cannot be written to; connect to its primary" in refused(replica.url)


def test_the_server_is_too_old(valkey_url, monkeypatch, refused):
    """No such server is at hand, so the bound is raised to above this one."""
    monkeypatch.setattr(opening, "OLDEST", (99, 1))
    assert "use Redis 99.1 or newer" in refused(valkey_url)


def test_the_server_runs_no_scripts(tmp_path, refused):
    """Some hosted servers do not."""
    with server(tmp_path, "--rename-command", "EVALSHA", "", "--rename-command", "EVAL", "") as valkey:
        assert "runs no scripts" in refused(valkey.url)


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random"])
def test_a_server_that_drops_keys_is_refused_unless_told(tmp_path, refused, make, policy):
    """Whoever accepts to lose draws says so."""
    with server(tmp_path, "--maxmemory", "100mb", "--maxmemory-policy", policy) as valkey:
        told = refused(valkey.url)
        assert policy in told
        assert "noeviction" in told
        assert "allow_eviction=True" in told
        make(valkey.url, allow_eviction=True).open()


def test_a_server_that_drops_only_what_expires_will_do(tmp_path, make):
    """Nothing that is kept expires, but for locks, on which nothing depends."""
    with server(tmp_path, "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru") as valkey:
        make(valkey.url).open()


def test_a_user_without_the_right_to_write_is_told_which_rights_it_takes(tmp_path, refused):
    """The keys and the commands are named, ready for ACL SETUSER."""
    with server(tmp_path) as valkey, redis.Redis(port=valkey.port, protocol=2) as client:
        client.execute_command("ACL", "SETUSER", "clerk", "on", f">{SECRET}", "~other:*", "+@all")
        told = refused(f"redis://clerk:{SECRET}@127.0.0.1:{valkey.port}/0")
        assert "~prizedraw:*" in told
        assert "+@scripting" in told


def test_the_rights_that_are_named_are_enough(tmp_path, make):
    """A user with those rights, which the docs name, and no others opens, commits, lists and forgets; durability is told."""
    assert opening.RIGHTS.format(prefix="prizedraw") in (Path(__file__).parents[2] / "docs" / "recipes" / "redis.md").read_text("utf-8")
    with server(tmp_path, "--appendonly", "yes") as valkey, redis.Redis(port=valkey.port, protocol=2) as client:
        client.execute_command("ACL", "SETUSER", "clerk", "on", f">{SECRET}", *opening.RIGHTS.format(prefix="prizedraw").split())
        store = make(f"redis://clerk:{SECRET}@127.0.0.1:{valkey.port}/0")
        (outcome,) = store.commit("h", [Commit({"d": 0}, {"d": b""}, {"n": 1}, entries=(LINE,))])
        assert isinstance(outcome, Committed)
        assert len(store.docs("h", "").items) == len(store.entries("h", owner="ann").items) == 1
        with store.exclusive("h", ("d",), 1.0):
            assert store.now() is not None
        assert store.forget("h", 5, Entry("c", "f", "", "checkpoint", 5, b"")) == 1
        assert "every second" in store.durability


def test_the_rights_that_are_named_are_enough_on_a_cluster(valkey_cluster_url, make, prefix):
    """There they take one more, which the error names where it is missing; what drops everything is never among them."""
    rights = opening.RIGHTS.format(prefix=prefix).split()
    with redis.RedisCluster.from_url(valkey_cluster_url.partition("?")[0], protocol=2) as client:
        for node in client.get_primaries():
            for name, given in (("clerk", rights), ("other", rights[:-1])):
                client.execute_command("ACL SETUSER", name, "on", f">{SECRET}", *given, target_nodes=node)
        store = make(valkey_cluster_url.replace("://", f"://clerk:{SECRET}@"), prefix=prefix)
        for home in "abcdef":
            assert isinstance(store.commit(home, [Commit({}, entries=(LINE,))])[0], Committed)
        with pytest.raises(StorageError, match="see that .* the user may CLUSTER SLOTS"):
            make(valkey_cluster_url.replace("://", f"://other:{SECRET}@"), prefix=prefix).open()
        clerk = redis.Redis.from_url(valkey_cluster_url.partition("?")[0].replace("://", f"://clerk:{SECRET}@"), protocol=2)
        with clerk, pytest.raises(redis.ResponseError, match="no permissions"):
            clerk.flushall()


def test_a_user_who_may_not_ask_for_the_configuration_gets_an_honest_durability(tmp_path, make):
    """Unknown is said to be unknown."""
    with server(tmp_path, "--appendonly", "yes") as valkey, redis.Redis(port=valkey.port, protocol=2) as client:
        client.execute_command("ACL", "SETUSER", "clerk", "on", f">{SECRET}", "~*", "+@all", "-info", "-config")
        store = make(f"redis://clerk:{SECRET}@127.0.0.1:{valkey.port}/0")
        store.open()
        assert store.durability == opening.UNKNOWN


# --- clusters ---


def test_a_server_of_a_cluster_is_not_taken_for_a_single_one(valkey_cluster_url, refused):
    """The remedy is in the URL."""
    assert "add ?cluster=true to the URL" in refused(valkey_cluster_url.partition("?")[0])


def test_a_single_server_is_not_taken_for_a_cluster(valkey_url, refused):
    """It says itself that it is none."""
    told = refused(valkey_url + "?cluster=true")
    assert "cannot be used" in told
    assert "luster" in told


def test_a_cluster_without_a_slot_is_refused(tmp_path, refused):
    """A third of the slots is served by nobody: the cluster is down, and says so."""
    with Cluster(tmp_path, slots=((0, 5460), (5461, 10922), None)) as cluster:
        told = refused(cluster.url)
        assert "cluster 127.0.0.1" in told
        assert "is not served" in told or "slots are not covered" in told  # it depends on which of its servers is asked first


# --- what lies there ---


def test_a_newer_format_is_a_storage_version(valkey_url, prefix, refused):
    """The version that knows it has to be installed."""
    with redis.Redis.from_url(valkey_url, protocol=2) as client:
        client.set(layout.format_key(prefix), upgrading.newest() + 1)
    assert "upgrade" in refused(valkey_url, prefix=prefix, kind=StorageVersion)


def test_something_else_under_the_prefix_is_a_storage_corrupt(valkey_url, prefix, refused):
    """Whatever it is, it is left as it is."""
    with redis.Redis.from_url(valkey_url, protocol=2) as client:
        client.set(layout.format_key(prefix), "a shopping list")
        assert "choose another prefix" in refused(valkey_url, prefix=prefix, kind=StorageCorrupt)
        assert client.get(layout.format_key(prefix)) == b"a shopping list"
        client.delete(layout.format_key(prefix))
        client.rpush(layout.format_key(prefix), "milk")
        assert "choose another prefix" in refused(valkey_url, prefix=prefix, kind=StorageCorrupt)


# --- durability ---


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--appendonly", "no"), "loses every draw since the last snapshot"),
        (("--appendonly", "yes", "--appendfsync", "no"), "half a minute"),
        (("--appendonly", "yes", "--appendfsync", "everysec"), "one or two seconds"),
        (("--appendonly", "yes", "--appendfsync", "always"), "survives the end of the server and the loss of power"),
    ],
)
def test_durability_is_what_the_server_says(tmp_path, make, options, words):
    """In words that tell what is lost."""
    with server(tmp_path, *options) as valkey:
        store = make(valkey.url)
        store.open()
        assert words in store.durability


def test_commits_wait_for_the_file_where_that_is_wanted(tmp_path, make):
    """A commit returns when the server has flushed it; the durability says so."""
    with server(tmp_path, "--appendonly", "yes") as valkey:
        store = make(valkey.url, wait_aof=(1, 0, 5.0))
        store.open()
        assert "waits up to 5 s until 1 servers and 0 replicas" in store.durability
        outcomes = store.commit("h", [Commit({}, entries=(LINE,)), Commit({}, entries=(LINE,))])
        assert [type(outcome).__name__ for outcome in outcomes] == ["Committed", "Replayed"]


def test_a_commit_that_is_not_confirmed_is_an_error_that_says_that_it_is_made(tmp_path, make):
    """There is no replica that could confirm it: the commit is there, and whoever asks again sees it."""
    with server(tmp_path, "--appendonly", "yes") as valkey:
        store = make(valkey.url, wait_aof=(1, 1, 0.05))
        with pytest.raises(StorageError, match="the commit is made, but .* not confirmed"):
            store.commit("h", [Commit({}, entries=(LINE,))])
        assert store.entry("h", "e").owner == "ann"


def test_a_server_without_a_file_cannot_confirm(tmp_path, refused, valkey_cluster_url):
    """Said when the store is opened, before a draw is made; one of a cluster likewise."""
    with server(tmp_path) as valkey:
        assert "set appendonly yes" in refused(valkey.url, wait_aof=(1, 0, 1.0))
    assert "set appendonly yes" in refused(valkey_cluster_url, wait_aof=(1, 0, 1.0))


# --- in the middle of the work ---


def test_a_server_whose_memory_is_full_refuses_and_keeps_what_it_has(tmp_path, make):
    """Nothing of the refused commit is there; what was there stays."""
    with server(tmp_path) as valkey, redis.Redis(port=valkey.port, protocol=2) as client:
        store = make(valkey.url)
        store.commit("h", [Commit({"a": 0}, {"a": b"x"}, entries=(LINE,))])
        client.config_set("maxmemory", "1mb")
        with pytest.raises(StorageError, match=r"memory of .* is full .*; nothing was written"):
            store.commit("h", [Commit({"b": 0}, {"b": b"x" * 500_000}, entries=(Entry("f", "f", "", "draw", 0, b""),))])
        assert [key for key, _ in store.docs("h", "").items] == ["a"]
        assert [entry.id for entry in store.entries("h").items] == ["e"]


def test_a_primary_that_is_cut_off_from_its_replicas_takes_no_draws_if_told_so(tmp_path, make):
    """With min-replicas-to-write the commit is refused, and nothing of it is there."""
    with server(tmp_path) as valkey, redis.Redis(port=valkey.port, protocol=2) as client:
        store = make(valkey.url)
        store.open()
        client.config_set("min-replicas-to-write", 1)
        with pytest.raises(StorageError, match=r"NOREPLICAS .*; nothing was written, try again"):
            store.commit("h", [Commit({"a": 0}, {"a": b"x"}, {"n": 1}, entries=(LINE,))])
        client.config_set("min-replicas-to-write", 0)
        assert store.docs("h", "").items == store.counters("h", "").items == store.entries("h").items == ()
        assert isinstance(store.commit("h", [Commit({}, entries=(LINE,))])[0], Committed)


def test_every_connection_is_in_use(valkey_url, prefix):
    """A pool of one, and the one is taken: nothing was sent."""
    with redis.Redis.from_url(valkey_url, max_connections=1, protocol=2) as client:
        store = RedisStore(client, prefix=prefix)
        store.open()
        taken = client.connection_pool.get_connection()
        with pytest.raises(StorageBusy, match="every connection .* nothing was written"):
            store.commit("h", [Commit({}, entries=(LINE,))])
        client.connection_pool.release(taken)
        assert isinstance(store.commit("h", [Commit({}, entries=(LINE,))])[0], Committed)
