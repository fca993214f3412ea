"""Configuration of the documentation; ``nox -s docs`` builds it with every warning an error."""

import tomllib
from pathlib import Path

with Path(__file__).parents[1].joinpath("pyproject.toml").open("rb") as file:
    metadata = tomllib.load(file)["project"]

project = metadata["name"]
version = release = metadata["version"]
author = "the prizedraw developers"
project_copyright = f"2026, {author}"

extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"prizedraw {version}"
