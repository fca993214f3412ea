"""The JSON Schema of campaign files. It ships as ``campaign.schema.json``, for editors; this only reads it."""

from __future__ import annotations

from typing import Any


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a campaign file's document, in JSON form: a TOML date and time is a text there.

    It tells what one key may hold. Rules between keys, such as the ordering of caps, are for ``Campaign.loads`` alone.
    """
    import json  # noqa: PLC0415 - kept out of the import of prizedraw
    from importlib.resources import files  # noqa: PLC0415 - as above

    schema: dict[str, Any] = json.loads(files("prizedraw.campaign").joinpath("campaign.schema.json").read_text("utf-8"))
    return schema
