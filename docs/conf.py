"""Configuration of the documentation; ``nox -s docs`` builds it with every warning an error."""

import json
import shutil
import tomllib
from pathlib import Path

with Path(__file__).parents[1].joinpath("pyproject.toml").open("rb") as file:
    metadata = tomllib.load(file)["project"]

project = metadata["name"]
version = release = metadata["version"]
author = "the prizedraw developers"
project_copyright = f"2026, {author}"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]  # myst_nb reads Markdown as well
nb_execution_mode = "off"  # the outputs kept in examples/notebooks are shown; the tests see that they are those of today
nb_output_stderr = "remove"  # warnings about the fonts of one machine
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

autodoc_member_order = "bysource"
napoleon_numpy_docstring = False

# What these pages cannot link to.
nitpick_ignore_regex = [
    # the standard library and other packages, whose pages are elsewhere
    ("py:class", r"(datetime|os|logging|fractions|decimal|collections\.abc|typing|msgspec|np|hypothesis\.strategies)\..+"),
    ("py:class", r"date|datetime|timedelta|Fraction|Decimal|Path|PathLike|ZoneInfo|Callable|Raw|DTypeLike|SearchStrategy|TracebackType"),
    ("py:class", r"MeterProvider|TracerProvider|tzinfo"),
    ("py:class", r"Abstract(Async)?ContextManager"),
    # type aliases and variables, which have no entry of their own
    ("py:class", r"Weight|Seed|Event|When|Kind|Form|Meta|T|prizedraw\.storage\.protocol\.T"),
    ("py:class", r"ArrayLike|NDArray|Floats|At|Tails|Target|Price|Picture|Moments|ExactMoments|Snapshot|(prizedraw\.tune\.plans\.)?Plan"),
    # prose where a type could stand
    ("py:class", r"products|never differences|A law whose chances are sums"),
    # a field of a Struct whose generic type is cut at its comma
    ("py:class", r"(dict|tuple)\[.*"),
]

suppress_warnings = ["ref.python"]  # the State of a draw and the State of the lab, told apart by their pages

html_theme = "furo"
html_title = f"prizedraw {version}"

NOTEBOOKS = Path(__file__).parent / "notebooks"


def bring_notebooks(app, config):
    """Copy the notebooks of examples/ to where Sphinx reads, those that have changed; the folder is not under version control."""
    NOTEBOOKS.mkdir(exist_ok=True)
    kept = {path.name: path for path in (Path(__file__).parents[1] / "examples" / "notebooks").glob("*.ipynb")}
    for path in NOTEBOOKS.glob("*.ipynb"):
        if path.name not in kept:
            path.unlink()
    for name, path in kept.items():
        copy = NOTEBOOKS / name
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            shutil.copyfile(path, copy)


def check_notebooks(app, exception):
    """Fail a build whose pages lack a table or a figure that a notebook has."""
    if exception is not None or app.builder.name != "html":
        return
    for path in NOTEBOOKS.glob("*.ipynb"):
        page = Path(app.outdir, "notebooks", f"{path.stem}.html").read_text("utf-8")
        cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
        outputs = [output["data"] for cell in cells for output in cell["outputs"] if "data" in output]
        figures, tables = sum("image/png" in data for data in outputs), sum("text/html" in data for data in outputs)
        if page.count('src="../_images/') < figures or page.count("<table") < tables:
            raise RuntimeError(f"{path.name} has {figures} figures and {tables} tables, and its page lacks some")


def find(app, env, node, contnode):
    """Resolve a name as the code has it: bare where it is imported for types alone, or with the module that defines it.

    Public names are documented where users import them from. A bare name means the one documented object that ends in it.
    """
    if node.get("refdomain") != "py":
        return None
    domain, name = env.get_domain("py"), node["reftarget"].rpartition(".")[2]
    places = [place for place in domain.objects if place.rpartition(".")[2] == name]
    if len(places) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", places[0], node, contnode)


def setup(app):
    app.connect("config-inited", bring_notebooks)
    app.connect("build-finished", check_notebooks)
    app.connect("missing-reference", find)
