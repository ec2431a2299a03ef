"""An instrument that is the TCP client: it connects, pushes, and connects again when the other end is gone."""

from __future__ import annotations

import asyncio
import contextlib

AGAIN_S = 1.0                           # the real one takes minutes


class TcpCaller:
    """The instrument's end; `listened` is set with the first connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self.listened = asyncio.Event()

    async def open(self) -> str:
        self._task = asyncio.ensure_future(self._connect())
        return f"to {self._host}:{self._port}"

    async def _connect(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, self._writer = await asyncio.open_connection(self._host, self._port)
                self.listened.set()
                while await reader.read(4096):
                    pass                # nothing is understood
            await self.hang_up()
            await asyncio.sleep(AGAIN_S)

    def send(self, data: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(data)

    async def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def power_off(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._writer is not None:
            self._writer.transport.abort()

    async def power_on(self) -> None:
        await self.open()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self.hang_up()
