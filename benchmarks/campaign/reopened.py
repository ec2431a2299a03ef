"""After a crash: the real start-up opens a copy of the files, and everything that was promised is looked for."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.campaign.story import CENTRE, ORIGIN
from edge_agent.hands.blobs import Blobs
from edge_agent.house.identity import logs_of
from edge_agent.house.logbooks import Logbooks
from edge_agent.tools import jws
from edge_agent.tools.verify import verify_log
from edge_agent.words.blob import named
from edge_agent.words.errors import EdgeAgentError

CONTINUED = "a continuation log began"
MOMENT = {"wall": None, "boot": 10**6, "mono_ms": 1, "src": "none", "unc_ms": None}


@dataclass
class Promised:
    """What the world knows of a log."""

    log: str = "1"                                              # its directory
    lines: dict[int, bytes] = field(default_factory=dict)       # seq -> SHA-256 of the line that left the machine
    receipts: set[int] = field(default_factory=set)             # sizes of receipts that were kept
    seeds: set[bytes] = field(default_factory=set)              # private keys made so far
    expected: dict[int, bytes] = field(default_factory=dict)    # where known: the line a place gets, acknowledged or not


async def look(state: Path, promised: Promised, *, whole: bool = True) -> list[str]:
    """Open, compare, add one record, verify; what is wrong.  Changes the files: give a copy."""
    try:
        books = await Logbooks.open(state, ORIGIN)
    except EdgeAgentError as problem:
        return [f"does not start: {problem}"]
    try:
        if books.identity.directory.name != promised.log:
            return [CONTINUED, *_still_there(state, promised)]
        return await _look(state, promised, books, whole)
    finally:
        await books.close()


async def _look(state: Path, promised: Promised, books: Logbooks, whole: bool) -> list[str]:
    ledger, wrong = books.ledger, []
    size, first = ledger.size, ledger.first
    lines = await ledger.lines(first, size - first)
    hashes = {seq: jws.line_hash(line) for seq, line in enumerate(lines, first)}
    missing = [seq for seq in promised.lines if seq >= first and seq not in hashes]
    if first > max(promised.receipts, default=0):
        wrong.append(f"pruned to {first}, receipted are {max(promised.receipts, default=0)}")
    if missing:
        wrong.append(f"acknowledged records lost: {missing[:5]}")
    changed = [seq for seq, line in promised.lines.items() if seq in hashes and hashes[seq] != line]
    if changed:
        wrong.append(f"another line in the place of one that left: {changed[:5]}")
    if any(promised.expected.get(seq, line) != line for seq, line in hashes.items()):
        wrong.append("a record nobody wrote")
    wrong += await _documents(state, lines)
    newest = await ledger.receipt()
    if promised.receipts and (newest is None or newest.size < max(promised.receipts)):
        wrong.append(f"receipt over {max(promised.receipts)} lost")
    wrong += _keys(state, promised, jws.next_key(jws.take_apart(lines[-1]).payload) if lines else b"")
    seq = await ledger.append([("fault", {"condition": "looked"})], MOMENT)
    if seq != size:
        wrong.append(f"the next record came to {seq}, not {size}")
    if whole:
        stump = await ledger.stump()
        report = verify_log(
            await ledger.lines(ledger.cut, ledger.size), books.identity.first_key, pruned=stump,
            receipts=[newest.note] if newest else [], log_key=books.identity.log_key, centre_key=CENTRE,
        )
        wrong += report.problems
    return wrong


async def _documents(state: Path, lines: list[bytes]) -> list[str]:
    """A document is on the disk before the record that names it is signed: no cut may part them."""
    store = Blobs(state / "blobs")
    blobs = filter(None, (named(jws.take_apart(line).payload) for line in lines))
    torn = [blob.sha256[:8] for blob in blobs if not await store.whole(blob.sha256)]
    return [f"documents of records lost: {torn[:5]}"] if torn else []


def _still_there(state: Path, promised: Promised) -> list[str]:
    """What was promised of the log that is closed now."""
    with sqlite3.connect(state / "logs" / promised.log / "ledger.db") as database:
        lines = {seq: jws.line_hash(bytes(line)) for seq, line in database.execute("SELECT seq, line FROM record")}
    first = min(lines, default=0)
    lost = [seq for seq, line in promised.lines.items() if seq >= first and lines.get(seq) != line]
    return [f"acknowledged records lost: {lost[:5]}"] if lost or first > max(promised.receipts, default=0) else []


def _keys(state: Path, promised: Promised, due: bytes) -> list[str]:
    """Private keys that signed, or never may: in no file once the start is over."""
    keys = logs_of(state)[-1].record_keys()
    kept = keys.find(due) if due else None
    # not the -shm: this process, which knows all keys, has just made it; no key ever passes through SQLite
    names = [path for path in state.rglob("*") if path.is_file() and path.name != "log.key" and not path.name.endswith("-shm")]
    files = b"".join(path.read_bytes() for path in names)
    left = [seed for seed in promised.seeds if seed != kept and seed in files]
    return [f"{len(left)} used keys are still readable"] if left and due else []
