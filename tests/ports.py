"""Ports for the servers that tests start."""

from __future__ import annotations

import socket
import sys

_claims: list[socket.socket] = []


def free_port() -> int:
    """A port of this machine that nobody listens on, and that no other process of the tests is given while this one lives.

    A server listens some time after its port was chosen, and not at all while it is killed: without the claim two workers could run
    servers of two clusters on one port.
    """
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if not sys.platform.startswith("linux"):
            return port
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0prizedraw-test-port-{port}")  # an abstract name, which ends with the process
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
