"""Campaigns: what one is, how it is written down, what may change in it, and what is unwise about it."""

from prizedraw.campaign.model import FORMS, THANK_YOU, Campaign, Disclosure, Odds, Prize

__all__ = ["FORMS", "THANK_YOU", "Campaign", "Disclosure", "Odds", "Prize"]
