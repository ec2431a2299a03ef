"""The uplink's one loop: ask the core for unsent lines, send them, bring back receipts.  For ever.

Blocking and single-threaded: nothing here can hold up the core, and a bug in a network parser can neither sign nor
erase.  What the centre answers is believed only by the core, which verifies it.
"""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable
from typing import Any, NoReturn

from edge_agent.hands.asking import Core
from edge_agent.paths.batch_size import Size
from edge_agent.paths.documents import Documents
from edge_agent.words.delivery import Reply, WayUp
from edge_agent.words.errors import EdgeAgentError, EvidenceError, NotRunning, PeerError

log = logging.getLogger("edge_agent.uplink")
RETRY_S = (2.0, 4.0)            # from one try to the next while the centre is unreachable
BUSY_MAX_S = 300.0              # full jitter up to this while the centre says it is busy
IDLE_EXCHANGES_MAX = 12         # halving a batch of 1000 to one takes ten
IDLE_S = 15.0                   # how long one wait for news lasts; also the pulse of the watchdog
AHEAD_MAX = 4                   # lines that go ahead, then the log gets further: faster than the link they would stop it for ever
LOOK_EVERY = 20                 # rests, about five minutes


class Busy(PeerError):
    """The centre asks us to come later."""

    def __init__(self, after_s: float | None) -> None:
        super().__init__("the centre is busy")
        self.after_s = after_s


