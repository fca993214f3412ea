"""What is kept has the bytes it had, what was kept is still read, and what comes from the future is left alone (decision D12)."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest

from prizedraw import Campaign, DrawEngine, DrawRequest, InvalidCampaign, StorageVersion
from prizedraw.storage import Commit, Entry, MemoryStore, Read
from prizedraw.storage.sqlite import SqliteStore
from prizedraw.testing.replaying import replay
from scenery import picture

GOLDEN = Path(__file__).parents[1] / "golden"
spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)

KEPT = json.loads((GOLDEN / "kept.json").read_text("utf-8"))
RECEIPTS = json.loads((GOLDEN / "receipts.json").read_text("utf-8"))


@pytest.fixture
def memory():
    """The golden campaign played today, in memory."""
    store = MemoryStore()
    make.play(store)
    return store


@pytest.fixture
def file(tmp_path):
    """A copy of the golden file of schema version 1."""
    return Path(shutil.copy(GOLDEN / "schema-1.db", tmp_path / "draws.db"))


def without_cursors(store):
    """All that a store holds; the places in the journal are each store's own."""
    return {
        home: (docs, counters, [msgspec.structs.replace(entry, cursor=0) for entry in entries])
        for home, (docs, counters, entries) in picture(store, ["golden"]).items()
    }


@pytest.mark.parametrize("name", make.READ)
def test_a_kept_thing_has_the_bytes_of_its_format(memory, name):
    """The same calls leave the same bytes as when the format was fixed."""
    assert make.kept(memory)[name].hex() == KEPT[name]["bytes"]


@pytest.mark.parametrize("name", make.READ)
def test_golden_bytes_are_read_as_they_were(name):
    """Today's code finds in them what was put in; what it has learnt to keep since comes last."""
    holds, told = KEPT[name]["holds"], make.told(name, bytes.fromhex(KEPT[name]["bytes"]))
    assert (told[: len(holds)] if isinstance(holds, list) else told) == holds


def test_a_campaign_file_is_written_and_read_as_it_was():
    """TOML and JSON are one campaign, come out to the byte, and have the digest that receipts name."""
    toml, as_json = ((GOLDEN / f"campaign.{form}").read_text("utf-8") for form in ("toml", "json"))
    campaign = Campaign.loads(toml)
    assert campaign == Campaign.loads(as_json)
    assert (campaign.dumps(), campaign.dumps("json"), campaign.digest) == (toml, as_json, KEPT["digest"])


def test_seeded_draws_are_the_same_in_every_release(memory):
    """A seed, a clock and the same calls give the same receipts, to every field."""
    assert make.receipts_of(DrawEngine(memory)) == RECEIPTS


def test_a_file_of_schema_1_is_opened_audited_replayed_and_drawn_on(file):
    """It holds what playing holds today, answers its request ids, and goes on."""
    with DrawEngine(SqliteStore(file), clock=lambda: make.NOON) as engine:
        today = MemoryStore()
        make.play(today)
        assert without_cursors(engine.store) == without_cursors(today)
        assert make.receipts_of(engine) == RECEIPTS
        assert replay(engine.store, "golden").problems == []
        first = engine.draw("golden", "安娜", request_id="order-1")
        assert json.loads(msgspec.json.encode(make.fields(first))) == RECEIPTS[0]
        assert engine.draw("golden", "new").number == 1
        assert engine.audit("golden").ok
        assert replay(engine.store, "golden").problems == []


