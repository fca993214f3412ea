"""The linter: what is legal in a campaign and yet unwise. A campaign in, findings out.

Each check is a function from a subject, which is the campaign with a few things worked out, to findings. What must never be in a
campaign is no matter of the linter; ``model`` refuses it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from prizedraw.campaign.findings import CODES, Finding
from prizedraw.errors import InvalidRequest
from prizedraw.pity import Stages, expected
from prizedraw.quota import UNLIMITED
from prizedraw.windows.spans import require_aware

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from prizedraw.campaign.model import Campaign, Prize
    from prizedraw.pity import Rule

    Findings = Iterator[Finding]

_GRID = 8
_SLACK_BELOW = Fraction(1, 2000)
_SLACK_ABOVE = Fraction(1, 20)
"""How far a declared rate may be from the exact one: rates are published with four digits, and a rule below others gives way to them."""


def lint(
    campaign: Campaign, now: datetime | None = None, *, participants: int | None = None, draws_each: int | None = None
) -> list[Finding]:
    """What is legal in a campaign and yet unwise, the most severe first.

    Args:
        campaign: any campaign.
        now: an aware time, to say whether all windows are past; None leaves that out.
        participants: how many are expected to take part; with ``draws_each`` it lets the linter compare stock with demand.
        draws_each: how many draws each of them is expected to make.

    Returns:
        Findings with ``code``, ``severity``, ``message`` and ``where``.

    Raises:
        InvalidRequest: only one of ``participants`` and ``draws_each`` is given, or one is not a positive integer.
        ClockError: ``now`` is naive.
    """
    subject = _Subject(campaign)
    found = [finding for check in _CHECKS for finding in check(subject)]
    if now is not None:
        found += _windows_over(campaign, now)
    if participants is not None or draws_each is not None:
        found += _stock_short(subject, _count("participants", participants), _count("draws_each", draws_each))
    order = list(CODES)
    return sorted(found, key=lambda finding: order.index(finding.code))


def _count(name: str, value: int | None) -> int:
    if type(value) is not int or value < 1:
        raise InvalidRequest(f"{value!r} is not a positive integer; give participants and draws_each, both or neither", name)
    return value


class _Subject:
    """A campaign with what several checks need to know about it."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.stages = Stages(campaign.pity, campaign.weights, campaign.newcomer)

    @property
    def placed(self) -> Iterable[tuple[str, Prize]]:
        """Each prize with its place."""
        return ((f"prizes[{k}]", prize) for k, prize in enumerate(self.campaign.prizes))

    @cached_property
    def shut(self) -> dict[str, str]:
        """Prize id → why it can never be given, for those that cannot."""
        found: dict[str, str] = {}
        for prize in self.campaign.prizes:
            for field in ("stock", "daily_release", "per_participant"):
                if getattr(prize, field) == 0:
                    found.setdefault(prize.id, f"its {field} is 0")
            if self.points_cap(prize):
                found.setdefault(prize.id, f"its {prize.points} points are above the cap of {self.points_cap(prize)}")
        return found

    def points_cap(self, prize: Prize) -> int | None:
        """The lowest points cap that a prize alone is above, if there is one."""
        caps = (self.campaign.points.per_participant, self.campaign.points.total)
        return min((cap for cap in caps if prize.points is not None and cap is not None and prize.points > cap), default=None)

    @cached_property
    def never_drawn(self) -> set[str]:
        """Ids of the prizes of weight 0 that no rule brings either: a rule goes by weight, but where all of a class is 0, evenly."""
        named = [(rule.pity.scope, rule.pity.target) for rule in self.stages.rules]
        if self.campaign.newcomer is not None:
            named.append((("newcomer",), self.campaign.newcomer.target))
        brought: set[str] = set()
        for k, (scope, target) in enumerate(named):
            earlier = {prize_id for other, ids in named[:k] if set(other) == set(scope) for prize_id in ids}
            part = [prize_id for prize_id in target if prize_id not in earlier]
            if not any(self.campaign.weights[prize_id] for prize_id in part):
                brought.update(part)
        return {prize.id for prize in self.campaign.prizes if not prize.weight and prize.id not in brought}

    @cached_property
    def days(self) -> int:
        """On how many of the campaign's days a window is open."""
        days, last = 0, None
        for window in self.campaign.windows:
            first, end = (self.campaign.calendar.day_of(edge) for edge in (window.start, window.end))
            until = end.toordinal() + (self.campaign.calendar.day_start(end) < window.end)
            days += until - max(first.toordinal(), last or 0)
            last = until
        return days

    @cached_property
    def most_draws(self) -> int:
        """How often one participant can draw in the whole campaign; -1 unlimited."""
        return _lowest(self.campaign.quota.total_draws, self.campaign.quota.daily_draws, self.days)

    @cached_property
    def most_wins(self) -> int:
        """How often one participant can win in the whole campaign; -1 unlimited."""
        return _lowest(self.campaign.quota.total_wins, self.campaign.quota.daily_wins, self.days)

    def endless(self, prize: Prize) -> bool:
        """Whether a prize can always be given again, to anyone."""
        limits = (prize.stock, prize.daily_release, prize.per_participant, self.campaign.release.daily)
        capped = prize.points is not None and (self.campaign.points.total or self.campaign.points.per_participant) is not None
        return not capped and all(limit == UNLIMITED for limit in limits)


