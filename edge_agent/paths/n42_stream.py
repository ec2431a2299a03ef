"""An instrument that sends N42 documents one after the other (a backpack, a spectroscopic portal): its finds become records.

Such an instrument sends a document every second or so, alarm or not.  A record is made of the first document that tells of an
alarm or a nuclide, and of each that tells of one more; when nothing has been told for a minute the next is news again.  All
others are signs of life.
"""

from __future__ import annotations

import hashlib
import logging

from edge_agent.hands.links.mailbox import Link
from edge_agent.paths.inbox import MEDIA_TYPE, Store
from edge_agent.tools import instrument_body, n42_in
from edge_agent.tools.n42_frames import Frames
from edge_agent.words.blob import Blob
from edge_agent.words.clock import Clock
from edge_agent.words.document_settings import StreamSettings
from edge_agent.words.errors import EvidenceError, LinkError, StorageError
from edge_agent.words.instrument import Measured
from edge_agent.words.language import joined, said_by, worded

log = logging.getLogger("edge_agent.n42")
NEWS_NS = 60 * 10**9        # as for an alarm of a vacant lane (judgement/alarm_book.py)
NOISE_NS = 600 * 10**9      # a document that could not be read is a fault for ten minutes
REOPEN_S = 2.0
TICK_S = 1.0
DOCUMENTS_MAX = 16          # held while the disk takes none: 16 alarms; then the oldest is let go, and said


class Stream:
    """One instrument."""

    def __init__(self, settings: StreamSettings, wire: Link, clock: Clock, store: Store) -> None:
        self._settings, self._wire, self._clock, self._store = settings, wire, clock, store
        self._frames = Frames()
        self._told: dict[str, int] = {}                 # alarm or nuclide -> last told of
        self._waiting: list[tuple[bytes, Measured]] = []
        self._heard_ns = clock.mono_ns()
        self._noise_ns = -NOISE_NS
        self.documents = 0

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._listen()
                except LinkError as problem:
                    self._wire.close()
                    self._fault("link", said_by(problem), present=True)
                    await self._clock.sleep(REOPEN_S)
        finally:
            self._wire.close()

    async def _listen(self) -> None:
        await self._wire.open()
        self._frames.restart()
        self._fault("link", "", present=False)
        self._heard_ns = self._clock.mono_ns()
        while True:
            chunk = await self._wire.next(TICK_S)
            for piece in self._frames.feed(chunk.data) if chunk else ():
                self.take(piece)
            await self.keep()
            self._look()

    def take(self, piece: bytes | str) -> None:
        """A document, or the words about what is none."""
        now_ns = self._clock.mono_ns()
        if isinstance(piece, str):
            self._noise(now_ns, piece)
            return
        try:
            measured = n42_in.read(piece)
        except EvidenceError as problem:
            self._noise(now_ns, said_by(problem))
            return
        self.documents, self._heard_ns = self.documents + 1, now_ns
        if self._news(measured, now_ns):
            self._waiting.append((piece, measured))

    def _news(self, measured: Measured, now_ns: int) -> bool:
        """Whether it tells of something not told of in the last minute."""
        told = [*measured.alarms, *(one.name for one in measured.nuclides)]
        news = any(now_ns - self._told.get(each, -NEWS_NS) >= NEWS_NS for each in told)
        self._told = {each: at_ns for each, at_ns in self._told.items() if now_ns - at_ns < NEWS_NS}
        self._told |= dict.fromkeys(told, now_ns)
        return news

    async def keep(self) -> None:
        """Documents durable, then their records; what the disk does not take now waits."""
        while self._waiting:
            data, measured = self._waiting[0]
            sha256 = hashlib.sha256(data).hexdigest()
            try:
                if not await self._store.named(sha256):
                    kept = await self._store.keep(data, MEDIA_TYPE)
                    self._store.submit("instrument", instrument_body.body(
                        measured, Blob(kept, len(data), MEDIA_TYPE), kind=self._settings.kind, lane=self._settings.lane,
                        via="n42-stream", source=self._wire.name, at=self._store.moment(self._clock.mono_ns())))
            except (EvidenceError, StorageError) as problem:
                why = worded("{n} documents wait: {problem}", n=len(self._waiting), problem=problem)
                self._fault("disk", why, present=True)
                while len(self._waiting) > DOCUMENTS_MAX:
                    del self._waiting[0]
                    log.error("%s: a document with an alarm is let go, the disk takes none", self._wire.name)
                return
            self._waiting.pop(0)
        self._fault("disk", "", present=False)

    def _look(self) -> None:
        now_ns = self._clock.mono_ns()
        quiet_s = (now_ns - self._heard_ns) / 1e9
        self._fault("silence", worded("no document for {seconds:.0f} s; is it switched on, does it send N42?", seconds=quiet_s),
                    present=quiet_s > self._settings.silence_s)
        if now_ns - self._noise_ns > NOISE_NS:
            self._fault("unreadable", "", present=False)

    def _noise(self, now_ns: int, why: str) -> None:
        self._noise_ns = now_ns
        self._fault("unreadable", why, present=True)

    def _fault(self, what: str, detail: str, *, present: bool) -> None:
        why = joined(": ", (self._wire.name, detail)) if detail else ""
        self._store.report(f"n42-stream-{what}:{self._settings.name}", why, present)
