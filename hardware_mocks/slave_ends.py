"""A Modbus slave's end of a real wire: a TCP server, or the master side of a pty as the RS-485 line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from pathlib import Path

from hardware_mocks.slave import Slave

QUIET_S = 0.02                      # a question that broke off is forgotten after this


class SlavePty:
    """One RS-485 line.  Answers leave when they are due, also into each other: nobody arbitrates a line."""

    def __init__(self, slave: Slave, link: Path | None) -> None:
        self._slave, self._link = slave, link
        self._master, self._kept = -1, -1
        self._waiting = b""
        self._forget: asyncio.TimerHandle | None = None

    async def open(self) -> str:
        """Make the pty and the link; the words for the ready line."""
        self._master, self._kept = os.openpty()         # kept open: readers come and go
        tty.setraw(self._kept)
        os.set_blocking(self._master, False)
        path = os.ttyname(self._kept)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(path)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        return f"pty {path}"

    def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            self._waiting += os.read(self._master, 4096)
        if self._forget is not None:
            self._forget.cancel()
        self._forget = loop.call_later(QUIET_S, self._drop)
        while (found := self._slave.question(self._waiting)) is not None:
            question, self._waiting = found
            for at_s, data in self._slave.answers(question, loop.time()) if question else ():
                loop.call_at(at_s, self._send, data)

    def _drop(self) -> None:
        self._waiting = b""

    def _send(self, data: bytes) -> None:
        if self._master >= 0:
            with contextlib.suppress(OSError):
                os.write(self._master, data)

    async def close(self) -> None:
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._kept)
            self._master = -1
        if self._link is not None:
            self._link.unlink(missing_ok=True)


class SlaveTcp:
    """A Modbus TCP server, or a converter with RTU behind it, by the slave's framing."""

    def __init__(self, slave: Slave, host: str, port: int) -> None:
        self._slave, self._host, self._port = slave, host, port
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._meet, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return f"tcp {self._host}:{self._port}"

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = b""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                waiting += data
                while (found := self._slave.question(waiting)) is not None:
                    question, waiting = found
                    for at_s, answer in self._slave.answers(question, loop.time()) if question else ():
                        loop.call_at(at_s, self._send, writer, answer)
        writer.close()

    def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not writer.is_closing():
            writer.write(data)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
