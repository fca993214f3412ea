"""The JSON Schema: it says the same as the model, key by key, and accepts what the codec writes."""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from prizedraw.campaign import FORMS, Campaign, Disclosure, Odds, Prize, json_schema
from prizedraw.pity import Level, Newcomer, Pity
from prizedraw.quota import Points, Quota
from prizedraw.stock import Release
from prizedraw.testing.strategies import campaigns
from prizedraw.windows import Window

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples/campaigns").glob("*.toml"))
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
TOP, DEFS = SCHEMA["properties"], SCHEMA["$defs"]
OBJECTS = {
    Campaign: SCHEMA,
    Window: TOP["windows"]["items"],
    Quota: TOP["quota"],
    Points: TOP["points"],
    Release: TOP["release"],
    Odds: TOP["odds"],
    Disclosure: TOP["disclosure"],
    Prize: DEFS["prize"],
    Pity: DEFS["pity"],
    Level: DEFS["pity"]["properties"]["levels"]["items"],
    Newcomer: TOP["newcomer"],
}


def parsed(path):
    """A TOML file as JSON has it."""
    return json.loads(json.dumps(tomllib.loads(path.read_text("utf-8")), default=datetime.isoformat))


def test_the_shipped_file_is_a_schema():
    """What json_schema returns is the file beside the code, and valid itself."""
    shipped = ROOT / "src/prizedraw/campaign/campaign.schema.json"
    assert json.loads(shipped.read_text("utf-8")) == SCHEMA
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("cls", OBJECTS, ids=lambda cls: cls.__name__)
def test_keys_are_the_attributes(cls):
    """Every attribute has its key, in the same order, with the same default; what has none is required; nothing else is allowed."""
    schema = OBJECTS[cls]
    attributes = {attribute.name: attribute for attribute in attrs.fields(cls) if attribute.init}
    keys = [key for key in schema["properties"] if key != "format"]
    assert set(keys) == set(attributes)
    required = {name for name, attribute in attributes.items() if attribute.default is attrs.NOTHING}
    assert set(schema["required"]) == required | ({"daily_draws"} if cls is Quota else set())
    assert schema["additionalProperties"] is False
    for name, key in schema["properties"].items():
        if "default" in key and name != "format":
            default = attributes[name].default
            assert key["default"] == (list(default) if isinstance(default, tuple) else default), name


def test_words_are_those_of_the_model():
    """Forms, the fallback's keys and its defaults agree."""
    assert tuple(TOP["form"]["enum"]) == FORMS
    usual = Prize.thank_you()
    for name, key in TOP["fallback"]["properties"].items():
        assert key.get("default") == getattr(usual, name)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_validate(path):
    """The campaign files that we show have no fault, in the schema's eyes and in the codec's."""
    assert list(VALIDATOR.iter_errors(parsed(path))) == []
    assert Campaign.loads(Campaign.load(path).dumps()) == Campaign.load(path)


@given(campaigns())
@settings(max_examples=60, deadline=None)
def test_what_is_written_validates(campaign):
    """The JSON form of every campaign validates."""
    VALIDATOR.validate(json.loads(campaign.dumps("json")))


@pytest.mark.parametrize(
    "path",
    [
        [],
        ["windows", 0],
        ["quota"],
        ["points"],
        ["release"],
        ["odds"],
        ["disclosure"],
        ["prizes", 0],
        ["fallback"],
        ["pity", 0],
        ["newcomer"],
    ],
    ids=str,
)
def test_unknown_keys_fail(path):
    """A key that does not exist is a fault in every table."""
    document = parsed(ROOT / "examples/campaigns/spring_gala.toml")
    assert VALIDATOR.is_valid(document)
    table = document
    for step in path:
        table = table[step]
    table["kye"] = 1
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("weight", "-1"),
        ("weight", "much"),
        ("weight", True),
        ("stock", -2),
        ("stock", 1.5),
        ("id", "thank-you"),
        ("id", "Phone"),
        ("name", "two\nlines"),
        ("kind", "thank_you"),
        ("kind", "points"),
        ("points", 5),
        ("alert_stock", -1),
        ("value", "dear"),
    ],
)
def test_bad_values_fail(key, value):
    """The schema refuses what an editor can mark while it is typed."""
    document = parsed(ROOT / "examples/campaigns/spring_gala.toml")
    document["prizes"][0][key] = value
    assert not VALIDATOR.is_valid(document)
