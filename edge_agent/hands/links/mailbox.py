"""What every link has in common: stamped chunks waiting for the lane, and the end of the wire."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from edge_agent.words.clock import Clock
from edge_agent.words.errors import LinkError
from edge_agent.words.reading import Chunk

WAITING_MAX = 1024      # chunks; a lane takes them at once, so this many waiting means it is stuck: drop the wire


class Link(Protocol):
    name: str               # for people: "tcp 192.168.2.3:1600"

    async def open(self) -> None:
        """LinkError when the wire cannot be opened."""

    async def next(self, timeout_s: float) -> Chunk | None:
        """The next chunk; None when none came in time; LinkError when the wire is gone."""

    def close(self) -> None: ...


class Wire(Link, Protocol):
    """A link that questions can be put to."""

    def write(self, data: bytes) -> None:
        """LinkError when the wire is gone."""


class Mailbox:
    """Chunks in order of arrival, then the reason there will be no more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._chunks: deque[Chunk] = deque()
        self._ended: str | None = None
        self._kind = LinkError
        self._news = asyncio.Event()

    def put(self, data: bytes) -> None:
        """Stamp and keep; called from the event loop's reader."""
        self.keep(Chunk(self._clock.mono_ns(), data))

    def keep(self, chunk: Chunk) -> None:
        """Keep what was stamped already."""
        if len(self._chunks) >= WAITING_MAX:
            self.end("the lane does not keep up with the wire")
            return
        self._chunks.append(chunk)
        self._news.set()

    def end(self, why: str, kind: type[LinkError] = LinkError) -> None:
        if self._ended is None:
            self._ended, self._kind = why, kind
        self._news.set()

    async def next(self, timeout_s: float) -> Chunk | None:
        if not self._chunks and self._ended is None:
            self._news.clear()
            try:
                async with asyncio.timeout(timeout_s):      # wait_for of 3.11 can swallow a cancel that meets news
                    await self._news.wait()
            except TimeoutError:
                return None
        if self._chunks:
            return self._chunks.popleft()
        raise self._kind(self._ended or "the wire is closed")
