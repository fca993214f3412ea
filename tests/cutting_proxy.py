"""A TCP proxy between a client and a server that can be slow, and can cut the connection at a chosen message."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from ports import free_port


class CuttingProxy:
    """Passes bytes to and fro; ``cut`` arms it.

    Args:
        port: the server's, on the loopback.
        delay: seconds that every piece takes, each way.
    """

    def __init__(self, port: int, delay: float = 0.0) -> None:
        self.port = free_port()
        self._server, self._delay = port, delay
        self._sign: bytes | None = None
        self._when = ""
        self.cuts = 0
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, when: str, sign: bytes) -> None:
        """Cut the next connection on which the client sends ``sign``.

        Args:
            when: "before": the server never sees the message; "after": it does, and the client never sees the answer.
            sign: what to look for in the client's bytes.
        """
        self._when, self._sign = when, sign

    def stop(self) -> None:
        """Cut everything and listen no more."""
        self._listening.close()
        for one in self._sockets:
            _shut(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._sockets += client, server
                mute = threading.Event()
                threading.Thread(target=self._up, args=(client, server, mute), daemon=True).start()
                threading.Thread(target=self._down, args=(server, client, mute), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        with suppress(OSError):
            while piece := client.recv(65536):
                time.sleep(self._delay)
                if self._sign is not None and self._sign in piece:
                    self._sign = None
                    self.cuts += 1
                    if self._when == "before":
                        break
                    mute.set()
                server.sendall(piece)
        if not mute.is_set():
            _shut(client)
            _shut(server)

    def _down(self, server: socket.socket, client: socket.socket, mute: threading.Event) -> None:
        with suppress(OSError):
            while piece := server.recv(65536):
                time.sleep(self._delay)
                if mute.is_set():  # the server has answered, so what it was asked is done
                    break
                client.sendall(piece)
        _shut(client)
        _shut(server)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
