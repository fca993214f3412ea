"""Every notebook runs from top to bottom, and the outputs that it shows are those that it has."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def told(notebook: nbformat.NotebookNode) -> list[tuple[str, ...]]:
    """What each code cell shows, of pictures only that there is one; without warnings, which depend on the machine's fonts."""
    shown = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        shown.append(tuple(output.text if output.output_type == "stream" else seen(output.data) for output in outputs))
    return shown


def seen(data: dict[str, str]) -> str:
    """The output that a reader sees."""
    return "a picture" if "image/png" in data else data.get("text/html", data["text/plain"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the libraries that start a kernel
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_gives(path: Path) -> None:
    """Run again, all cells succeed and show what is kept; everything random in them is seeded."""
    spec = importlib.util.spec_from_file_location("run_notebooks", FOLDER / "run.py")
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    kept = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in kept.cells if cell.cell_type == "code"] == list(range(1, len(told(kept)) + 1))
    assert told(run.executed(path)) == told(kept), f"run examples/notebooks/run.py {path.stem}"


def test_there_are_notebooks_and_each_shows_a_picture() -> None:
    """The folder is found, and no notebook was left without its outputs."""
    assert len(NOTEBOOKS) >= 5
    for path in NOTEBOOKS:
        assert any("a picture" in cell for cell in told(nbformat.read(path, as_version=4)))
