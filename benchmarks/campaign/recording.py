"""Worker of `states`, under the preloaded library: `python -m benchmarks.campaign.recording STATE TRACE SEED [NTH MORE]`

Two lives of a core on STATE, every write, truncation, sync and name of theirs in TRACE, with marks of what was promised when.
With NTH one life: that sync after its start fails with EIO, and MORE after it; beside a reader where SEED is odd.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import random
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.campaign import shim, story
from benchmarks.campaign.inline import without_threads
from benchmarks.campaign.story import Story, patiently
from edge_agent.tools import jws

PADDING = 45_000        # bytes of a record, at most: a few dozen fill the WAL to its checkpoint at 250 pages


async def live(state: Path, dice: random.Random, fault: shim.Fault, batches: int, *, read_beside: bool = False,
               started: Callable[[], None] | None = None) -> None:
    left: list[tuple[int, int]] = []
    at = Story(state, dice, lambda first, size: left.append((first, size)))
    await at.start()
    beside = sqlite3.connect(at.books.ledger.path) if read_beside else None     # as `edge-agent verify` does
    if beside is not None:
        beside.execute("SELECT count(*) FROM record").fetchone()
    if started is not None:
        started()
    for number in range(batches):
        at.traffic(longest=2, padding=PADDING)
        if number % 4 == 1:
            await patiently(at.document(PADDING // 4))
        await at.write()
        while left:
            first, size = left.pop()
            for seq, line in enumerate(await at.books.ledger.lines(first, size - first), first):
                fault.mark(f"line {seq} {jws.line_hash(line).hex()}")
        if number % 5 == 4:
            await at.receipt()
            fault.mark(f"receipt {at.books.ledger.size}")
        if number % 10 == 9:
            await at.prune()
    await at.end()
    if beside is not None:
        beside.close()


def main(state: Path, trace: Path, seed: int, nth: int = 0, more: int = 0) -> None:
    logging.disable(logging.CRITICAL)
    dice, fault = random.Random(seed), shim.Fault()
    out = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    story.TELL_SEED.append(lambda seed: fault.mark(f"seed {seed.hex()}"))
    fault.arm(shim.RECORD, state, tell=out)
    with without_threads():
        if nth:
            def fail_later() -> None:
                fault.arm(shim.RECORD, state, tell=out, nth=nth, code=errno.EIO | more << 8)

            asyncio.run(live(state, dice, fault, 12, read_beside=bool(seed % 2), started=fail_later))
        else:
            asyncio.run(live(state, dice, fault, 24))
            asyncio.run(live(state, dice, fault, 4))
    fault.disarm()
    os.close(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
