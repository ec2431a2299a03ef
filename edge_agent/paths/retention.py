"""What may leave the disk: records that the centre has receipted, oldest first, never others.

Age is the centre's: a receipt given at T is over records that are older than T.  Now is the time of the newest receipt or our
own clock's, whichever is earlier: a clock that runs wild at either end prunes nothing that is young by the other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from edge_agent.hands.shelf import Kept, Shelf
from edge_agent.tools import notes
from edge_agent.words.clock import Clock
from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded

log = logging.getLogger("edge_agent.retention")
DAY_S = 86_400
LOOK_S = 3600.0                 # between looks at the age of what is kept
# days kept when the disk has no room even without the history of counts; one step a look, a few seconds apart
SHORT_DAYS = (30, 7, 1, 0)
LINES_AT_ONCE = 2000            # about: in one transaction, so that the WAL of a full disk need not grow far (8 MB of lines)


class Retention:
    """Prunes the logs of this portal.  Every centre named here must have receipted what goes."""

    def __init__(self, books: Sequence[tuple[Shelf, notes.VerifierKey]], centre_key: notes.VerifierKey | None, clock: Clock,
                 days: int) -> None:
        self._books, self._centre_key, self._clock, self._days = books, centre_key, clock, days
        self._looked_s = -LOOK_S
        self._short = 0             # steps of SHORT_DAYS taken since there was room

    async def look(self) -> None:
        """Once an hour: what is older than it must be."""
        now_s = self._clock.mono_ns() / 1e9
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            await self.prune(self._days)

    async def make_room(self) -> None:
        """The disk is full: keep less, step by step."""
        days = min(SHORT_DAYS[min(self._short, len(SHORT_DAYS) - 1)], self._days)
        self._short += 1
        went = await self.prune(days)
        if went:
            log.error("the disk is full: %d receipted records older than %d days are pruned; the centre has them", went, days)

    def room_again(self) -> None:
        self._short = 0

    async def spare_bytes(self) -> int:
        """Room that pruned records left inside the newest ledger."""
        return await self._books[-1][0].spare_bytes()

    async def prune(self, days: int) -> int:
        """Prune every log to `days`; how many records went."""
        went = 0
        for shelf, log_key in self._books:
            try:
                while (cut := await self._next(shelf, log_key, days)) is not None:
                    went += await shelf.prune(cut)
            except EvidenceError as problem:
                log.error("%s is not pruned: %s", shelf.origin, problem)
        return went

    async def _next(self, shelf: Shelf, log_key: notes.VerifierKey, days: int) -> Kept | None:
        """The next cut: at a receipt old enough, not many lines further; None when there is nothing to prune."""
        newest = await shelf.receipt()
        if newest is None or self._centre_key is None:
            return None
        now_s = min(newest.time_s, self._clock.wall_ns() // 10**9)
        kept = await shelf.next_cut(self._centre_key.line_begin(), now_s - days * DAY_S, LINES_AT_ONCE)
        if kept is not None:
            await self._check(shelf, kept, log_key, self._centre_key)
        return kept

    async def _check(self, shelf: Shelf, kept: Kept, log_key: notes.VerifierKey, centre_key: notes.VerifierKey) -> None:
        """Nothing goes on the word of a row: both signatures, and the root against this log's own tree."""
        point = notes.open_receipt(kept.note, log_key, centre_key).checkpoint
        if point.size != kept.size or await shelf.root(point.size) != point.root:
            raise EvidenceError(worded("its receipt over {size} records is not of these records", size=kept.size))
