"""Hypothesis strategies for valid campaigns, their parts, and requests: small ones, in all the shapes that a campaign can have.

Needs the ``testing`` extra. What they draw is always valid; a test that wants something invalid breaks one of these.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from prizedraw.campaign import FORMS, Campaign, Disclosure, Odds, Prize
from prizedraw.flows.drawing import DrawRequest
from prizedraw.pity import Level, Newcomer, Pity
from prizedraw.quota import Points, Quota
from prizedraw.stock import Release
from prizedraw.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
"""The zones that campaigns are drawn in: with and without summer time, and with offsets that are no whole hours."""

_FIRST = datetime(2027, 1, 1)  # noqa: DTZ001 - a local time, as in a campaign file
_HOURS = ("00:00", "04:00", "02:30", "23:59:59")

_ids = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True).filter(lambda text: text != "thank-you")
_CHARACTERS = st.characters(codec="utf-8")
_chances = st.fractions(0, 1, max_denominator=200)
_positive_weights = st.one_of(
    st.integers(1, 1000).map(Fraction), st.fractions(Fraction(1, 1000), 1000, max_denominator=1000), st.just(Fraction(1, 3))
)


def _lines(longest: int) -> SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=longest).filter(str.strip)


def _limits(highest: int = 20) -> SearchStrategy[int]:
    return st.just(-1) | st.integers(0, highest)


@st.composite
def prizes(draw: DrawFn, *, id: str | None = None, weights: SearchStrategy[Fraction] | None = None) -> Prize:  # noqa: A002 - its name there
    """A valid prize: a product or points, with or without caps.

    Args:
        draw: given by Hypothesis.
        id: its id; left out, any.
        weights: what its weight is drawn from; left out, zero and positive ones.
    """
    kind: Any = draw(st.sampled_from(["product", "product", "points"]))
    return Prize(
        draw(_ids) if id is None else id,
        draw(_lines(12)),
        draw(weights if weights is not None else st.just(Fraction(0)) | _positive_weights),
        draw(_limits(1000)),
        kind=kind,
        product=draw(st.none() | _lines(8)) if kind == "product" else None,
        points=draw(st.integers(1, 500)) if kind == "points" else None,
        alert_stock=draw(st.none() | st.integers(0, 100)),
        daily_release=draw(_limits()),
        per_participant=draw(_limits()),
        order=draw(st.none() | st.integers(1, 120)),
        image=draw(st.none() | st.just("prize.png")),
        value=draw(st.none() | st.decimals(0, 10_000, places=2) | st.just(Decimal("0.125"))),
        shown=draw(st.booleans()),
    )


def windows() -> SearchStrategy[Window]:
    """A valid window in 2027 to 2029, naive or aware."""
    return _windows().map(lambda found: found[0])


@st.composite
def _windows(draw: DrawFn) -> list[Window]:
    """Up to three windows, naive or aware, that stay apart whatever the clocks do."""
    start = _FIRST + timedelta(days=draw(st.integers(0, 700)), seconds=draw(st.integers(0, 86_399)))
    found = []
    for _ in range(draw(st.integers(1, 3))):
        end = start + timedelta(hours=3, seconds=draw(st.integers(0, 5_000_000)))
        zone = draw(st.sampled_from([None, None, UTC]))
        found.append(Window(start.replace(tzinfo=zone), end.replace(tzinfo=zone)))
        start = end + timedelta(days=2)
    return found


@st.composite
def quotas(draw: DrawFn) -> Quota:
    """A valid quota: caps in the documented order, each of them limited or not."""
    caps = sorted(draw(st.lists(st.integers(0, 50), min_size=4, max_size=4)), reverse=True)
    names = ("total_draws", "total_wins", "daily_draws", "daily_wins")
    limited = {name: cap for name, cap in zip(names, caps, strict=True) if draw(st.booleans())}
    return Quota(**limited, campaign_draws=draw(_limits(1000)), ordering=draw(st.sampled_from(["documented", "relaxed"])))


@st.composite
def points(draw: DrawFn) -> Points:
    """A valid budget of points: in all, for each participant, both or none."""
    total = draw(st.none() | st.integers(2, 10_000))
    return Points(total=total, per_participant=draw(st.none() | st.integers(1, 10_000 if total is None else total - 1)))


def releases() -> SearchStrategy[Release]:
    """A valid daily release, limited or not."""
    return st.builds(Release, _limits())


@st.composite
def _hazards(draw: DrawFn) -> dict[str, Any]:
    """How one rule's chance follows its counter, in each of the forms there are."""
    hard = draw(st.integers(1, 12))
    base = draw(st.none() | _chances)
    forms = [{"hard": hard, "base": base}, {"base": draw(_chances)}, {"hazard": draw(st.lists(_chances, min_size=1, max_size=6))}]
    rise = {"soft_from": draw(st.integers(1, hard)), "soft_step": draw(st.fractions(Fraction(1, 20), 1, max_denominator=50)), "base": base}
    forms += [rise, {**rise, "hard": hard}, {"hard": hard, "repeats": True}]
    forms.append({"levels": [Level(draw(_chances), 0, 1), Level(draw(_chances), 0, 1)], "start": draw(st.integers(0, 1))})
    return draw(st.sampled_from(forms))


