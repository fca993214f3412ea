"""The definition of a campaign: frozen values, valid from the moment they exist.

What a campaign, a prize and their small tables are, and every rule that one definition must keep, live here. How a definition
is written down is ``codec``; what may change once it is published is ``edits``; what is legal but unwise is ``lint``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import Attribute, evolve, field, frozen
from attrs.validators import optional

from prizedraw.campaign import checks
from prizedraw.campaign.meta import Meta
from prizedraw.errors import InvalidCampaign, InvalidRequest
from prizedraw.pity import Newcomer, Pity, Stages
from prizedraw.quota import UNLIMITED, Points, Quota
from prizedraw.sampling import weights as exact_weights
from prizedraw.stock import Release
from prizedraw.windows import Calendar, Window, check_windows

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from fractions import Fraction
    from os import PathLike

    from prizedraw.campaign.findings import Finding
    from prizedraw.sampling.weights import Weight

Form = Literal["wheel", "grid", "cards", "slots", "eggs", "gachapon", "blind-box"]
Kind = Literal["product", "points", "thank_you"]
WhenUnavailable = Literal["fallback", "redraw"]

FORMS: tuple[Form, ...] = get_args(Form)
FORMS_TO_COME = ("red-packet", "raffle")
THANK_YOU = "thank-you"
"""The reserved id of the prize that means no prize."""

_LONGEST_TITLE = 20


def _form(self: Campaign, attribute: Attribute[str], value: Any) -> None:
    if value in FORMS_TO_COME:
        raise InvalidCampaign(f"{value!r} is not there yet; use one of {', '.join(FORMS)}", attribute.name)
    checks.one_of(FORMS)(self, attribute, value)


@frozen(kw_only=True)
class Odds:
    """What happens when a drawn prize cannot be given.

    Attributes:
        when_unavailable: "fallback": it becomes a thank-you; "redraw": its odds are spread over what can still be given.
    """

    when_unavailable: WhenUnavailable = field(default="fallback", validator=checks.one_of(get_args(WhenUnavailable)))


@frozen(kw_only=True)
class Disclosure:
    """What participants may be told.

    Attributes:
        weights: the odds of each prize.
        stock: how many of each are left.
    """

    weights: bool = field(default=True, validator=checks.flag)
    stock: bool = field(default=False, validator=checks.flag)


@frozen
class Prize:
    """One thing that a draw can bring.

    Attributes:
        id: ``[a-z0-9][a-z0-9._-]*``, at most 64 characters; ``thank-you`` is reserved.
        name: what participants read.
        weight: relative chance among the prizes and the thank-you, exact; 0 is never.
        stock: units allocated; 0 none, -1 unlimited.
        kind: "product", "points", or "thank_you" for the fallback alone.
        product: reference to the host's product; for products only.
        points: amount that a points prize gives, positive; for points prizes, which need it, only.
        alert_stock: remaining units at which an alert is due; None: no alert.
        daily_release: units that may go out in a day; -1 unlimited.
        per_participant: units that one participant may win; -1 unlimited.
        order: place in lists and on the roll of tickets, from 1; None: the place in the campaign's list.
        image: what participants see.
        value: worth of one unit in the operator's currency.
        shown: whether participants see it among the prizes.

    Raises:
        InvalidCampaign: a value is out of range; the place is the attribute.
    """

    id: str = field(validator=checks.identifier)
    name: str = field(validator=checks.line())
    weight: Fraction = field(converter=checks.weight)
    stock: int = field(validator=checks.limit)
    kind: Kind = field(default="product", validator=checks.one_of(get_args(Kind)))
    product: str | None = field(default=None, validator=optional(checks.line()))
    points: int | None = field(default=None, validator=optional(checks.integer(1)))
    alert_stock: int | None = field(default=None, validator=optional(checks.integer(0)))
    daily_release: int = field(default=UNLIMITED, validator=checks.limit)
    per_participant: int = field(default=UNLIMITED, validator=checks.limit)
    order: int | None = field(default=None, validator=optional(checks.integer(1)))
    image: str | None = field(default=None, validator=optional(checks.line()))
    value: Decimal | None = field(default=None, converter=checks.price)
    shown: bool = field(default=True, validator=checks.flag)

    def __attrs_post_init__(self) -> None:
        for problem, place in self._problems():
            raise InvalidCampaign(problem, place)

    def _problems(self) -> Iterable[tuple[str, str]]:
        if self.id == THANK_YOU and self.kind != "thank_you":
            yield f"{self.id!r} is reserved; choose another id, or describe the thank-you as the campaign's fallback", "id"
        if self.kind == "thank_you" and self.id != THANK_YOU:
            yield f"'thank_you' is the kind of {THANK_YOU!r} alone; use product or points", "kind"
        if self.kind == "thank_you" and not self.stock == self.daily_release == self.per_participant == UNLIMITED:
            yield f"the thank-you is unlimited; leave stock and caps at {UNLIMITED}", "stock"
        if self.kind == "points" and self.points is None:
            yield "a points prize needs points = N, the positive amount that it gives", "points"
        if self.kind != "points" and self.points is not None:
            yield f"{self.points!r} means nothing for kind {self.kind!r}; leave it out, or let the kind be 'points'", "points"
        if self.kind != "product" and self.product is not None:
            yield f"{self.product!r} means nothing for kind {self.kind!r}; leave it out, or let the kind be 'product'", "product"

    @classmethod
    def thank_you(cls, name: str = "谢谢参与", weight: Weight = 0, *, shown: bool = False, image: str | None = None) -> Prize:
        """The prize that means no prize: unlimited, always last, not shown unless asked.

        Args:
            name: what participants read.
            weight: relative chance beside the prizes; 0: everyone wins.
            shown: whether it takes a place among the shown prizes.
            image: what participants see.
        """
        return cls(THANK_YOU, name, weight, UNLIMITED, kind="thank_you", order=99, shown=shown, image=image)


def _items(values: Iterable[Any], cls: type, place: str) -> tuple[Any, ...]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InvalidCampaign(f"{values!r} is not a list", place)
    items = tuple(values)
    for k, item in enumerate(items):
        if not isinstance(item, cls):
            raise InvalidCampaign(f"{item!r} is not a {cls.__name__}", f"{place}[{k}]")
    return items


def _prizes(values: Iterable[Prize]) -> tuple[Prize, ...]:
    """The prizes, each with its order, sorted by it and then by place."""
    prizes: tuple[Prize, ...] = _items(values, Prize, "prizes")
    if not prizes:
        raise InvalidCampaign("there is none; a campaign needs at least one prize", "prizes")
    seen: dict[str, int] = {}
    for k, prize in enumerate(prizes):
        if prize.kind == "thank_you":
            raise InvalidCampaign(f"{prize.id!r} is not a prize; give it as the campaign's fallback", f"prizes[{k}]")
        if seen.setdefault(prize.id, k) != k:
            raise InvalidCampaign(f"{prize.id!r} is the id of prizes[{seen[prize.id]}] too; choose another", f"prizes[{k}].id")
    placed = [evolve(prize, order=k) if prize.order is None else prize for k, prize in enumerate(prizes, 1)]
    return tuple(sorted(placed, key=lambda prize: prize.order or 0))


def _windows(values: Iterable[Window]) -> tuple[Window, ...]:
    return _items(values, Window, "windows")


def _quota(value: Quota | None) -> Quota:
    return Quota() if value is None else value


def _points(value: Points | None) -> Points:
    return Points() if value is None else value


def _release(value: Release | None) -> Release:
    return Release() if value is None else value


def _odds(value: Odds | None) -> Odds:
    return Odds() if value is None else value


def _disclosure(value: Disclosure | None) -> Disclosure:
    return Disclosure() if value is None else value


def _rules(values: Iterable[Pity] | None) -> tuple[Pity, ...]:
    return _items(values or (), Pity, "pity")


def _fallback(value: Prize | None) -> Prize:
    if value is None:
        return Prize.thank_you()
    if not isinstance(value, Prize) or value.kind != "thank_you":
        raise InvalidCampaign(f"{value!r} is not a thank-you; use Prize.thank_you(name, weight)", "fallback")
    return evolve(value, order=99)


def _channels(values: Iterable[str] | None) -> tuple[str, ...]:
    channels: tuple[str, ...] = _items(values or (), str, "channels")
    for k, channel in enumerate(channels):
        checks.check_line(channel, f"channels[{k}]")
        if channel in channels[:k]:
            raise InvalidCampaign(f"{channel!r} is named twice", f"channels[{k}]")
    return channels


def _meta(value: Mapping[str, Any] | None) -> Meta:
    if value is not None and not isinstance(value, Mapping):
        raise InvalidCampaign(f"{value!r} is not a table", "meta")
    return value if isinstance(value, Meta) else Meta(value)


@frozen(kw_only=True, cache_hash=True, repr=False)
class Campaign:
    """Everything that is fixed about a campaign: immutable, hashable, picklable, equal by value.

    Attributes:
        id: ``[a-z0-9][a-z0-9._-]*``, at most 64 characters.
        title: at most 20 characters (code points).
        timezone: IANA name of the zone that days and naive times are local to.
        windows: when draws may happen; naive ones are local to the zone. Aware, sorted and disjoint afterwards.
        prizes: at least one; sorted by (order, place) afterwards, without the thank-you.
        form: what it looks like: "wheel", "grid", "cards", "slots", "eggs", "gachapon" or "blind-box".
        day_starts_at: local time at which a day starts, "HH:MM" or "HH:MM:SS".
        fallback: the thank-you; left out, one of weight 0.
        quota: caps on draws and wins; left out, none.
        points: caps on points; left out, none.
        release: cap on what goes out in a day, over all prizes; left out, none.
        odds: what happens when a drawn prize cannot be given.
        disclosure: what participants may be told.
        pity: guarantees, in order.
        newcomer: the newcomer's guarantee, if any.
        channels: where participants come in; the host's names.
        thumbnail: picture of the campaign in lists.
        meta: the host's own notes.

    Raises:
        InvalidCampaign: the definition cannot run; the place names the field, as in ``prizes[2].weight``.
    """

    id: str = field(validator=checks.identifier)
    title: str = field(validator=checks.line(_LONGEST_TITLE))
    form: Form = field(default="wheel", validator=_form)
    timezone: str
    day_starts_at: str = "00:00"
    windows: tuple[Window, ...] = field(converter=_windows)
    prizes: tuple[Prize, ...] = field(converter=_prizes)
    fallback: Prize = field(default=Prize.thank_you(), converter=_fallback)
    quota: Quota = field(default=Quota(), converter=_quota, validator=checks.instance(Quota))
    points: Points = field(default=Points(), converter=_points, validator=checks.instance(Points))
    release: Release = field(default=Release(), converter=_release, validator=checks.instance(Release))
    odds: Odds = field(default=Odds(), converter=_odds, validator=checks.instance(Odds))
    disclosure: Disclosure = field(default=Disclosure(), converter=_disclosure, validator=checks.instance(Disclosure))
    pity: tuple[Pity, ...] = field(default=(), converter=_rules)
    newcomer: Newcomer | None = field(default=None, validator=optional(checks.instance(Newcomer)))
    channels: tuple[str, ...] = field(default=(), converter=_channels)
    thumbnail: str | None = field(default=None, validator=optional(checks.line()))
    meta: Meta = field(default=Meta(), converter=_meta)
    gaps: tuple[datetime, ...] = field(init=False, eq=False)
    """Naive window edges that fell into a gap of the zone when this object was made; no part of the definition."""

    def __attrs_post_init__(self) -> None:
        self._localize()
        if not any(self.weights.values()):
            raise InvalidCampaign("all weights are zero; give a prize or the thank-you a positive weight", "prizes")
        try:
            exact_weights.tickets(self.weights.values())
        except InvalidCampaign as error:
            raise error.within("prizes") from None
        Stages(self.pity, self.weights, self.newcomer)  # raises where the guarantees do not fit together

    def _localize(self) -> None:
        """Make instants of the windows. What was written in a gap is remembered for the linter, as localizing moves it."""
        calendar = self.calendar
        naive = [edge for window in self.windows for edge in (window.start, window.end) if edge.tzinfo is None]
        object.__setattr__(self, "gaps", tuple(edge for edge in naive if calendar.in_gap(edge)))
        object.__setattr__(self, "windows", check_windows([calendar.localize_window(window) for window in self.windows]))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Campaign:
        """The campaign in a ``.toml`` or ``.json`` file (UTF-8).

        Raises:
            InvalidCampaign: there is no such file, or what is in it is not a campaign.
        """
        from prizedraw.campaign import codec  # noqa: PLC0415 - codec builds campaigns, so it imports this module

        return codec.load(path)

    @classmethod
    def loads(cls, text: str) -> Campaign:
        """The campaign in a TOML text, or in a JSON text if it starts with a brace.

        Raises:
            InvalidCampaign: the text is not a campaign; the place names the key.
        """
        from prizedraw.campaign import codec  # noqa: PLC0415 - as above

        return codec.loads(text)

    @classmethod
    def from_table(cls, table: Any, **fields: Any) -> Campaign:
        """The campaign whose prizes are the rows of a table; a row with the id ``thank-you`` is the fallback.

        Args:
            table: a DataFrame, or a list of dicts: a row for each prize, a column for each field of ``Prize`` that is wanted.
            fields: the rest of the campaign: ``id``, ``title``, ``timezone``, ``windows`` and whatever else it has.

        Raises:
            InvalidCampaign: as the class; for a cell of the table the place is ``rows[2].stock``, with rows counted from 0.
        """
        from prizedraw.campaign import table as tables  # noqa: PLC0415 - as above

        prizes, fallback = tables.prizes(table)
        if fallback is not None:
            if "fallback" in fields:
                raise InvalidCampaign(f"the table has a row {THANK_YOU!r}; give the thank-you there or here", "fallback")
            fields["fallback"] = fallback
        return cls(prizes=prizes, **fields)

    def dumps(self, format: Literal["toml", "json"] = "toml") -> str:  # noqa: A002 - the public name
        """The campaign as text, such that ``loads(dumps())`` is equal to it. Whatever has its default is left out."""
        from prizedraw.campaign import codec  # noqa: PLC0415 - as above

        return codec.dumps(self, format)

    def lint(self, now: datetime | None = None, *, participants: int | None = None, draws_each: int | None = None) -> list[Finding]:
        """What is legal in this campaign and yet unwise; see :func:`prizedraw.campaign.lint.lint`."""
        from prizedraw.campaign import lint  # noqa: PLC0415 - as above

        return lint.lint(self, now, participants=participants, draws_each=draws_each)

    def prize(self, prize_id: str) -> Prize:
        """The prize of that id; ``thank-you`` is one too.

        Raises:
            InvalidRequest: there is none.
        """
        try:
            return self._by_id[prize_id]
        except (KeyError, TypeError):
            known = ", ".join(self._by_id)
            raise InvalidRequest(f"{prize_id!r} is not a prize of {self.id!r}; there are {known}", "prize_id") from None

    def replace(self, *, weights: Mapping[str, Weight] | None = None, stock: Mapping[str, int] | None = None) -> Campaign:
        """A campaign with other weights and stocks.

        Args:
            weights: prize id (``thank-you`` too) → its new weight.
            stock: prize id → its new stock.

        Raises:
            InvalidRequest: an id is not one of this campaign's.
            InvalidCampaign: a value is out of range.
        """
        changed = {prize.id: prize for prize in (*self.prizes, self.fallback)}
        for prize_id, weight in (weights or {}).items():
            changed[prize_id] = evolve(self.prize(prize_id) and changed[prize_id], weight=weight)
        for prize_id, units in (stock or {}).items():
            changed[prize_id] = evolve(self.prize(prize_id) and changed[prize_id], stock=units)
        fallback = changed.pop(THANK_YOU)
        replaced = evolve(self, prizes=changed.values(), fallback=fallback)
        object.__setattr__(replaced, "gaps", self.gaps)
        return replaced

    @property
    def weights(self) -> dict[str, Fraction]:
        """Prize id → exact weight, in prize order, the thank-you last."""
        return {prize.id: prize.weight for prize in (*self.prizes, self.fallback)}

    @cached_property
    def calendar(self) -> Calendar:
        """The zone and the hour at which days start."""
        return Calendar(self.timezone, self.day_starts_at)

    @cached_property
    def digest(self) -> str:
        """The SHA-256, in hexadecimal, of the canonical JSON form: equal for equal campaigns."""
        from prizedraw.campaign import codec  # noqa: PLC0415 - as above

        return codec.digest(self)

    @cached_property
    def _by_id(self) -> dict[str, Prize]:
        return {prize.id: prize for prize in (*self.prizes, self.fallback)}

    def __repr__(self) -> str:
        return f"<Campaign {self.id!r} {self.title!r}, {len(self.prizes)} prizes, {self.digest[:12]}>"

    def _repr_html_(self) -> str:
        from prizedraw.campaign import html  # noqa: PLC0415 - needed in notebooks alone

        return html.campaign_html(self)