class Forwarder:
    def __init__(self, core: Core, centre: WayUp, alive: Callable[[str], None]) -> None:
        self._core, self._centre, self._alive = core, centre, alive
        self._size = Size()
        self._at: dict[str, int] = {}       # reading position of each log; the receipt's size until a 409 moves it
        self._refused: dict[str, str] = {}  # log -> the centre's words; express goes on
        self._live = dict[str, int]()       # log -> its size when the way opened: what is from there on is fresh
        self._busy_s = RETRY_S[1]
        self._furthest: dict[str, int] = {}
        self._idle = 0                      # exchanges since anything got further
        self._ahead = 0                     # lines sent ahead since the last batch
        self._rests = 0                     # times there was nothing to send
        self._documents = Documents(core, centre, self._common)

    def run(self) -> None:
        """Deliver until the core leaves (NotRunning)."""
        while True:
            began = time.monotonic()
            try:
                if not self.step():
                    self._rest()
                self._busy_s = RETRY_S[1]
            except Busy as problem:
                pause = problem.after_s or random.uniform(0, self._busy_s)  # noqa: S311
                self._wait(pause, str(problem), for_alarms=problem.after_s is None)
                self._busy_s = min(self._busy_s * 2, BUSY_MAX_S)
            except NotRunning:
                raise
            except EdgeAgentError as problem:       # the centre, or an answer of the core we did not expect
                self._live.clear()
                self._size = Size()                 # who knows what the link carries when it is back
                pause = random.uniform(*RETRY_S) - (time.monotonic() - began)  # noqa: S311
                self._wait(max(pause, 0.5), str(problem))

    def step(self) -> bool:
        """One exchange with the centre; False when there was nothing to do."""
        entries = self._core.ask("logs")["logs"]
        for entry in entries:
            self._live.setdefault(entry["log"], int(entry["size"]))
        waiting = [entry for entry in entries if not self._done(entry)]
        first = next((entry for entry in waiting if entry["log"] not in self._refused), None)
        batch = self._read(first["log"], self._place(first)) if first else {}
        if not batch or self._ahead < AHEAD_MAX:
            for entry in reversed(waiting):             # what is fresh stands in the newest log
                reach = len(batch["lines"]) if batch and entry is first else 0
                beyond = 0 if entry["log"] in self._refused else self._place(entry) + reach
                if self._express(entry, beyond, heartbeats=not batch or self._ahead == 0):
                    return True
        if first and batch:
            self._batch(first, self._place(first), batch)
        return first is not None or self._documents.step(entries)

    def _place(self, entry: dict[str, Any]) -> int:
        """Where we read the log: at its receipt, until a 409 moves us."""
        return self._at.get(entry["log"], int(entry["receipted"]))

    def _done(self, entry: dict[str, Any]) -> bool:
        return bool(entry["receipted"] >= entry["size"] and self._place(entry) >= entry["size"])

    def _read(self, origin: str, at: int) -> dict[str, Any]:
        """The next batch; none where the log has a hole there: the core says so to people, and express goes on."""
        try:
            return self._core.ask("batch", log=origin, **{"from": at}, lines=self._size.lines, bytes=self._size.bytes)
        except EdgeAgentError as problem:
            if problem.exit_code != EvidenceError.exit_code:
                raise
            self._refused[origin] = str(problem)
            return {}

    def _rest(self) -> None:
        """Nothing to send: wait until there is.  A refused log is tried anew after each rest."""
        self._refused.clear()
        self._alive("all records receipted")
        entry = self._core.ask("logs")["logs"][-1]
        self._rests += 1
        if self._rests % LOOK_EVERY == 0:
            self._documents.again()
            with contextlib.suppress(PeerError):    # what it shows: witnesses' lines on our receipt, or less than it signed
                self._ask_about(entry["log"], self._centre.checkpoint(entry["log"]))
        self._core.ask("wait", size=entry["size"] if entry["receipted"] >= entry["size"] else 2**53, timeout_s=IDLE_S)

    def _wait(self, seconds: float, why: str, *, for_alarms: bool = False) -> None:
        """Sleep; with `for_alarms` only until there is a fresh one."""
        log.warning("%s; next try in %.0f s", why, seconds)
        self._core.ask("link", why=why)
        nap = RETRY_S[0] if for_alarms else IDLE_S
        while seconds > 0:
            self._alive(why)
            time.sleep(min(seconds, nap))
            seconds -= nap
            if for_alarms and self._alarm_waits():
                return

    # --- express

    def _alarm_waits(self) -> bool:
        """Whether the current log holds an alarm that no receipt covers and that was not sent ahead."""
        entry = self._core.ask("logs")["logs"][-1]
        return "seq" in self._core.ask("express", log=entry["log"], beyond=entry["receipted"], alarms=True)

    def _express(self, entry: dict[str, Any], beyond: int, *, heartbeats: bool) -> bool:
        """Send a fresh alarm, or the freshest heartbeat, that the next batch does not reach."""
        origin = entry["log"]
        found = self._core.ask("express", log=origin, beyond=beyond, live=self._live[origin], alarms=not heartbeats)
        if "seq" not in found:
            return False
        reply = self._centre.express(origin, found["express"])
        match reply.status:
            case 202:
                log.info("record %d of %s sent ahead of the backlog", found["seq"], origin)
            case 404:
                self._unknown(entry, reply)
                return True                 # registered: it goes ahead in the next exchange
            case 400 | 413 | 422:
                log.error("the centre does not take record %d express: %d %s", found["seq"], reply.status, reply.words)
            case _:
                self._common(reply)
        self._core.ask("expressed", log=origin, seq=found["seq"])
        self._ahead += 1
        return True

    # --- the log, in order

    def _batch(self, entry: dict[str, Any], at: int, batch: dict[str, Any]) -> None:
        origin = entry["log"]
        self._ahead = 0
        if "stump" in batch:
            self._rejoin(origin, batch)
            return
        began = time.monotonic()
        reply = self._centre.entries(origin, batch["lines"], batch["checkpoint"])
        match reply.status:
            case 200:
                self._size.took(time.monotonic() - began)
                self._receipted(origin, at + len(batch["lines"]), batch["checkpoint"], reply)
            case 409:
                self._moved(origin, reply)
            case 400 | 413:
                self._too_large(batch, reply)
            case 404:
                self._unknown(entry, reply)
            case 422:
                self._refuse(origin, reply.words)
            case _:
                self._common(reply)
        self._progress(origin, self._at.get(origin, at))

    def _rejoin(self, origin: str, batch: dict[str, Any]) -> None:
        """The centre lost records that are pruned here: it goes on from what we kept of them, by its own receipt."""
        reply = self._centre.rejoin(origin, batch["stump"])
        match reply.status:
            case 200:
                log.critical("the centre has lost records of %s that are pruned here; it goes on at %d", origin, batch["from"])
                self._at[origin] = batch["from"]
            case 409:
                self._moved(origin, reply)
            case 422:
                self._refuse(origin, reply.words)
            case _:
                self._common(reply)
                raise PeerError(f"the centre lost records we have pruned and does not go on without them: {reply.words}; "
                                "let it be restored from its backup")
        self._progress(origin, self._at.get(origin, 0))

    def _progress(self, origin: str, at: int) -> None:
        """Exchanges that never get further are no delivery: pause, and let the core know."""
        further = at > self._furthest.get(origin, -1)
        self._furthest[origin] = max(at, self._furthest.get(origin, -1))
        self._idle = 0 if further else self._idle + 1
        if self._idle >= IDLE_EXCHANGES_MAX:
            self._furthest.pop(origin, None)
            raise PeerError(f"the centre answers and nothing gets further: {self._idle} exchanges at record {at}")

    def _receipted(self, origin: str, end: int, checkpoint: str, reply: Reply) -> None:
        """Only a cosignature the core accepts is an acknowledgement."""
        text = reply.body.decode("utf-8", "replace")
        note = checkpoint + text if text.startswith("— ") else text
        try:
            size = self._core.ask("receipt", log=origin, note=note)["receipted"]
        except EdgeAgentError as problem:
            raise PeerError(
                f"the centre answered 200 without a receipt of ours ({problem}): {reply.words}; a failure of the server, "
                "or of a box that answers for it: nothing counts as delivered, tell the centre"
            ) from None
        self._at[origin] = max(size, end) if size >= end else size
        self._core.ask("link", why="")
        self._core.ask("refused", why="")
        self._alive(f"{size} records receipted")

    def _moved(self, origin: str, reply: Reply) -> None:
        """The centre is at another place; its own cosigned checkpoint says where, and only moves where we read."""
        if not reply.body.strip():
            self._core.ask("behind", log=origin)
            self._at[origin] = 0
            return
        try:
            answer = self._core.ask("receipt", log=origin, note=reply.body.decode("utf-8", "replace"), latest=True)
        except EdgeAgentError as problem:
            raise PeerError(f"the centre moved us without a receipt of ours: {problem}") from None
        self._at[origin] = answer["receipted"]

    def _too_large(self, batch: dict[str, Any], reply: Reply) -> None:
        if len(batch["lines"]) <= 1:
            raise PeerError(f"the centre takes no single record: {reply.status} {reply.words}")
        self._size.halve()

    def _unknown(self, entry: dict[str, Any], reply: Reply) -> None:
        """A centre that does not know the log: a continuation is registered, a portal must be enrolled by a person."""
        answer = self._centre.register(entry["log"], entry["public"])
        if answer.status not in (200, 201):
            raise PeerError(
                f"the centre does not know this portal ({reply.status} {reply.words}); enrol it there: "
                "edge-agent enrol --out FILE, then edge-agent center enrol DIR FILE"
            )
        log.warning("the continuation log %s is registered at the centre, unconfirmed", entry["log"])

    def _refuse(self, origin: str, why: str) -> None:
        log.critical("the centre refuses records of %s: %s", origin, why)
        self._refused[origin] = why
        self._core.ask("refused", why=f"{origin}: {why}")
        with contextlib.suppress(PeerError):            # what it holds by its own signature: the core judges that
            self._ask_about(origin, self._centre.checkpoint(origin))

    def _ask_about(self, origin: str, newest: Reply) -> None:
        if newest.status != 200:
            return
        try:
            self._core.ask("receipt", log=origin, note=newest.body.decode("utf-8", "replace"), latest=True)
        except NotRunning:
            raise
        except EdgeAgentError as problem:
            log.critical("the centre's receipt does not fit this log: %s", problem)

    def _common(self, reply: Reply) -> NoReturn:
        """Answers that mean the same whatever was sent, and those that no centre gives."""
        if reply.status in (429, 503):
            raise Busy(reply.retry_after_s)
        if reply.status == 403:
            raise PeerError(f"the centre does not accept this portal's certificate: {reply.words}; enrol it there")
        if 300 <= reply.status < 400:
            raise PeerError(f"the centre answered {reply.status}, go to {ascii(reply.location)[1:-1]}, which we never do; is "
                            "centre.url the one on the card, or is a login page of the network in between?")
        raise PeerError(f"the centre answered {reply.status} {reply.words}; is something between us and it?")
