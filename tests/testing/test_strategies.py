"""What the strategies draw is valid, and Hypothesis knows it by type."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from prizedraw import Campaign, DrawEngine, DrawRequest, Points, Prize, Quota, Receipt, Refusal, Release, Window
from prizedraw.sampling import SeededEntropy
from prizedraw.testing import FixedClock, campaigns, registration, requests
from scenery import wheel

PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
(ENTRY,) = PYPROJECT["project"]["entry-points"]["hypothesis"].items()

few = settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@few
@given(st.data())
def test_requests_of_any_campaign_are_answered(data):
    """Every request drawn for a campaign gives receipts or a refusal, one that comes again gives the same, and the audit is clean."""
    campaign = data.draw(campaigns())
    asked = data.draw(requests(campaign))
    start = campaign.windows[0].start
    clock = FixedClock(start if start.tzinfo else campaign.calendar.localize(start))
    with DrawEngine.open(":memory:", clock=clock, entropy=SeededEntropy(1)) as engine:
        engine.publish(campaign)
        answers = engine.draw_batch(campaign.id, asked)
        known = {}
        for request, answer in zip(asked, answers, strict=True):
            assert isinstance(answer, (Receipt, list, Refusal))
            if not isinstance(answer, Refusal):
                assert known.setdefault(request.request_id, answer) == answer
        assert engine.audit(campaign.id).ok


@few
@given(requests(participants=["zoe"], prefix="night", max_size=6))
def test_requests_keep_to_what_they_are_given(made):
    """Participants, prefix and size; the same id is always the same request."""
    assert len(made) <= 6
    assert {one.participant for one in made} <= {"zoe"}
    assert all(one.request_id.startswith("night-") for one in made)
    assert len(set(made)) == len({one.request_id for one in made})


def test_requests_come_again():
    """The least sequence that holds a request twice is one request, twice; and a cap of the campaign is met and passed."""
    quick = settings(few, phases=[Phase.generate, Phase.shrink], max_examples=500)
    one, again = find(requests(), lambda made: len(set(made)) < len(made), settings=quick)
    assert one == again
    capped = wheel(quota=Quota(daily_draws=17))
    for n in (16, 17, 18):
        assert find(requests(capped), lambda made, n=n: any(one.n == n for one in made), settings=quick)


@pytest.mark.parametrize("cls", registration.STRATEGIES, ids=lambda cls: cls.__name__)
def test_each_registered_type_has_a_strategy_of_its_own_objects(cls):
    """Once registered, ``from_type`` draws instances, which their own constructors have found valid."""
    registration.register()

    @few
    @given(st.from_type(cls))
    def draws(one):
        assert type(one) is cls

    draws()


def test_the_types_of_the_kit_are_registered():
    """Campaign and its parts that a caller makes by hand, and requests."""
    assert set(registration.STRATEGIES) == {Campaign, DrawRequest, Points, Prize, Quota, Release, Window}


def test_the_entry_point_registers_without_an_import_of_the_kit(tmp_path):
    """In a fresh interpreter, with the entry point of pyproject.toml installed, ``from_type(Campaign)`` draws a valid campaign."""
    name, target = ENTRY
    info = tmp_path / "prizedraw_hypothesis-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: prizedraw-hypothesis\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[hypothesis]\n{name} = {target}\n")
    assert [one.name for one in importlib.metadata.distributions(path=[str(tmp_path)])] == ["prizedraw-hypothesis"]
    script = (
        "import sys\n"
        "from hypothesis import given, settings, strategies as st\n"
        "assert 'prizedraw.testing.strategies' not in sys.modules and 'pytest' not in sys.modules\n"
        "from prizedraw import Campaign\n"
        "@settings(max_examples=3, database=None, deadline=None)\n"
        "@given(st.from_type(Campaign))\n"
        "def loads(one): assert Campaign.loads(one.dumps()) == one\n"
        "loads()\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": path}, timeout=60)
