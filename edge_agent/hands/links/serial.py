"""A serial port: a portal that pushes is only listened to, a bus is asked."""

from __future__ import annotations

import asyncio

from edge_agent.doors.serial import Port, open_port
from edge_agent.hands.links.mailbox import Mailbox
from edge_agent.words.clock import Clock
from edge_agent.words.errors import LinkError
from edge_agent.words.language import worded
from edge_agent.words.reading import Chunk
from edge_agent.words.settings import LinkSettings


class SerialLink:
    def __init__(self, settings: LinkSettings, clock: Clock) -> None:
        self.name = f"serial {settings.device}"
        self._settings, self._clock = settings, clock
        self._port: Port | None = None
        self._mailbox = Mailbox(clock)

    async def open(self) -> None:
        self.close()
        self._mailbox = Mailbox(self._clock)
        self._port = open_port(self._settings)
        asyncio.get_running_loop().add_reader(self._port.fd, self._readable)

    async def next(self, timeout_s: float) -> Chunk | None:
        return await self._mailbox.next(timeout_s)

    def write(self, data: bytes) -> None:
        if self._port is None:
            raise LinkError(worded("{name} is not open", name=self.name))
        self._port.write(data)

    def _readable(self) -> None:
        assert self._port is not None
        try:
            if data := self._port.read():
                self._mailbox.put(data)
        except LinkError as problem:
            asyncio.get_running_loop().remove_reader(self._port.fd)
            self._mailbox.end(str(problem))

    def close(self) -> None:
        if self._port is not None:
            asyncio.get_running_loop().remove_reader(self._port.fd)
            self._port.close()
            self._port = None
