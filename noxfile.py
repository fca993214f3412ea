"""The sessions of the house: ``nox`` alone runs lint, typing and tests, in this order.

Only how things are run lives here; what is run is configured in pyproject.toml.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the python3 that made the .venv may be an older one
    sys.exit(f"prizedraw needs Python 3.11 or newer; nox runs on {sys.version.split()[0]}. Use a newer one.")

from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = ",".join(PYPROJECT["project"]["optional-dependencies"])

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "typing", "tests"]
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True


def install_group(session: nox.Session, group: str) -> None:
    """Install a dependency group of pyproject.toml."""
    session.install(*nox.project.dependency_groups(PYPROJECT, group))


def install_wheel(session: nox.Session, group: str) -> None:
    """Build the wheel and install it as a user would, together with a dependency group.

    The second install replaces an earlier build of the same version in a reused environment.
    """
    built = Path(session.create_tmp()).resolve() / "wheel"
    for old in built.glob("*.whl"):
        old.unlink()
    session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(built), ".")
    (wheel,) = built.glob("*.whl")
    requirements = nox.project.dependency_groups(PYPROJECT, group)
    session.install(f"prizedraw[{EXTRAS}] @ {wheel.as_uri()}", *requirements)
    session.install("--force-reinstall", "--no-deps", str(wheel))
    session.run("python", "-c", "import prizedraw, sys; sys.exit(not prizedraw.__file__.startswith(sys.prefix))")


@nox.session
def lint(session: nox.Session) -> None:
    """Linter and formatter."""
    install_group(session, "lint")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def typing(session: nox.Session) -> None:
    """Strict types, of the package and of code that uses it."""
    install_group(session, "typing")
    session.install("--editable", f".[{EXTRAS}]")
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, on the built wheel."""
    install_wheel(session, "test")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """The long runs."""
    install_wheel(session, "test")
    session.run("pytest", "-m", "soak", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """The tests of the tests: deliberately broken parts that must be caught."""
    install_wheel(session, "test")
    session.run("pytest", "-m", "mutants", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, every warning an error."""
    install_group(session, "docs")
    session.install("--editable", f".[{EXTRAS}]")  # the reference is taken from the docstrings
    session.run("sphinx-build", "-W", "-n", "--keep-going", "-b", "html", "docs", "docs/_build/html", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark script, quickly; results as JSON in the session's folder. ``nox -s bench -- NAME`` runs one."""
    install_wheel(session, "test")
    results = Path(session.create_tmp()).resolve()
    for script in sorted(Path("benchmarks").glob("[!_]*.py")):
        if not session.posargs or script.stem in session.posargs:
            session.run("python", str(script), "--json", str(results / f"{script.stem}.json"), "--quick")
    session.log(f"results are in {results}")
