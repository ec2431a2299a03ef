"""A portal as far as evidence goes: the real ledger, key file, start-up, outbox and forwarder on a directory.

What is left out: lanes (records are drafts of ours), sockets and TLS (the forwarder asks the outbox and the centre's desk
directly), the scribe's task.  A kill is a copy of the files as they are in the middle of an append, opened anew.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.campaign.centre import CERTIFICATE, Centre
from benchmarks.campaign.time import Time
from edge_agent.hands.centre import Reply
from edge_agent.hands.ledger import Draft
from edge_agent.house import logbooks
from edge_agent.house.identity import create_log
from edge_agent.house.logbooks import Logbooks
from edge_agent.paths.batch_size import Size
from edge_agent.paths.forwarder import Forwarder
from edge_agent.paths.outbox import Outbox
from edge_agent.paths.retention import Retention
from edge_agent.tools import times
from edge_agent.tools.base64url import encode
from edge_agent.words.errors import EdgeAgentError, PeerError

PERIOD_S = 60.0
CONFIGURATION: Any = SimpleNamespace(hash=encode(bytes(32)), plain=dict)
POINTS = ("stage before", "stage after", "write before", "write after", "retire before", "retire after")
logbooks._program_hash = lambda: encode(bytes(32))     # of the whole program's files; 20 ms of every start


class Killed(Exception):
    """The process is gone; its files are what the copy holds."""


class Link:
    """The way to the centre: up or down, and answers that get lost after the centre has acted on them."""

    def __init__(self, centre: Centre, dice: random.Random) -> None:
        self.centre, self._dice = centre, dice
        self.up, self.lossy, self.express_only = True, 0.0, False

    def entries(self, origin: str, lines: list[str], checkpoint: str) -> Reply:
        if self.express_only and lines:
            raise PeerError("a line too thin for a batch")
        return self._reply(lambda: self.centre.entries(origin, [line.encode() for line in lines], checkpoint.encode()))

    def express(self, origin: str, parts: dict[str, Any]) -> Reply:
        import json
        return self._reply(lambda: self.centre.desk.express(_id(origin), CERTIFICATE, json.dumps(parts).encode()))

    def register(self, origin: str, public: dict[str, Any]) -> Reply:
        import json
        return self._reply(lambda: self.centre.desk.begin_continuation(_id(origin), CERTIFICATE, json.dumps(public).encode()))

    def checkpoint(self, origin: str) -> Reply:
        return self._reply(lambda: self.centre.desk.checkpoint(_id(origin), CERTIFICATE))

    def _reply(self, ask: Callable[[], Any]) -> Reply:
        if not self.up or self._dice.random() < self.lossy / 2:
            raise PeerError("no way to the centre")
        answer = ask()
        if self._dice.random() < self.lossy / 2:
            raise PeerError("the answer is lost")
        return Reply(answer.status, answer.body, None)


class Portal:
    """Made, started, killed and started again; synchronous outside, on a loop of its own inside."""

    def __init__(self, where: Path, origin: str, time: Time, loop: asyncio.AbstractEventLoop) -> None:
        where.mkdir(parents=True, exist_ok=True)
        self.where, self.origin, self.time, self._loop = where, origin, time, loop
        self.clock = time.of_portal()
        self.reports: list[tuple[str, str]] = []        # faults of the controller: (condition, detail)
        self._copies = 0
        self.running = False
        self.starts_again: int | None = None            # continuation logs allowed; None: never looked at

    def make(self) -> dict[str, Any]:
        return create_log(self.where, self.origin, 1).public()

    def start(self) -> None:
        self._do(self._start())

    async def _start(self) -> None:
        self.books = await Logbooks.open(self.where, self.origin)
        self.running = True
        self.boot = await self.books.next_boot()
        self._started_ns = self.clock.mono_ns()
        self._outbox = Outbox(self.books.books(lambda: self._beat), _centre_vkey(self.centre), self._report, self._no_wait)
        self._beat: int | None = None
        self.forwarder = Forwarder(self, self.link, lambda text: None)      # type: ignore[arg-type]
        await self._append(await self.books.opening(CONFIGURATION, self.boot, str(self.time.booted_ns)))

    def delivers_to(self, link: Link) -> None:
        self.link, self.centre = link, link.centre

    # --- what happens at the post

    def add(self, *drafts: Draft) -> int:
        """Records, signed now; the seq of the first."""
        return self._do(self._append(list(drafts)))

    def heartbeat(self) -> None:
        self._beat = self._do(self._heartbeat())

    async def _heartbeat(self) -> int:
        receipt = await self.books.ledger.receipt()
        return await self._append([("heartbeat", {
            "period_s": PERIOD_S, "uptime_s": (self.clock.mono_ns() - self._started_ns) // 10**9,
            "receipt": {"size": receipt.size, "sha256": encode(receipt.sha256)} if receipt else None,
        })])

    async def _append(self, drafts: list[Draft]) -> int:
        stamp = {"wall": times.iso(self.clock.wall_ns()), "boot": self.boot, "mono_ms": self.clock.mono_ns() // 1_000_000,
                 "src": "ntp", "unc_ms": 40}
        return await self.books.ledger.append(drafts, stamp)

    def deliver(self, exchanges: int = 50) -> None:
        """What the uplink does until there is nothing to send, or the link fails."""
        if self.link.express_only:
            self.forwarder._size = Size(lines=1)    # so little goes at once that alarms overtake
        try:
            while exchanges and self.forwarder.step():
                exchanges -= 1
        except EdgeAgentError:
            return

    def ask(self, op: str, **values: Any) -> dict[str, Any]:
        """The core's answer on uplink.sock."""
        return dict(self._do(getattr(self._outbox, op)(values)))

    def prune(self) -> int:
        """What a full disk makes of receipted records: they go.  How many went."""
        shelves = [(self.books.ledger, self.books.identity.log_key)]
        return int(self._do(Retention(shelves, self.centre.key.public, self.clock, 0).prune(0)))

    # --- ends

    def kill(self, point: str, *drafts: Draft) -> None:
        """kill -9 at a point of an append; the directory is then the copy of that moment."""
        copied = self._next()

        def at(name: str) -> None:
            if name == point:
                self._copy(copied)
                raise Killed

        self._curse(at)
        try:
            self.add(*drafts)
        except Killed:
            pass
        else:
            raise AssertionError(f"an append without {point}")
        self.stop()
        self.where = copied

    def _curse(self, at: Callable[[str], None]) -> None:
        ledger = self.books.ledger
        keys, database = ledger._keys, ledger._database
        stage, retire, write = keys.stage, keys.retire, database.write

        def staged(seq: int, seed: bytes, keep_seq: int | None) -> None:
            at("stage before")
            stage(seq, seed, keep_seq)
            at("stage after")

        def retired(keep_seq: int) -> None:
            at("retire before")
            retire(keep_seq)
            at("retire after")

        async def written(statements: Any) -> None:
            at("write before")
            await write(statements)
            at("write after")

        keys.stage, keys.retire, database.write = staged, retired, written      # type: ignore[method-assign]

    def image(self) -> Path:
        """A clone of the storage as it is now, keys and all."""
        copied = self._next()
        self._copy(copied)
        return copied

    def _next(self) -> Path:
        self._copies += 1
        return self.where.parent / f"state-{self._copies}"

    def _copy(self, to: Path) -> None:
        shutil.copytree(self.where, to, ignore=shutil.ignore_patterns("*-shm"))

    def stop(self) -> None:
        if self.running:
            self.running = False
            self._do(self.books.close())

    @property
    def directory(self) -> Path:
        """Of the current log."""
        return self.books.identity.directory if self.running else sorted(self.where.glob("logs/[0-9]*"))[-1]

    def _do(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def _report(self, condition: str, detail: str, present: bool) -> None:
        if present:
            self.reports.append((condition, detail))

    async def _no_wait(self, size: int, timeout_s: float) -> None:
        return None


def _id(origin: str) -> str:
    from edge_agent.center.enrolment import log_id
    return log_id(origin)


def _centre_vkey(centre: Centre) -> Any:
    return centre.key.public