def test_a_file_of_a_later_schema_is_refused_untouched(file):
    """The number is read before anything else is; not a byte changes."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(StorageVersion, match="schema version 2"):
        DrawEngine(SqliteStore(file)).draw("golden", "ann")
    assert file.read_bytes() == before


def test_a_campaign_file_of_a_later_format_is_refused():
    """The number is named, in both syntaxes."""
    for form in ("toml", "json"):
        text = (GOLDEN / f"campaign.{form}").read_text("utf-8")
        later = text.replace("format = 1", "format = 2").replace('"format": 1', '"format": 2')
        assert later != text
        with pytest.raises(InvalidCampaign, match="format"):
            Campaign.loads(later)


CALLS = {
    "draw": lambda engine: engine.draw("golden", "安娜"),
    "draw_again": lambda engine: engine.draw("golden", "安娜", request_id="later"),
    "draw_many": lambda engine: engine.draw_many("golden", "安娜", 2),
    "draw_batch": lambda engine: engine.draw_batch("golden", [DrawRequest("安娜")]),
    "publish": lambda engine: engine.publish(Campaign.load(make.CAMPAIGN)),
    "take_offline": lambda engine: engine.take_offline("golden"),
    "take_off_shelf": lambda engine: engine.take_off_shelf("golden", "phone"),
    "reallocate": lambda engine: engine.reallocate("golden", "phone", add=1),
    "grant_draws": lambda engine: engine.grant_draws("golden", "安娜", 1, request_id="g"),
    "void": lambda engine: engine.void("golden:0:order-5", request_id="v", return_chance=True),
    "void_later": lambda engine: engine.void("golden:0:later", request_id="v", return_chance=True),
    "block": lambda engine: engine.block("安娜", "golden"),
    "standing": lambda engine: engine.standing("golden", "安娜"),
    "stock": lambda engine: engine.stock("golden"),
    "odds": lambda engine: engine.odds("golden", "安娜"),
    "receipt": lambda engine: engine.receipt(campaign="golden", request_id="later"),
    "receipts": lambda engine: list(engine.receipts("golden")),
    "movements": lambda engine: list(engine.movements("golden")),
    "alerts": lambda engine: list(engine.alerts("golden")),
    "audit": lambda engine: engine.audit("golden"),
}
MEETS = {
    "head": set(CALLS) - {"draw_again"},
    "rules": {"draw", "draw_many", "draw_batch", "publish", "take_off_shelf", "reallocate", "standing", "stock", "odds", "audit"},
    "participant": {"draw", "draw_many", "draw_batch", "grant_draws", "void", "block", "standing", "odds", "audit"},
    "draw entry": {"draw_again", "void_later", "receipt", "receipts", "movements", "alerts", "audit"},
    "operator entry": {"movements", "alerts", "audit"},
    "registry line": {"publish"},
}
"""What would have to be understood by which calls."""
LAYOUTS = {
    "the same layout": lambda data: msgspec.msgpack.encode([2, *msgspec.msgpack.decode(data)[1:]]),
    "another layout": lambda data: msgspec.msgpack.encode([2, {"all": "else"}]),
}


def put(store, name, layout):
    """Replace a kept thing by one of format 2, or add a journal entry of it."""
    home, key = {
        "head": (make.HOME, "head"),
        "rules": (make.HOME, "rules/000002"),
        "participant": (make.HOME, "p/安娜"),
        "registry line": (make.REGISTRY, "campaign/golden"),
    }.get(name, (make.HOME, ""))
    if key:
        doc = store.read(home, [Read((key,))])[0].docs[key]
        later = doc.data.replace(b'"format": 1', b'"format": 2') if name == "rules" else LAYOUTS[layout](doc.data)
        assert later != doc.data
        store.commit(home, [Commit({key: doc.version}, {key: later})])
        return
    was = store.entry(make.HOME, "order-3" if name == "draw entry" else "void")
    kind = was.kind if name == "operator entry" else "draw"
    entry = Entry("later", "安娜", "安娜", kind, was.at, LAYOUTS[layout](was.data))
    store.commit(make.HOME, [Commit({}, entries=(entry,))])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "call"), [(name, call) for name, calls in MEETS.items() for call in sorted(calls)])
def test_what_a_later_version_wrote_is_refused_untouched(memory, name, call, layout):
    """Whatever else changed with the number, each call that meets it says so and leaves the store as it is."""
    put(memory, name, layout)
    before = picture(memory, ["golden"])
    with pytest.raises(StorageVersion, match=r"format:? 2"):
        CALLS[call](DrawEngine(memory, clock=lambda: make.NOON))
    assert picture(memory, ["golden"]) == before


def test_a_golden_export_is_imported():
    """Format 1, with a checkpoint and a pseudonym in it: the sums are those of all draws, the receipts those of the second day."""
    engine = DrawEngine(MemoryStore())
    engine.import_from(GOLDEN / "export-1.jsonl")
    verdict = engine.audit("golden")
    assert (verdict.ok, verdict.draws) == (True, len(RECEIPTS))
    assert verdict.archived > 20
    assert make.receipts_of(engine) == [one for one in RECEIPTS if one["day"] == "2027-03-11"]
    assert engine.standing("golden", "bob").number == 0
    (erased,) = engine.journal("golden", kind="erase")
    assert engine.standing("golden", erased.participant).number == 6
