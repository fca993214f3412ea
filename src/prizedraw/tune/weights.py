"""Weights that meet targets: rates of prizes, the share of wins, a budget, how long stock should last.

The rates are those of ``prizedraw.odds``, guarantees and lifetime caps included; here is only the search for the weights. Shares of
the tickets are sought by Newton's method on their logarithms, and then made as simple as the tolerance allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import exp, inf, log
from typing import TYPE_CHECKING

import numpy as np

from prizedraw.campaign import Campaign
from prizedraw.errors import Infeasible, InvalidCampaign, InvalidRequest
from prizedraw.odds import expected, long_run
from prizedraw.quota import UNLIMITED
from prizedraw.sampling.weights import tickets
from prizedraw.tune.figures import read_number, read_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prizedraw.sampling.weights import Weight

ROUNDS = 60
"""Steps of the search; a dozen are usual."""
LEAST = 1e-12
"""The share of the tickets that stands for next to none, where the search looks for what the guarantees bring alone."""
_BUDGET = "budget"
_MOST_TICKETS = 1_000_000
"""Of so many tickets and fewer the fewest are sought."""
_NEAR = 10
"""How many times the tolerance a share may be off where its rate is looked at: a guarantee makes rates less sensitive."""
_TRIED = 200


def weights(
    campaign: Campaign,
    *,
    targets: Mapping[str, Weight] | None = None,
    draws: int | None = None,
    win_rate: Weight | None = None,
    budget: Weight | None = None,
    lasts: Mapping[str, int] | None = None,
    tolerance: float = 1e-6,
    max_denominator: int | None = None,
) -> Campaign:
    """The campaign with weights that meet the targets; what has no target keeps its proportions.

    All that is aimed at is an average per draw: over the first ``draws`` draws of a new participant, or in the long run. Stock is ample
    in both; see ``prizedraw.odds``.

    Args:
        campaign: what to tune.
        targets: prize id (``thank-you`` too) → its rate: how often it comes per draw, in 0..1, read exactly as weights are.
        draws: the horizon; None: the long run. Lifetime caps count on a horizon only.
        win_rate: the share of draws that win anything, in 0..1.
        budget: the worth of a draw on average, in the unit of ``Prize.value``; met by making the wins without a target more or less
            frequent.
        lasts: prize id → draws of everybody after which its stock is expected to be used up.
        tolerance: the largest relative error of a rate.
        max_denominator: the shares of the tickets become fractions of one denominator, the least that will do and at most this; None:
            decimals of as few digits as the tolerance allows, or the targets themselves where they are met exactly.

    Raises:
        InvalidRequest: an argument is out of range, or there is nothing to aim at.
        Infeasible: no weights meet the targets; says which bound binds and how near one can get.
        TooLarge: the campaign has too many states.

    Cost: about a dozen times the targets, each the cost of ``odds.long_run`` or ``odds.expected``.
    """
    if not isinstance(campaign, Campaign):
        raise InvalidRequest(f"{campaign!r:.200} is not a Campaign; load one with Campaign.load(path)", "campaign")
    for place, given in (("targets", targets), ("lasts", lasts)):
        if given is not None and not isinstance(given, Mapping):
            raise InvalidRequest(f"{given!r:.200} must map prize ids to figures, as in {{'phone': '1/1000'}}", place)
    aim = _Aim(campaign, draws, _targets(campaign, targets, win_rate, lasts), _budget(budget))
    if not 0 < tolerance < 1:
        raise InvalidRequest(f"{tolerance!r} is not a relative error; it must lie in 0..1", "tolerance")
    shares = aim.exact_start()
    found = None if shares is None else aim.tuned(shares)
    if found is None or aim.error(found) > 1e-12:
        floats = aim.search(tolerance)
        shares = None
    if shares is not None and found is not None and (max_denominator is None or _small(found, max_denominator)):
        return found
    seeking = {id_: Fraction(share) for id_, share in (shares.items() if shares is not None else floats.items())}
    return aim.simple(seeking, tolerance, max_denominator)


class _Aim:
    """What is aimed at, and the rates that weights give."""

    def __init__(self, campaign: Campaign, draws: int | None, targets: dict[str, Fraction], budget: Fraction | None) -> None:
        if draws is not None and (type(draws) is not int or draws < 1):
            raise InvalidRequest(f"{draws!r} is not a number of draws; it must be a positive integer, or None for the long run", "draws")
        self.campaign = campaign
        self.draws = draws
        self.targets = targets
        self.budget = budget
        self.values = {prize.id: Fraction(prize.value or 0) for prize in campaign.prizes}
        weights_ = campaign.weights
        self.thank_you = campaign.fallback.id
        rest = {id_: weight for id_, weight in weights_.items() if id_ not in targets}
        if not targets and budget is None:
            raise InvalidRequest("there is nothing to aim at; give targets, win_rate, budget or lasts", "targets")
        total = sum(targets.values())
        if total > 1:
            nearest = float(total)
            told = ", ".join(f"{id_} {float(rate):g}" for id_, rate in targets.items())
            raise Infeasible(
                f"the rates add up to {nearest:g} ({told}), and a draw gives one thing; lower them by {nearest - 1:g}", nearest=nearest
            )
        if budget is not None:
            self._check_budget(budget, rest)
            if not any(rest[id_] for id_ in rest if self.values.get(id_)):
                rest |= {id_: Fraction(1) for id_ in rest if self.values.get(id_)}
            if not rest.get(self.thank_you, 1):
                rest[self.thank_you] = sum(rest.values(), Fraction(0))
        elif total < 1 and not any(rest.values()):
            rest = {id_: Fraction(1) for id_ in rest}
            if not rest:
                raise InvalidRequest(f"the rates of everything add up to {float(total):g}, not 1; leave one without a target", "targets")
        self.rest = rest

    def _check_budget(self, budget: Fraction, rest: Mapping[str, Fraction]) -> None:
        if self.thank_you in self.targets:
            raise InvalidRequest("a budget is met by the share of wins, so there can be no target for that beside it", "budget")
        if not any(self.values.get(id_) for id_ in rest):
            raise InvalidRequest(
                "no prize without a target has a value; give Prize.value, or leave a prize of worth without a target", "budget"
            )
        fixed = sum((rate * self.values.get(id_, 0) for id_, rate in self.targets.items()), Fraction(0))
        if fixed > budget:
            raise Infeasible(f"the targets alone cost {float(fixed):g} a draw, over the budget of {float(budget):g}", nearest=float(fixed))
        room = 1 - sum(self.targets.values())
        dearest = max(self.values.get(id_, Fraction(0)) for id_ in rest)
        if fixed + room * dearest < budget:
            most = float(fixed + room * dearest)
            raise Infeasible(f"even with no thank-you a draw costs {most:g} at most, under the budget of {float(budget):g}", nearest=most)

    # What weights give

    def tuned(self, shares: Mapping[str, Fraction]) -> Campaign:
        """The campaign with these shares as weights."""
        try:
            return self.campaign.replace(weights=dict(shares))
        except InvalidCampaign as error:
            raise Infeasible(f"the targets leave no valid campaign: {error}") from error

    def rates(self, tuned: Campaign) -> dict[str, float]:
        """How often each prize comes per draw."""
        if self.draws is None:
            return dict(long_run(tuned))
        return {id_: n / self.draws for id_, n in expected(tuned, self.draws).items()}

    def residuals(self, rates: Mapping[str, float]) -> NDArray[np.float64]:
        """The logarithm of what is got over what is wanted, for each positive target, the budget last."""
        found = [_ratio(rates[id_], float(target)) for id_, target in self.targets.items() if target]
        if self.budget is not None:
            found.append(_ratio(self.cost(rates), float(self.budget)))
        return np.array(found)

    def cost(self, rates: Mapping[str, float]) -> float:
        """The worth of a draw on average."""
        return sum(rates[id_] * float(value) for id_, value in self.values.items())

    def error(self, tuned: Campaign) -> float:
        """The largest relative error; a target of 0 that is not met counts whole."""
        rates = self.rates(tuned)
        nothing = max((rates[id_] for id_, target in self.targets.items() if not target), default=0.0)
        return max(float(np.abs(np.expm1(self.residuals(rates))).max(initial=0.0)), 1.0 if nothing > 1e-15 else 0.0)

    # The search

    def exact_start(self) -> dict[str, Fraction] | None:
        """The targets as shares, with the rest in proportion: the answer where no guarantee and no cap moves the rates."""
        if self.budget is None:
            left = 1 - sum(self.targets.values(), Fraction(0))
            whole = sum(self.rest.values(), Fraction(0))
            return {**self.targets, **{id_: left * weight / whole if whole else Fraction(0) for id_, weight in self.rest.items()}}
        fixed = sum((rate * self.values.get(id_, 0) for id_, rate in self.targets.items()), Fraction(0))
        wins = {id_: weight for id_, weight in self.rest.items() if id_ != self.thank_you}
        worth = sum((weight * self.values[id_] for id_, weight in wins.items()), Fraction(0))
        scale = (self.budget - fixed) / worth
        left = 1 - sum(self.targets.values(), Fraction(0)) - scale * sum(wins.values(), Fraction(0))
        if left < 0:
            return None
        return {**self.targets, **{id_: scale * weight for id_, weight in wins.items()}, self.thank_you: left}

    def shares(self, unknown: NDArray[np.float64]) -> dict[str, float]:
        """Shares of the tickets from the unknowns: the logarithm of each wanted one over the rest, then of the wins in it."""
        wanted = [id_ for id_, target in self.targets.items() if target]
        rest = {id_: float(weight) for id_, weight in self.rest.items()}
        if self.budget is not None:
            rest = {id_: weight * (1.0 if id_ == self.thank_you else exp(unknown[-1])) for id_, weight in rest.items()}
        whole = sum(rest.values())
        found = {id_: weight / whole for id_, weight in rest.items()} if whole else dict.fromkeys(rest, 0.0)
        found |= {id_: exp(x) for id_, x in zip(wanted, unknown, strict=False)} | {id_: 0.0 for id_, t in self.targets.items() if not t}
        total = sum(found.values())
        return {id_: share / total for id_, share in found.items()}

    def search(self, tolerance: float) -> dict[str, float]:
        """Newton's method with a numerical derivative, each step halved until it helps."""
        wanted = [float(target) for target in self.targets.values() if target]
        left = max(1 - sum(wanted), 0.02)
        unknown = np.array([log(target / left) for target in wanted] + ([0.0] if self.budget is not None else []))
        at = self._at(unknown)
        for _ in range(ROUNDS):
            if np.abs(at).max(initial=0.0) < tolerance / 1000:
                break
            slopes = np.array([(self._at(unknown + step) - at) / 1e-5 for step in 1e-5 * np.eye(len(unknown))]).T
            step = np.clip(np.linalg.lstsq(slopes, -at, rcond=None)[0], -3, 3)
            for _ in range(12):
                tried = self._at(np.clip(unknown + step, -60, 60))
                if np.abs(tried).sum() < np.abs(at).sum():
                    break
                step = step / 2
            else:
                break
            unknown, at = np.clip(unknown + step, -60, 60), tried
        if np.abs(at).max(initial=0.0) > tolerance / 2:
            raise self._out_of_reach(unknown, at)
        zero = [id_ for id_, target in self.targets.items() if not target]
        found = self.shares(unknown)
        if zero:
            rates = self.rates(self.tuned({id_: _decimal(share) for id_, share in found.items()}))
            for id_ in zero:
                if rates[id_] > 1e-15:
                    raise Infeasible(f"{id_!r} comes {rates[id_]:g} of the time without any weight, by a guarantee", nearest=rates[id_])
        return found

    def _at(self, unknown: NDArray[np.float64]) -> NDArray[np.float64]:
        shares = self.shares(unknown)
        return self.residuals(self.rates(self.tuned({id_: _decimal(share) for id_, share in shares.items()})))

    def _out_of_reach(self, unknown: NDArray[np.float64], at: NDArray[np.float64]) -> Infeasible:
        """Which target is missed most, and what it comes to with next to no weight, or with nearly all."""
        worst = int(np.abs(at).argmax())
        names = [id_ for id_, target in self.targets.items() if target] + [_BUDGET]
        name = names[worst]
        if name == _BUDGET:
            assert self.budget is not None  # noqa: S101 - for the type checker; it is among the unknowns
            got = float(self.budget) * exp(at[worst])
            binds = "what the guarantees and the targets bring costs more" if at[worst] > 0 else "caps and targets leave no room for more"
            return Infeasible(f"a budget of {float(self.budget):g} a draw cannot be met: {binds}; the nearest is {got:g}", nearest=got)
        target = float(self.targets[name])
        bound = unknown.copy()
        bound[worst] = log(LEAST) if at[worst] > 0 else 60.0
        got = self.rates(self.tuned({id_: _decimal(share) for id_, share in self.shares(bound).items()}))[name]
        what = (
            f"its guarantee alone brings it {got:g} of the time, with next to no weight"
            if at[worst] > 0
            else f"with nearly all of the weight it comes {got:g} of the time, for the other rules and caps"
        )
        return Infeasible(f"{name!r} cannot come {target:g} of the time: {what}", nearest=got)

    # The answer

    def simple(self, shares: Mapping[str, Fraction], tolerance: float, max_denominator: int | None) -> Campaign:
        """The campaign with the simplest weights near these shares whose rates are within the tolerance."""
        if max_denominator is not None:
            if type(max_denominator) is not int or max_denominator < 1:
                raise InvalidRequest(f"{max_denominator!r} is not a positive integer", "max_denominator")
            return self._in_tickets(shares, tolerance, max_denominator)
        for digits in range(1, 17):
            rounded = {id_: Fraction(f"{float(share):.{digits}g}") for id_, share in shares.items()}
            found = self.tuned(rounded)
            if self.error(found) <= tolerance:
                return found
        return found

    def _in_tickets(self, shares: Mapping[str, Fraction], tolerance: float, most: int) -> Campaign:
        """The campaign with the fewest tickets, at most so many, whose rates are within the tolerance."""
        wanted = np.array([float(share) for share in shares.values()])
        wanted /= wanted.sum()
        aimed = np.array([id_ in self.targets or self.budget is not None for id_ in shares]) & (wanted > 0)
        totals = np.arange(1, min(most, _MOST_TICKETS) + 1)
        off = np.abs(np.rint(np.outer(totals, wanted[aimed])) / np.outer(totals, wanted[aimed]) - 1).max(axis=1, initial=0)
        error, nearest = inf, int(totals[np.argmin(off)])
        for total in [*totals[off <= _NEAR * tolerance][:_TRIED].tolist(), nearest]:
            counts = _apportioned(wanted, total)
            if counts is not None:
                found = self.tuned({id_: Fraction(count, total) for id_, count in zip(shares, counts.tolist(), strict=True)})
                error = min(error, self.error(found))
                if error <= tolerance:
                    return found
        off_by = f"with at most {most} tickets a rate is off by {error:.2g} of itself" if error < inf else f"{most} tickets are too few"
        raise Infeasible(f"{off_by}; allow larger denominators, or a greater tolerance", nearest=error)


