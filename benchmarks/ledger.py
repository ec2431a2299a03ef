"""Appending, verifying and draining, with every fsync, beside bare SQLite doing the same work in the same run.

Drained: core, uplink and centre as real processes, from the first byte to the last receipt.  Bare: rows of the same length
read from one file and committed to another, 500 at a time, no signature, no tree, no network.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from edge_agent.doors.sqlite import PRAGMAS
from edge_agent.hands.keys import RecordKeys, new_seed
from edge_agent.hands.ledger import Ledger
from edge_agent.tools import verify
from tests.live import month
from tests.live.post import Post, wait_for

BODY = {"id": "T-1/1/1", "lane": "2", "radiation": "gamma", "rule": "focus/1", "statistic": 9.4, "threshold": 5.1,
        "detectors": {f"{side}a{n}": {"counts": 840, "bkg": 560.1} for side in "AB" for n in (1, 2)}}
MOMENT = {"wall": "2026-11-23T18:00:41.250Z", "boot": 17, "mono_ms": 45460, "src": "ntp", "unc_ms": 40}
SINGLE, BATCHES, BATCH = 400, 40, 64
COPIED = 500                    # rows of one commit of the bare copy: about a batch of a drain


async def ours(where: Path) -> tuple[list[float], list[float], float]:
    """Seconds of single appends, of batches, and of verifying one record."""
    keys = RecordKeys(where / "record.key")
    first = keys.create()
    ledger = await Ledger.open(where / "ledger.db", "bench.example/portal/1", first, keys, new_seed)
    single, batched = [], []
    for _ in range(SINGLE):
        began = time.perf_counter()
        await ledger.append([("alarm", BODY)], MOMENT)
        single.append(time.perf_counter() - began)
    for _ in range(BATCHES):
        began = time.perf_counter()
        await ledger.append([("alarm", BODY)] * BATCH, MOMENT)
        batched.append(time.perf_counter() - began)
    lines = await ledger.lines(0, ledger.size)
    began = time.perf_counter()
    assert verify.verify_log(lines, first).whole
    spent = (time.perf_counter() - began) / len(lines)
    await ledger.close()
    return single, batched, spent


def bare(where: Path) -> tuple[list[float], list[float]]:
    """The same line length into one SQLite table, same pragmas, no signature, no key file, no tree."""
    database = sqlite3.connect(where / "bare.db", isolation_level=None)
    for name, value in PRAGMAS.items():
        database.execute(f"PRAGMA {name}={value}")
    database.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, line BLOB)")
    line = b"x" * 1100
    single, batched = [], []
    for count, times, spent in ((1, SINGLE, single), (BATCH, BATCHES, batched)):
        for _ in range(times):
            began = time.perf_counter()
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO record (line) VALUES (?)", [(line,)] * count)
            database.execute("COMMIT")
            spent.append(time.perf_counter() - began)
    database.close()
    return single, batched


def bare_verify(where: Path) -> float:
    """Seconds to read one row."""
    database = sqlite3.connect(where / "bare.db")
    began = time.perf_counter()
    rows = database.execute("SELECT line FROM record ORDER BY seq").fetchall()
    database.close()
    return (time.perf_counter() - began) / len(rows)


def drained(where: Path) -> tuple[float, float]:
    """Records per second: a day's backlog by real processes, and the same rows from file to file."""
    post = Post(where)
    try:
        written = month.write(post, month.prepare(post), 1)
        post.start_centre()
        post.start_core()
        post.status()
        began = time.perf_counter()
        post.start_uplink()
        wait_for(lambda: post.status()["log"]["receipted"] >= written.records, 600, "the backlog")
        ours_s = time.perf_counter() - began
    finally:
        post.close()
    return written.records / ours_s, bare_copy(where, written.records, int(written.megabytes * 1e6 / written.records))


def bare_copy(where: Path, records: int, length: int) -> float:
    """Rows per second from one file to another."""
    source, target = (sqlite3.connect(where / f"{name}.db", isolation_level=None) for name in ("source", "target"))
    for database in (source, target):
        for name, value in PRAGMAS.items():
            database.execute(f"PRAGMA {name}={value}")
        database.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, line BLOB)")
    source.execute("BEGIN")
    source.executemany("INSERT INTO record (line) VALUES (?)", [(b"x" * length,)] * records)
    source.execute("COMMIT")
    began = time.perf_counter()
    for begin in range(0, records, COPIED):
        rows = source.execute("SELECT seq, line FROM record WHERE seq > ? ORDER BY seq LIMIT ?", (begin, COPIED)).fetchall()
        target.execute("BEGIN IMMEDIATE")
        target.executemany("INSERT INTO record VALUES (?, ?)", rows)
        target.execute("COMMIT")
    spent = time.perf_counter() - began
    source.close()
    target.close()
    return records / spent


def row(name: str, seconds: list[float], records: int) -> str:
    p99 = quantiles(seconds, n=100)[98]
    return f"{name:34} {median(seconds) * 1e3:9.2f} {p99 * 1e3:9.2f} {records * len(seconds) / sum(seconds):12.0f}"


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as where:      # the checkout's file system, not a tmpfs
        single, batched, spent = asyncio.run(ours(Path(where)))
        plain, plain_batched = bare(Path(where))
        read = bare_verify(Path(where))
    with tempfile.TemporaryDirectory(prefix="ea-") as where:
        drain, copied = drained(Path(where))
    print(f"{'':34} {'p50 ms':>9} {'p99 ms':>9} {'records/s':>12}")
    print(row("ledger, one record a commit", single, 1))
    print(row("bare SQLite, one row a commit", plain, 1))
    print(row(f"ledger, {BATCH} records a commit", batched, BATCH))
    print(row(f"bare SQLite, {BATCH} rows a commit", plain_batched, BATCH))
    for name, rate in (("verify, chain and tree", 1 / spent), ("bare SQLite, rows read", 1 / read),
                       ("drain, core to centre with receipts", drain), ("bare SQLite, file to file", copied)):
        print(f"{name:34} {'':9} {'':9} {rate:12.0f}")
    print(f"times bare SQLite: single {median(single) / median(plain):.1f},"
          f" batched {median(batched) / median(plain_batched):.1f}, verify {spent / read:.0f}, drain {copied / drain:.0f}")


if __name__ == "__main__":
    main()
