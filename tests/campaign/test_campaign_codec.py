"""Campaign files: the round trip, the two syntaxes, and what is said about texts that are no campaigns."""

from __future__ import annotations

import json
import pickle
import tomllib
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prizedraw.campaign import Campaign
from prizedraw.campaign.document import written
from prizedraw.testing.strategies import campaigns


@given(campaigns(), st.sampled_from(["toml", "json"]))
@settings(max_examples=150, deadline=None)
def test_a_file_brings_back_the_same_campaign(campaign, form):
    """Whatever is written is read back equal, with the same digest and the same text."""
    text = campaign.dumps(form)
    again = Campaign.loads(text)
    assert again == campaign
    assert (again.digest, again.dumps(form), hash(again)) == (campaign.digest, text, hash(campaign))
