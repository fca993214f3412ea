"""A pooler in transaction mode, as small as it can be: each transaction of a client goes to the next server connection in turn.

Like PgBouncer it answers logins itself, keeps no prepared statement and resets nothing between transactions. Unlike it, it never
gives a client the same server connection twice in a row, so whatever depends on a session fails at once.
"""

from __future__ import annotations

import asyncio
import struct
import threading

STARTUP, SSL, GSS, CANCEL = 196608, 80877103, 80877104, 80877102
NO_KEY = struct.pack("!cIII", b"K", 12, 0, 0)
"""The backend that a client is told at login: none, as which one will answer is not known."""


class TransactionPooler:
    """Listens on a port of the loopback and lends ``size`` connections of the server at ``port``."""

    def __init__(self, port: int, size: int = 2) -> None:
        self._server, self._size = port, size
        self._idle: asyncio.Queue | None = None
        self._settings = b""
        self._lendable: list[tuple] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)

    def url(self, database: str) -> str:
        """Where to connect."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """Cut every connection."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _live(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.run_until_complete(asyncio.start_server(self._client, "127.0.0.1", 0))
        self.port = listening.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        listening.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        for _, writer in self._lendable:
            writer.close()
        self._loop.run_until_complete(asyncio.sleep(0.05))  # transports close at the next turns of the loop
        self._loop.close()

    async def _fill(self, startup: bytes) -> None:
        """Log in to the server as the first client does, so often as there are connections to lend."""
        self._idle = asyncio.Queue()
        for _ in range(self._size):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._server)
            writer.write(startup)
            settings = b""
            while (message := await received(reader))[:1] != b"Z":
                settings += message if message[:1] == b"S" else b""
            self._settings = settings
            self._lendable.append((reader, writer))
            self._idle.put_nowait((reader, writer))

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (length, code) = struct.unpack("!II", head := await reader.readexactly(8))
            if code == CANCEL:
                return
            startup = head + await reader.readexactly(length - 8)
            if code == STARTUP:
                break
            writer.write(b"N")
        if self._idle is None:
            await self._fill(startup)
        writer.write(struct.pack("!cII", b"R", 8, 0) + self._settings + NO_KEY + b"Z\0\0\0\5I")
        while (message := await received(reader))[:1] != b"X":
            server = await self._idle.get()
            try:
                await transaction(message, (reader, writer), server)
            finally:
                self._idle.put_nowait(server)


async def transaction(message: bytes, client: tuple, server: tuple) -> None:
    """Pass messages to and fro until the server stands outside of a transaction."""
    while True:
        server[1].write(message)
        if message[:1] in {b"Q", b"S"}:  # a query, or the end of an extended one: the server answers to its end
            while (answer := await received(server[0]))[:1] != b"Z":
                client[1].write(answer)
            client[1].write(answer)
            if answer[5:] == b"I":
                return
        message = await received(client[0])


async def received(reader: asyncio.StreamReader) -> bytes:
    """The next whole message."""
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
