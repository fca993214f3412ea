"""The floors of the house: which part of prizedraw may import which, read from the source itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "prizedraw"

DOMAIN = ("sampling", "quota", "windows", "stock", "pity", "fallback")
RULES = (*DOMAIN, "campaign", "draw")
LAB = ("odds", "simulation", "tune", "plots")

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "errors": (),
    **dict.fromkeys(DOMAIN, ("errors",)),  # and not each other: they meet as plain values in the floors above
    "campaign": ("errors", *DOMAIN),
    "draw": ("errors", *DOMAIN, "campaign"),
    "storage": ("errors",),  # a store knows no rule
    "flows": ("errors", *RULES, "storage.protocol"),  # sans-IO: the vocabulary of a store, no store
    "engine": ("errors", *RULES, "storage", "flows"),
    **dict.fromkeys(LAB, ("errors", *RULES, *LAB)),  # the lab stands on the rules, not on storage
    "cli": ("", "errors", *RULES, *LAB, "storage", "flows", "engine"),
    "__main__": ("cli",),  # python -m prizedraw
    "observe": ("errors", "draw", "flows", "engine"),
    "testing": ("", "errors", *RULES, *LAB, "storage", "flows", "engine"),
    "": ("errors", *RULES, *LAB, "storage", "flows", "engine"),  # prizedraw/__init__.py, which names the public API
}
"""Floor → what may be imported there besides the floor itself; "" is the top-level module and the names it exports."""

IMPURE = ("asyncio", "numpy", "random", "secrets", "socket", "sqlite3", "ssl", "threading", "time")
"""What a domain package may not touch: clocks, sources of randomness, sockets, threads of its own, numpy."""

PORTS: dict[str, tuple[str, ...]] = {
    "sampling.entropy": ("ssl", "threading"),  # the randomness port itself
    "sampling.batch": ("numpy", "ssl"),  # arrays, imported when asked for
    "sampling.alias": ("numpy",),  # types alone: see test_import_light
}
"""Module → what it may import although it is in a domain package."""

CLOCK_CALLS = ("now", "today", "utcnow")


def imports(path: Path, root: Path) -> list[str]:
    """Every dotted name a module imports, wherever in it, as an absolute one; ``from a import b`` is ``a.b``."""
    package = ["prizedraw", *path.relative_to(root).parent.parts]
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom(level=0):
                names += [f"{node.module}.{alias.name}" for alias in node.names]
            case ast.ImportFrom():
                outer = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
                names += [f"{outer}.{alias.name}" for alias in node.names]
            case ast.Call(
                func=ast.Name("__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(str(name)), *_],
            ):
                names.append(name)
    return names


def module_name(path: Path, root: Path) -> str:
    """``campaign.codec`` for ``campaign/codec.py``, ``campaign`` for ``campaign/__init__.py``, "" for the top."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def allowed(target: str, floor: str, floors: set[str]) -> bool:
    """Whether a name inside prizedraw may be imported on this floor."""
    top = target.partition(".")[0]
    if top not in floors:
        return "" in MAY_IMPORT[floor] or floor == ""  # a name exported at the top, as in ``from prizedraw import Campaign``
    return top == floor or any(f"{target}.".startswith(f"{permitted}.") for permitted in MAY_IMPORT[floor] if permitted)


def violations(root: Path) -> list[str]:
    """Every import below ``root`` that the tables above do not allow, as ``module imports name``."""
    found = []
    modules = {module_name(path, root): path for path in sorted(root.rglob("*.py"))}
    floors = {name.partition(".")[0] for name in modules} - {""}
    for module, path in modules.items():
        floor = module.partition(".")[0]
        if floor not in MAY_IMPORT:
            found.append(f"{module} is on no floor: give {floor!r} a line in MAY_IMPORT")
            continue
        for name in imports(path, root):
            top, _, rest = name.partition(".")
            if top == "prizedraw" and not allowed(rest, floor, floors):
                found.append(f"{module or '__init__'} imports {name}")
            if floor in DOMAIN and top in IMPURE and top not in PORTS.get(module, ()):
                found.append(f"{module} imports {name}")
    return found


def test_every_import_points_down() -> None:
    """The source imports nothing that its floor may not know."""
    assert violations(SOURCE) == []


@pytest.mark.parametrize("path", [path for part in (*DOMAIN, "draw") for path in sorted((SOURCE / part).rglob("*.py"))], ids=str)
def test_rules_never_ask_for_the_time(path: Path) -> None:
    """Time reaches a rule as an argument: no rule calls now(), today() or utcnow()."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    assert [ast.unparse(call) for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in CLOCK_CALLS] == []


@pytest.mark.parametrize(
    ("module", "line", "caught"),
    [
        ("pity/law.py", "from prizedraw.quota import Quota", "pity.law imports prizedraw.quota.Quota"),
        ("pity/law.py", "from ..quota import Quota", "pity.law imports prizedraw.quota.Quota"),
        ("pity/law.py", "import prizedraw.stock", "pity.law imports prizedraw.stock"),
        ("quota/caps.py", "def f():\n    import time", "quota.caps imports time"),
        ("sampling/tape.py", "import numpy as np", "sampling.tape imports numpy"),
        ("storage/memory.py", "from prizedraw import campaign", "storage.memory imports prizedraw.campaign"),
        (
            "storage/memory.py",
            "if TYPE_CHECKING:\n    from prizedraw.draw import decide",
            "storage.memory imports prizedraw.draw.decide",
        ),
        (
            "flows/draw.py",
            "from prizedraw.storage.sqlite import SqliteStore",
            "flows.draw imports prizedraw.storage.sqlite.SqliteStore",
        ),
        (
            "engine/sync.py",
            "from prizedraw.testing import FixedClock",
            "engine.sync imports prizedraw.testing.FixedClock",
        ),
        (
            "engine/sync.py",
            "import importlib\nimportlib.import_module('prizedraw.testing')",
            "engine.sync imports prizedraw.testing",
        ),
        ("campaign/model.py", "from prizedraw import Campaign", "campaign.model imports prizedraw.Campaign"),
        ("attic/old.py", "", "attic.old is on no floor: give 'attic' a line in MAY_IMPORT"),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, module: str, line: str, caught: str) -> None:
    """One forbidden import in an otherwise clean tree is reported, and nothing else is."""
    for floor in MAY_IMPORT:
        (tmp_path / floor).mkdir(exist_ok=True)
        (tmp_path / floor / "__init__.py").write_text("")
    (tmp_path / module).parent.mkdir(exist_ok=True)
    (tmp_path / module).write_text(line)
    assert violations(tmp_path) == [caught]


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("sampling/batch.py", "def many():\n    import numpy"),
        ("flows/draw.py", "from prizedraw.storage.protocol import Commit"),
        ("flows/draw.py", "from prizedraw.storage import protocol"),
        ("engine/__init__.py", "from .sync import DrawEngine"),
        ("cli/main.py", "from prizedraw import Campaign, DrawEngine"),
        ("__init__.py", "from prizedraw.engine import DrawEngine"),
    ],
)
def test_what_the_table_allows_is_not_reported(tmp_path: Path, module: str, line: str) -> None:
    """Imports that the table permits pass."""
    for floor in MAY_IMPORT:
        (tmp_path / floor).mkdir(exist_ok=True)
        (tmp_path / floor / "__init__.py").write_text("")
    (tmp_path / module).write_text(line)
    assert violations(tmp_path) == []
