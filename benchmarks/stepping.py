"""What notebooks do now: a campaign simulated by numpy arrays stepped draw by draw. The other contestant of ``simulation.py``.

Two of each: the whole population in float64 at once, as it is usually written, and blocks that stay in the cache in float32. They give
what ``simulate`` is asked for in the same scenario, and no more. Their chances are floats, so their laws are not exact.
"""

from __future__ import annotations

import numpy as np

BLOCK = 32_768

FIVE = (0.006, 74, 0.06, 90)
FOUR = (0.051, 9, 0.51, 10)
SMALL = (0.004, 0.002, 0.001, 0.001, 0.0005, 0.0001)
SMALL_STOCK = (300_000, 150_000, 90_000, 60_000, 40_000, 5_000)


def hazard(base: float, soft_from: int, step: float, hard: int, dtype: type) -> np.ndarray:
    """The chance of the next draw after 0 … hard - 1 misses."""
    k = np.arange(1, hard + 1)
    chances = np.minimum(1.0, base + step * np.maximum(0, k - soft_from + 1))
    chances[-1] = 1.0
    return chances.astype(dtype)


def soft_pity(participants: int, draws: int, dtype: type = np.float64, seed: int = 1) -> np.ndarray:
    """The histogram of wins of one prize with soft pity."""
    rng = np.random.default_rng(seed)
    chances = hazard(*FIVE, dtype)
    misses = np.zeros(participants, np.int64 if dtype is np.float64 else np.uint8)
    wins = np.zeros(participants, np.int64 if dtype is np.float64 else np.uint8)
    for _ in range(draws):
        hit = rng.random(participants, dtype=dtype) < chances[misses]
        wins += hit
        misses += 1
        misses[hit] = 0
    return np.bincount(wins)


def capped(participants: int, draws: int, dtype: type = np.float64, seed: int = 1, cap: int = 2, stock: int = 900_000) -> dict[str, object]:
    """With a win cap, one stock for all in rounds, and the thank-you; what is named is counted too."""
    rng = np.random.default_rng(seed)
    chances = hazard(*FIVE, dtype)
    last = len(chances) - 1
    misses = np.zeros(participants, np.int64 if dtype is np.float64 else np.uint8)
    wins = np.zeros(participants, np.int64 if dtype is np.float64 else np.uint8)
    demand, left, sold_out = 0, stock, None
    for number in range(1, draws + 1):
        hit = rng.random(participants, dtype=dtype) < chances[misses]
        demand += int(np.count_nonzero(hit))
        hit &= wins < cap
        won = np.flatnonzero(hit)
        if len(won) > left:
            won = rng.permutation(won)[:left]
            hit = np.zeros(participants, bool)
            hit[won] = True
        if len(won) and len(won) == left and sold_out is None:
            sold_out = number
        left -= len(won)
        wins += hit
        misses += 1
        np.minimum(misses, last, out=misses)
        misses[hit] = 0
    return {"wins": np.bincount(wins), "demand": demand, "sold_out": sold_out, "left": left}


def many_prizes(
    participants: int, draws: int, dtype: type = np.float64, seed: int = 1, cap: int = 2, stock: int = 900_000
) -> dict[str, object]:
    """With six more finite prizes and the full log of wins as columns."""
    rng = np.random.default_rng(seed)
    chances = hazard(*FIVE, dtype)
    last = len(chances) - 1
    integer = np.int64 if dtype is np.float64 else np.uint8
    misses, wins = np.zeros(participants, integer), np.zeros(participants, integer)
    bounds = np.cumsum(np.array(SMALL) / (1 - FIVE[0])).astype(dtype)
    left = np.array([stock, *SMALL_STOCK])
    demand = np.zeros(8, np.int64)
    sold_out: dict[int, int] = {}
    log = []
    for number in range(1, draws + 1):
        p = chances[misses]
        u = rng.random(participants, dtype=dtype)
        hit = u < p
        rest = (u - p) / np.maximum(1 - p, dtype(1e-30))
        prize = np.where(hit, 0, 1 + np.searchsorted(bounds, rest, side="right"))
        demand += np.bincount(prize, minlength=8)
        open_ = (prize < 7) & (wins < cap)
        due = hit & (p >= 1) & (left[0] <= 0) & open_  # a guarantee that cannot be kept gives way to the others
        if due.any():
            again = np.flatnonzero(due)
            prize[again] = 1 + np.searchsorted(bounds, rng.random(len(again), dtype=dtype), side="right")
            open_[again] = prize[again] < 7
        for k in range(7):
            wanted = np.flatnonzero(open_ & (prize == k))
            if len(wanted) > left[k]:
                open_[rng.permutation(wanted)[left[k] :]] = False
                wanted = np.flatnonzero(open_ & (prize == k))
            if len(wanted) and len(wanted) == left[k]:
                sold_out[k] = number
            left[k] -= len(wanted)
        won = np.flatnonzero(open_)
        log.append((won.astype(np.uint32), np.full(len(won), number, np.uint8), prize[won].astype(np.uint8)))
        wins += open_
        misses += 1
        np.minimum(misses, last, out=misses)
        misses[won[prize[won] == 0]] = 0
    columns = [np.concatenate(parts) for parts in zip(*log, strict=True)]
    return {"wins": np.bincount(wins), "demand": demand, "sold_out": sold_out, "left": left, "log": columns}


