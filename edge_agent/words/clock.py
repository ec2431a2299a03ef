"""The one clock everything is given.  Injected, so days run in seconds and nothing reads time behind our back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Trust:
    """How far the wall clock may be believed."""

    source: str                     # "ntp", "rtc", "none"
    uncertainty_ms: int | None


class Clock(Protocol):
    def mono_ns(self) -> int:
        """CLOCK_BOOTTIME: counts through suspend, never steps.  For stamps, silence, event times."""

    def wall_ns(self) -> int:
        """UTC nanoseconds since 1970.  May step; only ever written beside mono_ns."""

    def trust(self) -> Trust:
        """Who set the wall clock, and how well."""

    async def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
