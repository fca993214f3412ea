"""The smaller commands: check, draw, audit, journal."""

from __future__ import annotations

import msgspec
import pytest

from prizedraw import Campaign, DrawEngine, Receipt
from prizedraw.cli.journal import KINDS


def test_check_is_silent_on_a_sound_campaign(cli, campaigns) -> None:
    """Nothing to say is exit 0."""
    done = cli("check", campaigns / "spring_gala.toml")
    assert (done.code, done.out) == (0, "spring-gala: no findings\n")


def test_check_tells_findings_and_passes_without_errors(cli, past) -> None:
    """Demand beyond stock is a warning: told with its place and code, in the table and in JSON, and exit 0."""
    crowd = ("--participants", 100_000, "--draws", 10)
    done, told = cli("check", past, *crowd), cli("check", past, *crowd, "--json").json
    found = Campaign.load(past).lint(participants=100_000, draws_each=10)
    assert done.code == 0
    assert [finding["code"] for finding in told["findings"]] == [finding.code for finding in found]
    assert told["ok"]
    assert "stock-short" in {finding.code for finding in found}
    assert all(finding.code in done.out and finding.where in done.out for finding in found)


def test_check_fails_on_errors(cli, past) -> None:
    """A campaign in which nobody can draw is exit 1."""
    past.write_text(past.read_text("utf-8").replace("daily_draws = 3", "daily_draws = 0").replace("daily_wins = 1\n", ""), "utf-8")
    done = cli("check", past, "--json")
    assert done.code == 1
    assert ("error", "nobody-can-draw") in [(finding["severity"], finding["code"]) for finding in done.json["findings"]]
    assert "errors among them" in cli("check", past).out


def test_check_knows_the_time_that_it_is_told(cli, past) -> None:
    """With --now it says that the windows are over; without it does not."""
    assert "windows-over" in cli("check", past, "--now", "2003-01-01T00:00:00Z").out
    assert "windows-over" not in cli("check", past).out


def test_draw_prints_the_receipt_and_again_for_the_same_request(cli, campaigns, tmp_path) -> None:
    """The receipt of a draw is printed; the same request id prints the same one."""
    command = ("draw", campaigns / "quickstart.toml", "user-42", "--store", tmp_path / "d.db", "--request-id", "order-9001")
    first, second = cli(*command), cli(*command)
    assert first.code == 0
    assert first.out == second.out
    assert "receipt      quickstart:0:order-9001\n" in first.out
    assert "participant  user-42, draw 1\n" in first.out


def test_draws_json_has_every_field_of_the_receipt_by_name(cli, campaigns, tmp_path) -> None:
    """The keys are the receipt's attributes, those of its prize and tickets too; the values are the receipt's."""
    told = cli("draw", campaigns / "quickstart.toml", "ann", "--store", tmp_path / "d.db", "--json").json
    (shown,) = told["receipts"]
    with DrawEngine.open(tmp_path / "d.db") as engine:
        (receipt,) = engine.receipts("quickstart")
    assert (told["campaign"], told["refused"]) == ("quickstart", None)
    assert set(shown) == {*Receipt.__struct_fields__, "id", "drawn_at"} - {"place", "at"}
    assert shown["prize"] == {"id": receipt.prize.id, "name": receipt.prize.name, "kind": receipt.prize.kind}
    assert shown["tickets"] == [{"size": ticket.size, "value": ticket.value} for ticket in receipt.tickets]
    assert shown["before"]["number"] == 0
    assert (shown["id"], shown["drawn"], shown["day"]) == (receipt.id, receipt.drawn, receipt.day.isoformat())


def test_draw_takes_several_at_once(cli, campaigns, tmp_path) -> None:
    """-n draws all or none under one request."""
    told = cli("draw", campaigns / "quickstart.toml", "ann", "--store", tmp_path / "d.db", "-n", 3, "--json").json
    assert [receipt["number"] for receipt in told["receipts"]] == [1, 2, 3]
    assert len({receipt["request_id"] for receipt in told["receipts"]}) == 1


def test_a_refused_draw_is_exit_1_with_its_reason(cli, campaigns, tmp_path) -> None:
    """Four draws where three a day are allowed: nothing is drawn, and the reason is told in both forms."""
    command = ("draw", campaigns / "quickstart.toml", "ann", "--store", tmp_path / "d.db", "-n", 4)
    done, told = cli(*command), cli(*command, "--json")
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1
    assert "daily_draws" in done.err
    assert told.code == 1
    assert told.json["receipts"] == []
    assert told.json["refused"]["reason"] == "daily_draws"


