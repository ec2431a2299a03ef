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
from edge_agent.doors.files import write_whole
from edge_agent.doors.sqlite import Database
from edge_agent.hands.keys import new_seed
from edge_agent.hands.ledger import Draft, Ledger
from edge_agent.hands.shelf import Shelf
from edge_agent.house.configuration import Configuration
from edge_agent.house.identity import LogIdentity, create_log, logs_of
from edge_agent.paths.outbox import Book
from edge_agent.tools import jws, merkle
from edge_agent.tools.base64url import encode
from edge_agent.words.errors import EvidenceError, SettingsError, StorageError, Unavailable

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
            raise SettingsError(
                f"{state} holds no keys of this portal.\n  Make them and the file for the centre: edge-agent enrol"
            )
        if logs[0].origin != origin:
            raise SettingsError(
                f"{state} holds the log {logs[0].origin}, the configuration says portal.origin = {origin!r}.\n"
                "  Correct one of them: a log keeps its name for ever."
            )
        *before, current = logs
        try:
            ledger = await _open(current)
        except Unavailable:
            raise                   # a person mends it, or it passes; the log is still there
        except (EvidenceError, StorageError) as problem:
            log.critical("the log %s cannot go on: %s; a continuation log begins", current.origin, problem)
            before.append(current)
            current = create_log(state, origin, len(logs) + 1)
            ledger = await _open(current)
        recovery: list[Draft] = []
        if before and ledger.size == 0:         # also when power went between the new log and its first record
            recovery = [("recovery", await _salvage(before[-1]))]
        closed = [(identity, shelf) for identity in before if (shelf := await _shelf(identity)) is not None]
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
        last = await self.ledger.last("boot")
        known = jws.take_apart(last).payload if last else {}
        cause = "first" if boot == 1 else "restart" if known.get("kernel_boot") == kernel_boot else "reboot"
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

    def books(self, heartbeat: Callable[[], int | None]) -> list[Book]:
        """Every log that can be delivered, oldest first."""
        shelves: list[tuple[LogIdentity, Shelf]] = [*self._closed, (self.identity, self.ledger)]
        books = [Book(shelf, identity.log_key, identity.signer().seed, identity.public()) for identity, shelf in shelves]
        books[-1].notable = heartbeat
        return books

    async def close(self) -> None:
        for _, shelf in self._closed:
            await shelf.close()
        await self.ledger.close()


async def _open(identity: LogIdentity) -> Ledger:
    signer = identity.signer()
    if signer.public != identity.log_key.key:
        raise EvidenceError(f"the log key of {identity.origin} is not the one that was enrolled")
    return await Ledger.open(identity.database, identity.origin, identity.first_key, identity.record_keys(), new_seed)


async def _shelf(identity: LogIdentity) -> Shelf | None:
    """A closed log for delivery; None where nothing of it can be sent any more."""
    try:
        if identity.signer().public != identity.log_key.key:
            raise EvidenceError("its log key is not the one that was enrolled; nothing it signs would be believed")
        if not identity.database.exists():
            return None
        database = await Database.open(identity.database, ())
        return Shelf(database, identity.origin, (await database.rows("SELECT count(*) FROM record"))[0][0])
    except (StorageError, EvidenceError) as problem:
        log.error("the closed log %s cannot be read: %s; its files are kept", identity.origin, problem)
        return None


async def _salvage(identity: LogIdentity) -> dict[str, Any]:
    """What is known of a log that cannot go on, and why it cannot."""
    reason = "unknown"
    try:
        await (await _open(identity)).close()
    except (EvidenceError, StorageError) as problem:
        reason = str(problem)
    size, root = None, None
    shelf = await _shelf(identity)
    if shelf is not None:
        try:
            size = shelf.size
            root = encode(await shelf.tree(lambda node: merkle.root(shelf.size, node)))
        except (StorageError, IndexError):
            root = None
        finally:
            await shelf.close()
    return {"of": identity.origin, "size": size, "root": root, "salvaged": size or 0, "reason": reason[:500]}


async def _last_boot(shelf: Shelf) -> int:
    """The start in which the log's last readable line was written."""
    for line in reversed(await shelf.lines(max(0, shelf.size - READ_BACK), READ_BACK)):
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