def _lowest(total: int, daily: int, days: int) -> int:
    limits = [limit for limit in (total, daily if daily == UNLIMITED else daily * days) if limit != UNLIMITED]
    return min(limits, default=UNLIMITED)


# --- caps ---


def _nobody(subject: _Subject) -> Findings:
    quota = subject.campaign.quota
    for field in ("total_draws", "daily_draws", "campaign_draws"):
        if getattr(quota, field) == 0:
            yield Finding("nobody-can-draw", f"{field} is 0, so every draw is refused; use -1 for unlimited", f"quota.{field}")
    for field in ("total_wins", "daily_wins"):
        if getattr(quota, field) == 0:
            yield Finding("nobody-can-win", f"{field} is 0, so every prize becomes a thank-you; use -1 for unlimited", f"quota.{field}")
    if subject.campaign.release.daily == 0:
        yield Finding("nobody-can-win", "no prize goes out on any day; use -1 for unlimited", "release.daily")
    if all(prize.id in subject.shut or prize.id in subject.never_drawn for prize in subject.campaign.prizes):
        yield Finding("nobody-can-win", "no prize can be reached; give one a weight and stock", "prizes")


def _points_above_cap(subject: _Subject) -> Findings:
    for place, prize in subject.placed:
        cap = subject.points_cap(prize)
        if cap:
            yield Finding("points-above-cap", f"{prize.id!r} gives {prize.points} points, above the cap of {cap}: never", f"{place}.points")


def _campaign_draws_unlimited(subject: _Subject) -> Findings:
    finite = [prize.id for prize in subject.campaign.prizes if prize.stock != UNLIMITED]
    if finite and subject.campaign.quota.campaign_draws == UNLIMITED:
        message = f"draws of all participants together are unlimited, and stock is not ({', '.join(finite)})"
        yield Finding("campaign-draws-unlimited", message, "quota.campaign_draws")


# --- prizes ---


def _unreachable(subject: _Subject) -> Findings:
    for place, prize in subject.placed:
        if prize.id in subject.never_drawn:
            message = f"{prize.id!r} has weight 0 and no rule brings it; give it a weight or delete it"
            yield Finding("unreachable-prize", message, f"{place}.weight")
        if prize.id in subject.shut and not subject.points_cap(prize):
            message = f"{prize.id!r} can never be given: {subject.shut[prize.id]}; raise it or delete the prize"
            yield Finding("unreachable-prize", message, place)


def _run_dry(subject: _Subject) -> Findings:
    campaign = subject.campaign
    if campaign.fallback.weight:
        return
    yield Finding(
        "everyone-wins", "the thank-you has weight 0, so every draw names a prize; give it a weight if that is not meant", "fallback"
    )
    limited = [prize.id for prize in campaign.prizes if prize.id not in subject.never_drawn and not subject.endless(prize)]
    named = {prize_id for rule in campaign.pity for prize_id in rule.target}
    rest = [prize for prize in campaign.prizes if prize.id not in named and prize.weight and subject.endless(prize)]
    if limited and campaign.odds.when_unavailable == "fallback":
        message = f"every draw names a prize, and {', '.join(limited)} can run out, which leaves a thank-you; "
        yield Finding("win-pool-can-run-dry", message + 'set when_unavailable = "redraw", with an unlimited small prize', "prizes")
    elif limited and not rest:
        message = "every draw names a prize, and none outside the guarantees is unlimited; add an unlimited small prize"
        yield Finding("win-pool-can-run-dry", message, "prizes")


