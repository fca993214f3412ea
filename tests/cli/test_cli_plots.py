"""``--plot``: a picture beside the table, in the format that the name of the file tells."""

from __future__ import annotations

import sys

import pytest

import prizedraw

STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", STARTS)
def test_odds_per_draw_are_written_beside_the_table(cli, campaigns, tmp_path, suffix) -> None:
    """The table is printed as without the picture."""
    path = tmp_path / f"odds{suffix}"
    plain = cli("odds", campaigns / "quickstart.toml", "--draws", 5)
    done = cli("odds", campaigns / "quickstart.toml", "--plot", path, "--draws", 5)
    assert (done.code, done.out) == (0, plain.out)
    assert path.read_bytes().startswith(STARTS[suffix])


def test_the_stock_of_a_simulation_is_written_beside_the_table(cli, campaigns, tmp_path) -> None:
    """Keeping the log for the picture changes no figure."""
    path = tmp_path / "stock.PNG"
    arguments = ("simulate", campaigns / "quickstart.toml", "--participants", 50, "--draws", 3, "--seed", 1, "--json")
    plain = cli(*arguments)
    done = cli(*arguments, "--plot", path)
    assert (done.code, done.json) == (0, plain.json)
    assert path.read_bytes().startswith(STARTS[".png"])


@pytest.mark.parametrize("name", ["odds", "odds.txt", "odds.gif"])
def test_a_file_that_is_no_picture_is_refused(cli, campaigns, name) -> None:
    """The message tells which there are; nothing is printed."""
    done = cli("odds", campaigns / "quickstart.toml", "--plot", name)
    assert (done.code, done.out) == (2, "")
    assert "must end in .png, .svg, .pdf" in done.err


def test_without_matplotlib_the_extra_is_named(cli, campaigns, tmp_path, monkeypatch) -> None:
    """The error tells what to install."""
    monkeypatch.delitem(sys.modules, "prizedraw.plots", raising=False)
    monkeypatch.delattr(prizedraw, "plots", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = cli("odds", campaigns / "quickstart.toml", "--plot", tmp_path / "odds.png")
    assert done.code != 0
    assert "prizedraw[lab]" in done.err


def test_a_folder_that_is_not_there_is_an_error(cli, campaigns, tmp_path) -> None:
    """No traceback: the path is named."""
    done = cli("odds", campaigns / "quickstart.toml", "--plot", tmp_path / "nowhere" / "odds.png")
    assert done.code != 0
    assert "nowhere" in done.err
    assert "Traceback" not in done.err
