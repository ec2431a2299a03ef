"""The core's side of delivery: what uplink.sock may ask.  Lines and proofs go out, receipts come in, verified here.

The uplink's word moves nothing: a receipt counts when the centre's key signed this log's own root.
"""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from edge_agent.hands.shelf import Kept, Shelf
from edge_agent.tools import ed25519, merkle, notes
from edge_agent.tools.base64url import encode
from edge_agent.words.errors import EvidenceError, StorageError, Unavailable
from edge_agent.words.language import mark, worded
from edge_agent.words.record import BATCH_BYTES_MAX, BATCH_LINES_MAX, INTEGER_MAX, Checkpoint

WAIT_MAX_S = 60.0
EXPRESS_MAX = 16        # alarms of a long backlog that go ahead of it, newest first; the older ones come with it, in order
AHEAD_KEPT = 1024       # lines we remember to have sent ahead; one that is forgotten goes again, which does no harm
ROLLED_BACK = mark("{problem}; was the state directory restored from an older copy? edge-agent enrol --continue")
Answer = dict[str, Any]


@dataclass(slots=True)
class Book:
    """One log that can be delivered."""

    shelf: Shelf
    log_key: notes.VerifierKey
    signer: ed25519.Signer          # the log key
    public: Answer                  # what a centre must know of it
    ahead: deque[int] = field(default_factory=lambda: deque(maxlen=AHEAD_KEPT))     # lines sent ahead of the backlog
    spoiled: bool = False           # a closed log that can be read no further: it must not hold up the one that goes on
    notable: Callable[[], int | None] = field(default=lambda: None)     # seq of the freshest heartbeat


