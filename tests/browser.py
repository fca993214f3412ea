"""A headless Chromium for the tests, driven through a pipe by the DevTools protocol.

It ends with the process that started it, however that ends: Chromium leaves when the other end of the pipe closes.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 30.0
"""Seconds after which an answer that should have come is taken for missing."""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--lang=en-US",
    "--remote-debugging-pipe",
]
ON_3_AND_4 = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD_CLOEXEC, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3), os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads commands from descriptor 3 and writes answers to 4."""


def chromium() -> str:
    """The program; where there is none, fail if CI is set, else skip."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    reason = f"no Chromium: none of {', '.join(PROGRAMS)} is in PATH (Debian: apt-get install chromium)"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI requires it")
    pytest.skip(reason)


class Browser:
    """One Chromium with a profile of its own; used as ``with Browser() as browser``."""

    def __enter__(self) -> Browser:
        program = chromium()
        self._folder = tempfile.mkdtemp(prefix="prizedraw-chromium-")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        home = {"HOME": self._folder, "XDG_CONFIG_HOME": self._folder, "XDG_CACHE_HOME": self._folder}
        with (Path(self._folder) / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    ON_3_AND_4,
                    str(theirs_in),
                    str(theirs_out),
                    program,
                    *FLAGS,
                    f"--user-data-dir={self._folder}/profile",
                ],
                pass_fds=(theirs_in, theirs_out),
                env={**os.environ, **home},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        os.close(theirs_in)
        os.close(theirs_out)
        self._unread = b""
        self._last = 0
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._out)
        os.close(self._in)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method: str, session: str | None = None, **arguments: Any) -> dict[str, Any]:
        """The result of one command of the protocol; events that come meanwhile are passed over."""
        self._last += 1
        told = {"id": self._last, "method": method, "params": arguments} | ({"sessionId": session} if session else {})
        os.write(self._out, json.dumps(told).encode() + b"\0")
        while (answer := self._next(method)).get("id") != self._last:
            pass
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _next(self, method: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(self._in, 1 << 16) if ready else b""
            if not piece:
                raise AssertionError(f"no answer to {method}: {(Path(self._folder) / 'log').read_text('utf-8', 'replace')[-2000:]}")
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\0")
        return json.loads(line)

    def visit(self, url: str, *, calm: bool = True, pace: float = 1.0, size: tuple[int, int] = (1100, 900)) -> Page:
        """A page in a window of its own, without the cookies and the storage of others.

        ``calm``: with reduced motion; ``pace``: how many times as fast animations run.
        """
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        feature = {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"}
        page.call("Emulation.setEmulatedMedia", features=[feature])
        page.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)
        page.call("Animation.enable")
        page.call("Animation.setPlaybackRate", playbackRate=pace)
        page.call("Page.enable")
        page.call("Page.navigate", url=url)
        return page


class Page:
    """One page of a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """As ``Browser.call``, for this page."""
        return self._browser.call(method, self._session, **arguments)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression, or the promise that it gives, comes to."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise AssertionError(f"{expression}: {told['exceptionDetails']['exception'].get('description')}")
        return told["result"].get("value")

    def until(self, expression: str) -> Any:
        """Wait until an expression is true, and give its value."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.value(expression)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{expression} has not come true; the page says {self.value('document.body?.innerText')!r}")
            time.sleep(0.02)
        return value

    def click(self, selector: str, times: int = 1) -> None:
        """Click the middle of an element with the mouse, as often as said without a pause."""
        x, y = self.value(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=count)

    def screenshot(self, path: str | os.PathLike[str]) -> None:
        """Keep what it looks like as a PNG."""
        Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
