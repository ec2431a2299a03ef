"""The history of the lanes minute by minute: closed every minute, written in blocks seldom enough for an SD card, asked for
over control.sock while the core runs.

`kill -9` and a power cut lose at most the minutes not yet written.  Blocks are handed out packed: unpacking a year is the
work of whoever asks, in a process of its own.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Sequence
from typing import Any

from edge_agent.hands.sockets import Ask
from edge_agent.paths import asked_span
from edge_agent.paths.keeping import Keeping
from edge_agent.paths.lane import Lane
from edge_agent.tools import minute_block
from edge_agent.words.clock import Clock
from edge_agent.words.minute import Minute

MINUTE_S = 60.0
BLOCK = 10                      # minutes in a block, and between writes: what a power cut may cost
PENDING_MAX = 240               # minutes held while the disk takes nothing: four hours can still be asked for
BLOCKS_MAX = 512                # in an answer: three and a half days, about 100 KB
Answer = dict[str, Any]


class Chronicle:
    def __init__(self, lanes: Sequence[Lane], keeping: Keeping, clock: Clock) -> None:
        self._lanes, self._keeping, self._clock = {lane.name: lane for lane in lanes}, keeping, clock
        self._pending: dict[str, deque[Minute]] = {lane.name: deque(maxlen=PENDING_MAX) for lane in lanes}
        self._begin_s = clock.wall_ns() // 10**9

    async def run(self) -> None:
        """Until cancelled; `finish` writes the rest."""
        turns = 0
        while True:
            await self._clock.sleep(MINUTE_S)
            self._turn()
            turns += 1
            if turns % BLOCK == 0:
                await self._write()

    async def finish(self) -> None:
        """The lanes have ended: the minute under way, and what is not written yet."""
        self._turn()
        await self._write()

    def _turn(self) -> None:
        for name, lane in self._lanes.items():
            self._pending[name].append(lane.minutes.turn(self._begin_s))
        self._begin_s = self._clock.wall_ns() // 10**9

    async def _write(self) -> None:
        held = {name: list(minutes) for name, minutes in self._pending.items()}
        blocks = [(name, *block) for name, minutes in held.items() for block in minute_block.blocks(minutes)]
        if await self._keeping.minutes(blocks):
            for name, minutes in held.items():
                for _ in minutes:
                    self._pending[name].popleft()

    def asks(self) -> dict[str, Ask]:
        return {"minutes": self.minutes}

    async def minutes(self, request: Answer) -> Answer:
        """Packed minutes of a `lane` from `begin_s` to `end_s` (UTC) beyond block `after`; `next`: ask on from there.

        The last answer (`next` null) ends with what is not written yet.  `now_s`: this controller's clock.
        """
        span = asked_span.read(request, self._lanes)
        waiting = list(self._pending[span.lane])    # before the disk is asked: a write meanwhile would leave a hole
        found = await self._keeping.kept_minutes(span.lane, span.begin_s, span.end_s, span.after, BLOCKS_MAX)
        blocks = [body for _, body in found]
        more = len(found) == BLOCKS_MAX
        if not more:
            inside = [minute for minute in waiting if span.begin_s <= minute.begin_s <= span.end_s]
            blocks += [body for _, _, body in minute_block.blocks(inside)]
        return {"blocks": [base64.b64encode(body).decode() for body in blocks], "next": found[-1][0] if more else None,
                "now_s": self._clock.wall_ns() // 10**9}
