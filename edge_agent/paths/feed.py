"""What wire.sock gives the relay: a lane's bytes as they came, whether its wire is open, a beat while the core lives.

The relay is a process of its own because it listens.  It is told of every break of the wire, and of bytes it lost by being
too slow: the stream it re-serves must not join what was apart.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from edge_agent.hands.sockets import Ask, Stream
from edge_agent.hands.taps import Lagged
from edge_agent.paths.lane import Lane
from edge_agent.words.clock import Clock
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

BEAT_S = 1.0
MISSED_NS = 60 * 10**9          # a relay that is not there for so long is a fault: an alarm station sees nothing
Answer = dict[str, Any]


class Feed:
    """Of the lanes that have a relay."""

    def __init__(self, lanes: Sequence[Lane], clock: Clock, report: Callable[[str, str, bool], None]) -> None:
        self._lanes = {lane.name: lane for lane in lanes if lane.portal.lane.relay is not None}
        self._clock, self._report = clock, report
        self._here_ns = dict.fromkeys(self._lanes, clock.mono_ns())     # when the relay was last there
        self._following: dict[str, int] = dict.fromkeys(self._lanes, 0)
        self._trouble: dict[str, str] = {}                              # why it cannot, as it says
        self.told: dict[str, Answer] = {}                               # what the relay says of its listeners

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def asks(self) -> dict[str, Ask]:
        return {"listeners": self.listeners}

    def streams(self) -> dict[str, Stream]:
        return {"feed": self.feed}

    def _lane(self, request: Answer) -> Lane:
        lane = self._lanes.get(str(request.get("lane")))
        if lane is None:
            raise SettingsError(worded(
                "lane {lane!r} has no relay; there are: {lanes}",
                lane=request.get("lane"), lanes=", ".join(self._lanes) or "-"))
        return lane

    async def listeners(self, request: Answer) -> Answer:
        """The relay tells how many listen, and how many it dropped or refused since it began."""
        lane = self._lane(request)
        self.told[lane.name] = {name: max(0, int(request[name])) for name in ("now", "dropped", "refused", "sent_bytes")}
        self._trouble[lane.name] = str(request.get("trouble", ""))[:200]
        return {}

    async def feed(self, request: Answer) -> AsyncGenerator[Answer, None]:
        """{"open": bool} first and at every change (`fresh`: a wire just opened, not one under way), {"data": base64}, {} as a
        beat; ends where bytes were lost."""
        lane = self._lane(request)
        self._following[lane.name] += 1
        try:
            async with aclosing(self._pieces(lane)) as pieces:
                async for piece in pieces:
                    self._here_ns[lane.name] = self._clock.mono_ns()
                    yield piece
        except Lagged:
            return          # the relay closes its listeners and comes again
        finally:
            self._following[lane.name] -= 1

    async def _pieces(self, lane: Lane) -> AsyncGenerator[Answer, None]:
        broke_ns = lane.broke_ns
        yield {"open": lane.connected, "fresh": False}
        shown = lane.connected
        async with aclosing(lane.chunks.beating(BEAT_S)) as chunks:
            async for chunk in chunks:
                if lane.broke_ns != broke_ns and (chunk is None or chunk.at_ns > lane.broke_ns):
                    broke_ns, shown = lane.broke_ns, False
                    yield {"open": False}
                if not shown and lane.connected and (chunk is None or chunk.at_ns > broke_ns):
                    shown = True
                    yield {"open": True, "fresh": True}
                yield {"data": base64.b64encode(chunk.data).decode()} if chunk is not None else {}

    def look(self) -> None:
        """Every few seconds: whether the relay is there."""
        now_ns = self._clock.mono_ns()
        for name in self._lanes:
            if self._following[name]:
                self._here_ns[name] = now_ns
            gone_ns, trouble = now_ns - self._here_ns[name], self._trouble.get(name, "")
            why = trouble or worded("nobody re-serves it for {seconds} s", seconds=gone_ns // 10**9)
            told = worded("lane {name}: {why}; an alarm station that listens there sees nothing; systemctl status "
                          "edge-agent-relay", name=name, why=why)
            self._report(f"relay:{name}", told, bool(trouble) or gone_ns > MISSED_NS)

    def plain(self) -> dict[str, Answer]:
        """For status: of each lane that has a relay."""
        return {name: {"running": bool(self._following[name]), **self.told.get(name, {})} for name in self._lanes}


