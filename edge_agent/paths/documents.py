"""The uplink sends documents once no record waits, piece by piece: a link that breaks costs one piece, an alarm waits for one."""

from __future__ import annotations

import json
import logging
import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any, NoReturn

from edge_agent.hands.asking import Core
from edge_agent.paths.batch_size import TARGET_S
from edge_agent.tools.piece import PIECE_MAX, Piece
from edge_agent.words.delivery import Reply, WayUp
from edge_agent.words.errors import NotRunning, PeerError

log = logging.getLogger("edge_agent.uplink")
FIRST_BYTES, LEAST_BYTES = 8 * 1024, 1024
STANDSTILL_MAX = 3              # answers, or failures to get one, in a row that bring a document no further


class Documents:
    """Positions are the centre's word, and only save bytes: the document counts by the centre's signature alone."""

    def __init__(self, core: Core, centre: WayUp, common: Callable[[Reply], NoReturn]) -> None:
        self._core, self._centre, self._common = core, centre, common
        self._bytes = FIRST_BYTES
        self._at: dict[str, int] = {}           # how far the centre is with each
        self._still: dict[str, int] = {}
        self._later: set[str] = set()           # not taken now

    def again(self) -> None:
        """What was not taken is tried anew."""
        self._later.clear()

    def step(self, entries: list[dict[str, Any]]) -> bool:
        """One exchange; False when there was nothing to do."""
        for entry in entries:
            if entry.get("blobs"):
                found = self._core.ask("blob", log=entry["log"], **{"not": sorted(self._later)}).get("blob")
                if found:
                    self._send(entry["log"], str(found["sha256"]), int(found["len"]))
                    return True
        return False

    def _send(self, origin: str, sha256: str, total: int) -> None:
        begin, began = self._at.get(sha256, 0), time.monotonic()
        found = self._core.ask("blob_piece", log=origin, sha256=sha256, **{"from": begin}, bytes=self._bytes)
        piece = Piece(sha256, begin, total, b64decode(found["data"]))
        try:
            reply = self._centre.blob(piece)
        except PeerError as problem:
            self._bytes, self._still[sha256] = FIRST_BYTES, self._still.get(sha256, 0) + 1
            if self._still[sha256] <= STANDSTILL_MAX:
                raise
            self._put_off(sha256, str(problem))     # a broker that lets no document through must not spoil the way of records
            return
        match reply.status:
            case 200:
                self._confirmed(origin, sha256, reply)
            case 202 | 409:
                self._moved(sha256, begin, total, reply)
                if reply.status == 202:
                    factor = min(2.0, TARGET_S / max(time.monotonic() - began, 0.001))
                    self._bytes = min(max(LEAST_BYTES, round(self._bytes * factor)), PIECE_MAX)
            case 413 if self._bytes > LEAST_BYTES:
                self._bytes = max(LEAST_BYTES, self._bytes // 2)
            case 400 | 404 | 405 | 413 | 422 | 501:
                self._put_off(sha256, f"{reply.status} {reply.words}")
            case _:
                self._common(reply)

    def _confirmed(self, origin: str, sha256: str, reply: Reply) -> None:
        try:
            signature = reply.body.decode("ascii", "replace").strip()
            self._core.ask("blob_confirmed", log=origin, sha256=sha256, signature=signature)
        except NotRunning:
            raise
        except Exception as problem:
            self._later.add(sha256)
            raise PeerError(f"the centre answered 200 to document {sha256[:12]}… without its signature: {problem}") from None
        self._at.pop(sha256, None)
        self._still.pop(sha256, None)
        log.info("the centre has document %s", sha256)

    def _moved(self, sha256: str, begin: int, total: int, reply: Reply) -> None:
        try:
            held = int(json.loads(reply.body)["held"])
        except (ValueError, TypeError, KeyError):
            held = -1
        self._still[sha256] = 0 if held > begin else self._still.get(sha256, 0) + 1
        if not 0 <= held <= total or self._still[sha256] > STANDSTILL_MAX:
            self._put_off(sha256, f"{reply.status}, and nothing gets further")
            return
        self._at[sha256] = held

    def _put_off(self, sha256: str, why: str) -> None:
        self._later.add(sha256)
        self._at.pop(sha256, None)
        self._still.pop(sha256, None)
        log.error("the centre does not take document %s now: %s", sha256, why)
        self._core.ask("blob_refused", why=f"{sha256}: {why}")
