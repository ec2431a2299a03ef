"""kill -9 at any moment of a process that appends, takes receipts and prunes as fast as it can."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import pytest

from edge_agent.house import audit

from .test_retention import CENTRE, Portal

KILLS = 30


def write_and_prune_for_ever(portal: Portal, out: int) -> None:
    async def story() -> None:
        ledger = await portal.open()
        while True:
            await portal.write(random.choice(["fah", "f", "fffffffh"]))
            receipted = random.randint(max(ledger.cut, 1), ledger.size)
            newest = await ledger.receipt()
            if newest is None or receipted > newest.size:
                await portal.receipt(receipted, 0)
            await portal.retention().prune(0)
            os.write(out, f"{ledger.cut} {ledger.size}\n".encode())

    asyncio.run(story())


def run_and_kill(portal: Portal, rounds: int, after_s: float) -> tuple[int, int]:
    """(cut, size) as the process last told them; killed a moment after so many rounds, however slow the machine."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            write_and_prune_for_ever(portal, write)
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = [pipe.readline() for _ in range(rounds)]
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told += pipe.read().splitlines(keepends=True)
    told = [line for line in told if line.endswith(b"\n")]
    cut, size = told[-1].split() if told else (b"0", b"0")
    return int(cut), int(size)


@pytest.mark.slow
def test_every_kill_leaves_a_log_that_verifies_from_its_cut_on(tmp_path: Path) -> None:
    portal, chance, cuts = Portal(tmp_path), random.Random(11), set()
    for _ in range(KILLS):
        cut, size = run_and_kill(portal, chance.randrange(5), chance.uniform(0.0, 0.05))
        report = audit.verify_state(tmp_path, CENTRE)[0]
        assert report.problems in ([], ["there is no record"])
        assert report.size >= size
        assert report.cut >= cut
        cuts.add(report.cut)
    assert len(cuts) > KILLS // 2
