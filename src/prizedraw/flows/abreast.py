"""Several flows abreast: what they ask of one home at the same time is asked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from prizedraw.flows.effects import Fetch, Fetches, Flow, Post, Posts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.flows.effects import Effect

T = TypeVar("T")


def abreast(flows: Sequence[Flow[T]]) -> Flow[list[T]]:
    """Carry out the flows step by step; their results, in order. Whatever one of them raises ends them all."""
    results: list[Any] = [None] * len(flows)
    answers: dict[int, Any] = dict.fromkeys(range(len(flows)))
    while answers:
        asked: dict[int, Effect] = {}
        for place, answer in answers.items():
            try:
                asked[place] = flows[place].send(answer)
            except StopIteration as end:
                results[place] = end.value
        answers = {}
        for effect, places in _merged(asked):
            found = yield effect
            answers |= zip(places, found if isinstance(effect, (Fetches, Posts)) else (found,), strict=True)
        answers = dict(sorted(answers.items()))
    return results


def _merged(asked: dict[int, Effect]) -> list[tuple[Effect, list[int]]]:
    """The effects to carry out, each with the flows that it answers: the commits to a home as one, its reads as one, the others alone."""
    posts: dict[str, list[int]] = {}
    reads: dict[str, list[int]] = {}
    merged: list[tuple[Effect, list[int]]] = []
    for place, effect in asked.items():
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
