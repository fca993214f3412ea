"""Bad input: each gets its own clear error, and nothing is half-written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from prizedraw import (
    AsyncDrawEngine,
    ClockError,
    DrawEngine,
    DrawRequest,
    InvalidEdit,
    InvalidRequest,
    PrizeDrawError,
    Quota,
    StorageError,
    UnknownCampaign,
    errors,
)
from prizedraw.testing import FixedClock
from scenery import NOON, picture, wheel

NO_IDS = {
    "empty": "",
    "long": "x" * 201,
    "long_in_bytes": "奖" * 67,
    "control": "a\nb",
    "nul": "a\x00b",
    "delete": "a\x7fb",
    "c1_control": "a\x85b",
    "lone_surrogate": "\ud800",
    "number": 5,
    "bytes": b"ann",
    "none": None,
    "list": ["ann"],
}


@pytest.fixture
def published(engine):
    """An engine with a campaign and a draw in it; after the test the store holds what it held before."""
    engine.publish(wheel(quota=Quota(daily_draws=50)))
    engine.draw("wheel", "ann", request_id="first")
    before = picture(engine.store)
    yield engine
    assert picture(engine.store) == before


@pytest.mark.parametrize("value", NO_IDS.values(), ids=NO_IDS)
@pytest.mark.parametrize(
    "call",
    [
        lambda engine, bad: engine.draw("wheel", bad),
        lambda engine, bad: engine.draw_many("wheel", bad, 2),
        lambda engine, bad: engine.draw_batch("wheel", [DrawRequest("ann"), DrawRequest(bad)]),
        lambda engine, bad: engine.grant_draws("wheel", bad, 1, request_id="g"),
        lambda engine, bad: engine.standing("wheel", bad),
        lambda engine, bad: engine.odds("wheel", bad),
        lambda engine, bad: engine.block(bad),
        lambda engine, bad: engine.unblock(bad, "wheel"),
    ],
)
def test_a_participant_is_1_to_200_bytes_without_control_characters(published, call, value):
    """In every call that names one; also in the second request of a batch, of which the first is then not made."""
    with pytest.raises(InvalidRequest, match="participant"):
        call(published, value)


@pytest.mark.parametrize("value", [value for value in NO_IDS.values() if value is not None], ids=[key for key in NO_IDS if key != "none"])
@pytest.mark.parametrize(
    "call",
    [
        lambda engine, bad: engine.draw("wheel", "ann", request_id=bad),
        lambda engine, bad: engine.draw_batch("wheel", [DrawRequest("ann", bad)]),
        lambda engine, bad: engine.grant_draws("wheel", "ann", 1, request_id=bad),
        lambda engine, bad: engine.void("wheel:0:first", request_id=bad),
        lambda engine, bad: engine.reallocate("wheel", "cup", add=1, request_id=bad),
        lambda engine, bad: engine.publish(wheel(title="New"), request_id=bad),
        lambda engine, bad: engine.take_offline("wheel", request_id=bad),
        lambda engine, bad: engine.block("ann", request_id=bad),
        lambda engine, bad: engine.receipt(campaign="wheel", request_id=bad),
    ],
)
def test_a_request_id_is_1_to_200_bytes_without_control_characters(published, call, value):
    """In every call that takes one."""
    with pytest.raises(InvalidRequest, match="request_id"):
        call(published, value)


def test_ids_of_200_bytes_in_any_script_are_fine(engine):
    """The longest ones, and ones with spaces, colons and slashes, come back as they were."""
    engine.publish(wheel())
    for name in ("x" * 200, "奖" * 66, " spaced out ", "a:b/c", "🎁"):
        receipt = engine.draw("wheel", name, request_id=name)
        assert (receipt.participant, receipt.request_id) == (name, name)
        assert engine.receipt(receipt.id) == receipt
        assert list(engine.receipts("wheel", name)) == [receipt]
    assert engine.audit("wheel").ok


@pytest.mark.parametrize("n", [0, -1, 101, 2.0, "2", None, True])
def test_n_is_an_integer_from_1_to_100(published, n):
    """A bool, a float and a text are none."""
    for call in (lambda: published.draw_many("wheel", "ann", n), lambda: published.draw_batch("wheel", [DrawRequest("ann", n=n)])):
        with pytest.raises(InvalidRequest, match="1 to 100"):
            call()


@pytest.mark.parametrize("n", [0, -1, 2**53, 1.0, "2", None, True])
def test_granted_draws_are_a_positive_integer(published, n):
    """Likewise."""
    with pytest.raises(InvalidRequest, match="n: "):
        published.grant_draws("wheel", "ann", n, request_id="g")


@pytest.mark.parametrize("n", [0, 100_001, 1.0, True])
def test_preview_is_of_1_to_100000_draws(published, n):
    """More is for the simulation."""
    with pytest.raises(InvalidRequest, match="100000"):
        published.preview("wheel", n, seed=1)


@pytest.mark.parametrize("expires", [datetime(2027, 3, 11), "2027-03-11", 5, NOON, NOON - timedelta(days=1)])
def test_expiry_is_aware_and_to_come(published, expires):
    """A naive one, none at all, now and the past are refused."""
    with pytest.raises(InvalidRequest, match="expires"):
        published.grant_draws("wheel", "ann", 1, request_id="g", expires=expires)


def test_a_clock_that_runs_back_more_than_a_minute_is_an_error(engine, clock):
    """Sixty seconds are tolerated, more is a ClockError and writes nothing; once it is right again draws go on."""
    engine.publish(wheel())
    clock.advance(seconds=-60)
    engine.draw("wheel", "ann")
    before = picture(engine.store)
    clock.advance(seconds=-1)
    for call in (lambda: engine.draw("wheel", "ann"), lambda: engine.take_offline("wheel"), lambda: engine.stock("wheel")):
        with pytest.raises(ClockError, match="went back"):
            call()
    assert picture(engine.store) == before
    clock.set(NOON)
    assert engine.draw("wheel", "ann").number == 2


def test_a_day_does_not_go_back_with_the_clock(engine, clock):
    """Within the tolerance a clock steps back over midnight: the participant's day stays, and its cap with it."""
    midnight = datetime(2027, 3, 10, 16, tzinfo=UTC)
    clock.set(midnight)
    engine.publish(wheel(quota=Quota(daily_draws=2)))
    assert str(engine.draw("wheel", "ann").day) == "2027-03-11"
    clock.set(midnight - timedelta(seconds=30))
    assert str(engine.draw("wheel", "ann").day) == "2027-03-11"
    assert engine.standing("wheel", "ann").draws_left_today == 0


