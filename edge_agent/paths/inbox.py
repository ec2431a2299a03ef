"""Documents that handhelds and backpacks drop into a directory become records: read once, kept as they are, lost never.

    NAME            read when it has stood unchanged for some seconds
    kept/NAME       its record is in the log, the document in our store; deleted here after a month
    refused/NAME    no document of an instrument; NAME.reason.txt says why

The log itself remembers what was read: a document whose hash a record names is not made a record again, whatever its name.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.tools import instrument_body, n42_in
from edge_agent.tools.xml_tree import BYTES_MAX
from edge_agent.words.blob import Blob
from edge_agent.words.clock import Clock
from edge_agent.words.document_settings import InboxSettings
from edge_agent.words.errors import EvidenceError, StorageError
from edge_agent.words.instrument import Measured
from edge_agent.words.language import joined, said_by, worded

log = logging.getLogger("edge_agent.inbox")
LOOK_S = 2.0                # also how long a file must stand unchanged: a copy over a network writes every second
REFUSED_NS = 600 * 10**9    # a refused document is a fault for ten minutes
UNSURE_NS = 30 * 10**9      # what is no document may still become one: a slow share stands still in the middle of a file
KEPT_S = 30 * 86_400.0
FILES_MAX = 200             # looked at in one round
MEDIA_TYPE = "application/xml"
NAME_BYTES = 200            # of 255: a number before it and .reason.txt behind it must fit


@dataclass(frozen=True, slots=True)
class Store:
    """What the inbox needs of the core."""

    keep: Callable[[bytes, str], Awaitable[str]]            # a document durable; its SHA-256
    named: Callable[[str], Awaitable[bool]]                 # whether a record names this hash
    submit: Callable[[str, dict[str, Any]], None]
    report: Callable[[str, str, bool], None]                # a fault of the controller
    moment: Callable[[int], dict[str, Any]]


@dataclass(slots=True)
class _Seen:
    """A file as it was at the last look."""

    about: tuple[int, int, int]     # inode, size, mtime
    since_ns: int                   # unchanged
    unsure: bool = False     # read, and no document so far
    stuck: bool = False      # may not be read or moved


class Inbox:
    def __init__(self, settings: InboxSettings, clock: Clock, store: Store) -> None:
        self._settings, self._clock, self._store = settings, clock, store
        self._where = Path(settings.directory)
        self._seen: dict[str, _Seen] = {}                       # by name
        self._refused_ns = -REFUSED_NS
        self._submitted: set[str] = set()                       # hashes whose record is on its way to the disk

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except OSError as problem:
                why = worded("{path}: {problem}; is it there, and may we write to it?", path=self._where,
                             problem=problem.strerror or problem)
                self._fault("inbox", why, True)
            except StorageError as problem:
                self._fault("inbox", said_by(problem), True)
            if self._clock.mono_ns() - self._refused_ns > REFUSED_NS:
                self._fault("inbox-refused", "", False)
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """One round.  A file that cannot be read or moved keeps no other waiting."""
        found = await asyncio.to_thread(self._standing, self._clock.mono_ns())
        stuck = ""
        for name in found:
            try:
                await self._take(name)
            except OSError as problem:
                self._seen[name].stuck = True
                stuck = stuck or worded("{path}: {problem}; may the agent read and move it?", path=self._where / _shown(name),
                                        problem=problem.strerror or problem)
        self._fault("inbox", stuck, bool(stuck))
        await asyncio.to_thread(self._tidy)

    def _standing(self, now_ns: int) -> list[str]:
        """Names of files that have not changed since the last look, those that are stuck last."""
        now: dict[str, _Seen] = {}
        with os.scandir(self._where) as entries:
            for entry in entries:
                about = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(about.st_mode) and not entry.name.startswith("."):
                    seen = _Seen((about.st_ino, about.st_size, about.st_mtime_ns), now_ns)
                    before = self._seen.get(entry.name)
                    now[entry.name] = before if before and before.about == seen.about else seen
        before_all, self._seen = self._seen, now
        ready = [(seen.stuck, name) for name, seen in now.items() if seen is before_all.get(name)
                 and not (seen.unsure and now_ns - seen.since_ns < UNSURE_NS)]
        return [name for _, name in sorted(ready)[:FILES_MAX]]

    async def _take(self, name: str) -> None:
        try:
            data = await asyncio.to_thread(self._read, name)
            sha256 = hashlib.sha256(data).hexdigest()
            if await self._store.named(sha256):
                self._submitted.discard(sha256)
                await asyncio.to_thread(self._move, name, "kept")
                return
            if sha256 in self._submitted:
                return                          # its record is not on the disk yet
            measured = await asyncio.to_thread(n42_in.read, data)
            kept = await self._store.keep(data, MEDIA_TYPE)
        except EvidenceError as problem:
            seen = self._seen[name]
            if self._clock.mono_ns() - seen.since_ns < UNSURE_NS:
                seen.unsure = True
                return
            await asyncio.to_thread(self._refuse, name, str(problem))
            self._refused_ns = self._clock.mono_ns()
            self._fault("inbox-refused", joined(": ", (f"{self._where}/refused/{_shown(name)}", said_by(problem))), True)
            return
        except FileNotFoundError:
            return                              # whoever dropped it took it back
        self._submitted.add(sha256)
        self._store.submit("instrument", self._body(measured, kept, len(data), name))
        nuclides = ", ".join(one.name for one in measured.nuclides)
        log.info("%s: %s %s: %s", _shown(name), measured.maker, measured.model, nuclides or "no nuclide")

    def _read(self, name: str) -> bytes:
        handle = os.open(self._where / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            data = file.read(BYTES_MAX + 1)
        if len(data) > BYTES_MAX:
            raise EvidenceError(worded("more than {most} bytes; a document of an instrument is smaller", most=BYTES_MAX))
        return data

    def _body(self, measured: Measured, sha256: str, length: int, name: str) -> dict[str, Any]:
        return instrument_body.body(
            measured, Blob(sha256, length, MEDIA_TYPE), kind=self._settings.kind, lane=self._settings.lane, via="n42-file",
            source=f"file {name}", at=self._store.moment(self._clock.mono_ns()))

    # --- moving

    def _move(self, name: str, room: str) -> Path:
        (self._where / room).mkdir(exist_ok=True)
        shown = _shown(name)
        target = self._where / room / shown
        number = 1
        while target.exists():                  # another document of this name was here before
            target = self._where / room / f"{number}-{shown}"
            number += 1
        (self._where / name).rename(target)
        now_ns = self._clock.wall_ns()
        os.utime(target, ns=(now_ns, now_ns))       # the time in kept/ counts, not that of the instrument
        self._seen.pop(name, None)
        return target

    def _refuse(self, name: str, why: str) -> None:
        target = self._move(name, "refused")
        target.with_name(f"{target.name}.reason.txt").write_text(f"{why}\n", encoding="utf-8", errors="replace")

    def _tidy(self) -> None:
        oldest_s = self._clock.wall_ns() / 1e9 - KEPT_S
        try:
            with os.scandir(self._where / "kept") as entries:
                for entry in entries:
                    if entry.stat(follow_symlinks=False).st_mtime < oldest_s:
                        (self._where / "kept" / entry.name).unlink(missing_ok=True)
        except FileNotFoundError:
            return

    def _fault(self, condition: str, detail: str, present: bool) -> None:
        self._store.report(condition, detail, present)


def _shown(name: str) -> str:
    """As a person can read it and a room can hold it."""
    readable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return readable.encode()[:NAME_BYTES].decode(errors="ignore")
