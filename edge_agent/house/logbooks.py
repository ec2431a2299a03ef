"""The logs of this portal at start: which one goes on, and what is written first.

A log whose key or tail is lost cannot be certified again by anything on the device, and measuring must not stop: a
continuation log begins, its first record names what was before, and the centre shows the break for ever.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent import __version__
from edge_agent.doors.files import read_through, write_whole
from edge_agent.hands.ledger import Draft, Ledger
from edge_agent.hands.shelf import Shelf
from edge_agent.house.configuration import Configuration
from edge_agent.house.identity import LogIdentity, create_log, logs_of
from edge_agent.house.salvage import open_log, salvage, shelf_of, still_to_carry
from edge_agent.paths.outbox import Book
from edge_agent.paths.retention import Retention
from edge_agent.tools import jws
from edge_agent.tools.base64url import encode
from edge_agent.tools.notes import read_vkey
from edge_agent.words.clock import Clock
from edge_agent.words.errors import EvidenceError, SettingsError, StorageError, Unavailable
from edge_agent.words.language import worded
from edge_agent.words.settings import Settings

log = logging.getLogger("edge_agent.logbooks")
READ_BACK = 256         # lines looked through for the last readable one of a damaged log


class Logbooks:
    """The current ledger and the closed ones before it."""

    def __init__(
        self, state: Path, ledger: Ledger, identity: LogIdentity, closed: list[tuple[LogIdentity, Shelf]],
        recovery: list[Draft],
    ) -> None:
        self._state, self.ledger, self.identity = state, ledger, identity
        self._closed, self._recovery = closed, recovery

    @classmethod
    async def open(cls, state: Path, origin: str) -> Logbooks:
        """Open the newest log, or begin a continuation when it cannot go on."""
        logs = logs_of(state)
        if not logs:
            raise SettingsError(worded(
                "{state} holds no keys of this portal.\n"
                "  Make them and the file for the centre: edge-agent enrol --out FILE",
                state=state))
        if logs[0].origin != origin:
            raise SettingsError(worded(
                "{state} holds the log {origin}, the configuration says portal.origin = {origin2!r}.\n"
                "  Correct one of them: a log keeps its name for ever.",
                state=state, origin=logs[0].origin, origin2=origin))
        *before, current = logs
        closing = None
        try:
            if closing := current.closing():
                raise EvidenceError(closing["reason"])     # a person closed it: the centre takes no more of it
            ledger = await open_log(current)
        except Unavailable:
            raise                   # a person mends it, or it passes; the log is still there
        except (EvidenceError, StorageError) as problem:
            again = None if closing else await _second_look(current, problem)
            if again is None:
                before.append(current)
                current = create_log(state, origin, len(logs) + 1)
                again = await open_log(current)
            ledger = again
        recovery: list[Draft] = []
        if before and ledger.size == 0:         # also when power went between the new log and its first record
            recovery = await salvage(before[-1])
        elif before:
            recovery = await still_to_carry(before[-1], ledger)
        closed = [(identity, shelf) for identity in before if (shelf := await shelf_of(identity)) is not None]
        return cls(state, ledger, current, closed, recovery)

    async def next_boot(self) -> int:
        """How often the core has started, this start included, over all logs."""
        counted = self._state / "boot"          # also where no log can be read: names of alarms must never come again
        known = [await _last_boot(shelf) for shelf in (self.ledger, *(shelf for _, shelf in self._closed))]
        if counted.exists() and (text := counted.read_text(errors="replace").strip()).isdigit():
            known.append(int(text[:15]))
        boot = 1 + max(known)
        try:
            write_whole(counted, f"{boot}\n".encode(), 0o600)
        except StorageError as problem:     # a full disk must not keep the portal unwatched
            log.critical("the number of this start is not kept: %s", problem)
        return boot

    async def opening(self, configuration: Configuration, boot: int, kernel_boot: str) -> list[Draft]:
        """Records every start begins with: recovery where there was one, boot, config where it changed."""
        known = await self._last_start()
        cause = "first" if boot == 1 else "restart" if known.get("kernel_boot") == kernel_boot else "reboot"
        if not known and self.ledger.size and boot > 1:
            cause = "unknown"
        size = self.ledger.size
        drafts: list[Draft] = [*self._recovery, ("boot", {
            "cause": cause, "last_seq": size - 1 if size else None, "agent": __version__, "exe": _program_hash(),
            "cfg": configuration.hash, "kernel_boot": kernel_boot,
        })]
        if known.get("cfg") != configuration.hash:
            drafts.append(("config", {
                "cfg": configuration.hash, "previous": known.get("cfg"), "settings": configuration.plain(), "by": None,
            }))
        return drafts

    async def _last_start(self) -> dict[str, Any]:
        """What the boot record before said; {} where there is none, or the file is damaged in between: a lane must be watched."""
        try:
            last = await self.ledger.last("boot")
            return jws.take_apart(last).payload if last else {}
        except Unavailable:
            raise
        except (StorageError, EvidenceError) as problem:
            log.error("%s: what the last start wrote cannot be read", problem)
            return {}

    def books(self, heartbeat: Callable[[], int | None]) -> list[Book]:
        """Every log that can be delivered, oldest first; one that the centre refused for good can not."""
        open_still = [(identity, shelf) for identity, shelf in self._closed if not identity.closing()]
        shelves: list[tuple[LogIdentity, Shelf]] = [*open_still, (self.identity, self.ledger)]
        books = [Book(shelf, identity.log_key, identity.signer(), identity.public()) for identity, shelf in shelves]
        books[-1].notable = heartbeat
        return books

    @property
    def shelves(self) -> list[Shelf]:
        """Every log that can be read, oldest first."""
        return [*(shelf for _, shelf in self._closed), self.ledger]

    def retention(self, settings: Settings, clock: Clock) -> Retention:
        """What may leave the disk, of every log."""
        shelves = [*((shelf, identity.log_key) for identity, shelf in self._closed), (self.ledger, self.identity.log_key)]
        centre = read_vkey(settings.centre.vkey) if settings.centre else None
        return Retention(shelves, centre, clock, settings.portal.retention_days)

    async def close(self) -> None:
        for _, shelf in self._closed:
            await shelf.close()
        await self.ledger.close()


async def _second_look(identity: LogIdentity, first: Exception) -> Ledger | None:
    """A log ends only when its files can be read and still do not hold.

    SQLite calls a read that the device refused "malformed" (SQLITE_IOERR_CORRUPTFS becomes SQLITE_CORRUPT).
    """
    read_through(identity.directory)
    try:
        ledger = await open_log(identity)
    except Unavailable:
        raise
    except (EvidenceError, StorageError) as problem:
        log.critical("the log %s cannot go on: %s; a continuation log begins", identity.origin, problem)
        return None
    log.error("the log %s goes on at a second look; at the first: %s; is the disk well?", identity.origin, first)
    return ledger


async def _last_boot(shelf: Shelf) -> int:
    """The start in which the log's last readable line was written."""
    try:
        lines = await shelf.lines(max(shelf.first, shelf.size - READ_BACK), READ_BACK)
    except Unavailable:
        raise
    except StorageError as problem:         # a closed log whose file is damaged: the file <state>/boot counts too
        log.error("%s", problem)
        return 0
    for line in reversed(lines):
        try:
            return int(jws.take_apart(line).payload["t"]["boot"])
        except (EvidenceError, LookupError, TypeError, ValueError):
            continue
    return 0


def _program_hash() -> str:
    """SHA-256 over the program's own files: what ran when the record was made."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for path in sorted([*root.rglob("*.py"), *root.glob("*.so")]):
        digest.update(f"{path.relative_to(root)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return encode(digest.digest())