@pytest.fixture
def played(cli, past, tmp_path):
    """A store with four draws of two participants, made by ``run``, and a grant."""
    cli("run", past, "--store", tmp_path / "d.db", "--participants", 2, "--draws", 2, "--seed", 3)
    with DrawEngine.open(tmp_path / "d.db") as engine:
        engine.grant_draws("quickstart", "p-0000002", 1, request_id="gift", actor="ops", note="sorry for the wait")
    return tmp_path / "d.db"


def test_audit_counts_again(cli, played) -> None:
    """A clean store is exit 0 and says what was counted."""
    done = cli("audit", "quickstart", "--store", played)
    assert (done.code, done.out) == (0, "audit: clean; 4 draws recounted from 6 lines of the journal\n")
    told = {"campaign": "quickstart", "ok": True, "entries": 6, "draws": 4, "differences": []}
    assert cli("audit", "quickstart", "--store", played, "--json").json == told


def test_journal_prints_every_entry_in_order(cli, played) -> None:
    """One line each, oldest first: the publication with its allocations, the draws, what an operator did and why."""
    lines = cli("journal", "quickstart", "--store", played).out.splitlines()
    assert [line.split()[1] for line in lines] == ["publish", "draw", "draw", "draw", "draw", "grant"]
    assert "allocate 5 phone, allocate 1000 coupon" in lines[0]
    assert lines[1].split()[2:4] == ["p-0000001", "run-3/p-0000001/1"]
    assert "by ops, sorry for the wait" in lines[-1]


def test_journal_filters(cli, played) -> None:
    """By kind, by participant, and the last N, alone or together."""

    def ids(*filters: object) -> list[str]:
        out = cli("journal", "quickstart", "--store", played, "--json", *filters).out
        return [msgspec.json.decode(line)["request_id"] for line in out.splitlines()]

    assert ids("--participant", "p-0000002") == ["run-3/p-0000002/1", "run-3/p-0000002/2", "gift"]
    assert ids("--kind", "grant") == ["gift"]
    assert ids("--limit", 2) == ["run-3/p-0000002/2", "gift"]
    assert ids("--kind", "draw", "--participant", "p-0000001", "--limit", 1) == ["run-3/p-0000001/2"]


def test_journal_json_tells_what_was_drawn(cli, played) -> None:
    """A draw's entry holds the prize and reason of each of its draws, as the receipts do."""
    out = cli("journal", "quickstart", "--store", played, "--json", "--kind", "draw").out
    told = [msgspec.json.decode(line)["draws"] for line in out.splitlines()]
    with DrawEngine.open(played) as engine:
        receipts = list(engine.receipts("quickstart", newest_first=False))
    assert told == [[{"prize": one.prize.id, "reason": one.reason, "points": one.points}] for one in receipts]


def test_journal_knows_every_kind_of_entry(cli, campaigns, tmp_path) -> None:
    """Whatever an operator can do has a kind that can be asked for, and each is found."""
    with DrawEngine.open(tmp_path / "d.db") as engine:
        engine.publish(Campaign.load(campaigns / "quickstart.toml"))
        receipt = engine.draw("quickstart", "ann")
        engine.void(receipt.id, request_id="v", return_chance=True)
        engine.grant_draws("quickstart", "ann", 1, request_id="g")
        engine.block("ann", "quickstart")
        engine.unblock("ann", "quickstart")
        engine.reallocate("quickstart", "phone", add=1)
        engine.take_off_shelf("quickstart", "phone")
        engine.put_on_shelf("quickstart", "phone")
        engine.take_offline("quickstart")
        engine.bring_online("quickstart")
        list(engine.export())
        engine.erase("ann")
    every = cli("journal", "quickstart", "--store", tmp_path / "d.db").out.splitlines()
    assert {line.split()[1] for line in every} == set(KINDS) - {"checkpoint"}
    for kind in sorted(set(KINDS) - {"checkpoint"}):
        (line,) = cli("journal", "quickstart", "--store", tmp_path / "d.db", "--kind", kind).out.splitlines()
        assert line in every


def test_journal_reads_more_than_a_page(cli, past, tmp_path) -> None:
    """A journal of 1,201 entries is read to its end."""
    cli("run", past, "--store", tmp_path / "d.db", "--participants", 1200, "--draws", 1)
    assert len(cli("journal", "quickstart", "--store", tmp_path / "d.db").out.splitlines()) == 1201


@pytest.mark.parametrize("command", ["audit", "journal"])
def test_a_question_makes_no_file(cli, tmp_path, command) -> None:
    """Asking a store that is not there is bad input, and leaves none behind."""
    done = cli(command, "quickstart", "--store", tmp_path / "typo.db")
    assert done.code == 2
    assert "there is no file" in done.err
    assert not list(tmp_path.iterdir())
