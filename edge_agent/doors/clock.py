"""The real clock: CLOCK_BOOTTIME, CLOCK_REALTIME, and what the kernel says of the latter (adjtimex)."""

from __future__ import annotations

import asyncio
import ctypes
import time

from edge_agent.words.clock import Trust

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
