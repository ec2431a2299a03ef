"""A TCP server: a portal that pushes is only listened to, a bus behind it is asked."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

from edge_agent.hands.links.mailbox import Mailbox
from edge_agent.words.clock import Clock
from edge_agent.words.errors import LinkError, said
from edge_agent.words.language import worded
from edge_agent.words.reading import Chunk

CONNECT_S = 5.0                     # a portal is one switch away; longer only delays the next try
KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3),    # seconds, probes
             (socket.TCP_USER_TIMEOUT, 20_000))     # ms; a question nobody acknowledges keeps probes from being sent


TAKEN = "the portal closed the connection before it sent anything; does another client hold it?  Many take only one"


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """A peer that is gone without a word is noticed in half a minute."""
    door = transport.get_extra_info("socket")
    door.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        door.setsockopt(socket.IPPROTO_TCP, option, value)


class TcpLink:
    def __init__(self, host: str, port: int, clock: Clock) -> None:
        self.name = f"tcp {host}:{port}"
        self._host, self._port, self._clock = host, port, clock
        self._transport: asyncio.Transport | None = None
        self._mailbox = Mailbox(clock)

    async def open(self) -> None:
        self.close()
        self._mailbox = mailbox = Mailbox(self._clock)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                await loop.create_connection(lambda: _Listener(self, mailbox), self._host, self._port)
        except TimeoutError:
            raise LinkError(worded(
                "{name}: no answer in {connect_s:.0f} s; is the portal on, is the address right?",
                name=self.name, connect_s=CONNECT_S)) from None
        except OSError as problem:
            raise LinkError(worded("{name}: {said}", name=self.name, said=said(problem))) from None
        except ValueError as problem:           # a name that is none (UnicodeError of the idna codec, a NUL)
            raise LinkError(worded("{name}: not an address: {problem}", name=self.name, problem=problem)) from None

    async def next(self, timeout_s: float) -> Chunk | None:
        return await self._mailbox.next(timeout_s)

    def write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise LinkError(worded("{name} is not open", name=self.name))
        self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def opened(self, transport: asyncio.Transport) -> None:
        self._transport = transport


class _Listener(asyncio.Protocol):
    """One connection: what arrives goes to the mailbox it was made with."""

    def __init__(self, link: TcpLink, mailbox: Mailbox) -> None:
        self._link, self._mailbox = link, mailbox
        self._heard = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        keep_alive(transport)
        self._link.opened(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._mailbox.put(data)

    def connection_lost(self, exc: Exception | None) -> None:
        closed = "the portal closed the connection" if self._heard else TAKEN
        self._mailbox.end(f"{self._link.name}: {exc or closed}")
