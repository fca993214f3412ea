"""What the linter can say: the codes, how severe each is, and the finding itself. How they are found is ``lint``."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "info"]

CODES: dict[str, Severity] = {
    "nobody-can-draw": "error",
    "nobody-can-win": "error",
    "pity-without-stock": "error",
    "declared-rate-unreachable": "error",
    "unreachable-prize": "warning",
    "points-above-cap": "warning",
    "pity-never-hits": "warning",
    "pity-out-of-reach": "warning",
    "newcomer-out-of-reach": "warning",
    "declared-rate-low": "warning",
    "win-pool-can-run-dry": "warning",
    "stock-short": "warning",
    "release-above-stock": "warning",
    "alert-never-fires": "warning",
    "duplicate-name": "warning",
    "grid-cells": "warning",
    "window-edge-in-gap": "warning",
    "windows-over": "warning",
    "nothing-disclosed": "warning",
    "pity-undisclosed": "info",
    "everyone-wins": "info",
    "campaign-draws-unlimited": "info",
    "missing-image": "info",
    "missing-alert-stock": "info",
}
"""Every code with its severity, the most severe first; an error says that the campaign cannot do what it promises."""


class Finding(msgspec.Struct, frozen=True):
    """Something legal and yet unwise in a campaign.

    Attributes:
        code: one of ``CODES``.
        message: what is so, with the values, and what to do about it.
        where: the place, as in ``prizes[2]``; prizes are counted in their order, from 0.
    """

    code: str
    message: str
    where: str

    @property
    def severity(self) -> Severity:
        """How severe: "error", "warning" or "info"; it belongs to the code."""
        return CODES[self.code]

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message} [{self.code}]"
