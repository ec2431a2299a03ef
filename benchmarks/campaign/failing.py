"""Worker of `failing_calls`, under the preloaded library: `python -m benchmarks.campaign.failing RUNS SEED`.

One story is counted; then, call by call, a child lives it with that call failing, once or for ever from there on.  A run is
*told* when the scribe's trouble (status, heartbeat), a report, a log line or the end of the program says so; *absorbed* when
nobody said anything and every record is there all the same.  Anything else is silent, and bad.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.campaign import reopened, shim, story
from benchmarks.campaign.inline import without_threads
from benchmarks.campaign.reopened import Promised
from benchmarks.campaign.row import Row
from benchmarks.campaign.story import Story, patiently
from edge_agent.tools import jws
from edge_agent.words.errors import EdgeAgentError

READS = (errno.EIO,)
WRITES = (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT)
NAMES = (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.EACCES)
ERRORS = {                              # call -> what it can end with
    "read": READS, "pread": READS, "pread64": READS, "write": WRITES, "pwrite": WRITES, "pwrite64": WRITES,
    "fsync": WRITES[:2], "fdatasync": WRITES[:2], "ftruncate": WRITES[:2], "ftruncate64": WRITES[:2], "open": NAMES,
    "open64": NAMES, "openat": NAMES, "openat64": NAMES, "unlink": NAMES[:3], "rename": NAMES[:3], "mkdir": NAMES[:3],
    "mmap": (errno.ENOMEM,), "mmap64": (errno.ENOMEM,), "fcntl": (errno.EIO, errno.ENOLCK), "fcntl64": (errno.EIO, errno.ENOLCK),
    "flock": (errno.EIO, errno.ENOLCK), "posix_fallocate": WRITES[:2], "posix_fallocate64": WRITES[:2],
}


class Ear(logging.Handler):
    """Whether the log said anything a person would see."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


async def live(state: Path, dice: random.Random, told: dict[str, Any]) -> None:
    """Start, records, receipt, pruning, end; keeps going as the core does."""
    def acknowledged(first: int, size: int) -> None:
        left.append((first, size))

    left: list[tuple[int, int]] = []
    at = Story(state, dice, acknowledged)
    await at.start()
    told["log"] = at.books.identity.directory.name
    for number in range(6):
        at.traffic(padding=30_000)
        if number % 3 == 1:
            told["said"] += filter(None, [await patiently(at.document(9000))])
        told["written"] = await at.write(tries=4)
        told["trouble"] = told.get("trouble") or at.scribe.trouble
        told["said"] += await _leave(at, left, told)
        if number in (2, 4):
            told["said"] += await _receipted(at, told)
    told["written"] = await at.write(tries=4)
    told["queued"] = at.scribe.queued
    told["said"] += at.reports
    await at.end()


async def _leave(at: Story, left: list[tuple[int, int]], told: dict[str, Any]) -> list[str]:
    """The uplink takes what was acknowledged."""
    while left:
        first, size = left[0]
        try:
            lines = await at.books.ledger.lines(first, size - first)
        except EdgeAgentError as problem:
            return [str(problem)]
        told["left"] |= {str(seq): jws.line_hash(line).hex() for seq, line in enumerate(lines, first)}
        left.pop(0)
    return []


async def _receipted(at: Story, told: dict[str, Any]) -> list[str]:
    """A receipt, and what may then be pruned; what could not be done is said by the core's log or asked for again."""
    words = await patiently(at.receipt())
    newest = await at.books.ledger.receipt() if not words else None
    if newest is not None:
        told["receipts"].append(newest.size)
    pruned = await patiently(at.prune()) if not words else ""
    return [text for text in (words, pruned) if text]


def child(state: Path, seed: int, out: int, fault: shim.Fault, mode: int, nth: int, code: int) -> None:
    """Live, tell how it went, end."""
    ear = Ear()
    told: dict[str, Any] = {"said": [], "log": "1", "left": {}, "receipts": [], "written": False, "wrong": ""}
    logging.getLogger("edge_agent").addHandler(ear)
    logging.disable(logging.NOTSET)
    try:
        fault.arm(mode, state, nth=nth, code=code, tell=out if mode == shim.COUNT else -1)
        with without_threads():
            asyncio.run(live(state, random.Random(seed), told))
    except EdgeAgentError as problem:
        told["said"].append(str(problem))
    except BaseException as problem:
        told["wrong"] = f"a traceback: {problem!r}"
    told["hit"] = fault.hit
    fault.disarm()
    told["said"] += ear.heard
    os.write(out, b"\n" + json.dumps(told).encode())
    os._exit(0)


def run(base: Path, seed: int, fault: shim.Fault, mode: int, nth: int, code: int) -> tuple[list[str], dict[str, Any], list[str]]:
    """(calls counted, what the child told, what is wrong with the files afterwards)."""
    state = base / "portal/state"
    story.prepare(state)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        child(state, seed, write, fault, mode, nth, code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        *calls, last = pipe.read().split(b"\n")
    os.waitpid(pid, 0)
    told = json.loads(last)
    lines = {int(seq): bytes.fromhex(line) for seq, line in told["left"].items()}
    promised = Promised(told["log"], lines, set(told["receipts"]))
    with without_threads():
        wrong = asyncio.run(_look(state, promised, told))
    shutil.rmtree(base / "portal")
    return [call.decode() for call in calls if call], told, wrong


async def _look(state: Path, promised: Promised, told: dict[str, Any]) -> list[str]:
    """The disk is well again: start as ever."""
    try:
        wrong = await reopened.look(state, promised)
    except Exception as problem:
        wrong = [f"a traceback at the next start: {problem!r}"]
    continued = [reopened.CONTINUED] if told["log"] != "1" else []
    return [*continued, *wrong, *([told["wrong"]] if told["wrong"] else [])]


def main(runs: int, seed: int) -> None:
    logging.disable(logging.CRITICAL)
    dice, fault = random.Random(seed), shim.Fault()
    once, ever = Row("each call fails once"), Row("each call fails for ever")
    base = Path(tempfile.mkdtemp(prefix="fail-", dir="/dev/shm"))
    try:
        calls, told, wrong = run(base, seed, fault, shim.COUNT, 0, 0)
        assert told["written"] and not wrong, (told, wrong)
        plan = [(number, call, code, mode) for number, call in enumerate((line.split(" ")[1] for line in calls), 1)
                for code in ERRORS[call] for mode in (shim.FAIL_ONCE, shim.FAIL_EVER)]
        for number, _, code, mode in plan if runs >= len(plan) else dice.sample(plan, runs):
            _, told, wrong = run(base, seed, fault, mode, number, code)
            loud = told["said"] or told.get("trouble")
            if not told["hit"]:
                verdict = "not reached"
            elif loud:
                verdict = "told"
            elif told["written"]:
                verdict = "absorbed"
            else:
                verdict, wrong = "SILENT", [*wrong, "nobody was told"]
            if mode == shim.FAIL_EVER and calls[number - 1].endswith("/record.key") and wrong == [reopened.CONTINUED]:
                verdict, wrong = "told, continued", []      # a key file that takes nothing any more: measuring must not stop
            if mode == shim.FAIL_ONCE and not told["written"] and not loud:
                wrong.append("one failure stopped the writing")
            row = once if mode == shim.FAIL_ONCE else ever
            row.take(f"{seed} call {number} {calls[number - 1].split(' ')[1:]} {errno.errorcode[code]}", wrong, [verdict])
    finally:
        shutil.rmtree(base, ignore_errors=True)
    shim.tell(once)
    shim.tell(ever)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
