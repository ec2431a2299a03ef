"""Power cuts, enumerated: every state the disk may be in after each call of a recorded life, opened by the real start-up."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.campaign import disk, reopened, shim, story
from benchmarks.campaign.disk import Call, Disk
from benchmarks.campaign.inline import without_threads
from benchmarks.campaign.reopened import Promised
from benchmarks.campaign.row import Row

SHARES = (0.0, 1.0, 0.5, 0.5, 0.9, 0.1)     # of unsynced calls that are there: none, all, some, nearly all, hardly any
# syncs after the start that fail, and how many more after them; each in a life of its own: an append has three
FAILING = ((1, 0), (2, 0), (3, 0), (5, 1), (8, 2), (11, 3), (14, 4), (20, 6))
PATIENCE = 20                               # tries for a state not seen before, then on to the next call


def record(base: Path, seed: int, nth: int = 0, more: int = 0) -> tuple[dict[str, bytes], list[Call]]:
    """(the files before, every call after) of two lives on `base`/portal/state."""
    state, trace = base / "portal/state", base / "trace"
    story.prepare(state)
    before = {str(path): path.read_bytes() for path in state.rglob("*") if path.is_file()}
    subprocess.run(
        [sys.executable, "-m", "benchmarks.campaign.recording", state, trace, str(seed), str(nth), str(more)], check=True,
        env={**os.environ, "LD_PRELOAD": str(shim.build())},
    )
    shutil.rmtree(base / "portal")
    return before, list(disk.read(trace.read_bytes()))


def rows(runs: int, seed: int) -> Iterator[Row]:
    base = Path(tempfile.mkdtemp(prefix="states-", dir="/dev/shm"))
    try:
        yield _row(base, "enumerated crash states", runs, seed, record(base, seed))
        failed = Row("  after syncs that failed")
        lives = FAILING if runs >= 1000 else FAILING[3:5]
        for number, (nth, more) in enumerate(lives):
            failed.add(_row(base, failed.name, runs // (10 * len(lives)) + 1, seed, record(base, seed + number, nth, more)))
        yield failed
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _row(base: Path, title: str, runs: int, seed: int, recorded: tuple[dict[str, bytes], list[Call]]) -> Row:
    before, calls = recorded
    # where a sync failed, a line that was refused may be there in the place of the one signed after it; neither has left
    promised = Promised(expected={} if any(call.op == "F" for call in calls) else _all_lines(calls))
    at, row, dice, seen = Disk(before), Row(title), random.Random(seed), set()
    steps = sum(call.op != "M" for call in calls)
    done = 0
    for number, call in enumerate(calls):
        if call.op == "M":
            _hear(call.path, promised)
            continue
        at.take(call)
        done += 1
        wanted = runs * done // steps - row.runs        # spread over all calls; what a call cannot give, the next ones do
        for _ in range(wanted * 2 + PATIENCE if wanted else 0):
            found = at.after_a_cut(dice, dice.choice(SHARES), dice.choice((0.0, 0.0, 0.3)))
            name = hashlib.sha256(repr(sorted((path, hashlib.sha256(data).digest()) for path, data in found.items())).encode())
            if name.digest() in seen:
                continue
            seen.add(name.digest())
            wrong = _open(base, found, promised, whole=row.runs % 5 == 0)
            row.take(f"{seed} call {number} {call.op} {Path(call.path).name}", wrong, [_where(call)])
            wanted -= 1
            if wanted <= 0:
                break
    return row


def bare(base: Path, recorded: tuple[dict[str, bytes], list[Call]], calls_after: int) -> Row:
    """The barest states: none of what was not synced is there, after each of the calls that follow a refused sync."""
    before, calls = recorded
    at, row, promised, soon = Disk(before), Row("bare"), Promised(), 0
    for number, call in enumerate(calls):
        if call.op == "M":
            _hear(call.path, promised)
            continue
        at.take(call)
        soon = calls_after if call.op == "F" else soon - 1
        if soon > 0:
            row.take(f"call {number}", _open(base, at.after_a_cut(random.Random(), 0.0, 0.0), promised, whole=False), [])
    return row


def _where(call: Call) -> str:
    names = {"W": "written", "T": "cut", "S": "synced", "F": "sync refused", "C": "made", "U": "removed", "R": "renamed"}
    name = Path(call.path).name
    if "/blobs/" in call.path:
        name = "document"
    elif name.startswith("."):
        name = name[1:].partition(".")[0]       # half written, beside its file: the number of the process follows
    elif "." not in name:
        name = "directory"
    return f"{name} {names[call.op]}"


def _all_lines(calls: list[Call]) -> dict[int, bytes]:
    marks = (call.path.split(" ") for call in calls if call.op == "M")
    return {int(words[1]): bytes.fromhex(words[2]) for words in marks if words[0] == "line"}


def _hear(text: str, promised: Promised) -> None:
    word, *rest = text.split(" ")
    if word == "line":
        promised.lines[int(rest[0])] = bytes.fromhex(rest[1])
    elif word == "receipt":
        promised.receipts.add(int(rest[0]))
    else:
        promised.seeds.add(bytes.fromhex(rest[0]))


def _open(base: Path, files: dict[str, bytes], promised: Promised, *, whole: bool) -> list[str]:
    state = base / "portal/state"
    for path, data in files.items():
        if not path.endswith("-shm"):       # memory shared by readers; the first to open after a cut makes it anew
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(data)
    try:
        with without_threads():
            return asyncio.run(reopened.look(state, promised, whole=whole))
    except Exception as problem:
        return [f"a traceback: {problem!r}"]
    finally:
        shutil.rmtree(base / "portal")
