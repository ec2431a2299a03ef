"""From events to records: a bounded queue, one writer.  The lane never waits for the disk."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from edge_agent.hands.ledger import BadDraft, Draft, Ledger
from edge_agent.words.clock import Clock
from edge_agent.words.errors import EvidenceError, StorageError
from edge_agent.words.language import said_by

log = logging.getLogger("edge_agent.scribe")
QUEUE_MAX = 4096        # drafts; at ten a second and lane of four, well over a minute of a stuck disk with room to spare
RESERVE = QUEUE_MAX // 4    # of it kept for what must not be lost, when a flood of lesser records fills the rest
PRECIOUS = {"alarm", "tamper", "boot", "config", "recovery", "clock"}
BATCH_MAX = 64          # drafts signed into one transaction
RETRY_S = 1.0           # after the disk refused


class Scribe:
    """Takes drafts at once, signs and commits them in order, keeps them while the disk refuses."""

    def __init__(
        self, ledger: Ledger, clock: Clock, moment: Callable[[], Mapping[str, Any]],
        make_room: Callable[[], bool] = lambda: False,      # for the last records, when the disk is full
    ) -> None:
        self.ledger, self._clock, self._moment, self._make_room = ledger, clock, moment, make_room
        self._queue: deque[Draft] = deque()
        self._batch: list[Draft] = []
        self._news = asyncio.Event()
        self._finishing = False
        self._landed = asyncio.Condition()
        self.newest: dict[str, int] = {}    # kind -> seq of its last record since the start
        self._owned = 0                     # of these, told in a fault record
        self.overflowed = 0             # drafts that found the queue full
        self.trouble: str | None = None     # why the disk refuses now
        self.took_s = 0.0                   # the last transaction

    def submit(self, kind: str, body: Mapping[str, Any]) -> None:
        """Put a draft in the queue; never waits.  A full queue is a fault everyone sees."""
        if len(self._queue) >= (QUEUE_MAX if kind in PRECIOUS else QUEUE_MAX - RESERVE):
            self.overflowed += 1
            if self.overflowed in (1, 10, 100) or self.overflowed % 1000 == 0:
                log.critical("the ledger's queue is full: record of kind %s lost, %d by now. The disk: %s",
                             kind, self.overflowed, self.trouble or "does not keep up")
            return
        self._queue.append((kind, body))
        self._news.set()

    @property
    def queued(self) -> int:
        return len(self._queue)

    async def run(self) -> None:
        """Write until told to finish.  Never cancelled: a transaction cut off in the middle often lands all the same."""
        while not self._finishing:
            if not self._queue:
                self._news.clear()
                await self._news.wait()
            await self.write_some()
        while self._queue and self.trouble is None:
            await self.write_some()
        if self._queue and self._make_room():
            await self._last_words()
        if self._queue:
            kinds = ", ".join(sorted({kind for kind, _ in self._queue}))
            log.critical("%d records are lost with the end of the program (%s): %s", len(self._queue), kinds, self.trouble)

    async def _last_words(self) -> None:
        """The reserve is free: what must not be lost goes first, for it may not hold everything."""
        held = len(self._batch)         # tried before: stays as it is, it may have landed
        rest = sorted(list(self._queue)[held:], key=lambda draft: draft[0] not in PRECIOUS)
        self._queue = deque([*list(self._queue)[:held], *rest])
        self.trouble = None
        while self._queue and self.trouble is None:
            await self.write_some()

    def finish(self) -> None:
        """End once the queue is written, as far as the disk takes it."""
        self._finishing = True
        self._news.set()

    async def write_some(self) -> None:
        """One batch; on refusal the drafts stay first in the queue."""
        batch = self._batch or [self._queue[i] for i in range(min(BATCH_MAX, len(self._queue)))]
        if not batch:
            return
        began_ns = self._clock.mono_ns()
        self._batch = batch             # tried again as it is: it may have landed although the disk said no
        try:
            begin = await self.ledger.append(batch, self._moment())
        except BadDraft as problem:
            self._replace(problem)
            return
        except (StorageError, EvidenceError) as problem:
            await self._refused(said_by(problem))
            return
        self.took_s = (self._clock.mono_ns() - began_ns) / 1e9
        self._batch = []
        for seq, (kind, _) in enumerate(batch, begin):
            self._queue.popleft()
            self.newest[kind] = seq
        if self.trouble is not None:
            log.error("the disk takes records again")
            self.trouble = None
        self._own_up()
        async with self._landed:
            self._landed.notify_all()

    def _own_up(self) -> None:
        """Records that found the queue full are gone; that they are must be a record itself."""
        lost = self.overflowed - self._owned
        if lost and len(self._queue) < QUEUE_MAX // 2:
            self._owned = self.overflowed
            self.submit("fault", {"lane": None, "condition": "queue-overflow", "present": True, "numbers": {"lost": lost},
                                  "detail": "the disk refused for too long; records were lost from memory", "at": None})

    def _replace(self, problem: BadDraft) -> None:
        """A draft that can never be a record must not stop those behind it: its place is taken by a fault."""
        log.critical("%s", problem)
        kind, _ = self._queue[problem.number]
        why = str(problem)[:300].encode("ascii", "replace").decode()
        self._queue[problem.number] = ("fault", {
            "lane": None, "condition": "record-refused", "present": True, "detail": why, "numbers": {}, "at": None, "of": kind,
        })
        self._batch = []

    async def _refused(self, why: str) -> None:
        if self.trouble is None:
            log.critical("STORAGE FAULT: %s; %d records wait in memory, measuring goes on", why, len(self._queue))
        self.trouble = why
        await self._clock.sleep(RETRY_S)

    async def wait_beyond(self, size: int, timeout_s: float) -> None:
        """Return when the ledger is longer than `size`, or after the time."""
        async def longer() -> None:
            async with self._landed:
                await self._landed.wait_for(lambda: self.ledger.size > size)

        try:
            async with asyncio.timeout(timeout_s):      # wait_for of 3.11 can swallow a cancel that meets the answer
                await longer()
        except TimeoutError:
            return
