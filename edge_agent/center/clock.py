"""The centre's own clock."""

from __future__ import annotations

import asyncio
import time

from edge_agent.words.clock import Trust


class SystemClock:
    def mono_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def wall_ns(self) -> int:
        return time.time_ns()

    def trust(self) -> Trust:
        return Trust("none", None)      # the centre's host keeps its own time; nothing here asks it

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
