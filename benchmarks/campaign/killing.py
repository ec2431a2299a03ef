"""Worker of `kills`, under the preloaded library: fork a core, kill it at a call or at a moment, look at what is left.

`python -m benchmarks.campaign.killing RUNS SEED`.  Every round continues the files of the round before, so recoveries are
killed too; after fifty rounds a new portal.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.campaign import reopened, shim, story
from benchmarks.campaign.inline import without_threads
from benchmarks.campaign.reopened import Promised
from benchmarks.campaign.row import Row
from benchmarks.campaign.story import Story
from edge_agent.tools import jws

ROUNDS = 50             # kills of one portal
CALLS = 900             # of a round that nobody kills, about; a later call is a round that ends well
BY_CLOCK = 0.2          # share of rounds killed at a moment instead of a call
LONGEST_S = 0.15        # about what such a round lasts here


class Round:
    """One core process from start to kill, as its parent hears of it through a pipe."""

    def __init__(self, state: Path, dice: random.Random, promised: Promised, fault: shim.Fault) -> None:
        self._state, self._dice, self._promised, self._fault = state, dice, promised, fault
        self.phase, self.at = "ended", ""

    def run(self) -> None:
        read, write = os.pipe()
        by_clock = self._dice.random() < BY_CLOCK
        nth, seed = self._dice.randint(1, CALLS), self._dice.random()
        how = self._dice.choice([shim.BEFORE, shim.AFTER, shim.HALF])
        child = os.fork()
        if child == 0:
            os.close(read)
            self._live(write, 0 if by_clock else nth, how, random.Random(seed))
        os.close(write)
        if by_clock:
            time.sleep(self._dice.uniform(0, LONGEST_S))
            os.kill(child, signal.SIGKILL)
        os.set_blocking(read, True)
        with os.fdopen(read, "rb") as pipe:
            told = pipe.read().split(b"\n")[:-1]
        _, status = os.waitpid(child, 0)
        self._hear(told)
        if self.at.endswith(" ledger.db") and self.at.startswith(("pwrite", "fdatasync", "fsync")):
            self.phase = "checkpoint"       # only then is the database file itself written
        if self.at.endswith(" record.key"):
            self.phase = "key turn"
        if not os.WIFSIGNALED(status):
            self.phase = "ended well" if os.WEXITSTATUS(status) == 0 else f"failed: {told[-1:]}"

    def _hear(self, told: list[bytes]) -> None:
        for line in told:
            word, *rest = line.split(b" ")
            if word == b"seed":
                self._promised.seeds.add(bytes.fromhex(rest[0].decode()))
            elif word == b"line":
                self._promised.lines[int(rest[0])] = bytes.fromhex(rest[1].decode())
            elif word == b"receipt":
                self._promised.receipts.add(int(rest[0]))
            elif word == b"phase":
                self.phase = rest[0].decode()
            elif word == b"killed":
                self.at = f"{rest[0].decode()} {Path(rest[1].decode()).name}"

    def _live(self, out: int, nth: int, how: int, dice: random.Random) -> None:
        """The child."""
        def tell(text: str) -> None:
            os.write(out, f"{text}\n".encode())

        code = 1
        try:
            story.TELL_SEED.append(lambda seed: tell(f"seed {seed.hex()}"))
            self._fault.arm(shim.KILL if nth else shim.COUNT, self._state, nth=nth, code=how, tell=out if nth else -1)
            with without_threads():
                asyncio.run(_story(self._state, dice, tell))
            code = 0
        except BaseException as problem:
            tell(f"error {problem!r}")
        finally:
            os._exit(code)


async def _story(state: Path, dice: random.Random, tell: object) -> None:
    assert callable(tell)

    def acknowledged(first: int, size: int) -> None:
        left.append((first, size))

    left: list[tuple[int, int]] = []
    told = Story(state, dice, acknowledged, lambda name: tell(f"phase {name}"))
    await told.start()
    for _ in range(12):
        told.traffic(padding=6000)
        if dice.random() < 0.25:
            await told.document(6000)
        await told.write()
        for first, size in left:
            for seq, line in enumerate(await told.books.ledger.lines(first, size - first), first):
                tell(f"line {seq} {jws.line_hash(line).hex()}")     # only now may the uplink send it
        left.clear()
        if dice.random() < 0.3:
            await told.receipt()
            tell(f"receipt {told.books.ledger.size}")
            if dice.random() < 0.4:
                await told.prune()
    await told.end()


def main(runs: int, seed: int) -> None:
    logging.disable(logging.CRITICAL)
    dice, fault, row = random.Random(seed), shim.Fault(), Row("kill -9")
    calls: Counter[str] = Counter()
    base = Path(tempfile.mkdtemp(prefix="kill-", dir="/dev/shm"))
    try:
        while row.runs < runs:
            state, promised = base / "portal/state", Promised()
            story.TELL_SEED[:] = [promised.seeds.add]
            story.prepare(state)
            for number in range(min(ROUNDS, runs - row.runs)):
                found = Round(state, dice, promised, fault)
                found.run()
                calls[found.at.split(" ")[0] or "by the clock"] += 1
                wrong = _check(base, state, promised, whole=number % 10 == 9)
                if found.phase.startswith("failed"):
                    wrong.append(found.phase)
                row.take(f"{seed} round {row.runs}", wrong, [found.phase])
                if wrong:
                    break
            shutil.rmtree(base / "portal")
    finally:
        shutil.rmtree(base, ignore_errors=True)
    shim.tell(row)
    shim.tell(Row("  of which at the call", row.runs, 0, calls))


def _check(base: Path, state: Path, promised: Promised, *, whole: bool) -> list[str]:
    """A copy is opened: the files themselves stay for the next core to recover."""
    copy = base / "copy/state"
    shutil.copytree(state, copy, ignore=shutil.ignore_patterns("*-shm"))
    seeds, story.TELL_SEED[:] = list(story.TELL_SEED), []
    try:
        with without_threads():
            return asyncio.run(reopened.look(copy, promised, whole=whole))
    finally:
        story.TELL_SEED[:] = seeds
        shutil.rmtree(base / "copy")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
