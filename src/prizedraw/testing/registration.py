"""What Hypothesis calls when it is imported, by the entry point of its name, so that ``st.from_type(Campaign)`` draws valid ones.

Nothing but the registration is done then; the strategies are imported when one is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prizedraw.campaign import Campaign, Prize
from prizedraw.flows.drawing import DrawRequest
from prizedraw.quota import Points, Quota
from prizedraw.stock import Release
from prizedraw.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

STRATEGIES: dict[type, str] = {
    Campaign: "campaigns",
    DrawRequest: "draw_requests",
    Points: "points",
    Prize: "prizes",
    Quota: "quotas",
    Release: "releases",
    Window: "windows",
}
"""Type → the function of ``prizedraw.testing.strategies`` that makes its strategy."""


def register() -> None:
    """Tell Hypothesis the strategy of each type. Called again, it changes nothing."""
    from hypothesis.strategies import register_type_strategy  # noqa: PLC0415 - called while hypothesis is imported

    for cls, name in STRATEGIES.items():
        register_type_strategy(cls, _strategy(name))


def _strategy(name: str) -> Callable[[type[Any]], SearchStrategy[Any]]:
    def make(_: type[Any]) -> SearchStrategy[Any]:
        strategy: SearchStrategy[Any] = getattr(import_module("prizedraw.testing.strategies"), name)()
        return strategy

    return make
