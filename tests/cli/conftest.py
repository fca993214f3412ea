"""What the tests of the command line share: running a command in this process, and campaigns at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest

from prizedraw.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

CAMPAIGNS = Path(__file__).parents[2] / "examples" / "campaigns"


class Done(NamedTuple):
    """What a command left: its exit code, and what it printed where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return msgspec.json.decode(self.out)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run ``prizedraw`` with these arguments in this process."""

    def run(*arguments: object) -> Done:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def campaigns() -> Path:
    """The folder of the example campaigns."""
    return CAMPAIGNS


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """The quickstart campaign with its one window in the past: 5 phones, 1000 coupons, three draws and one win a day."""
    text = (CAMPAIGNS / "quickstart.toml").read_text("utf-8").replace("2020-01-01", "2001-01-01").replace("2100-01-01", "2002-01-01")
    (tmp_path / "past.toml").write_text(text, "utf-8")
    return tmp_path / "past.toml"
