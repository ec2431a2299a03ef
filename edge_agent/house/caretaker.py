"""What a core looks after besides its lanes: the watchdog, the wall clock, the disk, delivery."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from edge_agent.doors.systemd import notify, watchdog_period_s
from edge_agent.words.errors import StorageError
from edge_agent.words.language import mark, worded

if TYPE_CHECKING:
    from edge_agent.house.core import Core

log = logging.getLogger("edge_agent.core")
CLOCK_STEP_MS = 1000        # a wall clock that moved this much against the monotonic one is a `clock` record
NO_RECEIPT_S = 180.0        # three heartbeats without a receipt: delivery does not work, whoever is to blame
AHEAD, BEHIND = (
    mark("the wall clock is {seconds:.0f} s ahead of the centre's: timedatectl, chronyc sources. Records count all the same, "
         "receipts give them their times"),
    mark("the wall clock is {seconds:.0f} s behind the centre's: timedatectl, chronyc sources. Records count all the same, "
         "receipts give them their times"))
STEPS, STEPS_NS = 2, 24 * 3600 * 10**9      # steps in a day: one is the time server's after a start
OFF_S = 60.0                # against the centre's receipt, which is a round and a request old at most,
OFF_RECEIPTS = 2            # but for the first after a start, which may be one that was lost here
SLOW_S = 2.0                # one transaction: a card ends a write within 0.5 s (SD specification), and it takes three or four
LIVENESS_S = 20.0           # a lane that has not come round for this long is stuck: the watchdog is not fed
ROUND_S = 5.0


class Caretaker:
    """Looks round the controller of one core every few seconds."""

    def __init__(self, core: Core) -> None:
        self._core, self._clock = core, core.clock
        self._offset_ns = self._clock.wall_ns() - self._clock.mono_ns()
        self._receipted = (0, self._clock.mono_ns())    # newest receipt's size, and when it grew
        self._stepped_ns, self._step_s = deque[int](maxlen=100), 0.0
        self._receipt_s: int | None = None              # the newest receipt's time; None: not looked yet
        self._off = 0                                   # receipts in a row that the clock disagrees with

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs as long as the core does."""
        return {"watchdog": self._watchdog(), "clock": self.go_round()}

    async def _watchdog(self) -> None:
        """Feed the watchdog only while every lane comes round."""
        period_s, lanes = watchdog_period_s() or 10.0, self._core.lanes
        beats = {lane.name: -1 for lane in lanes}
        seen_ns = {lane.name: self._clock.mono_ns() for lane in lanes}
        while True:
            now_ns = self._clock.mono_ns()
            for lane in lanes:
                if lane.beats != beats[lane.name]:
                    beats[lane.name], seen_ns[lane.name] = lane.beats, now_ns
            if all(now_ns - seen < LIVENESS_S * 1e9 for seen in seen_ns.values()):
                notify("WATCHDOG=1\nSTATUS=" + self._one_line())
            await self._clock.sleep(period_s)

    def _one_line(self) -> str:
        scribe, lanes = self._core.scribe, self._core.lanes
        if scribe.trouble:
            return f"STORAGE FAULT: {scribe.trouble}"
        silent = [lane.name for lane in lanes if lane.silent]
        if silent:
            return f"lanes not heard: {', '.join(silent)}"
        return f"{len(lanes)} lanes, {scribe.ledger.size} records"

    async def go_round(self) -> None:
        """Faults that have lasted, delivery, disk, pruning, documents, acts that end, the clock."""
        core = self._core
        while True:
            await self._clock.sleep(ROUND_S)
            core.reports.settle(self._clock.mono_ns())
            for look in (self.look_at_delivery, core.room.look, core.retention.look, core.attachments.look):
                await patiently(look())
            core.acting.look()
            core.feed.look()
            self.look_at_clock()
            self.look_at_disk()

    def look_at_clock(self) -> None:
        """A step of the wall clock is a record of its own."""
        core, mono_ns = self._core, self._clock.mono_ns()
        offset_ns = self._clock.wall_ns() - mono_ns
        insane = core.clock.insane
        wrong = worded("the wall clock says {seconds} s since 1970, which cannot be; records go on from the last time it was "
                       "right; set it: timedatectl", seconds=(insane or 0) // 10**9)
        core.report("clock", wrong, insane is not None)
        step_ms = (offset_ns - self._offset_ns) // 1_000_000
        self._offset_ns = offset_ns
        if abs(step_ms) >= CLOCK_STEP_MS:
            log.warning("the wall clock stepped by %d ms", step_ms)
            self._stepped_ns.append(mono_ns)
            self._step_s = step_ms / 1000
            core.scribe.submit("clock", {"step_ms": step_ms, "at": core.moment(mono_ns)})

        while self._stepped_ns and mono_ns - self._stepped_ns[0] > STEPS_NS:
            self._stepped_ns.popleft()
        why = worded("the wall clock was set {n} times in a day, the last time by {step:+.0f} s: two programs that set it, or an "
                     "empty battery: timedatectl", n=len(self._stepped_ns), step=self._step_s)
        core.report("clock-steps", why, len(self._stepped_ns) >= STEPS)

    def look_at_disk(self) -> None:
        """A card that wears out slows down long before it refuses."""
        took_s = self._core.scribe.took_s
        why = worded("the disk took {seconds:.0f} s to keep records, as a card does that wears out; have another ready, look: "
                     "dmesg", seconds=took_s)
        self._core.report("disk-slow", why, took_s >= SLOW_S)

    def _hold_against(self, receipt_s: int) -> None:
        """A receipt that has just come says what time it is at the centre."""
        before, self._receipt_s = self._receipt_s, receipt_s
        if before is None or receipt_s == before:
            return                          # of before this start: nobody knows how old it is
        off_s = self._clock.wall_ns() / 1e9 - receipt_s
        self._off = self._off + 1 if abs(off_s) > OFF_S else 0
        why = worded(AHEAD if off_s > 0 else BEHIND, seconds=abs(off_s))
        self._core.report("clock-off", why, self._off >= OFF_RECEIPTS)

    async def look_at_delivery(self) -> None:
        """Records that nobody receipts are a fault here, whatever the uplink says or does not say; so is a lost file."""
        core, ledger, now_ns = self._core, self._core.scribe.ledger, self._clock.mono_ns()
        gone = worded("{path} was deleted or replaced under us: do not restart, call for help", path=ledger.path)
        core.report("ledger-file", gone, ledger.replaced)
        if core.settings.centre is None:
            return
        receipt = await ledger.receipt()
        size = receipt.size if receipt else 0
        self._hold_against(receipt.time_s if receipt else 0)
        if size > self._receipted[0] or size >= ledger.size:
            self._receipted = (size, now_ns)
        quiet_s = (now_ns - self._receipted[1]) / 1e9
        why = worded("{n} records wait, none receipted for {seconds:.0f} s; is the uplink running?", n=ledger.size - size,
                     seconds=quiet_s)
        core.report("no-receipt", why, quiet_s > NO_RECEIPT_S)


async def patiently(work: Coroutine[Any, Any, None]) -> None:
    """Do what reads the disk; a disk that refuses costs this round, never the lanes."""
    try:
        await work
    except StorageError as problem:
        log.error("%s; measuring goes on", problem)
