"""The preloaded library that counts, records, fails or kills at a call (fault.c), and workers that run under it."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.campaign.row import Row

SOURCE = Path(__file__).with_name("fault.c")
OFF, COUNT, RECORD, FAIL_ONCE, FAIL_EVER, KILL = range(6)
BEFORE, AFTER, HALF = range(3)      # of KILL


class NoCompiler(Exception):
    """gcc is not here (Debian package gcc)."""


@functools.cache
def build() -> Path:
    if shutil.which("gcc") is None:
        raise NoCompiler("needs gcc (Debian package gcc) to build the fault injector")
    made = Path(tempfile.mkdtemp(prefix="fault-")) / "fault.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl"], check=True)
    return made


def rows(module: str, runs: int, seed: int) -> Iterator[Row]:
    """Rows of a worker module, run with the library preloaded: `python -m module RUNS SEED` prints rows as JSON lines."""
    worker = subprocess.Popen(
        [sys.executable, "-m", module, str(runs), str(seed)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "LD_PRELOAD": str(build())},
    )
    assert worker.stdout is not None
    for line in worker.stdout:
        found = json.loads(line)
        yield Row(found["name"], found["runs"], found["bad"], Counter(found["verdicts"]))
    if worker.wait():
        raise RuntimeError(f"{module} ended with {worker.returncode}")


def tell(row: Row) -> None:
    """What a worker prints."""
    print(json.dumps({"name": row.name, "runs": row.runs, "bad": row.bad, "verdicts": row.verdicts}), flush=True)


class Fault:
    """The library inside this process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)

    def arm(self, mode: int, where: Path, *, nth: int = 0, code: int = 0, tell: int = -1) -> None:
        self._library.fault_arm(mode, nth, code, str(where).encode(), tell)

    def disarm(self) -> None:
        self.arm(OFF, Path("/"))

    def mark(self, text: str) -> None:
        """A line of ours among what is recorded."""
        self._library.fault_mark(text.encode())

    @property
    def count(self) -> int:
        """Calls since it was armed."""
        return int(self._library.fault_count())

    @property
    def hit(self) -> bool:
        """Whether a call was made to fail."""
        return bool(self._library.fault_hit())