@st.composite
def _rules(draw: DrawFn, ids: Sequence[str]) -> list[Pity]:
    """No rule, one, two tiers, or a tier with a featured prize that is guaranteed inside it. Needs three ids."""
    shape = draw(st.sampled_from(["none", "single", "tiers", "featured"]))
    if shape == "none":
        return []
    common: dict[str, Any] = {"disclosed": draw(st.booleans()), "declared_rate": draw(st.none() | _chances)}
    lower = draw(st.sampled_from(["absolute", "sequential"]))
    counts = draw(st.sampled_from([None, (), tuple(ids[:2])]))
    top = Pity(id="top", target=ids[:2], counts=counts, lower=lower, **draw(_hazards()), **common)
    if shape == "single":
        return [top]
    if shape == "featured":
        return [top, Pity(id="featured", target=ids[:1], scope=ids[:2], base=Fraction(1, 2), hard=2)]
    resets = draw(st.sampled_from([(), ("top",)]))
    return [top, Pity(id="second", target=ids[2:3], resets=resets, **draw(_hazards()))]


_meta = st.dictionaries(
    st.text(_CHARACTERS, max_size=5),
    st.recursive(
        st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(_CHARACTERS, max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.\"'", max_size=3), inner, max_size=2),
        max_leaves=4,
    ),
    max_size=3,
)


@st.composite
def campaigns(draw: DrawFn, *, pity: bool = True) -> Campaign:
    """A valid campaign of three to six prizes, with windows in 2027 to 2029 and everything else drawn.

    The first two prizes and the thank-you have positive weights, so that no rule leaves a chance to nobody.

    Args:
        draw: given by Hypothesis.
        pity: whether it may have guarantees: a single rule, two tiers, a featured guarantee, a newcomer rule.
    """
    ids = draw(st.lists(_ids, min_size=3, max_size=6, unique=True))
    newcomer = st.builds(Newcomer, draws=st.integers(1, 10), target=st.lists(st.sampled_from(ids), min_size=1, max_size=3, unique=True))
    return Campaign(
        id=draw(_ids),
        title=draw(_lines(20)),
        form=draw(st.sampled_from(FORMS)),
        timezone=draw(st.sampled_from(ZONES)),
        day_starts_at=draw(st.sampled_from(_HOURS)),
        windows=draw(_windows()),
        prizes=[draw(prizes(id=one, weights=_positive_weights if k < 2 else None)) for k, one in enumerate(ids)],
        fallback=Prize.thank_you(draw(_lines(8)), draw(_positive_weights), shown=draw(st.booleans())),
        quota=draw(st.none() | quotas()),
        points=draw(st.none() | points()),
        release=draw(st.none() | releases()),
        odds=draw(st.none() | st.builds(Odds, when_unavailable=st.sampled_from(["fallback", "redraw"]))),
        disclosure=draw(st.none() | st.builds(Disclosure, weights=st.booleans(), stock=st.booleans())),
        pity=draw(_rules(ids)) if pity else [],
        newcomer=draw(st.none() | newcomer) if pity else None,
        channels=draw(st.lists(_lines(6), max_size=2, unique=True)),
        thumbnail=draw(st.none() | st.just("thumbnail.png")),
        meta=draw(_meta),
    )


PEOPLE = ("ann", "bob", "cy")
"""Who draws, where a test does not say."""


def draw_requests() -> SearchStrategy[DrawRequest]:
    """One valid request of one to a hundred draws, mostly few, with a request id or without."""
    return st.builds(
        DrawRequest,
        st.sampled_from(PEOPLE) | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=50),
        st.none() | _ids,
        st.integers(1, 5) | st.integers(1, 100),
    )


@st.composite
def requests(
    draw: DrawFn, campaign: Campaign | None = None, *, participants: Sequence[str] = PEOPLE, prefix: str = "order", max_size: int = 12
) -> list[DrawRequest]:
    """A sequence of valid requests with ids of their own, in which some come again as they were: these must be replayed.

    Args:
        draw: given by Hypothesis.
        campaign: whose caps to meet: the numbers of draws lie around its daily and total caps; left out, they are small.
        participants: who draws.
        prefix: what the request ids begin with; sequences of one test need different ones.
        max_size: requests at most.
    """
    caps = (campaign.quota.daily_draws, campaign.quota.total_draws) if campaign is not None else ()
    around = {n for cap in caps if 0 < cap <= 100 for n in (cap - 1, cap, cap + 1) if 0 < n <= 100}
    counts = st.integers(1, 3) | st.sampled_from(sorted(around or {1, 10}))
    made: list[DrawRequest] = []
    for place in range(draw(st.integers(0, max_size))):
        if made and draw(st.integers(0, 4)) == 0:
            made.append(draw(st.sampled_from(made)))
        else:
            made.append(DrawRequest(draw(st.sampled_from(list(participants))), f"{prefix}-{place}", draw(counts)))
    return made
