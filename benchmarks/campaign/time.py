"""One time line for a portal and its centres; the portal's wall clock may be wrong, its running time never is."""

from __future__ import annotations

from edge_agent.words.clock import Trust

BEGIN_NS = 1_795_456_800_000_000_000    # 2026-11-23T18:00:00Z


class Time:
    def __init__(self) -> None:
        self.true_ns = BEGIN_NS
        self.booted_ns = BEGIN_NS - 30 * 10**9      # when the portal's kernel started
        self.wrong_ns = 0                           # the portal's wall clock minus the truth

    def of_centre(self) -> CentreClock:
        return CentreClock(self)

    def of_portal(self) -> PortalClock:
        return PortalClock(self)

    def pass_s(self, seconds: float) -> None:
        self.true_ns += int(seconds * 1e9)


class _Clock:
    def __init__(self, time: Time) -> None:
        self._time = time

    def trust(self) -> Trust:
        return Trust("ntp", 40)

    async def sleep(self, seconds: float) -> None:
        self._time.pass_s(seconds)


class CentreClock(_Clock):
    def mono_ns(self) -> int:
        return self._time.true_ns

    def wall_ns(self) -> int:
        return self._time.true_ns


class PortalClock(_Clock):
    def mono_ns(self) -> int:
        return self._time.true_ns - self._time.booted_ns

    def wall_ns(self) -> int:
        return self._time.true_ns + self._time.wrong_ns
