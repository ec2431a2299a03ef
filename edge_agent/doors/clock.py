"""The real clock: CLOCK_BOOTTIME, CLOCK_REALTIME, and what the kernel says of the latter (adjtimex); and a guard over it."""

from __future__ import annotations

import asyncio
import ctypes
import time

from edge_agent.words.clock import Clock, Trust

_TIMEX_LONGS = 64                   # struct timex is 208 bytes on 64-bit Linux; room for any ABI
_MAXERROR_AT = 3                    # modes, offset, freq, maxerror (microseconds): the fourth long (adjtimex(2))
_TIME_ERROR = 5                     # return value: clock not synchronised
_UNKNOWN_US = 16_000_000            # NTP_PHASE_LIMIT: the kernel's own "no idea"


class RealClock:
    """words.clock.Clock of this machine."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def mono_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def wall_ns(self) -> int:
        return time.time_ns()

    def trust(self) -> Trust:
        """`ntp` with the kernel's maximum error while something disciplines the clock, else `rtc`."""
        buffer = (ctypes.c_long * _TIMEX_LONGS)()
        state = self._libc.adjtimex(ctypes.byref(buffer))
        error_us = buffer[_MAXERROR_AT]
        if state < 0 or state == _TIME_ERROR or error_us >= _UNKNOWN_US:
            return Trust("rtc", None)
        return Trust("ntp", -(-error_us // 1000))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


WALL_MAX_NS = 2**63 - 1             # year 2262: what Linux keeps time in (ktime_t) and SQLite keeps integers in


class SaneClock:
    """A clock whose wall time can always be written: before 1970 or past what 63 bits of ns hold, it goes on from the
    last time that could, by the monotonic clock, and is trusted for nothing (source "none")."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ns = -clock.mono_ns()      # wall minus monotonic when last sane; 1970 where it never was
        self.insane: int | None = None          # the reading that cannot be written, ns
        self.wall_ns()

    def mono_ns(self) -> int:
        return self._clock.mono_ns()

    def wall_ns(self) -> int:
        wall_ns, mono_ns = self._clock.wall_ns(), self._clock.mono_ns()
        self.insane = None if 0 <= wall_ns <= WALL_MAX_NS else wall_ns
        if self.insane is None:
            self._offset_ns = wall_ns - mono_ns
            return wall_ns
        return mono_ns + self._offset_ns

    def trust(self) -> Trust:
        self.wall_ns()
        return Trust("none", None) if self.insane is not None else self._clock.trust()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
