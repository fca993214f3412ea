"""``prizedraw simulate``: what is to be expected of a campaign file, from many runs of all its rules."""

from __future__ import annotations

from argparse import ArgumentTypeError
from math import isnan
from typing import TYPE_CHECKING, Any

from prizedraw.campaign import Campaign
from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, command, example, positive, seed, take_crowd, take_file, take_plot
from prizedraw.cli.figures import count

if TYPE_CHECKING:
    from argparse import Namespace

    from prizedraw.simulation import Report

NOTE = """\
Participants draw in rounds, each once a round, with all rules of the campaign; draws of one participant are spread over days by
daily_draws. The same seed gives the same table.

With --traffic there is a clock: draws are spread over the campaign's windows, evenly ("constant") or as 24 numbers say, one for each hour
of a day in the campaign's zone.

"granted" is the mean over the runs, "±" its standard error, "5 %" and "95 %" quantiles of the runs, "demand" how often a ticket named the
prize. Refusals, such as a daily cap, are counted and no error.

JSON: {campaign, participants, draws_each, runs, seed, draws, refused: {reason: mean}, cost_cents, cost_standard_error,
wins_per_participant: [n], prizes: [{id, name, stock, granted, standard_error, quantiles: {"0.05", "0.5", "0.95"}, demand, remaining,
sold_out: {share, draw, round, time}}]}; -1 is unlimited, null is unknown or never."""
COLUMNS = (
    screen.Column("prize", number=False, prose=True),
    *map(screen.Column, ("stock", "granted", "±", "5 %", "95 %", "demand", "remaining", "sold out at")),
)


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example("prizedraw simulate spring_gala.toml --participants 10000 --draws 3 --seed 1", NOTE)
    simulate = command(commands, "simulate", "simulate a campaign many times", carry_out, **end)
    take_file(simulate)
    take_crowd(simulate)
    simulate.add_argument("--seed", metavar="S", type=seed, required=True, help="the seed of the predictable source")
    simulate.add_argument("--traffic", metavar="T", type=_traffic, help='when draws happen: "constant", or 24 numbers with commas')
    take_plot(simulate, "the stock left after each round, or with --traffic as time goes by,")
    simulate.add_argument("--runs", metavar="R", type=positive, default=1, help="how many independent runs (1)")


def carry_out(args: Namespace) -> int:
    """Simulate and report."""
    if not args.json:
        screen.need_rich()
    from prizedraw.simulation import simulate  # noqa: PLC0415 - loads numpy, which no other command needs

    campaign = Campaign.load(args.file)
    total = args.participants * args.draws * args.runs
    with screen.progress(campaign.id, total) as advance:
        done = 0

        def tell(so_far: int, _: int) -> None:
            nonlocal done
            advance(so_far - done)
            done = so_far

        given = {"runs": args.runs, "seed": args.seed, "traffic": args.traffic, "log": args.plot is not None}
        report = simulate(campaign, args.participants, args.draws, **given, progress=tell)
    if args.plot is not None:
        report.plot().savefig(args.plot)
    if args.json:
        screen.put_json(_json(report, args.draws))
    else:
        screen.table(COLUMNS, [_cells(row, report.runs) for row in report.rows()])
        print("", *report.sentences(), sep="\n")
    return 0


def _traffic(text: str) -> str | list[float]:
    """The traffic that an argument stands for."""
    if text == "constant":
        return text
    try:
        hours = [float(one) for one in text.split(",")]
    except ValueError:
        hours = []
    if len(hours) != 24:
        raise ArgumentTypeError(f'{text!r} is no traffic; write "constant", or 24 numbers with commas, one for each hour of a day')
    return hours


def _cells(row: dict[str, Any], runs: int) -> tuple[str, ...]:
    one = runs == 1
    where = "" if row["sold_out_draw"] is None else f"draw {row['sold_out_draw']:,}, round {row['sold_out_round']:,}"
    if row["sold_out_time"] is not None:
        where += f", {row['sold_out_time']:%Y-%m-%d %H:%M}"
    share = f"{row['sold_out_share']:.0%} of the runs" if not one and row["sold_out_share"] else ""
    return (
        row["name"],
        count(row["stock"]),
        _mean(row["granted"]),
        "" if one else _mean(row["standard_error"]),
        "" if one else f"{row['granted_05']:,}",
        "" if one else f"{row['granted_95']:,}",
        _mean(row["demand"]),
        count(-1) if row["remaining"] == -1 else _mean(row["remaining"]),
        "; ".join(filter(None, (where, share))),
    )


def _mean(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"


def _json(report: Report, draws_each: int) -> dict[str, Any]:
    prizes = [
        {
            "id": row["prize"],
            "name": row["name"],
            "stock": row["stock"],
            "granted": row["granted"],
            "standard_error": _known(row["standard_error"]),
            "quantiles": {"0.05": row["granted_05"], "0.5": row["granted_50"], "0.95": row["granted_95"]},
            "demand": row["demand"],
            "remaining": row["remaining"],
            "sold_out": {
                "share": row["sold_out_share"],
                "draw": row["sold_out_draw"],
                "round": row["sold_out_round"],
                "time": row["sold_out_time"] and row["sold_out_time"].isoformat(),
            },
        }
        for row in report.rows()
    ]
    return {
        "campaign": report.campaign.id,
        "participants": report.participants,
        "draws_each": draws_each,
        "runs": report.runs,
        "seed": report.seed,
        "draws": float(report.draws),
        "refused": {reason: float(mean) for reason, mean in report.refused.items() if mean},
        "cost_cents": float(report.cost),
        "cost_standard_error": _known(report.cost.standard_error),
        "wins_per_participant": report.wins_per_participant.tolist(),
        "prizes": prizes,
    }


def _known(value: float) -> float | None:
    return None if isnan(value) else value
