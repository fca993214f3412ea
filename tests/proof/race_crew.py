"""What racers and the operator among them do in the big races.

All go in rounds that begin at once. In a round each of them asks, in an order of its own, with ids of its own, with ids that all
of them use for the same participant, and with ids that half of them use for one participant and half for another.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from prizedraw import DrawRefused, DrawRequest, InvalidEdit, Prize, Quota, Refusal, RequestMismatch
from proof.crew import CLOSE, opened
from scenery import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from prizedraw import DrawEngine
    from proof.crew import Where

RACERS = 8
SHARED, CONTESTED, OWN = 12, 5, 33
ROUND = SHARED + CONTESTED + OWN
"""Requests of a racer in a round."""
HOT = ("phone", "watch", "camera")
DAILY_DRAWS, DAILY_WINS = 40, 5
RACED = wheel(
    *(Prize(id_, id_.title(), "1/8", 100) for id_ in HOT),
    fallback=Prize.thank_you(weight="5/8"),
    quota=Quota(daily_draws=DAILY_DRAWS, daily_wins=DAILY_WINS),
)
ACTS = (4, 3, 1, 4)
"""How many of the operator's twelve acts in a round raise, lower, switch and void."""
PAUSE = 0.01
"""Seconds between two of them at most."""
MISMATCH = "request_mismatch"


class Answer(NamedTuple):
    """What a request was answered: the digest of its receipts, or the reason why there are none."""

    participant: str
    id: str
    told: bytes | str


def digest(receipts: Sequence[Any]) -> bytes:
    """What tells a request's receipts from any others."""
    return sha256(msgspec.json.encode(list(receipts))).digest()


def requests(racer: int, turn: int) -> list[DrawRequest]:
    """What a racer asks in a round, in its order: every tenth own request is for one of the two that all hammer for three rounds."""
    all_of_them, alone = random.Random(turn), random.Random(turn * RACERS + racer + 1_000_000)
    people = [f"p{all_of_them.randrange(1500)}" for _ in range(SHARED)]
    asked = [DrawRequest(name, f"shared-{turn}-{k}", 3 if k % 6 == 0 else 1) for k, name in enumerate(people)]
    asked += [DrawRequest(f"side-{racer % 2}-{turn}", f"contested-{turn}-{k}", 1 + k // 4) for k in range(CONTESTED)]
    for k in range(OWN):
        hammered = k % 10 == 0
        name = f"hot-{turn // 3}-{alone.randrange(2)}" if hammered else f"p{alone.randrange(1500)}"
        asked.append(DrawRequest(name, f"own-{racer}-{turn}-{k}", 1 if hammered or k % 8 else 4))
    alone.shuffle(asked)
    return asked


def calls(racer: int, turn: int) -> Iterator[list[DrawRequest]]:
    """The requests of a round as they are called: mostly one by one, here and there seven as a batch."""
    left, rng = requests(racer, turn), random.Random(racer)
    while left:
        n = 7 if rng.random() < 0.05 else 1
        yield left[:n]
        left = left[n:]


def ask(engine: DrawEngine, asked: list[DrawRequest]) -> list[Answer]:
    """Make one call: ``draw``, ``draw_many`` or ``draw_batch``."""
    first, found = asked[0], []
    try:
        if len(asked) > 1:
            found = engine.draw_batch("wheel", asked)
        elif first.n > 1:
            found = [engine.draw_many("wheel", first.participant, first.n, request_id=first.request_id)]
        else:
            found = [engine.draw("wheel", first.participant, request_id=first.request_id)]
    except DrawRefused as refusal:
        return [Answer(first.participant, first.request_id, str(refusal.reason))]
    except RequestMismatch:
        return [Answer(first.participant, first.request_id, MISMATCH)]
    return [Answer(one.participant, one.request_id, _told(what)) for one, what in zip(asked, found, strict=True)]


def _told(found: Any) -> bytes | str:
    if isinstance(found, Refusal):
        return str(found.reason)
    return digest(found if isinstance(found, list) else [found])


@contextmanager
def all_or_none(begin: Any) -> Iterator[None]:
    """Let nobody wait for one who failed."""
    try:
        yield
    except BaseException:
        begin.abort()
        raise


def race(engine: AbstractContextManager[DrawEngine], racer: int, rounds: int, begin: Any) -> list[list[Answer]]:
    """All rounds of a racer; the answers to each call, in order."""
    answers = []
    with engine as entered, all_or_none(begin):
        for turn in range(rounds):
            begin.wait(CLOSE)
            answers += [ask(entered, asked) for asked in calls(racer, turn)]
    return answers


def operate(engine: AbstractContextManager[DrawEngine], rounds: int, begin: Any) -> Counter[str]:
    """Raise and lower allocations, take offline and bring online, and void; how often each was done.

    What must never be seen is counted among it: "oversold", and "drawn while offline".
    """
    rng, done = random.Random(3), Counter[str]()
    with engine as entered, all_or_none(begin):
        for _ in range(rounds):
            begin.wait(CLOSE)
            for act in rng.sample((_raise, _lower, _switch, _void), sum(ACTS), counts=ACTS):
                time.sleep(rng.uniform(0, PAUSE))
                done["oversold"] += not all(0 <= line.issued <= line.allocated for line in entered.stock("wheel").values())
                try:
                    done[act(entered, rng)] += 1
                except InvalidEdit:
                    done["refused"] += 1
    return done


def _raise(engine: DrawEngine, rng: random.Random) -> str:
    engine.reallocate("wheel", rng.choice(HOT), add=rng.randint(1, 40))
    return "raised"


def _lower(engine: DrawEngine, rng: random.Random) -> str:
    engine.reallocate("wheel", rng.choice(HOT), add=-rng.randint(1, 25))
    return "lowered"


def _switch(engine: DrawEngine, rng: random.Random) -> str:
    engine.take_offline("wheel")
    before = engine.stock("wheel")
    time.sleep(rng.uniform(0, PAUSE))
    after = engine.stock("wheel")
    engine.bring_online("wheel")
    return "switched" if before == after else "drawn while offline"


def _void(engine: DrawEngine, rng: random.Random) -> str:
    won = [receipt.id for receipt in islice(engine.receipts("wheel"), 100) if receipt.is_win]
    if not won:
        return "nothing to void"
    engine.void(rng.choice(won), return_chance=rng.random() < 0.5, request_id=f"void-{rng.getrandbits(64)}")
    return "voided"


def live(where: Where, racer: int | None, rounds: int, begin: Any) -> Any:
    """The life of a process: a racer's, or the operator's."""
    return operate(opened(where), rounds, begin) if racer is None else race(opened(where), racer, rounds, begin)
