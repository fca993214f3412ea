"""Many flows as one flow: what they ask for at the same time is asked at once.

Each comes out as if alone. A flow that has to decide again (its view was stale, a counter refused) does so a round later than its
neighbours; so the flows happen one after another in some order, and in the order given where none has to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from prizedraw.errors import PrizeDrawError
from prizedraw.flows.effects import Exclusive, Fetch, Fetches, Flow, Post, Posts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prizedraw.flows.effects import Effect

T = TypeVar("T")


def together(flows: Sequence[Flow[T]], owners: Sequence[str]) -> Flow[list[T | PrizeDrawError]]:  # noqa: C901 - one loop
    """Carry out the flows; the result or the error of each, in order.

    Args:
        flows: not yet begun.
        owners: whose each is; flows of one owner take turns, since they would only overtake each other.
    """
    results: list[Any] = [None] * len(flows)
    waiting: dict[str, list[int]] = {}
    for place in range(len(flows) - 1, -1, -1):
        waiting.setdefault(owners[place], []).append(place)
    asked: dict[int, Any] = {}

    def step(place: int, value: Any) -> None:
        """Let a flow go on to what it asks next; when it has ended, the next one of its owner begins."""
        try:
            asked[place] = flows[place].send(value)
        except StopIteration as end:
            results[place] = end.value
        except PrizeDrawError as error:
            results[place] = error
        else:
            return
        if others := waiting[owners[place]]:
            step(others.pop(), None)

    for place in sorted(others.pop() for others in waiting.values()):
        step(place, None)
    while asked:
        now, asked = asked, {}
        for effect, places in _merged(now):
            answers: Iterable[Any]
            if isinstance(effect, Exclusive):
                # Nothing is locked for one of many: who holds what some have changed and waits for what others want stops everybody.
                answers = (None,)
            elif isinstance(effect, (Fetches, Posts)):
                answers = yield effect
            else:
                answers = ((yield effect),)
            for place, value in zip(places, answers, strict=True):
                step(place, value)
    return results


def _merged(asked: dict[int, Effect]) -> list[tuple[Effect, list[int]]]:
    """The effects to carry out, each with the flows that it answers: the commits to a home as one, its reads as one, the others alone."""
    posts: dict[str, list[int]] = {}
    reads: dict[str, list[int]] = {}
    merged: list[tuple[Effect, list[int]]] = []
    for place in sorted(asked):
        effect = asked[place]
        if type(effect) is Post:
            posts.setdefault(effect.home, []).append(place)
        elif type(effect) is Fetch:
            reads.setdefault(effect.home, []).append(place)
        else:
            merged.append((effect, [place]))
    for home, places in posts.items():
        merged.append((Posts(home, [asked[place].commit for place in places]), places))  # type: ignore[union-attr]  # they are Posts
    for home, places in reads.items():
        merged.append((Fetches(home, [asked[place].read for place in places]), places))  # type: ignore[union-attr]  # they are Fetches
    return merged
