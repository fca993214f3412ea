"""Campaigns: what one is, how it is written down, what may change in it, and what is unwise about it."""

from prizedraw.campaign.edits import Edit, check_edit
from prizedraw.campaign.findings import CODES, Finding
from prizedraw.campaign.meta import Meta
from prizedraw.campaign.model import FORMS, THANK_YOU, Campaign, Disclosure, Odds, Prize
from prizedraw.campaign.schema import json_schema

__all__ = [
    "CODES",
    "FORMS",
    "THANK_YOU",
    "Campaign",
    "Disclosure",
    "Edit",
    "Finding",
    "Meta",
    "Odds",
    "Prize",
    "check_edit",
    "json_schema",
]
