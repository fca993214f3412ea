"""Where things are kept: the names of homes and documents. Counters are named by ``prizedraw.draw.rules``."""

from __future__ import annotations

HEAD = "head"
"""The document that every draw guards: which version is in force, whether it is online, what is off the shelf."""

PAST = "past/"
"""What the documents of dropped entries begin with."""
IMPORT = "import"
"""In the registry: which file is being imported into the namespace, or was."""


def campaign_home(namespace: str, campaign_id: str) -> str:
    """The home of a campaign: all that one of its draws touches."""
    return f"{namespace}/campaign/{campaign_id}"


def registry_home(namespace: str) -> str:
    """The home of what campaigns share: their titles, and who is blocked everywhere."""
    return f"{namespace}/registry"


def participant(participant_id: str) -> str:
    """A participant's document in a campaign."""
    return f"p/{participant_id}"


def rules(version: int) -> str:
    """A version of a campaign's definition; written once."""
    return f"rules/{version:06d}"


def void(receipt_id: str) -> str:
    """The mark that a draw was voided; written once."""
    return f"void/{receipt_id}"


def past(generation: str, place: int = 0) -> str:
    """What entries that were dropped had added up to for participants, a piece of it; named by their checkpoint."""
    return f"{PAST}{generation}/{place:06d}"


def past_stripe(key: str) -> int:
    """The stripe that a piece of the past is in; its generation ends with it where a campaign has several."""
    _, _, stripe = key.removeprefix(PAST).partition("/")[0].rpartition("~")
    return int(stripe) if stripe.isdecimal() else 0


def title(text: str) -> str:
    """Who holds a title, in the registry."""
    return f"title/{text}"


def listed(campaign_id: str) -> str:
    """A campaign's line in the registry."""
    return f"campaign/{campaign_id}"


def barred(participant_id: str) -> str:
    """Whether a participant is blocked everywhere, in the registry."""
    return f"barred/{participant_id}"
