"""The FastAPI example, served to the tests: its module, its campaign, and a real uvicorn in a thread."""

from __future__ import annotations

import importlib.util
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from prizedraw import Campaign

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "examples" / "fastapi_app"
CAMPAIGN = Campaign.load(FOLDER / "campaign.toml")

_spec = importlib.util.spec_from_file_location("fastapi_app", FOLDER / "app.py")
example = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(example)


@contextmanager
def serving(engine) -> Iterator[str]:
    """Serve the example on a port of the loopback that the system chooses, and give its URL."""
    config = uvicorn.Config(
        example.create_app(engine, CAMPAIGN), host="127.0.0.1", port=0, log_level="warning", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
