"""What control.sock may ask: status, records, what passes on a lane.  Nothing here changes what a lane does."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from edge_agent.hands.shelf import Kept, Shelf
from edge_agent.hands.sockets import Ask, Stream
from edge_agent.hands.taps import Taps
from edge_agent.paths.heart import lane_state
from edge_agent.paths.lane import Lane
from edge_agent.paths.live import lane_live
from edge_agent.paths.scribe import Scribe
from edge_agent.tools import capture
from edge_agent.words.clock import Clock
from edge_agent.words.errors import SettingsError, StorageError
from edge_agent.words.event import Event
from edge_agent.words.language import said_by, worded

LINES_MAX = 1000
Answer = dict[str, Any]


class Control:
    def __init__(
        self, lanes: Sequence[Lane], scribe: Scribe, events: Taps[Event], status: Callable[[], Answer], clock: Clock,
        describe: Callable[[Event], Answer],
    ) -> None:
        self._lanes = {lane.name: lane for lane in lanes}
        self._scribe, self._events, self._status, self._clock = scribe, events, status, clock
        self._describe = describe

    def asks(self) -> dict[str, Ask]:
        return {"status": self.status, "alarms": self.alarms, "lines": self.lines, "bracket": self.bracket, "live": self.live}

    def streams(self) -> dict[str, Stream]:
        return {"wire": self.wire, "events": self.events}

    @property
    def _window(self) -> Shelf:
        return self._scribe.ledger.window()

    async def status(self, request: Answer) -> Answer:
        """Everything one screen shows."""
        now_ns = self._clock.mono_ns()
        receipt, refused = await self._receipt()
        size = self._scribe.ledger.size
        return {
            **self._status(),
            "lanes": {name: lane_state(lane, now_ns) | {
                          "link": lane.link.name, "link_kind": lane.portal.lane.link.kind,
                          "fault_details": lane.portal.faults.details, "found": lane.portal.looks.found,
                          "passage": lane.portal.passage.id if lane.portal.passage else None,
                          "dose_rate": lane.portal.dose.shown(now_ns, known=not lane.silent)}
                      for name, lane in self._lanes.items()},
            "log": {"size": size, "first": self._scribe.ledger.first, "unreceipted": size - (receipt.size if receipt else 0),
                    "receipted": receipt.size if receipt else 0, "receipt_time_s": receipt.time_s if receipt else None},
            "storage": self._scribe.trouble or refused, "queued": self._scribe.queued, "overflowed": self._scribe.overflowed,
        }

    async def _receipt(self) -> tuple[Kept | None, str | None]:
        """The newest receipt, or why the disk does not give it: the screen must come up when it is needed most."""
        try:
            return await self._window.receipt(), None
        except StorageError as problem:
            return None, said_by(problem)

    async def live(self, request: Answer) -> Answer:
        """What the lanes see now; `lane` for one."""
        now_ns = self._clock.mono_ns()
        wanted = [self._lane(request)] if request.get("lane") is not None else list(self._lanes.values())
        return {"at_ns": now_ns, "lanes": {lane.name: lane_live(lane, now_ns) for lane in wanted}}

    def _lane(self, request: Answer) -> Lane:
        lane = self._lanes.get(str(request.get("lane")))
        if lane is None:
            raise SettingsError(worded(
                "no lane is called {lane!r}; there are: {lanes}", lane=request.get("lane"), lanes=", ".join(self._lanes)))
        return lane

    async def alarms(self, request: Answer) -> Answer:
        """The last alarm lines, oldest first."""
        last = max(0, min(int(request.get("last", 20)), LINES_MAX))
        receipt = await self._window.receipt()
        lines = await self._window.alarms(last)
        return {"lines": [line.decode() for line in lines], "receipted": receipt.size if receipt else 0}

    async def lines(self, request: Answer) -> Answer:
        """Lines from `from` on, or from the first that was not pruned."""
        ledger = self._window
        begin = max(int(request["from"]), ledger.first)
        lines = await ledger.lines(begin, max(0, min(LINES_MAX, ledger.size - begin)))
        return {"from": begin, "lines": [line.decode() for line in lines], "size": ledger.size}

    async def bracket(self, request: Answer) -> Answer:
        """Between which times of the centre line `seq` was signed."""
        found = await self._window.bracket(int(request["seq"]))
        return {"after_s": found.after_s, "before_s": found.before_s}

    async def wire(self, request: Answer) -> AsyncGenerator[Answer, None]:
        """Bytes of a lane as they arrive; the daemon keeps the port."""
        lane = self._lane(request)
        about, seconds = lane.portal.lane, float(request.get("seconds", 0))
        if not 0 <= seconds < math.inf:
            raise SettingsError(worded("seconds = {seconds}: expected 0 (without an end) or more", seconds=seconds))
        yield {"lane": lane.name, "driver": about.driver, "count_means": about.count_means, "link": lane.link.name}
        async with contextlib.aclosing(lane.chunks.follow(seconds or None)) as chunks:
            async for chunk in chunks:
                yield {"at_ns": chunk.at_ns, "data": capture.escape(chunk.data)}

    async def events(self, request: Answer) -> AsyncGenerator[Answer, None]:
        """Events as they are shown at the lane."""
        async with contextlib.aclosing(self._events.follow()) as events:
            async for event in events:
                yield self._describe(event)
