"""Room on the disk, in stages: warn; shed the history of counts; delete documents the centre has; prune what it has
receipted, step by step.  Evidence that is not receipted, or a document that is not confirmed, never goes.
And a reserve for the last words.

`<state>/reserve` holds room that only the end of the program uses: at SIGTERM on a full disk it is deleted, and records
that waited in memory take its place.  It is made anew once there is room.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from edge_agent.doors.files import preallocate, space
from edge_agent.hands.history import History
from edge_agent.paths.keeping import Keeping
from edge_agent.paths.retention import Retention
from edge_agent.words.errors import StorageError, Unavailable
from edge_agent.words.language import said_by, worded

log = logging.getLogger("edge_agent.room")
WARN_FREE = 0.20            # part of the file system left free when people are told (design page "evidence": at 80 % full)
SHED_FREE = 0.05            # of a small one; at most SHED_FREE_MAX:
SHED_FREE_MAX = 64 << 20    # bytes: two weeks of records at about 4 MB a day (a heartbeat a minute, 400 vehicles of 3 KB)
RESERVE_MAX = 4 << 20       # bytes: a full queue (4096 records) of 0.9 KB each
RESERVE_PART = 1 / 8        # of a file system too small for that


async def open_history(state: Path, wire_mb: int = 0) -> History | None:
    """The history; None where the disk has no room for it or does not answer: the portal is watched all the same."""
    try:
        return await History.open(state / "history.db", wire_mb << 20)
    except Unavailable as problem:
        log.error("%s; counts are not kept for learning", problem)
        return None


def last_room(whole: int) -> float:
    """Bytes of a file system of `whole` bytes that are kept for records: nothing else may take them."""
    return min(SHED_FREE_MAX, whole * SHED_FREE)


class Room:
    def __init__(
        self, state: Path, keeping: Keeping, retention: Retention, report: Callable[[str, str, bool], None],
        spare: Callable[[], Awaitable[None]],       # deletes documents that the centre has
        wire_mb: int = 0,
    ) -> None:
        self._state, self._keeping, self._retention, self._report = state, keeping, retention, report
        self._spare, self._wire_mb = spare, wire_mb
        self._reserve = state / "reserve"
        self._unopened = ""                 # why there is no history, where it is not for want of room

    async def look(self) -> None:
        """One look, every few seconds."""
        found = space(self._state)
        if found is None or not found[1]:
            return
        free, whole = found
        shed_below = last_room(whole)
        if self._keeping.spoiled:
            log.error("%s: the history of counts is spoiled; it is set aside and a new one begins", self._state)
            await self._keeping.set_aside()
        if free < shed_below and not self._keeping.off:
            log.error("%s: %d KB free: the history of counts is deleted to keep evidence", self._state, free >> 10)
            await self._keeping.shed()
        elif free + await self._retention.spare_bytes() < shed_below:
            await self._spare()
            await self._retention.make_room()
        elif self._keeping.off and free > 2 * shed_below:
            await self._open_again()
        self._tell(free, whole)
        size = int(min(RESERVE_MAX, whole * RESERVE_PART))
        if free > 2 * size and not self._reserve.exists():
            preallocate(self._reserve, size)

    async def _open_again(self) -> None:
        try:
            self._keeping.resume(await History.open(self._state / "history.db", self._wire_mb << 20))
        except StorageError as problem:
            self._unopened = said_by(problem)
        else:
            self._unopened = ""
            self._retention.room_again()

    def _tell(self, free: int, whole: int) -> None:
        shed = self._keeping.off and not self._unopened
        why = worded("{problem}; counts are not kept, evidence is; is the file edge-agent's?  ls -l {state}",
                     problem=self._unopened, state=self._state)
        self._report("history-unreadable", why, bool(self._unopened))
        what = worded("; the history of counts is shed, evidence is kept") if shed else ""
        why = worded("{free} MB free of {whole} MB on the disk of {state}{what}; free space: df -h {state}", free=free >> 20,
                     whole=whole >> 20, state=self._state, what=what)
        self._report("disk-low", why, free < whole * WARN_FREE or shed)

    def release(self) -> bool:
        """Give the reserve to the ledger; False where there is none."""
        try:
            self._reserve.unlink()
        except OSError:
            return False
        log.error("%s is deleted to make room for the last records", self._reserve)
        return True
