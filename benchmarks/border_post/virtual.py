"""An event loop whose time is virtual: it waits for nothing, the next timer is now.  A day of asyncio takes what it computes."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

from edge_agent.words.clock import Trust

BEGIN_NS = 1_795_456_800_000_000_000    # 2026-11-23T18:00:00Z


class _Jump(selectors.DefaultSelector):  # type: ignore[misc,valid-type]  # the class the platform has
    """Looks at real files, and passes virtual time where asyncio would wait."""

    now_s = 30.0                        # since the kernel started

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now_s


class VirtualClock:
    """words.clock.Clock of that loop; the centre's clock is the same."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def mono_ns(self) -> int:
        return round(self._loop.time() * 1e9)

    def wall_ns(self) -> int:
        return BEGIN_NS + self.mono_ns()

    def trust(self) -> Trust:
        return Trust("ntp", 40)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def of_centre(self) -> VirtualClock:
        return self