def _release_above_stock(subject: _Subject) -> Findings:
    for place, prize in subject.placed:
        if UNLIMITED != prize.stock < prize.daily_release:
            message = f"{prize.id!r} may go out {prize.daily_release} times a day, and there are {prize.stock}; lower it or leave it out"
            yield Finding("release-above-stock", message, f"{place}.daily_release")
    stocks = [prize.stock for prize in subject.campaign.prizes]
    if UNLIMITED not in stocks and sum(stocks) < subject.campaign.release.daily:
        message = f"{subject.campaign.release.daily} prizes may go out a day, and there are {sum(stocks)}; lower it or leave it out"
        yield Finding("release-above-stock", message, "release.daily")


def _alerts(subject: _Subject) -> Findings:
    for place, prize in subject.placed:
        if prize.stock == UNLIMITED:
            continue
        if prize.alert_stock is None:
            yield Finding("missing-alert-stock", f"{prize.id!r} runs out without a warning; set alert_stock", place)
        elif prize.alert_stock >= prize.stock:
            message = f"{prize.id!r} starts with {prize.stock}, not above {prize.alert_stock}, so it never falls to it; lower it"
            yield Finding("alert-never-fires", message, f"{place}.alert_stock")


def _names(subject: _Subject) -> Findings:
    first: dict[str, str] = {}
    for place, prize in subject.placed:
        if first.setdefault(prize.name, prize.id) != prize.id:
            message = f"{prize.id!r} has the name {prize.name!r} of {first[prize.name]!r}; winners cannot tell them apart"
            yield Finding("duplicate-name", message, f"{place}.name")


def _images(subject: _Subject) -> Findings:
    for place, prize in subject.placed:
        if prize.image is None:
            yield Finding("missing-image", f"{prize.id!r} has no image", f"{place}.image")


def _grid_cells(subject: _Subject) -> Findings:
    campaign = subject.campaign
    cells = len(campaign.prizes) + campaign.fallback.shown
    if campaign.form == "grid" and cells != _GRID:
        message = f"a nine-grid has {_GRID} cells around its button, and prizes with a shown thank-you are {cells}"
        yield Finding("grid-cells", message, "form")


# --- guarantees ---


def _guarantees_without_stock(subject: _Subject) -> Findings:
    promises = [(f"pity[{k}].target", rule.id, rule.target) for k, rule in enumerate(subject.campaign.pity)]
    if subject.campaign.newcomer is not None:
        promises.append(("newcomer.target", "newcomer", subject.campaign.newcomer.target))
    for place, name, target in promises:
        if all(prize_id in subject.shut for prize_id in target):
            why = "; ".join(f"{prize_id}: {subject.shut[prize_id]}" for prize_id in target)
            yield Finding("pity-without-stock", f"{name!r} promises what can never be given ({why})", place)


def _guarantees_out_of_reach(subject: _Subject) -> Findings:
    most = subject.most_draws
    for k, rule in enumerate(subject.stages.rules):
        values = rule.law.values
        if not any(value is None or value > 0 for value in values):
            yield Finding("pity-never-hits", f"{rule.pity.id!r} has chance 0 at every draw; give it a base or hard", f"pity[{k}]")
        if rule.pity.levels or 1 not in values or most == UNLIMITED:
            continue
        needed = values.index(1) + 1 - rule.pity.start
        if needed > most:
            message = f"{rule.pity.id!r} is not sure before draw {needed}, and a participant has {most}; lower hard"
            yield Finding("pity-out-of-reach", message, f"pity[{k}]")
    newcomer = subject.campaign.newcomer
    if newcomer is not None and UNLIMITED != most < newcomer.draws:
        message = f"it is due at draw {newcomer.draws}, and a participant has {most}; lower draws"
        yield Finding("newcomer-out-of-reach", message, "newcomer.draws")