def _apportioned(shares: NDArray[np.float64], total: int) -> NDArray[np.int64] | None:
    """Whole tickets by the largest remainders, one at least where there is a share; None where there are not so many."""
    counts = np.maximum(np.floor(shares * total), shares > 0).astype(np.int64)
    spare = total - int(counts.sum())
    if spare < 0:
        return None
    counts[np.argsort(counts - shares * total, kind="stable")[:spare]] += 1
    return counts


def _targets(
    campaign: Campaign, targets: Mapping[str, Weight] | None, win_rate: Weight | None, lasts: Mapping[str, int] | None
) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for id_, rate in (targets or {}).items():
        found[campaign.prize(id_).id] = read_share(rate, f"targets[{id_!r}]")
    for id_, draws in (lasts or {}).items():
        stock = campaign.prize(id_).stock
        if stock == UNLIMITED or type(draws) is not int or draws < 1:
            raise InvalidRequest(
                f"{draws!r} draws for a stock of {stock}; give a positive integer, for a prize of finite stock", f"lasts[{id_!r}]"
            )
        if id_ in found:
            raise InvalidRequest(f"{id_!r} has a target already; give one of them", "lasts")
        found[id_] = read_share(Fraction(stock, draws), f"lasts[{id_!r}]")
    if win_rate is not None:
        if campaign.fallback.id in found:
            raise InvalidRequest("the thank-you has a target already; give one of them", "win_rate")
        found[campaign.fallback.id] = 1 - read_share(win_rate, "win_rate")
    return found


def _budget(value: Weight | None) -> Fraction | None:
    found = None if value is None else read_number(value, _BUDGET)
    if found == 0:
        raise InvalidRequest("0 buys nothing; give targets of 0 instead", _BUDGET)
    return found


def _ratio(got: float, wanted: float) -> float:
    return log(max(got, 1e-300) / wanted)


def _decimal(share: float) -> Fraction:
    return Fraction(Decimal(f"{share:.15g}"))


def _small(tuned: Campaign, max_denominator: int) -> bool:
    """Whether the weights are whole numbers of at most ``max_denominator`` tickets in all."""
    return sum(tickets(tuple(tuned.weights.values()))) <= max_denominator
