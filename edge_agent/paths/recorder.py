"""The last weeks of every lane's wire, as a flight recorder keeps them: what came, to the byte and the nanosecond.

Whoever asks afterwards what a panel did, or whether another threshold had seen it, cuts a recording out of them
(`edge-agent record LANE --from`) and replays it.  Written in blocks seldom enough for an SD card, under a budget of bytes,
the first thing to go when the disk fills.  A power cut loses what is not written yet; nothing here is evidence.
"""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from typing import Any

from edge_agent.hands.history import Block
from edge_agent.hands.sockets import Ask
from edge_agent.paths import asked_span
from edge_agent.paths.keeping import Keeping
from edge_agent.paths.lane import Lane
from edge_agent.tools.wire_block import About, Stretch
from edge_agent.words.clock import Clock
from edge_agent.words.reading import Chunk

WRITE_S = 600.0             # between writes: what a power cut may cost, as of the minutes (decision 0026)
STRETCH_BYTES = 64 << 10    # of a lane in memory before they are packed: 20 s of a busy bus, hours of a Rapiscan
PENDING_MAX = 64            # packed blocks of a lane that wait for the disk: 1 to 2 MB at most
BLOCKS_MAX = 16             # in an answer: about 500 KB
Answer = dict[str, Any]


class Recorder:
    """Of all lanes."""

    def __init__(self, lanes: Sequence[Lane], keeping: Keeping, clock: Clock, boot: int) -> None:
        self._lanes = {lane.name: lane for lane in lanes}
        self._keeping, self._clock, self._boot = keeping, clock, boot
        self._under_way: dict[str, Stretch] = {}
        self._packing = asyncio.Lock()
        self._pending: dict[str, deque[Block]] = {lane.name: deque(maxlen=PENDING_MAX) for lane in lanes}

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        return {"recorder": self._run(), **{f"recorder {name}": self._follow(lane) for name, lane in self._lanes.items()}}

    async def _follow(self, lane: Lane) -> None:
        async with aclosing(lane.chunks.follow()) as tap:
            async for chunk in tap:
                await self.take(lane, chunk)

    async def take(self, lane: Lane, chunk: Chunk) -> None:
        """One chunk of a lane."""
        stretch = self._under_way.get(lane.name)
        if stretch is None:
            wall_ns = self._clock.wall_ns() - (self._clock.mono_ns() - chunk.at_ns)
            driver = lane.portal.lane.driver
            about = About(driver, lane.portal.lane.count_means, self._boot, max(0, wall_ns), chunk.at_ns)
            stretch = self._under_way[lane.name] = Stretch(about)
        stretch.add(chunk)
        if len(stretch) >= STRETCH_BYTES:
            await self._close(lane.name)

    async def _close(self, name: str) -> None:
        """What is under way becomes a block that waits for the disk."""
        async with self._packing:
            stretch = self._under_way.pop(name, None)
            if stretch is not None:
                self._pending[name].append(await self._packed(name, stretch))

    async def _packed(self, name: str, stretch: Stretch) -> Block:
        body = await asyncio.to_thread(stretch.packed)
        about = stretch.about
        begin_s = about.wall_ns // 10**9
        return name, begin_s, begin_s + (stretch.last_ns - about.start_ns) // 10**9, body

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(WRITE_S)
            await self.write()

    async def write(self) -> None:
        """Everything there is; what the disk refuses waits for the next time, the oldest goes first."""
        for name in list(self._under_way):
            await self._close(name)
        held = {name: list(blocks) for name, blocks in self._pending.items()}
        if await self._keeping.wire([block for blocks in held.values() for block in blocks]):
            for name, blocks in held.items():
                for block in blocks:
                    if self._pending[name] and self._pending[name][0] is block:
                        self._pending[name].popleft()

    async def _waiting(self, name: str) -> list[Block]:
        """What is not on the disk yet, the stretch under way too."""
        async with self._packing:                   # else a stretch that is being packed is in neither
            under_way = [await self._packed(name, self._under_way[name])] if name in self._under_way else []
            return [*self._pending[name], *under_way]

    def asks(self) -> dict[str, Ask]:
        return {"wire_blocks": self.wire_blocks}

    async def wire_blocks(self, request: Answer) -> Answer:
        """Packed wire of a `lane` from `begin_s` to `end_s` (UTC) beyond block `after`; `next`: ask on from there.  The last
        answer (`next` null) ends with what is not written yet."""
        span = asked_span.read(request, self._lanes)
        waiting = await self._waiting(span.lane)    # before the disk is asked: a write meanwhile would leave a hole
        found = await self._keeping.kept_wire(span.lane, span.begin_s, span.end_s, span.after, BLOCKS_MAX)
        blocks = [body for _, body in found]
        more = len(found) == BLOCKS_MAX
        if not more:
            blocks += [body for _, begin, end, body in waiting if begin <= span.end_s and end >= span.begin_s]
        return {"blocks": [base64.b64encode(body).decode() for body in blocks], "next": found[-1][0] if more else None,
                "now_s": self._clock.wall_ns() // 10**9}
