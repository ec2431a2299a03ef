"""Power cuts of a virtual machine with the ledger on ext4, killed like a plug that is pulled: machine.py.

What the guest held in memory is gone, flushes come through: ext4, its journal and fsync are the real ones.  Every other cut is of
a disk that also loses what it had taken and not flushed.  A disk that reorders or tears is shown by `states`.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from benchmarks.campaign import machine
from benchmarks.campaign.row import Row
from edge_agent.house.identity import create_log

MKFS = "mke2fs"
ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "rpm.example.gov/portal/C-1"
CUTS_OF_ONE = 20                    # of one disk; then a new one, or saying what is there takes longer than the rest
BOOT_S = 180.0                      # for a guest to speak, on a busy machine
GUEST = """#!/bin/sh
mount -t ext4 /dev/vda {where}/mnt || exit 1
cd {root}
export PYTHONDONTWRITEBYTECODE=1
exec {python} -m benchmarks.campaign.guest {where}/mnt/state {seed}
"""


def rows(runs: int, seed: int) -> Iterator[Row]:
    if missing := machine.missing():
        raise SystemExit(f"power_cuts needs Debian packages: apt-get install {missing}")
    if why := machine.cannot_run():
        raise SystemExit(f"power_cuts: {why}")
    dice, row = random.Random(seed), Row("power cuts of a virtual machine, ext4")
    while row.runs < runs:
        with tempfile.TemporaryDirectory(prefix="plug-", dir="/tmp") as where:
            post = Post(Path(where), dice)
            for _ in range(min(CUTS_OF_ONE, runs - row.runs)):
                forgetful = row.runs % 2 == 1
                wrong = post.run_and_cut(forgetful=forgetful)
                verdict = f"{'while appending' if post.busy else 'before the first record'}{', cache lost' if forgetful else ''}"
                row.take(f"{seed} cut {row.runs}", wrong, [verdict])
                if wrong:
                    break
    yield row


class Post:
    """One guest disk, through its cuts."""

    def __init__(self, where: Path, dice: random.Random) -> None:
        self._where, self._dice = where, dice
        self._promised: dict[int, str] = {}
        self.busy = False
        (where / "mnt").mkdir()
        (where / "disk").mkdir()
        create_log(where / "disk/state", ORIGIN, 1)
        subprocess.run([shutil.which(MKFS) or f"/sbin/{MKFS}", "-q", "-t", "ext4", "-d", where / "disk", where / "image", "48M"],
                       check=True, capture_output=True)
        machine.make_initrd(where / "initrd", where / "guest.sh")

    def run_and_cut(self, *, forgetful: bool) -> list[str]:
        """Boot, hear what is there, let it append for a moment, pull the plug; what is wrong."""
        script = self._where / "guest.sh"
        script.write_text(GUEST.format(where=self._where, root=ROOT, python=sys.executable, seed=self._dice.random()))
        script.chmod(0o700)
        with machine.running(self._where, self._where / "image", self._where / "initrd", forgetful=forgetful) as console:
            said = self._listen(console)
            if said:
                time.sleep(self._dice.choice([0.0, 1.0, 10.0]) * self._dice.random())
        return self._compare([*said, *console.read().decode(errors="replace").split("\n")[:-1]])

    def _listen(self, console: IO[bytes]) -> list[str]:
        """Lines up to the one that says the log is open."""
        said, ends = [], time.monotonic() + BOOT_S
        while time.monotonic() < ends and (line := console.readline()):
            said.append(line.decode(errors="replace").rstrip())
            if said[-1].startswith(("@open", "@error")):
                return said
        return []

    def _compare(self, said: list[str]) -> list[str]:
        have, wrong, opened = {}, [], False
        for line in said:
            word, *rest = line.rstrip().split(" ")
            if word == "@have":
                have[int(rest[0])] = rest[1]
            elif word == "@error" or (word == "@open" and rest[1] != "1"):
                wrong.append(line)
            elif word == "@open":
                opened = True
                wrong += [f"record {seq} lost or changed" for seq, line in self._promised.items() if have.get(seq) != line][:3]
                self.busy = False
            elif word == "@line" and len(rest) == 2 and len(rest[1]) == 64:
                self.busy = True
                self._promised[int(rest[0])] = rest[1]
        return wrong if opened or wrong else ["the guest did not start", *said[-3:]]
