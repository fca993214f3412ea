"""Every notebook runs from top to bottom, the outputs that it shows are those that it has, and the documentation shows them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "notebooks"
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


def module(name: str, path: Path) -> ModuleType:
    """A file of Python that is in no package."""
    spec = importlib.util.spec_from_file_location(name, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the libraries that start a kernel
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_gives(path: Path) -> None:
    """Run again, all cells succeed and show what is kept; everything random in them is seeded."""
    run = module("run_notebooks", FOLDER / "run.py")
    kept = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in kept.cells if cell.cell_type == "code"] == list(range(1, len(told(kept)) + 1))
    assert told(run.executed(path)) == told(kept), f"run examples/notebooks/run.py {path.stem}"


def test_there_are_notebooks_and_each_shows_a_picture() -> None:
    """The folder is found, and no notebook was left without its outputs."""
    assert len(NOTEBOOKS) >= 5
    for path in NOTEBOOKS:
        assert any("a picture" in cell for cell in told(nbformat.read(path, as_version=4)))


def test_the_documentation_brings_every_notebook_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copies that Sphinx reads are the notebooks of today, and no more; the build itself sees that pages show their outputs."""
    conf = module("docs_conf", ROOT / "docs" / "conf.py")
    monkeypatch.setattr(conf, "NOTEBOOKS", tmp_path / "notebooks")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "gone.ipynb").write_text("{}")
    (tmp_path / "notebooks" / NOTEBOOKS[0].name).write_text("{}")
    conf.bring_notebooks(None, None)
    assert {path.name: path.read_bytes() for path in conf.NOTEBOOKS.iterdir()} == {path.name: path.read_bytes() for path in NOTEBOOKS}
    assert "notebooks/*" in (ROOT / "docs" / "index.md").read_text("utf-8")
    assert conf.nb_execution_mode == "off"


def test_a_build_fails_whose_pages_lack_an_output(tmp_path: Path) -> None:
    """Pages with every table and figure pass; a page that lost one is named."""
    conf = module("docs_conf", ROOT / "docs" / "conf.py")
    conf.NOTEBOOKS = FOLDER
    (tmp_path / "notebooks").mkdir()
    app = SimpleNamespace(builder=SimpleNamespace(name="html"), outdir=tmp_path)
    whole = '<table><img src="../_images/x.png">' * 20
    for path in NOTEBOOKS:
        (tmp_path / "notebooks" / f"{path.stem}.html").write_text(whole)
    conf.check_notebooks(app, None)
    (tmp_path / "notebooks" / f"{NOTEBOOKS[-1].stem}.html").write_text("<table>" * 20)
    with pytest.raises(RuntimeError, match=rf"{NOTEBOOKS[-1].stem}.ipynb has \d figures"):
        conf.check_notebooks(app, None)
