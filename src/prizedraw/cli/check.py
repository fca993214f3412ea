"""``prizedraw check``: the linter's findings on a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.campaign import Campaign
from prizedraw.cli import screen
from prizedraw.cli.arguments import Commands, aware_time, command, example, take_crowd, take_file
from prizedraw.cli.figures import counted

if TYPE_CHECKING:
    from argparse import Namespace

COLUMNS = tuple(screen.Column(heading, number=False, prose=heading == "finding") for heading in ("severity", "where", "finding", "code"))


def add(commands: Commands) -> None:
    """The command and its arguments."""
    end = example(
        "prizedraw check spring_gala.toml --participants 50000 --draws 3",
        "Exit code 1 if a finding is an error. JSON: {campaign, ok, findings: [{severity, code, where, message}]}",
    )
    check = command(commands, "check", "say what is legal in a campaign and yet unwise", carry_out, **end)
    take_file(check)
    take_crowd(check, required=False)
    check.add_argument("--now", metavar="ISO", type=aware_time, help="a time with offset: tell whether all windows are past")


def carry_out(args: Namespace) -> int:
    """Lint the file; 1 if a finding is an error."""
    campaign = Campaign.load(args.file)
    findings = campaign.lint(args.now, participants=args.participants, draws_each=args.draws)
    ok = all(finding.severity != "error" for finding in findings)
    if args.json:
        fields = ("severity", "code", "where", "message")
        listed = [{field: getattr(finding, field) for field in fields} for finding in findings]
        screen.put_json({"campaign": campaign.id, "ok": ok, "findings": listed})
    elif findings:
        screen.table(COLUMNS, [(finding.severity, finding.where, finding.message, finding.code) for finding in findings])
        print(f"\n{campaign.id}: {counted(len(findings), 'finding')}, {'none an error' if ok else 'errors among them'}")
    else:
        print(f"{campaign.id}: no findings")
    return 0 if ok else 1