def _declared_rates(subject: _Subject) -> Findings:
    for k, rule in enumerate(subject.stages.rules):
        declared, counts = rule.pity.declared_rate, rule.pity.counts
        if declared is None or not (counts is None or set(counts) == set(rule.pity.scope)):
            continue  # what moves a counter that counts other draws depends on more than its hazard
        rate = _rate(subject, rule)
        place = f"pity[{k}].declared_rate"
        if rate < declared * (1 - _SLACK_BELOW):
            message = f"{rule.pity.id!r} declares {_percent(declared)} and reaches {_percent(rate)} in the long run; "
            yield Finding(
                "declared-rate-unreachable", message + "let the chance rise (soft_from, soft_step), or lower the declared rate", place
            )
        elif rate > declared * (1 + _SLACK_ABOVE) and not rule.pity.levels:
            message = f"{rule.pity.id!r} declares {_percent(declared)} and gives up to {_percent(rate)} in the long run"
            yield Finding("declared-rate-low", message, place)


def _rate(subject: _Subject, rule: Rule) -> Fraction:
    """Hits per draw in the rule's scope in the long run, other rules aside; for levels a bound above it."""
    values = rule.law.values
    scope = rule.pity.scope or tuple(subject.campaign.weights)
    total, part = (sum((subject.campaign.weights[one] for one in ids), Fraction(0)) for ids in (scope, rule.pity.target))
    share = part / total if total else Fraction(0)
    if rule.pity.levels:
        return max(share if value is None else value for value in values)
    if rule.pity.repeats:
        return sum((share if value is None else value for value in values), Fraction(0)) / len(values)
    return rule.law.rate(share)


def _percent(rate: Fraction) -> str:
    return f"{float(rate) * 100:.4f} %"


# --- what participants are told ---


def _disclosure(subject: _Subject) -> Findings:
    told = subject.campaign.disclosure
    hidden = [(k, rule) for k, rule in enumerate(subject.campaign.pity) if not rule.disclosed]
    if not told.weights and not told.stock and len(hidden) == len(subject.campaign.pity):
        yield Finding(
            "nothing-disclosed", "participants are told neither odds nor stock nor guarantees; many places ask for the odds", "disclosure"
        )
    elif told.weights:
        for k, rule in hidden:
            message = f"the odds are disclosed and {rule.id!r}, which changes them, is not"
            yield Finding("pity-undisclosed", message, f"pity[{k}].disclosed")


# --- time and traffic ---


def _gaps(subject: _Subject) -> Findings:
    for edge in subject.campaign.gaps:
        moved = subject.campaign.calendar.localize(edge)
        where = next(
            (
                f"windows[{k}].{end}"
                for k, window in enumerate(subject.campaign.windows)
                for end in ("start", "end")
                if getattr(window, end) == moved
            ),
            "windows",
        )
        message = f"{edge} is skipped by the clocks of {subject.campaign.timezone} and taken as {moved}; write that time"
        yield Finding("window-edge-in-gap", message, where)


def _windows_over(campaign: Campaign, now: datetime) -> Findings:
    require_aware(now)
    last = campaign.windows[-1]
    if last.end <= now:
        yield Finding("windows-over", f"the last window, {last}, is over at {now}; no draw can happen", "windows")


def _stock_short(subject: _Subject, participants: int, draws_each: int) -> Findings:
    """Stock below the exact expected demand of this traffic, no participant going beyond what caps allow."""
    campaign = subject.campaign
    draws = draws_each if subject.most_draws == UNLIMITED else min(draws_each, subject.most_draws)
    total = participants * draws
    if campaign.quota.campaign_draws != UNLIMITED and total > campaign.quota.campaign_draws:
        participants, total = -(-campaign.quota.campaign_draws // draws), campaign.quota.campaign_draws
    each = expected(subject.stages, draws)
    for place, prize in subject.placed:
        most = [float(cap) for cap in (prize.per_participant, subject.most_wins) if cap != UNLIMITED]
        demand = participants * min([each[prize.id], *most])
        if prize.stock != UNLIMITED and demand > prize.stock * (1 + 1e-9):
            message = f"{total} draws are expected to ask {demand:.6g} times for {prize.id!r}, and there are {prize.stock}"
            yield Finding("stock-short", message, f"{place}.stock")


_CHECKS: tuple[Callable[[_Subject], Findings], ...] = (
    _nobody,
    _points_above_cap,
    _campaign_draws_unlimited,
    _unreachable,
    _run_dry,
    _release_above_stock,
    _alerts,
    _names,
    _images,
    _grid_cells,
    _guarantees_without_stock,
    _guarantees_out_of_reach,
    _declared_rates,
    _disclosure,
    _gaps,
)
