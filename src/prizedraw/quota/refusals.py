"""Why a draw may not happen. Only the names and their order of precedence live here."""

from __future__ import annotations

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a draw was refused, in order of precedence: the first that applies is the one told."""

    OFFLINE = "offline"
    """The campaign was taken offline."""
    OUTSIDE_WINDOW = "outside_window"
    """No window of the campaign holds the time of the draw."""
    BLOCKED = "blocked"
    """The participant is on a blocklist."""
    TOTAL_DRAWS = "total_draws"
    """The participant has drawn as often as the campaign allows."""
    CAMPAIGN_DRAWS = "campaign_draws"
    """All participants together have drawn as often as the campaign allows."""
    DAILY_DRAWS = "daily_draws"
    """The participant has drawn as often as one day allows."""
    REQUEST_MISMATCH = "request_mismatch"
    """The request id was used before for another request; told as a refusal in batches only."""
