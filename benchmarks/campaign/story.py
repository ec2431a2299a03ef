"""What the core does with its evidence from start to end, as one story to be recorded, broken or killed anywhere.

Start (lock, logs, count of starts), records in batches, some of which name documents, a receipt, pruning, and the end of the
program.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.campaign.portal import CONFIGURATION
from benchmarks.campaign.time import Time
from edge_agent.doors.files import hold
from edge_agent.hands import keys
from edge_agent.hands.blobs import Blobs
from edge_agent.hands.ledger import Draft
from edge_agent.house import salvage
from edge_agent.house.identity import create_log
from edge_agent.house.logbooks import Logbooks
from edge_agent.paths.outbox import Book, Outbox
from edge_agent.paths.retention import Retention
from edge_agent.paths.scribe import Scribe
from edge_agent.tools import ed25519, merkle, notes
from edge_agent.words.blob import Blob
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.record import Checkpoint

ORIGIN = "rpm.example.gov/portal/C-1"
SIGNER = ed25519.SoftKey(bytes(range(32)))
CENTRE = notes.VerifierKey("centre.test/rpm", notes.COSIGNER_KEY, SIGNER.public)
TELL_SEED: list[Callable[[bytes], None]] = []       # who wants to know of every private key that is made


def _new_seed() -> bytes:
    seed = os.urandom(32)
    for told in TELL_SEED:
        told(seed)
    return seed


salvage.new_seed = _new_seed
keys.new_seed = _new_seed


def prepare(state: Path) -> None:
    """A portal that was enrolled and has never started."""
    state.mkdir(parents=True)
    create_log(state, ORIGIN, 1)


class Story:
    """One run of the core's evidence path; `acknowledged(first, size)` after each commit."""

    def __init__(self, state: Path, dice: random.Random, acknowledged: Callable[[int, int], None] = lambda first, size: None,
                 phase: Callable[[str], None] = lambda name: None) -> None:
        self.state, self._dice, self._acknowledged, self._phase = state, dice, acknowledged, phase
        self.time, self._store = Time(), Blobs(state / "blobs")
        self.reports: list[str] = []
        self._number, self._brought = 0, b""

    async def start(self) -> None:
        self._phase("recovery")
        self._lock = hold(self.state / "core.lock", "an edge-agent core")
        self.books = await Logbooks.open(self.state, ORIGIN)
        self.boot = await self.books.next_boot()
        self.scribe = Scribe(self.books.ledger, self.time.of_portal(), self._moment)
        book = self._book()
        self.outbox = Outbox([book], CENTRE, self._report, self._no_wait)
        self.retention = Retention([(book.shelf, book.log_key)], CENTRE, self.time.of_portal(), 0)
        for kind, body in await self.books.opening(CONFIGURATION, self.boot, "boot"):
            self.scribe.submit(kind, body)

    def _book(self) -> Book:
        identity = self.books.identity
        return Book(self.books.ledger, identity.log_key, identity.signer(), identity.public())

    def traffic(self, longest: int = 3, padding: int = 300) -> None:
        """One to `longest` drafts into the queue."""
        for _ in range(self._dice.randint(1, longest)):
            self._number += 1
            text = hashlib.sha256(f"{self.boot} {self._number}".encode()).hexdigest() * (self._dice.randint(1, padding) // 64 + 1)
            draft: Draft = "alarm" if self._number % 5 == 0 else "fault", {"n": f"{self.boot}.{self._number}", "pad": text}
            self.scribe.submit(*draft)

    async def document(self, longest: int) -> None:
        """A document kept, then the record that names it into the queue, as an inbox does.  An EdgeAgentError of the store: no
        record, and the next call brings it again."""
        self._phase("document")
        self._number += 1
        data = self._brought = self._brought or self._dice.randbytes(self._dice.randint(1, longest))
        blob = Blob(await self._store.keep(data), len(data), "text/xml")
        self._brought = b""
        self.scribe.submit("instrument", {"n": f"{self.boot}.{self._number}", "blob": blob.plain()})

    async def write(self, tries: int = 60) -> bool:
        """What is queued, until the disk has it or `tries` were in vain."""
        self._phase("append")
        while self.scribe.queued and tries:
            first = self.books.ledger.size
            await self.scribe.write_some()
            tries -= 1
            if self.books.ledger.size > first:
                self._acknowledged(first, self.books.ledger.size)
        return not self.scribe.queued

    async def receipt(self) -> None:
        """The centre receipts everything; the core verifies and keeps it."""
        self._phase("receipt")
        book = self._book()
        size = book.shelf.size
        point = Checkpoint(self.books.ledger.origin, size, await book.shelf.tree(lambda node: merkle.root(size, node)))
        note = notes.sign_checkpoint(point, book.signer) + notes.cosign(point, CENTRE.name, SIGNER, self.time.true_ns // 10**9)
        await self.outbox.receipt({"log": self.books.ledger.origin, "note": note.decode()})
        self.time.pass_s(5)

    async def prune(self) -> None:
        self._phase("prune")
        await self.retention.prune(0)

    async def end(self) -> None:
        self._phase("end")
        await self.books.close()
        os.close(self._lock)

    def _moment(self) -> dict[str, Any]:
        return {"wall": "2026-11-23T18:00:00.000Z", "boot": self.boot, "mono_ms": 1, "src": "ntp", "unc_ms": 40}

    def _report(self, condition: str, detail: str, present: bool) -> None:
        if present:
            self.reports.append(f"{condition}: {detail}")

    async def _no_wait(self, size: int, timeout_s: float) -> None:
        return None


async def patiently(work: Any) -> str:
    """What the core does around reads of the disk; the words of what went wrong."""
    try:
        await work
    except EdgeAgentError as problem:
        return str(problem)
    return ""


@contextmanager
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    try:
        yield made
    finally:
        made.close()