@pytest.mark.parametrize("prize_id", ["nope", "", None, 5])
def test_an_unknown_prize_is_named(published, prize_id):
    """The error lists the prizes that there are."""
    for call in (published.take_off_shelf, published.put_on_shelf, lambda *ids: published.reallocate(*ids, stock=1)):
        with pytest.raises(InvalidEdit, match="there are cup"):
            call("wheel", prize_id)


@pytest.mark.parametrize(
    "receipt_id", ["", "wheel", "wheel:0", "wheel:x:first", "wheel:-1:first", "wheel:00:first", "wheel:٠:first", None, 5]
)
def test_what_is_no_receipt_id_is_refused(published, receipt_id):
    """One spelling only."""
    with pytest.raises(InvalidRequest, match="receipt"):
        published.void(receipt_id, request_id="v")
    with pytest.raises(InvalidRequest, match="receipt"):
        published.receipt(receipt_id)


def test_a_receipt_is_asked_for_in_one_way(published):
    """By its id, or by campaign and request id; not both, not half."""
    for wanted in ({"campaign": "wheel"}, {"request_id": "first"}, {"receipt_id": "wheel:0:first", "campaign": "wheel"}):
        with pytest.raises(InvalidRequest, match="receipt"):
            published.receipt(**wanted)


@pytest.mark.parametrize(
    "amounts", [{}, {"stock": 1, "add": 1}, {"stock": -2}, {"stock": 1.0}, {"stock": True}, {"add": "1"}, {"add": 2**53}]
)
def test_reallocate_takes_one_integer(published, amounts):
    """Either a new allocation from -1, or a change."""
    with pytest.raises(InvalidRequest, match=r"stock|add"):
        published.reallocate("wheel", "cup", **amounts)


