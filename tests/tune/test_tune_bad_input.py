"""Calls of the tuner that cannot be right: each refused by name, with the value and what to give instead."""

import numpy as np
import pytest

from odds_cases import wheel
from prizedraw import InvalidRequest, tune

WHEEL = wheel({"a": 1, "b": 1}, thanks=8, stock={"a": 5})
STRANGE = {
    "weights of a path": (lambda: tune.weights("gala.toml", targets={"a": "0.1"}), "campaign: 'gala.toml' is not a Campaign; load one"),
    "targets as a list": (lambda: tune.weights(WHEEL, targets=["a"]), r"targets: \['a'\] must map prize ids to figures"),
    "lasts as a number": (lambda: tune.weights(WHEEL, lasts=100), "lasts: 100 must map prize ids to figures"),
    "plans as a list": (lambda: tune.compare([WHEEL], participants=5, draws_each=1), "plans: there is no plan; give names and campaigns"),
    "a plan that is none": (lambda: tune.compare({"x": "y"}, participants=5, draws_each=1), "campaign: 'y' is not a Campaign"),
    "one value in a sweep": (
        lambda: tune.sweep(lambda hard: hard, hard=90),
        r"hard: 90 is one value; give those it takes, as in hard=",
    ),
    "a text in a sweep": (lambda: tune.sweep(lambda prize: prize, prize="phone"), "prize: 'phone' is one value"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_calls(name):
    """The argument, the value and the remedy stand in the message."""
    call, match = STRANGE[name]
    with pytest.raises(InvalidRequest, match=match):
        call()


def test_a_draw_number_of_numpy():
    """An integer of numpy is a draw number as any other."""
    assert tune.hazard("0.006", np.int64(90), "0.016") == tune.hazard("0.006", 90, "0.016")
