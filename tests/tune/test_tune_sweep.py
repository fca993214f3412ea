"""A sweep is a row for each combination of parameters, with what a function tells there."""

from __future__ import annotations

from fractions import Fraction

import pytest

from prizedraw.errors import InvalidRequest
from prizedraw.tune import sweep

BOTH = sweep(lambda hard, base: {"rate": Fraction(hard) * base, "name": f"<{hard}>"}, hard=[80, 90], base=[Fraction(1, 100), 1])


def test_every_combination_has_a_row() -> None:
    """The last parameter changes fastest; parameters come before figures."""
    assert BOTH.columns == ("hard", "base", "rate", "name")
    assert [(row["hard"], row["base"], row["rate"]) for row in BOTH] == [
        (80, Fraction(1, 100), Fraction(4, 5)),
        (80, 1, 80),
        (90, Fraction(1, 100), Fraction(9, 10)),
        (90, 1, 90),
    ]
    assert BOTH.column("rate") == [Fraction(4, 5), 80, Fraction(9, 10), 90]
    assert len(BOTH[1:3]) == 2


def test_a_function_of_one_figure_needs_no_name() -> None:
    """It is called value."""
    assert list(sweep(lambda n: n * n, n=range(3))) == [{"n": 0, "value": 0}, {"n": 1, "value": 1}, {"n": 2, "value": 4}]


def test_a_sweep_is_a_table_in_text_in_a_notebook_and_in_pandas() -> None:
    """Fractions are shown as decimals and kept as they are; texts are escaped."""
    assert repr(BOTH).splitlines()[0].split() == ["hard", "base", "rate", "name"]
    assert repr(BOTH).splitlines()[1].split() == ["80", "0.01", "0.8", "<80>"]
    assert "<td>80</td><td>0.01</td><td>0.8</td><td>&lt;80&gt;</td>" in BOTH._repr_html_()
    frame = BOTH.to_pandas()
    assert frame.index.names == ["hard", "base"]
    assert frame.loc[(90, 1), "rate"] == 90


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (lambda: sweep(lambda: 1), "parameters"),
        (lambda: sweep(lambda n: n, n=[]), "n"),
        (lambda: sweep(lambda n: {"n": n}, n=[1]), "figures"),
        (lambda: BOTH.column("cost"), "name"),
    ],
)
def test_what_cannot_be_swept_is_refused(call: object, place: str) -> None:
    """The error names the argument."""
    with pytest.raises(InvalidRequest) as caught:
        call()
    assert caught.value.place == place
