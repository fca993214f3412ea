"""Writes the golden files beside it. Run it when a format changes on purpose, under a new number, and keep the old files readable.

python tests/golden/make.py
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from prizedraw import Campaign, DrawEngine, DrawRefused, DrawRequest, Receipt
from prizedraw.draw import receipt, state
from prizedraw.flows import context, operator, publishing
from prizedraw.sampling import SeededEntropy
from prizedraw.storage.memory import MemoryStore
from prizedraw.storage.sqlite import SqliteStore

HERE = Path(__file__).parent
CAMPAIGN = HERE / "campaign.toml"
NOON = datetime(2027, 3, 10, 4, tzinfo=UTC)
HOME, REGISTRY = "default/campaign/golden", "default/registry"


def play(store) -> None:
    """A short life of the golden campaign, the same at each run: every kind of journal entry, and every field of a document."""
    now = [NOON]
    engine = DrawEngine(store, clock=lambda: now[0], entropy=SeededEntropy("golden"))
    engine.publish(Campaign.load(CAMPAIGN), request_id="publish", actor="ops", note="first")
    engine.draw("golden", "安娜", request_id="order-1", meta={"order": 1})
    engine.draw_many("golden", "安娜", 5, request_id="order-2")
    engine.grant_draws("golden", "安娜", 3, request_id="grant", expires=NOON + timedelta(days=9), actor="ops")
    engine.draw_batch("golden", [DrawRequest(f"p{k % 5}", f"batch-{k}", 1 + k % 3) for k in range(12)])
    engine.draw_many("golden", "安娜", 4, request_id="order-3")
    won = next(engine.receipts("golden", wins_only=True, newest_first=False))
    engine.void(won.id, request_id="void", return_chance=True, actor="ops", note="returned")
    engine.reallocate("golden", "phone", add=2, request_id="more", actor="ops")
    engine.take_off_shelf("golden", "cup", request_id="off", actor="ops")
    engine.draw_many("golden", "bob", 6, request_id="order-4")
    engine.block("eve", "golden", request_id="block")
    engine.block("mallory", request_id="bar")
    engine.publish(Campaign.load(CAMPAIGN).replace(weights={"cup": "1/4"}), request_id="edit")
    now[0] = NOON + timedelta(days=1)
    try:
        engine.draw_many("golden", "安娜", 6, request_id="order-5")
    except DrawRefused as refusal:
        raise SystemExit(f"the golden campaign is too tight: {refusal}") from refusal


def kept(store) -> dict[str, bytes]:
    """One of each thing that is kept, by name."""
    docs, registry = dict(store.docs(HOME, "").items), dict(store.docs(REGISTRY, "").items)
    return {
        "participant": docs["p/安娜"].data,
        "head": docs["head"].data,
        "draw entry": store.entry(HOME, "order-3").data,
        "operator entry": store.entry(HOME, "void").data,
        "registry line": registry["campaign/golden"].data,
        "title": registry["title/Golden"].data,
        "void mark": next(doc.data for key, doc in docs.items() if key.startswith("void/")),
        "block everywhere": registry["barred/mallory"].data,
    }


READ = {
    "participant": state.decode,
    "head": msgspec.msgpack.Decoder(context.Head).decode,
    "draw entry": receipt.decode,
    "operator entry": operator.decode,
    "registry line": publishing._listed,
    "title": bytes.decode,
    "void mark": bytes.decode,
    "block everywhere": bytes.decode,
}
"""How today's code reads each of them."""


def told(name: str, data: bytes) -> object:
    """What today's code makes of bytes, as plain data."""
    read = READ[name](data)
    if name == "draw entry":
        read = [fields(one) for one in receipt.receipts("golden", "安娜", "order-3", 0, data)]
    return json.loads(msgspec.json.encode(read))


def fields(one: Receipt) -> dict[str, object]:
    """A receipt by the names under which it is read."""
    named = {name: getattr(one, name) for name in one.__struct_fields__ if name not in ("place", "at")}
    return {"id": one.id, "drawn_at": one.drawn_at, **named}


def receipts_of(engine: DrawEngine) -> list[object]:
    """Every receipt, as plain data."""
    return json.loads(msgspec.json.encode([fields(one) for one in engine.receipts("golden", newest_first=False)]))


def written(value: object) -> str:
    """The text of a golden JSON file."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def exported(store) -> bytes:
    """The store a day later, its first day archived and one participant erased, as an export."""
    engine = DrawEngine(store, clock=lambda: NOON + timedelta(days=2))
    engine.prune("golden", NOON + timedelta(hours=12), actor="ops", note="the first day")
    engine.erase("bob", actor="ops")
    return b"".join(engine.export(actor="ops"))


def main() -> None:
    """Write every golden file but the campaign's TOML, from which the others come."""
    campaign = Campaign.load(CAMPAIGN)
    (HERE / "campaign.json").write_text(campaign.dumps("json"), "utf-8")
    store = MemoryStore()
    play(store)
    pieces = {name: {"bytes": data.hex(), "holds": told(name, data)} for name, data in kept(store).items()}
    (HERE / "kept.json").write_text(written({"digest": campaign.digest, **pieces}), "utf-8")
    (HERE / "receipts.json").write_text(written(receipts_of(DrawEngine(store))), "utf-8")
    (HERE / "export-1.jsonl").write_bytes(exported(store))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "draws.db"
        file = SqliteStore(path)
        play(file)
        file.close()
        (HERE / "schema-1.db").write_bytes(path.read_bytes())
    sys.stdout.write(f"{', '.join(sorted(one.name for one in HERE.iterdir() if one.is_file()))}\n")


if __name__ == "__main__":
    main()