def two_level(participants: int, draws: int, dtype: type = np.float64, seed: int = 1) -> dict[str, object]:
    """Two guarantees: five-star first, then four-star by what is left; a five-star does not clear the other counter."""
    rng = np.random.default_rng(seed)
    fives, fours = hazard(*FIVE, dtype), hazard(*FOUR, dtype)
    integer = np.int64 if dtype is np.float64 else np.uint8
    five, four, wins = np.zeros(participants, integer), np.zeros(participants, integer), np.zeros(participants, integer)
    granted = np.zeros(2, np.int64)
    for _ in range(draws):
        u = rng.random(participants, dtype=dtype)
        p = fives[five]
        top = u < p
        low = (u < p + fours[four]) & ~top
        granted += np.count_nonzero(top), np.count_nonzero(low)
        wins += top | low
        five += 1
        four += 1
        np.minimum(four, len(fours) - 1, out=four)
        five[top] = 0
        four[low] = 0
    return {"wins": np.bincount(wins), "granted": granted}


def blocked(step, participants: int, draws: int, seed: int = 1) -> list:
    """The same in blocks that stay in the cache, in float32; for scenarios in which participants share nothing."""
    return [step(min(BLOCK, participants - first), draws, np.float32, seed + first) for first in range(0, participants, BLOCK)]


PRIZES = 4
PHONE, EARBUDS, COUPON, POINTS, THANKS = range(5)
AMOUNT = 50


def everything(participants: int, draws: int, dtype: type = np.float64, seed: int = 1) -> dict[str, object]:
    """The rules of campaigns/everything.toml, with stock and releases in proportion to a million participants."""
    rng = np.random.default_rng(seed)
    share = participants / 1_000_000
    left = np.array([900_000 * share, 250_000 * share, 2**62, 2**62]).astype(np.int64)
    points_left = int(120_000_000 * share)
    phones, coupons = hazard(0.006, 74, 0.06, 90, dtype), hazard(0.03, 15, 0.2, 20, dtype)
    weights = np.array([0.004, 0.03, 0.93])  # of what no guarantee claims: earbuds, points, thanks
    bounds = np.cumsum(weights / weights.sum()).astype(dtype)
    integer = np.int64 if dtype is np.float64 else np.uint8
    phone, coupon, wins, today = (np.zeros(participants, integer) for _ in range(4))
    points = np.zeros(participants, np.int64 if dtype is np.float64 else np.uint16)
    phone_won, earbuds_won = np.zeros(participants, integer), np.zeros(participants, integer)
    met = np.zeros(participants, bool)
    granted, demand = np.zeros(5, np.int64), np.zeros(5, np.int64)
    for number in range(1, draws + 1):
        if (number - 1) % 10 == 0:
            today[:] = 0
            released, released_phones = int(900_000 * share), int(150_000 * share)
        p, q = phones[phone], coupons[coupon]
        u = rng.random(participants, dtype=dtype)
        top, low = u < p, (u >= p) & (u < p + q)
        rest = (u - p - q) / np.maximum(1 - p - q, dtype(1e-30))
        other = np.array([EARBUDS, POINTS, THANKS])[np.minimum(np.searchsorted(bounds, rest, side="right"), 2)]
        named = np.where(top, PHONE, np.where(low, COUPON, other))
        newcomer = np.flatnonzero(~met) if number >= 5 else np.empty(0, np.int64)
        named[newcomer] = np.where(rng.random(len(newcomer)) < 0.5, COUPON, POINTS)
        demand += np.bincount(named, minlength=5)
        capped = (wins >= 12) | (today >= 2)
        result = np.where(capped, THANKS, named)

        shut_all = {
            PHONE: left[PHONE] <= 0 or released_phones <= 0,
            EARBUDS: left[EARBUDS] <= 0,
            COUPON: False,
            POINTS: points_left < AMOUNT,
        }
        own = {PHONE: phone_won >= 1, EARBUDS: earbuds_won >= 2, POINTS: points + AMOUNT > 300}

        # Closed prizes are drawn again among what is open, and what no longer fits is taken back in random order, until all fits.
        wanted = np.flatnonzero(result != THANKS)
        for _ in range(4):
            shut = np.zeros(len(wanted), bool)
            for prize in range(PRIZES):
                mine = np.flatnonzero(result[wanted] == prize)
                shut[mine] = (
                    own[prize][wanted[mine]] if prize in own and not shut_all[prize] and released > 0 else shut_all[prize] or released <= 0
                )
            again = wanted[shut]
            if not len(again):
                break
            v = rng.random(len(again), dtype=dtype)
            fresh = np.array([EARBUDS, POINTS, THANKS])[np.minimum(np.searchsorted(bounds, v, side="right"), 2)]
            due = p[again] >= 1
            lower = due & (rng.random(len(again)) < q[again])
            result[again] = np.where(lower, COUPON, np.where(due | (result[again] >= EARBUDS), fresh, THANKS))
            wanted = again[result[again] != THANKS]
        else:
            result[wanted] = THANKS
        for prize in range(PRIZES):
            mine = np.flatnonzero(result == prize)
            room = min(
                int(left[prize]),
                released,
                released_phones if prize == PHONE else released,
                points_left // AMOUNT if prize == POINTS else released,
            )
            if len(mine) > room:
                result[rng.permutation(mine)[room:]] = THANKS
                mine = np.flatnonzero(result == prize)
            left[prize] -= len(mine)
            released -= len(mine)
            released_phones -= len(mine) if prize == PHONE else 0
            points_left -= AMOUNT * len(mine) if prize == POINTS else 0
        won = result != THANKS
        granted += np.bincount(result, minlength=5)
        wins += won
        today += won
        phone_won += result == PHONE
        earbuds_won += result == EARBUDS
        points += (AMOUNT * (result == POINTS)).astype(points.dtype)
        met |= (result == COUPON) | (result == POINTS)
        phone += 1
        coupon += 1
        np.minimum(phone, 89, out=phone)
        np.minimum(coupon, 19, out=coupon)
        phone[result == PHONE] = 0
        coupon[result == COUPON] = 0
    return {"wins": np.bincount(wins), "granted": granted, "demand": demand}
