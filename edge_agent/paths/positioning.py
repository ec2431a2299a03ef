"""Where a mobile system is, from its GPS receiver: on what happens there and on every heartbeat, with its age, never stale.

A position older than ten seconds is not given: at 50 km/h it is 140 m off.  A record says `fix` "none" then, the fault `gps` why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_agent.hands.links.mailbox import Link
from edge_agent.tools.nmea import NoFix, Sentences
from edge_agent.words.clock import Clock
from edge_agent.words.errors import LinkError
from edge_agent.words.language import joined, said_by, worded
from edge_agent.words.position import Fix

STALE_NS = 10 * 10**9
QUIET_NS = 10 * 10**9       # receivers speak every second
NOISE_NS = 60 * 10**9       # what came so long ago says nothing of the silence now
LOST_NS = 60 * 10**9        # under a bridge or a roof for so long is told
TRACK_S, TRACK_MAX = 60, 13     # in an alarm: the last minute, every five seconds
REOPEN_S, TICK_S = 2.0, 1.0
KINDS = ("alarm", "occupancy", "fault", "heartbeat", "tamper", "instrument")


@dataclass(frozen=True, slots=True)
class _Seen:
    at_ns: int
    fix: Fix


class Positioning:
    """Without a receiver (`wire` None) it marks nothing."""

    def __init__(self, wire: Link | None, clock: Clock, report: Callable[[str, str, bool], None]) -> None:
        self._wire, self._clock, self._report = wire, clock, report
        self._sentences = Sentences()
        self._newest: _Seen | None = None
        self._track: deque[_Seen] = deque(maxlen=TRACK_MAX)
        self._heard_ns = self._fixed_ns = clock.mono_ns()
        self._noise_ns, self._noise = -NOISE_NS, ""
        self._denied: dict[str, int] = {}       # sentence -> when it said that there is no position

    async def run(self) -> None:
        """Until cancelled."""
        assert self._wire is not None
        try:
            while True:
                try:
                    await self._listen(self._wire)
                except LinkError as problem:
                    self._wire.close()
                    self._report("gps", said_by(problem), True)
                    await self._clock.sleep(REOPEN_S)
        finally:
            self._wire.close()

    async def _listen(self, wire: Link) -> None:
        await wire.open()
        self._sentences.restart()
        self._heard_ns = self._clock.mono_ns()
        while True:
            chunk = await wire.next(TICK_S)
            if chunk is not None:
                self.take(chunk.at_ns, chunk.data)
            self.look()

    def take(self, at_ns: int, data: bytes) -> None:
        for found in self._sentences.feed(data):
            if isinstance(found, str):
                self._noise_ns, self._noise = at_ns, found
                continue
            self._heard_ns = at_ns
            if isinstance(found, NoFix):
                self._denied[found.sentence] = at_ns
                continue
            self._denied.pop(found.sentence, None)
            if not self._lost(at_ns):
                self._fixed(at_ns, found)

    def _lost(self, now_ns: int) -> bool:
        """RMC or GGA said so, and has not taken it back: in older receivers only GGA owns up to dead reckoning."""
        return any(now_ns - at_ns <= STALE_NS for at_ns in self._denied.values())

    def _fixed(self, at_ns: int, fix: Fix) -> None:
        """RMC and GGA of one moment are one position; what one does not say the other may."""
        newest = self._newest
        if newest is not None and newest.fix.utc == fix.utc:        # also a receiver that says one thing for ever: it ages
            self._newest = _Seen(newest.at_ns, _together(fix, newest.fix))
            return
        self._fixed_ns, self._newest = at_ns, _Seen(at_ns, fix)
        if not self._track or at_ns - self._track[-1].at_ns >= TRACK_S * 10**9 // (TRACK_MAX - 1):
            self._track.append(self._newest)

    def look(self) -> None:
        """Once a second: whether what is wrong is told."""
        now_ns = self._clock.mono_ns()
        why = ""
        if now_ns - self._heard_ns > QUIET_NS:
            noise = worded("; what comes is {noise}", noise=self._noise) if now_ns - self._noise_ns < NOISE_NS else ""
            why = worded("no sentence for {seconds} s{noise}; its supply, cable, baud rate",
                         seconds=(now_ns - self._heard_ns) // 10**9, noise=noise)
        elif now_ns - self._fixed_ns > LOST_NS:
            why = worded("no position for {seconds} s: does its antenna see the sky?", seconds=(now_ns - self._fixed_ns) // 10**9)
        self._report("gps", joined(": ", (self._wire.name if self._wire else "", why)) if why else "", bool(why))

    # --- what records say

    def mark(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """The body with `position`, and an alarm's with `track`; unchanged where there is no receiver."""
        if self._wire is None or kind not in KINDS:
            return body
        return body | {"position": self.plain()} | ({"track": self._trail()} if kind == "alarm" else {})

    def plain(self) -> dict[str, Any] | None:
        """Of now; None where there is no receiver."""
        if self._wire is None:
            return None
        now_ns, seen = self._clock.mono_ns(), self._newest
        if seen is None or now_ns - seen.at_ns > STALE_NS or self._lost(now_ns):
            return {"fix": "none"}
        return {"fix": "gps", **_place(seen.fix), "age_s": _age_s(now_ns, seen), "utc": seen.fix.utc,
                "speed_mps": None if seen.fix.speed_mps is None else round(seen.fix.speed_mps, 2),
                "satellites": seen.fix.satellites, "hdop": seen.fix.hdop}

    def shown(self) -> dict[str, Any] | None:
        """For a person: where there is no position, how old the last one is (it is where the system was, no more)."""
        place, seen = self.plain(), self._newest
        if place is None or place["fix"] != "none" or seen is None:
            return place
        return place | {"last": _place(seen.fix) | {"age_s": _age_s(self._clock.mono_ns(), seen)}}

    def _trail(self) -> list[dict[str, float]]:
        """The last minute, oldest first."""
        now_ns = self._clock.mono_ns()
        return [{**_place(seen.fix), "age_s": _age_s(now_ns, seen)} for seen in self._track
                if now_ns - seen.at_ns <= TRACK_S * 10**9]


def _together(fix: Fix, before: Fix) -> Fix:
    """What one sentence of a moment does not say the other may."""
    return Fix(
        fix.latitude, fix.longitude, fix.utc, before.speed_mps if fix.speed_mps is None else fix.speed_mps,
        before.satellites if fix.satellites is None else fix.satellites, before.hdop if fix.hdop is None else fix.hdop,
    )


def _place(fix: Fix) -> dict[str, float]:
    """Seven decimals are a centimetre."""
    return {"latitude": round(fix.latitude, 7), "longitude": round(fix.longitude, 7)}


def _age_s(now_ns: int, seen: _Seen) -> float:
    return round(max(0, now_ns - seen.at_ns) / 1e9, 1)
