"""Flows that hand out pages on their way, so that a long answer is never held whole."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeAlias, TypeVar

from prizedraw.flows.effects import Effect, Flow

T = TypeVar("T")

Paged: TypeAlias = Generator[Effect | list[T], Any, None]
"""A flow that also yields lists: each is a page of the answer."""


class Stream(Generic[T]):
    """One paged flow on its way. A page is a flow of its own, so nothing is held open between two of them."""

    def __init__(self, flow: Paged[T]) -> None:
        self._flow = flow

    def page(self) -> Flow[list[T] | None]:
        """The next page; None at the end."""
        result = None
        while True:
            try:
                step = self._flow.send(result)
            except StopIteration:
                return None
            if isinstance(step, list):
                return step
            result = yield step
