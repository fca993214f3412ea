"""What tests of the engine stand on: a moment, small campaigns, and a picture of all that a store holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prizedraw import Campaign, Prize, Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prizedraw import DrawEngine
    from prizedraw.storage.protocol import Store

NOON = datetime(2027, 3, 10, 4, tzinfo=UTC)
"""Wednesday, 10 March 2027, 12:00 in Shanghai, in the middle of ``MARCH``."""
MARCH = Window(datetime(2027, 3, 1), datetime(2027, 4, 1))
SURE = Prize("cup", "Cup", 1, 100)
"""A prize that every draw names, as the thank-you weighs nothing."""


def wheel(*prizes: Prize, id: str = "wheel", **fields: Any) -> Campaign:  # noqa: A002 - the field's name
    """A campaign in Shanghai that is open through March 2027; without prizes it gives the same cup at each draw."""
    given: dict[str, Any] = {"title": f"The {id}", "timezone": "Asia/Shanghai", "windows": [MARCH], **fields}
    return Campaign(id=id, prizes=prizes or (SURE,), **given)


def picture(store: Store, campaigns: Iterable[str] = ("wheel",), namespace: str = "default") -> dict[str, tuple[Any, ...]]:
    """Every document, counter and journal entry of the registry and of some campaigns."""
    homes = [f"{namespace}/registry", *(f"{namespace}/campaign/{id_}" for id_ in campaigns)]
    return {
        home: (
            store.docs(home, "", limit=10_000).items,
            store.counters(home, "", limit=10_000).items,
            store.entries(home, limit=10_000).items,
        )
        for home in homes
    }


def wins(engine: DrawEngine, participant: str, times: int, campaign: str = "wheel") -> list[str | None]:
    """Draw so often, and tell for each draw the reason why it was no win, or None."""
    return [engine.draw(campaign, participant).reason for _ in range(times)]


STOPPABLE = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from prizedraw.cli import main; sys.exit(main())"
"""The program, heeding Ctrl-C even where the tests themselves were started without."""
