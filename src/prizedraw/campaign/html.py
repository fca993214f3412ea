"""A campaign as people see it in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from attrs import fields

from prizedraw.quota import UNLIMITED

if TYPE_CHECKING:
    from prizedraw.campaign.model import Campaign, Prize
    from prizedraw.pity import Pity
    from prizedraw.quota import Quota

_HEADS = ("prize", "name", "weight", "share of all weights", "stock", "value")


def campaign_html(campaign: Campaign) -> str:
    """The prizes with their weights as a table, and the rules in sentences.

    The share is what a weight alone would give; guarantees, caps and stock change the odds of a draw.
    """
    head = "".join(f"<th>{one}</th>" for one in _HEADS)
    whole = sum(campaign.weights.values())
    rows = "".join(_row(prize, float(prize.weight / whole)) for prize in (*campaign.prizes, campaign.fallback))
    told = "".join(f"<li>{escape(one)}</li>" for one in _sentences(campaign))
    title = f"{escape(campaign.title)} ({escape(campaign.id)})"
    return f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><ul>{told}</ul>"


def _row(prize: Prize, share: float) -> str:
    stock = "unlimited" if prize.stock == UNLIMITED else f"{prize.stock:,}"
    cells = (prize.id, prize.name, str(prize.weight), f"{100 * share:.4g} %", stock, "" if prize.value is None else f"{prize.value:,}")
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _sentences(campaign: Campaign) -> list[str]:
    told = [f"open {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} ({campaign.timezone})" for window in campaign.windows]
    told += _limits(campaign.quota)
    told += [f"guarantee {rule.id}: {_guarantee(rule)}" for rule in campaign.pity]
    if campaign.newcomer is not None:
        told.append(f"newcomers win {' or '.join(campaign.newcomer.target)} within {campaign.newcomer.draws} draws")
    return told


def _limits(quota: Quota) -> list[str]:
    limits = {field.name: getattr(quota, field.name) for field in fields(type(quota)) if field.name != "ordering"}
    return [f"{name.replace('_', ' ')}: {limit:,}" for name, limit in limits.items() if limit != UNLIMITED]


def _guarantee(rule: Pity) -> str:
    parts = [" or ".join(rule.target)]
    parts += [f"from {float(rule.base):.4g}"] if rule.base is not None else []
    parts += [f"rising from draw {rule.soft_from}"] if rule.soft_from is not None else []
    parts += [f"sure on draw {rule.hard}"] if rule.hard is not None else []
    return ", ".join(parts)