class Outbox:
    """Operations of uplink.sock over the logs of this portal, oldest first."""

    def __init__(
        self, books: list[Book], centre_key: notes.VerifierKey, report: Callable[[str, str, bool], None],
        wait_beyond: Callable[[int, float], Any],
        centre_lost: Callable[[str, int], Awaitable[None]] | None = None,     # log, how much of it the centre still has
    ) -> None:
        self._books = {book.shelf.origin: book for book in books}
        self._centre_key, self._report, self._wait_beyond = centre_key, report, wait_beyond
        self._centre_lost = centre_lost

    async def logs(self, request: Answer) -> Answer:
        """Every log with its size and the size of its newest receipt."""
        found = []
        for origin, book in self._books.items():
            if book.spoiled:
                continue
            receipt = await book.shelf.receipt()
            found.append({
                "log": origin, "size": book.shelf.size, "receipted": receipt.size if receipt else 0, "public": book.public,
                "blobs": await book.shelf.count_blobs_due(),
            })
        return {"logs": found}

    async def wait(self, request: Answer) -> Answer:
        """Come back when the current log is longer than `size`, or after `timeout_s`."""
        await self._wait_beyond(int(request["size"]), min(float(request["timeout_s"]), WAIT_MAX_S))
        return {}

    async def batch(self, request: Answer) -> Answer:
        """Lines from `from` on, at most `lines` and `bytes`, with the checkpoint exactly after the last of them.

        Where lines from `from` on are pruned: {"stump"}, which a centre that lost them can go on from.
        """
        book = self._book(request)
        with self._or_set_aside(book):
            return await self._batch(book, request)

    async def _batch(self, book: Book, request: Answer) -> Answer:
        begin = _whole(request, "from", book.shelf.size)
        if begin < book.shelf.first:
            return await self._stump(book)
        count = _whole(request, "lines", BATCH_LINES_MAX)
        room = _whole(request, "bytes", BATCH_BYTES_MAX)
        taken: list[bytes] = []
        for line in await book.shelf.lines(begin, count):
            room -= len(line) + 1
            if room < 0 and taken:
                break
            taken.append(line)
        if not taken and begin < book.shelf.size and count:
            raise self._hole(book, begin)
        note = await self._checkpoint(book, begin + len(taken))
        return {"from": begin, "lines": [line.decode() for line in taken], "checkpoint": note.decode()}

    async def express(self, request: Answer) -> Answer:
        """A fresh alarm, or the freshest heartbeat, at or beyond line `beyond`, with its proofs; {} when none waits.

        `alarms`: no heartbeats.  `live`: where the log ended when the way to the centre opened; left out: at its end."""
        book = self._book(request)
        live = _whole(request, "live", INTEGER_MAX) if "live" in request else book.shelf.size
        with self._or_set_aside(book):
            return await self._ahead(book, _whole(request, "beyond", INTEGER_MAX), live, heartbeats=not request.get("alarms"))

    async def _ahead(self, book: Book, beyond: int, live: int, *, heartbeats: bool) -> Answer:
        seq = await self._fresh(book, beyond, live, heartbeats=heartbeats)
        if seq is None:
            return {}
        shelf, size = book.shelf, book.shelf.size
        line = (await shelf.lines(seq, 1))[0]
        inclusion = await shelf.tree(lambda node: merkle.inclusion(seq, size, node))
        receipt = await shelf.receipt()
        consistency = None
        if receipt:
            proof = await shelf.tree(lambda node: merkle.consistency(receipt.size, size, node))
            consistency = {"from": receipt.size, "proof": [b64encode(step).decode() for step in proof]}
        return {
            "seq": seq,
            "express": {
                "line": line.decode(), "index": seq, "size": size,
                "inclusion": [b64encode(step).decode() for step in inclusion],
                "checkpoint": (await self._checkpoint(book, size)).decode(), "consistency": consistency,
            },
        }

    async def _fresh(self, book: Book, beyond: int, live: int, *, heartbeats: bool) -> int | None:
        """Over a thin link an alarm raised now must not wait behind those of the outage, nor behind newer ones: alarms from
        line `live` on in their order, then those before, newest first."""
        waiting = [seq for seq in await book.shelf.alarms_beyond(beyond, EXPRESS_MAX) if seq not in book.ahead]
        if waiting:
            return min((seq for seq in waiting if seq >= live), default=waiting[0])
        heartbeat = book.notable() if heartbeats else None
        return heartbeat if heartbeat is not None and heartbeat >= beyond and heartbeat not in book.ahead else None

    async def expressed(self, request: Answer) -> Answer:
        """The centre holds the express line `seq`: it need not go ahead again."""
        book = self._book(request)
        book.ahead.append(_whole(request, "seq", book.shelf.size - 1))
        return {}

    async def receipt(self, request: Answer) -> Answer:
        """Keep a receipt when it holds; EvidenceError says why it does not."""
        book = self._book(request)
        note = str(request["note"]).encode("utf-8", "replace")
        receipt = notes.open_receipt(note, book.log_key, self._centre_key)
        await self._fits(book, receipt.checkpoint)
        known = await book.shelf.receipt()
        if known is None or receipt.checkpoint.size >= known.size:
            await book.shelf.keep_receipt(receipt, note)
            self._report("centre-rollback", "", False)
        elif request.get("latest"):
            await self._rolled_back(book, receipt.checkpoint.size, known)
        return {"receipted": receipt.checkpoint.size}

    async def behind(self, request: Answer) -> Answer:
        """The centre says it has no receipt at all; where ours says otherwise it has lost what it acknowledged."""
        book = self._book(request)
        known = await book.shelf.receipt()
        if known is not None:
            await self._rolled_back(book, 0, known)
        return {}

    async def refused(self, request: Answer) -> Answer:
        """The centre refuses a record for good; `why` is its own words, empty when it takes records again."""
        why = str(request["why"])[:500]
        self._report("centre-refused", why, bool(why))
        return {}

    async def link(self, request: Answer) -> Answer:
        """The uplink tells how the way to the centre is; `why` empty when it works."""
        why = str(request["why"])[:500]
        self._report("centre-link", why, bool(why))
        return {}

    @contextmanager
    def _or_set_aside(self, book: Book) -> Iterator[None]:
        """A closed log that cannot be read is left out from now on, and said so; the current one is tried again."""
        try:
            yield
        except Unavailable:
            raise
        except (StorageError, EvidenceError) as problem:
            book.spoiled = book is not next(reversed(self._books.values()))
            if book.spoiled:
                self._report("closed-log", worded(
                    "{log} can be sent no further: {problem}; its files are kept", log=book.shelf.origin, problem=problem), True)
            raise

    def _hole(self, book: Book, seq: int) -> EvidenceError:
        """Nothing after a missing record can be sent in order, ever; alarms still go ahead of it."""
        problem = EvidenceError(worded("record {seq} of {log} is missing from the disk", seq=seq, log=book.shelf.origin))
        if book is next(reversed(self._books.values())):
            self._report("log-hole", worded(
                "{problem}; nothing after it can be sent in order: edge-agent enrol --continue", problem=problem), True)
        return problem

    async def certificate(self, request: Answer) -> Answer:
        """The uplink tells which certificate ends soon; `why` empty when none does."""
        why = str(request["why"])[:500]
        self._report("certificate-ends", why, bool(why))
        return {}

    async def _rolled_back(self, book: Book, size: int, known: Kept) -> None:
        gone = worded("; records {first} to {last} are pruned here, a hole stays", first=size,
                      last=book.shelf.first - 1) if size < book.shelf.first else ""
        why = worded("the centre holds {size} records of {log}, its own receipt {receipt} says {known}{gone}", size=size,
                     log=book.shelf.origin, receipt=encode(known.sha256), known=known.size, gone=gone)
        self._report("centre-rollback", why, True)
        if self._centre_lost is not None:
            await self._centre_lost(book.shelf.origin, size)

    async def _stump(self, book: Book) -> Answer:
        found = await book.shelf.stump()
        if found is None:
            raise EvidenceError(worded(
                "{path}: records before {first} are missing and no stump stands for them",
                path=book.shelf.path, first=book.shelf.first))
        return {"from": found.size, "lines": [], "stump": found.plain()}

    async def _fits(self, book: Book, checkpoint: Checkpoint) -> None:
        """The centre signed it, so it held these records: where they are not ours, we are an older copy of ourselves."""
        try:
            await self._check(book, checkpoint)
        except EvidenceError as problem:
            self._report("rolled-back", worded(ROLLED_BACK, problem=problem), True)
            raise

    async def _check(self, book: Book, checkpoint: Checkpoint) -> None:
        size = checkpoint.size
        if size < book.shelf.cut:
            return                      # its lines are pruned; that our own log key signed the checkpoint was verified
        if size > book.shelf.size:
            raise EvidenceError(worded(
                "a receipt over {size} records, this log has {held}: it was rolled back", size=size, held=book.shelf.size))
        if await book.shelf.root(size) != checkpoint.root:
            raise EvidenceError(worded("a receipt over {size} records whose root is not this log's", size=size))

    async def _checkpoint(self, book: Book, size: int) -> bytes:
        return notes.sign_checkpoint(Checkpoint(book.shelf.origin, size, await book.shelf.root(size)), book.signer)

    def _book(self, request: Answer) -> Book:
        book = self._books.get(str(request.get("log")))
        if book is None:
            raise EvidenceError(worded("this portal has no log {log!r}", log=request.get("log")))
        return book


def _whole(request: Answer, name: str, most: int) -> int:
    """A number of the request, at most `most`; ValueError, which the socket answers, when it is none."""
    value = int(request[name])
    if value < 0:
        raise ValueError(f"{name} is negative")
    return min(value, most)
