"""The end of a game: the table of prizes, what became of the requests, and the audit's verdict."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from attrs import frozen

from prizedraw.cli import screen
from prizedraw.cli.figures import against, count, counted, percent
from prizedraw.quota import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from prizedraw.campaign import Campaign
    from prizedraw.cli.play import Plan, Tally
    from prizedraw.flows.auditing import Audit
    from prizedraw.stock import StockLine

KEYS = """\
JSON: {campaign, participants, draws_each, seed, simulated_at, requests, draws, replayed, wins, win_rate, refused: {reason: n},
seconds, draws_per_second, prizes: [{id, name, allocated, issued, remaining, share, chance, odds}],
any_prize: {issued, share, chance, odds}, audit: {ok, entries, draws, differences}}; -1 is unlimited."""

_HEADINGS = ("allocated", "issued", "remaining", "share", "odds")


@frozen
class Report:
    """All that is told at the end of a game.

    Attributes:
        campaign: what was played.
        plan: by whom.
        tally: with what outcome.
        at: the simulated time, or None where the time was the real one.
        stock: the stock after it, prize by prize.
        chances: the exact odds of a new participant's first draw.
        audit: the verdict on the whole campaign.
    """

    campaign: Campaign
    plan: Plan
    tally: Tally
    at: datetime | None
    stock: Mapping[str, StockLine]
    chances: Mapping[str, Fraction]
    audit: Audit

    @property
    def issued(self) -> int:
        """Units given away, of all prizes."""
        return sum(line.issued for line in self.stock.values())

    @property
    def any_prize(self) -> Fraction:
        """The chance of a first draw to win anything."""
        return 1 - self.chances[self.campaign.fallback.id]

    def share(self, issued: int) -> Fraction:
        """Units of a prize for each draw that the campaign has seen, those of other runs among them."""
        return Fraction(issued, self.audit.draws) if self.audit.draws else Fraction(0)

    def exit_code(self) -> int:
        """1 where the audit failed."""
        return 0 if self.audit.ok else 1

    def put(self) -> None:
        """Print the table and what is to be said with it."""
        columns = (screen.Column("prize", number=False, prose=True), *map(screen.Column, _HEADINGS))
        rows = [
            (
                self.campaign.prize(id_).name,
                count(line.allocated),
                count(line.issued),
                count(line.remaining),
                percent(self.share(line.issued)),
                against(self.chances[id_]),
            )
            for id_, line in self.stock.items()
        ]
        without = self.audit.draws - self.issued
        thanks = self.campaign.fallback
        rows.append((thanks.name, "", count(without), "", percent(self.share(without)), against(self.chances[thanks.id])))
        allocated, remaining = (_sum(getattr(line, name) for line in self.stock.values()) for name in ("allocated", "remaining"))
        total = ("any prize", count(allocated), count(self.issued), count(remaining))
        screen.table(columns, rows, (*total, percent(self.share(self.issued)), against(self.any_prize)))
        print("", *self._sentences(), sep="\n")

    def _sentences(self) -> list[str]:
        tally = self.tally
        rate = f", {percent(Fraction(tally.wins, tally.draws))}" if tally.draws else ""
        drawn = f"{counted(tally.draws, 'draw')} by {counted(self.plan.participants, 'participant')}"
        speed = f"; {tally.per_second:,.0f} draws/s" if tally.made else ""
        told = [f"{drawn}, {counted(tally.wins, 'win')}{rate}{speed}"]
        if replayed := tally.draws - tally.made:
            told.append(f"{counted(replayed, 'draw')} had been made before and {'was' if replayed == 1 else 'were'} replayed")
        if tally.refused:
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in sorted(tally.refused.items()))
            told.append(f"{counted(tally.refused.total(), 'request')} refused: {reasons}")
        if self.audit.draws != tally.draws:
            told.append(f"the table is of all {counted(self.audit.draws, 'draw')} of {self.campaign.id!r} in the store")
        if self.campaign.pity or self.campaign.newcomer:
            told.append("odds are those of a first draw; guarantees change later ones")
        return told + verdict(self.audit)

    def put_json(self) -> None:
        """Print the same as JSON."""
        tally, plan = self.tally, self.plan
        prizes = [
            {
                "id": id_,
                "name": self.campaign.prize(id_).name,
                "allocated": line.allocated,
                "issued": line.issued,
                "remaining": line.remaining,
                **self._chance(line.issued, self.chances[id_]),
            }
            for id_, line in self.stock.items()
        ]
        screen.put_json(
            {
                "campaign": self.campaign.id,
                "participants": plan.participants,
                "draws_each": plan.draws_each,
                "seed": plan.seed,
                "simulated_at": None if self.at is None else self.at.isoformat(),
                "requests": plan.requests,
                "draws": tally.draws,
                "replayed": tally.draws - tally.made,
                "wins": tally.wins,
                "win_rate": tally.wins / tally.draws if tally.draws else 0.0,
                "refused": dict(sorted(tally.refused.items())),
                "seconds": round(tally.seconds, 3),
                "draws_per_second": round(tally.per_second),
                "prizes": prizes,
                "any_prize": {"issued": self.issued, **self._chance(self.issued, self.any_prize)},
                "audit": audit_json(self.audit),
            }
        )

    def _chance(self, issued: int, chance: Fraction) -> dict[str, Any]:
        return {"share": float(self.share(issued)), "chance": str(chance), "odds": against(chance)}


def verdict(audit: Audit) -> list[str]:
    """What an audit found, in sentences."""
    if audit.ok:
        return [f"audit: clean; {counted(audit.draws, 'draw')} recounted from {counted(audit.entries, 'line')} of the journal"]
    return [f"audit: FAILED, {counted(len(audit.differences), 'difference')}", *(f"- {one}" for one in audit.differences)]


def audit_json(audit: Audit) -> dict[str, Any]:
    """An audit's verdict as plain values."""
    return {"ok": audit.ok, "entries": audit.entries, "draws": audit.draws, "differences": list(audit.differences)}


def _sum(values: Iterable[int]) -> int:
    """The sum, unlimited where one is."""
    listed = list(values)
    return UNLIMITED if UNLIMITED in listed else sum(listed)
