"""The portal's end of a TCP wire: it listens and pushes; what clients send is thrown away."""

from __future__ import annotations

import asyncio
import contextlib

UNREAD_MOST = 1 << 20                   # bytes a client may lag: an hour of records; then it is dropped
GOODBYE_S = 2.0                         # for last bytes to leave when the mock ends


class TcpEnd:
    """Any number of clients, or one at a time."""

    def __init__(self, host: str, port: int, one_client: bool) -> None:
        self._host, self._port, self._one_client = host, port, one_client
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self.listened = asyncio.Event()

    async def open(self) -> str:
        """Listen; the words for the ready line."""
        self._server = await asyncio.start_server(self._meet, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return f"tcp {self._host}:{self._port}"

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._one_client and self._clients:
            writer.close()
            return
        self._clients.add(writer)
        self.listened.set()
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass                    # the portal has no commands (SRLS network.ts)
        self._clients.discard(writer)
        writer.close()

    def send(self, data: bytes) -> None:
        """To every client; one that does not read is dropped, as it would lose the portal's buffer."""
        for client in list(self._clients):
            client.write(data)
            if client.transport.get_write_buffer_size() > UNREAD_MOST:
                client.transport.abort()
                self._clients.discard(client)

    async def hang_up(self) -> None:
        """Close all connections in order; go on listening."""
        clients, self._clients = self._clients, set()
        for client in clients:
            client.close()
        await self._gone(clients)

    async def power_off(self) -> None:
        """Stop listening and break all connections."""
        if self._server is not None:
            self._server.close()
        clients, self._clients = self._clients, set()
        for client in clients:
            client.transport.abort()
        await self._gone(clients)

    async def power_on(self) -> None:
        """Listen on the same port again."""
        await self.open()

    async def close(self) -> None:
        """The mock ends."""
        if self._server is not None:
            self._server.close()
        await self.hang_up()

    async def _gone(self, clients: set[asyncio.StreamWriter]) -> None:
        leaving = [asyncio.ensure_future(client.wait_closed()) for client in clients]
        if leaving:
            await asyncio.wait(leaving, timeout=GOODBYE_S)
            for future in leaving:
                future.cancel()
