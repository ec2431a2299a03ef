"""What is kept for learning and for the next start: passages and backgrounds, off the lane's way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from edge_agent.hands.history import Block, Blocks, History
from edge_agent.paths.lane import Lane
from edge_agent.words.clock import Clock
from edge_agent.words.errors import StorageError, Unavailable
from edge_agent.words.reading import Radiation

T = TypeVar("T")
log = logging.getLogger("edge_agent.keeping")
PENDING_MAX = 64            # passages waiting for the disk
OLDEST_S = 24 * 3600.0      # an older background says nothing: rain and radon change it within hours


class Keeping:
    def __init__(self, history: History | None, clock: Clock) -> None:
        self._history, self._clock = history, clock         # None: there is no room for it
        self._pending: set[asyncio.Task[Any]] = set()
        self.spoiled = False                                # the file itself takes nothing any more

    def passage(self, body: dict[str, Any]) -> None:
        """Keep an occupancy's counts; what the disk refuses is shed, evidence has gone its own way."""
        if self._history is None or len(self._pending) >= PENDING_MAX:
            return                      # shed: the disk does not keep up
        self._start(self._keep(body))

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Whoever sheds or closes the history waits for it."""
        task = asyncio.create_task(work)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)
        return task

    async def minutes(self, blocks: Sequence[Block]) -> bool:
        """Whether the blocks are kept; the disk may refuse, or there is no room for a history."""
        return await self._blocks(self._history.minutes if self._history else None, "minutes", blocks)

    async def wire(self, blocks: Sequence[Block]) -> bool:
        """The same of the lanes' wire.  Where nobody wants it kept it is let go."""
        if self._history is not None and not self._history.wire.budget:
            return True
        return await self._blocks(self._history.wire if self._history else None, "the wire", blocks)

    async def _blocks(self, table: Blocks | None, what: str, blocks: Sequence[Block]) -> bool:
        if table is None:
            return False
        try:
            await asyncio.shield(self._start(table.keep(blocks)))
        except StorageError as problem:
            self._refused(f"{what} not kept yet", problem)
            return False
        return True

    async def kept_minutes(self, lane: str, begin_s: int, end_s: int, after: int, most: int) -> list[tuple[int, bytes]]:
        """Blocks of a lane (hands.history); none where there is no history.  StorageError where the disk does not give them."""
        return [] if self._history is None else await self._history.minutes.find(lane, begin_s, end_s, after, most)

    async def kept_wire(self, lane: str, begin_s: int, end_s: int, after: int, most: int) -> list[tuple[int, bytes]]:
        """The same of the wire."""
        return [] if self._history is None else await self._history.wire.find(lane, begin_s, end_s, after, most)

    @property
    def off(self) -> bool:
        return self._history is None

    async def shed(self) -> None:
        """Give the room of the history to the ledger."""
        history, self._history = self._history, None
        if history is not None:
            await asyncio.gather(*self._pending, return_exceptions=True)
            await history.discard()

    def _refused(self, what: str, problem: StorageError) -> None:
        log.warning("%s: %s", what, problem)
        self.spoiled |= not isinstance(problem, Unavailable)

    async def set_aside(self) -> None:
        """A spoiled file is kept for whoever asks, and a new one begins (paths.room)."""
        history, self._history, self.spoiled = self._history, None, False
        if history is not None:
            await asyncio.gather(*self._pending, return_exceptions=True)
            await history.set_aside()

    def resume(self, history: History) -> None:
        """There is room again."""
        self._history = history

    async def _keep(self, body: dict[str, Any]) -> None:
        try:
            if self._history is not None:
                await self._history.keep_passage(body["lane"], self._clock.wall_ns(), body)
        except StorageError as problem:
            self._refused("a passage is not kept for learning", problem)

    async def backgrounds(self, lanes: Sequence[Lane], now_ns: int) -> None:
        """Keep the backgrounds of now for the next start."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for lane in lanes:
            for radiation in Radiation:
                background = lane.portal.rules.background(radiation, now_ns)
                if background is not None:
                    rates = lane.portal.health.lasting_rates(radiation, now_ns, background.rate_cps)
                    found[lane.name, radiation.value] = {
                        "rate_cps": rates, "exposure_s": background.exposure_s, "age_s": background.age_s,
                        **lane.portal.health.failed(radiation, now_ns),
                    }
        try:
            if found and self._history is not None:
                await self._history.keep_backgrounds(self._clock.wall_ns(), found)
        except StorageError as problem:
            self._refused("backgrounds are not kept", problem)

    async def put_back(self, lanes: Sequence[Lane]) -> None:
        """Give each lane the background of its last run, with the error its age deserves."""
        if self._history is None:
            return
        kept = await self._history.backgrounds()
        now_ns, wall_ns = self._clock.mono_ns(), self._clock.wall_ns()
        for lane in lanes:
            for radiation in Radiation:
                if (lane.name, radiation.value) not in kept:
                    continue
                at_ns, body = kept[lane.name, radiation.value]
                try:
                    age_s = (wall_ns - at_ns) / 1e9 + float(body["age_s"])
                    rates = tuple(float(rate) for rate in body["rate_cps"])
                    exposure_s = float(body["exposure_s"])
                    if 0 <= age_s <= OLDEST_S and len(rates) == len(lane.portal.rules.detectors[radiation]):
                        lane.portal.rules.put_background(radiation, now_ns, age_s, exposure_s, rates)
                        lane.portal.rules.put_trouble(radiation, now_ns, body.get("silent", ()), body.get("stuck", ()))
                except (KeyError, TypeError, ValueError, OverflowError):     # the kernel's refusal, too
                    log.warning("the kept background of lane %s is damaged; it is learned anew", lane.name)

    async def close(self) -> None:
        if self._pending:
            await asyncio.gather(*self._pending, return_exceptions=True)
        if self._history is not None:
            await self._history.close()
