"""Odds are plain dicts that show themselves in a notebook."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest

from prizedraw import InvalidRequest, Prize, odds
from scenery import wheel

CAMPAIGN = wheel(Prize("cup", "<Cup>", 1, -1), Prize("pen", "Pen", 3, -1), fallback=Prize.thank_you("Thanks", 4))


def test_odds_are_equal_to_the_dict_that_they_are() -> None:
    """Whoever takes them for a dict is right, also after pickling."""
    found = odds.effective(CAMPAIGN)
    assert found == {"cup": Fraction(1, 8), "pen": Fraction(3, 8), "thank-you": Fraction(1, 2)}
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again._repr_html_() == found._repr_html_()


@pytest.mark.parametrize(
    ("found", "cells"),
    [
        (odds.effective(CAMPAIGN), "<td>cup</td><td>&lt;Cup&gt;</td><td>12.5 % (1/8)</td>"),
        (odds.long_run(CAMPAIGN), "<td>pen</td><td>Pen</td><td>37.5 %</td>"),
        (odds.long_run_exact(CAMPAIGN), "<td>thank-you</td><td>Thanks</td><td>50 % (1/2)</td>"),
        (odds.expected(CAMPAIGN, 20), "<td>cup</td><td>&lt;Cup&gt;</td><td>2.5</td>"),
        (odds.by_draw(CAMPAIGN, 2), "<td>pen</td><td>Pen</td><td>37.5 %</td><td>37.5 %</td></tr>"),
        (odds.by_draw(CAMPAIGN, 30), "<th>draw 10</th><th>…</th></tr>"),
    ],
)
def test_every_function_of_odds_gives_a_table(found: odds.OddsTable, cells: str) -> None:
    """Names are escaped; chances are in percent, with the fraction where it is short."""
    assert cells in found._repr_html_()


def test_odds_by_draw_draw_themselves() -> None:
    """The lines are the chances, under the names of the prizes."""
    found = odds.by_draw(CAMPAIGN, 5)
    (axes,) = found.plot().axes
    for line, (id_, chances) in zip(axes.lines, found.items(), strict=True):
        assert line.get_label() == CAMPAIGN.prize(id_).name
        np.testing.assert_allclose(line.get_ydata(), 100 * chances)


def test_one_figure_a_prize_is_no_plot() -> None:
    """The error names the function to take."""
    with pytest.raises(InvalidRequest, match="by_draw"):
        odds.effective(CAMPAIGN).plot()
