"""A campaign from a table of prizes, and as a table in a notebook."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pyarrow as pa
import pytest

from prizedraw import Campaign, InvalidCampaign, Level, Newcomer, Pity, Prize, Quota
from scenery import MARCH, wheel

REST = {"id": "wheel", "title": "The wheel", "timezone": "Asia/Shanghai", "windows": [MARCH]}
ROWS = [
    {"id": "phone", "name": "手机", "weight": "0.001", "stock": 5, "value": "4999.00", "alert_stock": 1, "shown": True},
    {"id": "coupon", "name": "Coupon", "weight": 0.2, "stock": -1, "value": None, "alert_stock": None, "shown": False},
]
SAME = wheel(
    Prize("phone", "手机", "0.001", 5, value="4999.00", alert_stock=1),
    Prize("coupon", "Coupon", "0.2", -1, shown=False),
)


def test_a_list_of_dicts_becomes_the_prizes() -> None:
    """Each row is a prize; None leaves a field out."""
    assert Campaign.from_table(ROWS, **REST) == SAME


def test_a_data_frame_is_read_although_empty_cells_made_floats_of_its_numbers() -> None:
    """DataFrames hold the alerts 1 and (empty) as 1.0 and NaN; wholes stay wholes, weights are their shortest decimals."""
    frame = pd.DataFrame(ROWS)
    assert frame["alert_stock"].dtype == float
    assert Campaign.from_table(frame, **REST) == SAME
    assert Campaign.from_table(frame.convert_dtypes(), **REST) == SAME
    assert Campaign.from_table(pd.DataFrame({"id": ["a"], "name": ["A"], "weight": [0.1], "stock": [7]}), **REST).weights["a"] == Fraction(
        1, 10
    )


def test_an_arrow_table_is_read() -> None:
    """Whatever gives its rows as dicts will do."""
    assert Campaign.from_table(pa.Table.from_pylist([{**row, "weight": str(row["weight"])} for row in ROWS]), **REST) == SAME


def test_a_row_may_be_the_thank_you() -> None:
    """Its stock is left empty or says unlimited; the other fields of the campaign are given beside the table."""
    made = Campaign.from_table(
        [*ROWS, {"id": "thank-you", "name": "谢谢", "weight": "0.799", "stock": -1}], **REST, quota=Quota(daily_draws=3)
    )
    assert made.fallback == Prize.thank_you("谢谢", "0.799")
    assert made.quota.daily_draws == 3


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"stock": None}, "rows[1].stock", "empty"),
        ({"stock": 1.5}, "rows[1].stock", "1.5"),
        ({"stock": -2}, "rows[1].stock", "-2"),
        ({"weight": "much"}, "rows[1].weight", "much"),
        ({"name": "  "}, "rows[1].name", "empty"),
        ({"wieght": 3}, "rows[1].wieght", "not a column"),
        ({"id": "phone"}, "prizes[1].id", r"prizes\[0\]"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(change: dict[str, object], place: str, message: str) -> None:
    """The place tells where to look, the message what is wrong."""
    with pytest.raises(InvalidCampaign, match=message) as caught:
        Campaign.from_table([ROWS[0], {**ROWS[1], **change}], **REST)
    assert caught.value.place == place


@pytest.mark.parametrize("table", ["phone", {"id": "phone"}, 3, None, ["phone"]])
def test_what_is_no_table_is_refused(table: object) -> None:
    """Neither a text nor one row alone is a table."""
    with pytest.raises(InvalidCampaign, match=r"not a (table|row)"):
        Campaign.from_table(table, **REST)


def test_the_thank_you_is_given_once() -> None:
    """In a row or beside the table, and in one row."""
    row = {"id": "thank-you", "name": "x", "weight": 1}
    with pytest.raises(InvalidCampaign, match="there or here"):
        Campaign.from_table([*ROWS, row], **REST, fallback=Prize.thank_you())
    with pytest.raises(InvalidCampaign, match="has a row already") as caught:
        Campaign.from_table([row, *ROWS, row], **REST)
    assert caught.value.place == "rows[3].id"


def test_a_campaign_is_a_table_in_a_notebook() -> None:
    """Prizes with exact weights and shares, rules in sentences; names are escaped."""
    rules = [
        Pity(id="soft", target=["a"], base="0.01", soft_from=74, soft_step="0.06", hard=90),
        Pity(id="steps", target=["b"], scope=["b", "c"], levels=[Level("1/2", 0, 1), Level(1, 0, 1)]),
    ]
    prizes = (Prize("a", "<b>A</b>", "0.01", 5, value=Decimal(1000)), Prize("b", "B", 1, -1), Prize("c", "C", 1, -1))
    shown = wheel(*prizes, pity=rules[:1], newcomer=Newcomer(draws=3, target=["b"]), quota=Quota(daily_draws=3))._repr_html_()
    for part in (
        "&lt;b&gt;A&lt;/b&gt;",
        "<td>1/100</td><td>0.4975 %</td><td>5</td><td>1,000</td>",
        "<td>unlimited</td>",
        "daily draws: 3",
        "guarantee soft: a, from 0.01, rising from draw 74, sure on draw 90",
        "newcomers win b within 3 draws",
        "open 2027-03-01",
    ):
        assert part in shown
    assert "<b>" not in shown
