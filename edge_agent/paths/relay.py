"""The relay of one lane: the portal's own byte stream, unchanged, to listeners that stay as they are (an old alarm station).

Listeners are there only while the portal is: when its wire breaks, or the core is gone, all are closed and none is taken, so
that they see the loss and never a silence that looks like a quiet lane.  One that is too slow is dropped; what any of them
sends is read, counted and thrown away.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from edge_agent.hands.links.tcp import keep_alive
from edge_agent.tools.relay_lines import Beginning
from edge_agent.words.errors import EdgeAgentError, LinkError
from edge_agent.words.language import worded
from edge_agent.words.settings import RelaySettings

log = logging.getLogger("edge_agent.relay")
LISTENERS_MAX = 16
BEHIND_MAX = 1 << 20        # bytes a listener may be behind: an hour of a Rapiscan
BEAT_LOST_S = 10.0          # without a word of the core: it is stuck
LAST_BYTES_S = 5.0          # for what was sent before the loss; a station that reads nothing is closed all the same
AGAIN_S = 1.0
TELL_S = 10.0
Piece = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """Since the relay began."""

    now: int = 0
    dropped: int = 0            # too slow
    refused: int = 0            # not on the list, or too many
    sent_bytes: int = 0         # by listeners: thrown away


class Relay:
    def __init__(self, lane: str, settings: RelaySettings, feed: Callable[[], AsyncGenerator[Piece, None]],
                 tell: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """`feed`: a new stream of the core's (paths.feed); `tell`: gives the core what is counted."""
        self.lane, self._settings, self._feed, self._tell = lane, settings, feed, tell
        self._listeners: dict[asyncio.StreamWriter, Beginning] = {}
        self._server: asyncio.Server | None = None
        self._at_line = False
        self.tally, self.trouble = Tally(), ""

    async def run(self) -> None:
        """Until cancelled."""
        telling = asyncio.create_task(self._tell_now_and_then())
        try:
            while True:
                try:
                    await self._follow()
                except (OSError, EdgeAgentError, TimeoutError, ValueError) as problem:
                    self._say(str(problem).partition("\n")[0] or "the core is silent")
                await self._close("the core is gone")
                await asyncio.sleep(AGAIN_S)
        finally:
            telling.cancel()
            await self._close("the relay ends")

    def _say(self, trouble: str) -> None:
        """Once in the log, however often it is tried again."""
        if trouble and trouble != self.trouble:
            log.warning("lane %s: %s; trying again", self.lane, trouble)
        self.trouble = trouble

    async def _follow(self) -> None:
        async with contextlib.aclosing(self._feed()) as feed:
            while True:
                async with asyncio.timeout(BEAT_LOST_S):
                    piece = await anext(feed, None)
                if piece is None:
                    return
                if piece.get("open") is True:
                    await self._open(fresh=bool(piece.get("fresh")))
                elif piece.get("open") is False:
                    await self._close("the portal's wire is broken")
                elif "data" in piece:
                    self._pass_on(base64.b64decode(piece["data"], validate=True))

    # --- listeners

    async def _open(self, *, fresh: bool) -> None:
        if self._server is not None:
            return
        self._at_line = fresh
        host, port = self._settings.host, self._settings.port
        try:
            self._server = await asyncio.start_server(self._meet, host, port)
        except OSError as problem:
            raise LinkError(worded(
                "cannot listen on {host}:{port}: {strerror}", host=host, port=port, strerror=os.strerror(problem.errno or 0)
            )) from None
        self._say("")
        log.info("lane %s is re-served on %s:%d", self.lane, host, port)

    async def _close(self, why: str) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        log.warning("lane %s: %s; %d listeners are closed", self.lane, why, len(self._listeners))
        for writer in list(self._listeners):
            writer.close()
            asyncio.get_running_loop().call_later(LAST_BYTES_S, writer.transport.abort)
        self._listeners.clear()
        self.tally.now = 0

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("?",))[0])
        listed = peer in self._settings.allow
        if self._server is None or len(self._listeners) >= LISTENERS_MAX or not listed:
            down = "the portal's wire is down" if self._server is None else f"{len(self._listeners)} listen already"
            why = down if listed else "not in `allow`"
            log.warning("lane %s: %s is refused: %s", self.lane, peer, why)
            self.tally.refused += 1
            writer.close()
            return
        keep_alive(writer.transport)
        self._listeners[writer] = Beginning(at_line=self._at_line)
        self.tally.now = len(self._listeners)
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                self.tally.sent_bytes += len(data)
        self._leave(writer)

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        self._listeners.pop(writer, None)
        self.tally.now = len(self._listeners)
        writer.close()

    def _pass_on(self, data: bytes) -> None:
        for writer, beginning in list(self._listeners.items()):
            writer.write(beginning.cut(data))
            if writer.transport.get_write_buffer_size() > BEHIND_MAX:
                log.warning("lane %s: a listener is %d KB behind and is dropped", self.lane, BEHIND_MAX >> 10)
                self.tally.dropped += 1
                writer.transport.abort()
                self._leave(writer)
        self._at_line = data.endswith(b"\n") if data else self._at_line

    async def _tell_now_and_then(self) -> None:
        while True:
            with contextlib.suppress(OSError, EdgeAgentError, TimeoutError, ValueError):
                tally = self.tally
                await self._tell({"now": tally.now, "dropped": tally.dropped, "refused": tally.refused,
                                  "sent_bytes": tally.sent_bytes, "trouble": self.trouble})
            await asyncio.sleep(TELL_S)
