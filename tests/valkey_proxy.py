"""A TCP proxy that cuts a connection just before or just after what a marked command does, or is slow."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class Proxy:
    """Passes bytes on to a port of this machine, until it is told otherwise.

    ``cut("before", marker)`` drops the connection on which bytes with the marker come next, and does not pass them on;
    ``cut("after", marker)`` passes them on, waits for the server's answer and drops that. ``delay`` is in seconds, of each answer.
    """

    def __init__(self, port):
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.delay = 0.0
        self.cuts = 0
        self._when, self._marker = None, b""
        self._lock = threading.Lock()
        self._threads = []
        self._sockets = []
        self._spawn(self._accept)

    def cut(self, when, marker):
        """Cut the next time; once."""
        with self._lock:
            self._when, self._marker = when, marker

    def _spawn(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                self._sockets += [client, server]
                swallow = threading.Event()
                self._spawn(self._requests, client, server, swallow)
                self._spawn(self._answers, client, server, swallow)

    def _due(self, data):
        with self._lock:
            if self._when is None or self._marker not in data:
                return None
            when, self._when = self._when, None
            self.cuts += 1
            return when

    def _requests(self, client, server, swallow):
        with suppress(OSError):
            while data := client.recv(65536):
                due = self._due(data)
                if due == "before":
                    break
                if due == "after":
                    swallow.set()
                server.sendall(data)
        self._drop(client, server)

    def _answers(self, client, server, swallow):
        with suppress(OSError):
            while data := server.recv(65536):
                if swallow.is_set():
                    break
                if self.delay:
                    time.sleep(self.delay)
                client.sendall(data)
        self._drop(client, server)

    @staticmethod
    def _drop(*sockets):
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._drop(*self._sockets)
        for thread in self._threads:
            thread.join(10)
