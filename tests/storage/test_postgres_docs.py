"""The page on PostgreSQL, with a server: its blocks that a reader runs against one of their own."""

from __future__ import annotations

from pathlib import Path

import pages
from postgres_servers import fresh_database

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "recipes" / "postgresql.md"
URL = "postgresql://app:secret@db.example/shop"


def test_the_blocks_of_the_page_do_what_they_say(monkeypatch):
    """Every Python block, in order, on a new database."""
    monkeypatch.chdir(ROOT)
    found = [block for block in pages.blocks(PAGE.read_text("utf-8")) if block.language == "python"]
    assert sum(URL in block.text for block in found) == 3
    database, names = fresh_database(), {}
    for block in found:
        exec(compile(block.text.replace(URL, database), f"{PAGE}:{block.line}", "exec"), names)
