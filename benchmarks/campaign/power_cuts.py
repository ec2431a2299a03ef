"""Power cuts of a virtual machine: User Mode Linux with the ledger on ext4, killed like a plug that is pulled.

The guest's disk is a file of ours, opened without O_SYNC: what the guest's kernel had sent to its disk is there, what it held
in memory is gone, flushes come through.  So ext4, its journal and fsync are the real ones; a disk that reorders or loses what
it had taken is not shown (`states` shows that and more).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from benchmarks.campaign.row import Row
from edge_agent.house.identity import create_log

UML, MKFS = "linux.uml", "mke2fs"   # Debian packages user-mode-linux, e2fsprogs
ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "rpm.example.gov/portal/C-1"
CUTS_OF_ONE = 20                    # of one disk; then a new one, or saying what is there takes longer than the rest
BOOT_S = 180.0                      # for a guest to speak, on a busy machine
GUEST = """#!/bin/sh
mount -t proc proc /proc
mount -t ext4 /dev/ubda {where}/mnt || exit 1
cd {root}
exec {python} -m benchmarks.campaign.guest {where}/mnt/state {seed}
"""


def missing() -> str:
    """What to install; "" when all is there."""
    there = {UML: "user-mode-linux", MKFS: "e2fsprogs"}
    path = f"{os.environ.get('PATH', '')}:/sbin"
    return " ".join(package for program, package in there.items() if not shutil.which(program, path=path))


def cannot_run() -> str:
    """Why no guest runs on this processor; "" when one does.  Debian 12's kernel keeps too little room for the registers of
    processors with AMX and kills the guest's first program."""
    ended = subprocess.run(
        [UML, "mem=96M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "init=/bin/true", "con0=null,fd:1", "con=null",
         "ssl=null"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=BOOT_S,
    ).stdout
    return "" if b"exitcode=0x00000000" in ended else "user-mode-linux cannot run programs on this processor (AMX)"


def rows(runs: int, seed: int) -> Iterator[Row]:
    if missing():
        raise SystemExit(f"power_cuts needs the Debian packages {missing()}: apt-get install {missing()}")
    if why := cannot_run():
        raise SystemExit(f"power_cuts: {why}; run it on another machine")
    dice, row = random.Random(seed), Row("power cuts of a virtual machine, ext4")
    while row.runs < runs:
        with tempfile.TemporaryDirectory(prefix="uml-", dir="/tmp") as where:
            disk = Machine(Path(where), dice)
            for _ in range(min(CUTS_OF_ONE, runs - row.runs)):
                wrong = disk.run_and_cut()
                row.take(f"{seed} cut {row.runs}", wrong, ["while appending" if disk.busy else "before the first record"])
                if wrong:
                    break
    yield row


class Machine:
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

    def run_and_cut(self) -> list[str]:
        """Boot, hear what is there, let it append for a moment, pull the plug; what is wrong."""
        script = self._where / "guest.sh"
        script.write_text(GUEST.format(where=self._where, root=ROOT, python=sys.executable, seed=self._dice.random()))
        script.chmod(0o700)
        machine = subprocess.Popen(
            [UML, "mem=160M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", f"init={script}",
             f"ubd0={self._where}/image", "con0=null,fd:1", "con=null", "ssl=null", "quiet"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "HOME": str(self._where), "TMPDIR": "/dev/shm", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert machine.stdout is not None
        try:
            said = self._listen(machine.stdout)
            if said:
                time.sleep(self._dice.choice([0.0, 0.3, 3.0]) * self._dice.random())
        finally:
            _pull_the_plug(machine)
        return self._compare([*said, *machine.stdout.read().decode(errors="replace").split("\n")[:-1]])

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


def _pull_the_plug(machine: subprocess.Popen[bytes]) -> None:
    """Every process of the guest at once; its disk is free when the last one is gone."""
    with suppress(ProcessLookupError):
        os.killpg(machine.pid, signal.SIGKILL)
    machine.wait()
    with suppress(ProcessLookupError, PermissionError):
        while True:
            os.killpg(machine.pid, 0)
            time.sleep(0.01)
