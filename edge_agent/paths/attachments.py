"""Documents that records name: kept until the centre has confirmed them and receipted every record that names them.

The same rule as for records: the uplink's word moves nothing.  A document counts as delivered when the centre's key has
signed its hash and length; until then, and until each record that names it has its receipt, its file is evidence.
"""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_agent.doors.files import space
from edge_agent.hands.blobs import Blobs
from edge_agent.hands.shelf import Shelf
from edge_agent.paths.room import last_room
from edge_agent.tools import ed25519
from edge_agent.tools.notes import VerifierKey
from edge_agent.tools.piece import PIECE_MAX
from edge_agent.words.blob import BLOB_MAX, MEDIA_TYPE, TYPE_MAX, confirmation_text
from edge_agent.words.clock import Clock
from edge_agent.words.errors import EvidenceError, Unavailable
from edge_agent.words.language import worded

log = logging.getLogger("edge_agent.attachments")
KEPT_S = 30 * 86_400            # after delivery (design page "evidence", 3); sooner where the disk is short
LOOK_S = 3600.0
DAMAGED_MAX = 20                # named in a fault at once
Answer = dict[str, Any]


class Attachments:
    """The store with the logs that name what is in it, oldest first."""

    def __init__(self, state: Path, shelves: Sequence[Shelf], clock: Clock, report: Callable[[str, str, bool], None]) -> None:
        self._state, self._shelves, self._clock, self._report = state, shelves, clock, report
        self._store = Blobs(state / "blobs")
        self._looked_s = -LOOK_S
        self._sending = ""                  # found whole when its first piece was asked for; the centre hashes it again

    async def keep(self, data: bytes, media_type: str) -> str:
        """Put a document on the disk; its SHA-256.  Then write the record that names it: `blob` {"sha256", "len", "type"}.

        EvidenceError for what no record can name, Unavailable where there is no room now: the caller keeps it and comes again.
        """
        if not MEDIA_TYPE.fullmatch(media_type) or len(media_type) > TYPE_MAX:
            raise EvidenceError(worded("{kind!a} is no media type; expected for example text/xml", kind=media_type[:TYPE_MAX]))
        if len(data) > BLOB_MAX:
            raise EvidenceError(worded(
                "a document of {size} bytes; at most {most} can be kept and sent with a record",
                size=len(data), most=BLOB_MAX))
        await self._find_room(len(data))
        return await self._store.keep(data)

    async def _find_room(self, needed: int) -> None:
        """A document never takes the last room of the records."""
        if not self._short(needed):
            return
        await self.make_room()
        if self._short(needed):
            raise Unavailable(worded(
                "{state}: no room for a document of {needed} bytes, what is free is kept for records.\n"
                "  Free space: df -h {state}; then hand the document in again",
                state=self._state, needed=needed))

    def _short(self, needed: int) -> bool:
        found = space(self._state)
        return found is not None and found[0] - needed < last_room(found[1])

    # --- what may go

    async def look(self) -> None:
        """Once an hour: what was delivered long ago may go."""
        now_s = self._clock.mono_ns() / 1e9
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            await self._store.tidy()
            await self._drop(self._clock.wall_ns() // 10**9 - KEPT_S)

    async def make_room(self) -> None:
        """The disk is short: everything that is delivered may go."""
        if went := await self._drop(None):
            log.error("the disk is full: %d documents that the centre has are deleted", went)

    async def _drop(self, older_than_s: int | None) -> int:
        """Delete what every log that names it calls delivered; how many.  What no record names stays: its may still come."""
        went = 0
        for sha256, written_s in await self._store.names():
            if older_than_s is not None and written_s > older_than_s:
                continue
            states = [await shelf.blob_delivered(sha256) for shelf in self._shelves]
            if any(states) and False not in states:
                await self._store.drop(sha256)
                went += 1
        return went

    async def send_again(self, origin: str, begin: int) -> None:
        """The centre has lost the records from `begin` on, perhaps their documents too: those still here go once more."""
        for sha256, _ in await self._store.names():
            await self._shelf({"log": origin}).confirm_blob(sha256, None, begin)

    # --- what uplink.sock may ask

    def asks(self, centre_key: VerifierKey) -> dict[str, Any]:
        async def confirmed(request: Answer) -> Answer:
            return await self._confirmed(request, centre_key)

        return {"blob": self.blob, "blob_piece": self.blob_piece, "blob_confirmed": confirmed, "blob_refused": self.blob_refused}

    async def blob(self, request: Answer) -> Answer:
        """The next document to send of a log: named by a receipted record, not confirmed, whole; {} when there is none.

        `not`: those that the centre does not take now."""
        damaged: list[str] = []
        for blob in await self._shelf(request).blobs_due():
            if blob.sha256 in request.get("not", ()):
                continue
            if blob.sha256 == self._sending or await self._store.whole(blob.sha256):
                self._sending = blob.sha256
                return {"blob": blob.plain()}
            damaged.append(blob.sha256)
        self._tell(damaged)
        return {}

    async def blob_piece(self, request: Answer) -> Answer:
        """Bytes of a document from `from` on, at most `bytes`, as base64."""
        begin, count = int(request["from"]), min(int(request["bytes"]), PIECE_MAX)
        if begin < 0 or count < 0:
            raise ValueError("a piece begins at 0 or later and is not negative")
        return {"data": b64encode(await self._store.piece(str(request["sha256"]), begin, count)).decode()}

    async def blob_refused(self, request: Answer) -> Answer:
        """The centre does not take a document; `why` is its own words.  Its record is delivered all the same."""
        self._report("blob-refused", str(request["why"])[:500], True)
        return {}

    async def _confirmed(self, request: Answer, centre_key: VerifierKey) -> Answer:
        """The centre's signature over hash and length; EvidenceError when it is not its."""
        shelf, sha256 = self._shelf(request), str(request["sha256"])
        blob = next((blob for blob in await shelf.blobs_due() if blob.sha256 == sha256), None)
        if blob is not None:
            signature = b64decode(str(request["signature"]), validate=True)
            if not ed25519.verifies(centre_key.key, confirmation_text(sha256, blob.len), signature):
                raise EvidenceError(worded(
                    "the confirmation of document {sha256} is not signed by {name}",
                    sha256=sha256, name=centre_key.name))
            await shelf.confirm_blob(sha256, signature)
            self._report("blob-refused", "", False)
        return {}

    def _tell(self, damaged: list[str]) -> None:
        names = ", ".join(damaged[:DAMAGED_MAX])
        why = worded("documents that records name are gone from {path} or are not what they were: {names}; put them back from "
                     "where they came", path=self._state / "blobs", names=names)
        self._report("blob-damaged", why, bool(damaged))

    def _shelf(self, request: Answer) -> Shelf:
        for shelf in self._shelves:
            if shelf.origin == request.get("log"):
                return shelf
        raise EvidenceError(worded("this portal has no log {log!r}", log=request.get("log")))

