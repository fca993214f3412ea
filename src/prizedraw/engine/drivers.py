"""The two drivers: the only code that carries out what a flow asks for, one in threads and one on an event loop."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from prizedraw.flows.effects import Compact, Exclusive, Fetch, Fetches, Forget, Listing, Post, Posts, Redact

if TYPE_CHECKING:
    from prizedraw.engine.jobs import Job
    from prizedraw.flows.effects import Flow
    from prizedraw.storage.protocol import AsyncHandle, AsyncStore, Handle, Store

T = TypeVar("T")


def drive(store: Store, handle: Handle, flow: Flow[T], wait: float) -> T:
    """Run a flow to its end and return its result.

    Args:
        store: answers listings, and is asked for exclusivity.
        handle: reads and commits; the store itself, or the inside of its ``exclusive``.
        flow: what to do.
        wait: seconds that exclusivity may be waited for.
    """
    send = flow.send
    result: Any = None
    try:
        while True:
            effect = send(result)
            kind = type(effect)
            if kind is Fetch:
                result = handle.read(effect.home, (effect.read,))[0]  # type: ignore[union-attr]  # its type was just compared
            elif kind is Post:
                result = handle.commit(effect.home, (effect.commit,))[0]  # type: ignore[union-attr]  # as above
            elif kind is Fetches:
                result = handle.read(effect.home, effect.reads)  # type: ignore[union-attr]  # as above
            elif kind is Posts:
                result = handle.commit(effect.home, effect.commits)  # type: ignore[union-attr]  # as above
            elif isinstance(effect, Listing | Forget | Redact | Compact):
                result = _ask(store, effect)
            elif isinstance(effect, Exclusive) and handle is store:
                with store.exclusive(effect.home, effect.docs, wait) as inside:
                    return drive(store, inside, flow, wait)
            else:
                result = None
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what a Flow[T] returns


def run(store: Store, job: Job[T], wait: float) -> T:
    """Do a job; on a store that has one writer anyway, one that writes keeps the others away from its first step on."""
    if not (job.writes and store.lock_first):
        return drive(store, store, job.flow, wait)
    with store.exclusive(job.home, (), wait) as handle:
        return drive(store, handle, job.flow, wait)


def _ask(store: Any, effect: Listing | Forget | Redact | Compact) -> Any:
    """Call what is asked of the store itself; of an asynchronous one, the result is to be awaited."""
    if isinstance(effect, Forget):
        return store.forget(effect.home, effect.before, effect.checkpoint)
    if isinstance(effect, Redact):
        return store.redact(effect.home, effect.commit, effect.entries, effect.docs)
    if isinstance(effect, Compact):
        return store.compact()
    if effect.of == "entries":
        return store.entries(
            effect.home,
            owner=effect.owner,
            kind=effect.kind,
            after=effect.after,
            limit=effect.limit,
            newest_first=effect.newest_first,
        )
    listing = store.docs if effect.of == "docs" else store.counters
    return listing(effect.home, effect.prefix, after=effect.after, limit=effect.limit)


async def run_async(store: AsyncStore, job: Job[T], wait: float) -> T:
    """Do a job on an event loop; see ``run``."""
    flow = job.flow
    handle: AsyncHandle = store
    result: Any = None
    async with AsyncExitStack() as stack:
        if job.writes and store.lock_first:
            handle = await stack.enter_async_context(store.exclusive(job.home, (), wait))
        try:
            while True:
                effect = flow.send(result)
                if isinstance(effect, Fetch):
                    result = (await handle.read(effect.home, (effect.read,)))[0]
                elif isinstance(effect, Post):
                    result = (await handle.commit(effect.home, (effect.commit,)))[0]
                elif isinstance(effect, Fetches):
                    result = await handle.read(effect.home, effect.reads)
                elif isinstance(effect, Posts):
                    result = await handle.commit(effect.home, effect.commits)
                elif isinstance(effect, Listing | Forget | Redact | Compact):
                    result = await _ask(store, effect)
                else:
                    if handle is store:
                        handle = await stack.enter_async_context(store.exclusive(effect.home, effect.docs, wait))
                    result = None
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what a Flow[T] returns
        finally:
            flow.close()