def test_an_allocation_stays_below_2_to_the_53(published):
    """Where stores that count in doubles lose digits."""
    with pytest.raises(InvalidEdit, match="9007199254740991"):
        published.reallocate("wheel", "cup", add=2**53 - 1)


@pytest.mark.parametrize(
    "meta", ["x" * 5000, object(), {1: object()}, {"a": "\ud800"}, 2**70], ids=["large", "object", "inside", "surrogate", "integer"]
)
def test_meta_is_small_and_plain(published, meta):
    """At most 4 KiB of what a message can hold."""
    with pytest.raises(InvalidRequest, match="meta"):
        published.draw("wheel", "ann", meta=meta)


@pytest.mark.parametrize("what", [None, "wheel", {}, 5])
def test_only_a_campaign_can_be_published(published, what):
    """Not a path, not a text, not a table."""
    with pytest.raises(InvalidRequest, match="Campaign"):
        published.publish(what)


def test_a_batch_is_of_draw_requests(published):
    """The error tells which one is not."""
    with pytest.raises(InvalidRequest, match=r"requests\[1\]"):
        published.draw_batch("wheel", [DrawRequest("ann"), ("bob", None)])
    with pytest.raises(UnknownCampaign):
        published.draw_batch("no", [DrawRequest("ann")])


@pytest.mark.parametrize("version", [0, 2, -1, True, "1", 1.0])
def test_only_versions_that_there_are_can_be_read(published, version):
    """The error tells how many there are."""
    with pytest.raises(InvalidRequest, match="version"):
        published.campaign("wheel", version=version)


def test_hooks_are_functions_for_events_that_there_are(published):
    """A slip in the name of an event is told at once."""
    with pytest.raises(InvalidRequest, match="low_stock"):
        published.on("lowstock", print)
    with pytest.raises(InvalidRequest, match="cannot be called"):
        published.on("draw", "print")


@pytest.mark.parametrize("url", ["", None, 5, "a\x00b", "mysql://x/y", b"draws.db"])
def test_a_url_names_a_store(url):
    """For both engines."""
    for engine in (DrawEngine, AsyncDrawEngine):
        with pytest.raises(InvalidRequest, match="url"):
            engine.open(url)


@pytest.mark.parametrize("namespace", ["", "a/b", "x" * 65, None, 5, "-a"])
def test_a_namespace_is_a_short_word(namespace):
    """Letters, digits, dots, dashes and underscores."""
    with pytest.raises(InvalidRequest, match="namespace"):
        DrawEngine.open(":memory:", namespace=namespace)


def test_a_clock_can_be_asked():
    """A number is no clock."""
    with pytest.raises(InvalidRequest, match="clock"):
        DrawEngine.open(":memory:", clock=5)


def test_an_engine_on_a_closed_file_says_so(tmp_path):
    """A storage error, with the id of the request."""
    engine = DrawEngine.open(tmp_path / "draws.db", clock=FixedClock(NOON))
    engine.publish(wheel())
    engine.close()
    with pytest.raises(StorageError, match="closed") as caught:
        engine.draw("wheel", "ann", request_id="r")
    assert caught.value.request_id == "r"


def test_every_error_is_one_of_ours_and_a_builtin():
    """One base, natural builtins beside it."""
    natural = (ValueError, LookupError, RuntimeError, ImportError, OSError)
    ours = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, PrizeDrawError)]
    assert [one for one in ours if not issubclass(one, natural)] == [PrizeDrawError]
