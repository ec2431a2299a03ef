"""The instrument connects to us: the one port the agent opens, on one address of ours, for one address of theirs.

Nothing is sent.  A second connection of the same instrument replaces the first: it was switched off and does not know of
it.  Anyone else is turned away.  Under systemd the port must be allowed (docs/instruments.md).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from typing import cast

from edge_agent.hands.links.mailbox import Mailbox
from edge_agent.hands.links.tcp import keep_alive
from edge_agent.words.clock import Clock
from edge_agent.words.errors import LinkError
from edge_agent.words.language import worded
from edge_agent.words.reading import Chunk
from edge_agent.words.settings import LinkSettings

log = logging.getLogger("edge_agent.link")
COMES_S = 20.0          # how long one look for it takes; it may take minutes to connect again, the lane looks on


class ListenLink:
    def __init__(self, settings: LinkSettings, clock: Clock) -> None:
        self.name = f"tcp-listen {settings.host}:{settings.port}"
        self._host, self._port, self._peer = settings.host, settings.port, ipaddress.ip_address(settings.peer)
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._transport: asyncio.Transport | None = None
        self._mailbox = self._given = Mailbox(clock)    # of the newest connection; of the one the lane reads
        self._came = asyncio.Event()
        self._read = False                      # this connection was given to the lane before: it is to be had anew

    async def open(self) -> None:
        if self._server is None:
            await self._listen()
        if self._read and self._transport is not None:
            self._transport.abort()
            self._transport = None
            self._came.clear()
        try:
            async with asyncio.timeout(COMES_S):
                await self._came.wait()
        except TimeoutError:
            raise LinkError(worded(
                "{name}: {peer} has not connected.\n  Is it on, and does it know this address and port as its host?",
                name=self.name, peer=self._peer)) from None
        self._read, self._given = True, self._mailbox

    async def _listen(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Caller(self), self._host, self._port, backlog=1)
        except PermissionError:
            raise LinkError(worded(
                "{name}: not allowed to listen.\n  The unit opens no port by default: docs/instruments.md, tcp-listen",
                name=self.name)) from None
        except OSError as problem:
            raise LinkError(worded(
                "{name}: cannot listen: {strerror}.\n  Is it an address of this controller?",
                name=self.name, strerror=problem.strerror)) from None

    async def next(self, timeout_s: float) -> Chunk | None:
        return await self._given.next(timeout_s)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        self._came.clear()

    # --- what a connection tells us

    def caller(self, transport: asyncio.Transport) -> Mailbox | None:
        """Its mailbox; None for one that may not connect."""
        who = ipaddress.ip_address(str(transport.get_extra_info("peername")[0]).partition("%")[0])
        if who != self._peer:
            log.warning("%s: %s turned away, only %s may connect", self.name, who, self._peer)
            return None
        if self._transport is not None:
            self._transport.abort()
            self._mailbox.end(f"{self.name}: {who} connected anew")
        self._transport, self._mailbox, self._read = transport, Mailbox(self._clock), False
        self._came.set()
        return self._mailbox

    def gone(self, transport: asyncio.Transport) -> None:
        if transport is self._transport:
            self._transport = None
            self._came.clear()


class _Caller(asyncio.Protocol):
    def __init__(self, link: ListenLink) -> None:
        self._link = link
        self._mailbox: Mailbox | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._mailbox = self._link.caller(self._transport)
        if self._mailbox is None:
            self._transport.abort()
        else:
            keep_alive(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._mailbox is not None:
            self._mailbox.put(data)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._transport is not None
        if self._mailbox is not None:
            self._mailbox.end(f"{self._link.name}: {exc or 'the instrument closed the connection'}")
        self._link.gone(self._transport)
