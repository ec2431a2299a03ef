"""Bytes written by one day's pruning, for a card: free pages used again, beside incremental vacuum, with and without zeroing."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path

from edge_agent.doors.sqlite import PRAGMAS

DAYS, HEARTBEATS, VEHICLES = 8, 1440, 400       # a day of one lane: a heartbeat a minute, 400 vehicles
HEARTBEAT, OCCUPANCY = 2500, 3200               # bytes of a line, as the mock portal's border day gives them
NODE, RECEIPT = 32, 500


def written() -> int:
    """Bytes this process handed to write calls."""
    found = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(found["wchar"])


class Ledger:
    """The tables of a ledger, filled with lines of the right length; SQLite alone, so that only its writes are counted."""

    def __init__(self, path: Path, secure: int, vacuum: bool) -> None:
        self.database = sqlite3.connect(path, isolation_level=None)
        if vacuum:
            self.database.execute("PRAGMA auto_vacuum=INCREMENTAL")
        for name, value in {**PRAGMAS, "secure_delete": secure}.items():
            self.database.execute(f"PRAGMA {name}={value}")
        for table in ("record (seq INTEGER PRIMARY KEY, kind TEXT, line BLOB)", "receipt (size INTEGER PRIMARY KEY, note BLOB)"):
            self.database.execute(f"CREATE TABLE {table}")
        self.database.execute("CREATE TABLE node (level INTEGER, idx INTEGER, hash BLOB, PRIMARY KEY (level, idx)) WITHOUT ROWID")
        self.vacuum, self.seq, self.first = vacuum, 0, 0

    def day(self) -> None:
        """One commit a record, as the ledger does it."""
        for number in range(HEARTBEATS + VEHICLES):
            line = bytes(OCCUPANCY if number % 23 % 5 == 0 else HEARTBEAT)
            self.database.execute("BEGIN IMMEDIATE")
            self.database.execute("INSERT INTO record VALUES (?, 'heartbeat', ?)", (self.seq, line))
            level, index = 0, self.seq
            while index % 2:
                level, index = level + 1, index // 2
                self.database.execute("INSERT INTO node VALUES (?, ?, ?)", (level, index, bytes(NODE)))
            self.database.execute("INSERT INTO receipt VALUES (?, ?)", (self.seq, bytes(RECEIPT)))
            self.database.execute("COMMIT")
            self.seq += 1

    def prune(self) -> None:
        last = self.first + HEARTBEATS + VEHICLES
        self.database.execute("BEGIN IMMEDIATE")
        self.database.execute("DELETE FROM record WHERE seq < ?", (last,))
        for level in range(last.bit_length()):
            self.database.execute("DELETE FROM node WHERE level = ? AND idx < ?", (level, (last >> level) - (last >> level & 1)))
        self.database.execute("DELETE FROM receipt WHERE size < ?", (last,))
        self.database.execute("COMMIT")
        if self.vacuum:
            self.database.execute("PRAGMA incremental_vacuum").fetchall()
        self.database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self.first = last


def main() -> None:
    lines = (HEARTBEATS * HEARTBEAT + VEHICLES * OCCUPANCY) / 1e6
    print(f"one day of one lane: {HEARTBEATS} heartbeats, {VEHICLES} occupancies, {lines:.1f} MB; median of {DAYS - 3} days")
    print(f"{'':34}{'prune MB':>9}{'s':>7}{'day written MB':>16}{'file MB':>9}")
    for name, secure, vacuum in (("free pages used again (ours)", 0, False), ("the same, secure_delete", 1, False),
                                 ("incremental vacuum", 0, True)):
        with tempfile.TemporaryDirectory() as directory:
            ledger = Ledger(Path(directory) / "ledger.db", secure, vacuum)
            for _ in range(3):
                ledger.day()
            pruned, days, spent = [], [], []
            for _ in range(DAYS - 3):
                before = written()
                began = time.perf_counter()
                ledger.prune()
                spent.append(time.perf_counter() - began)
                between = written()
                ledger.day()
                pruned.append(between - before)
                days.append(written() - between)
            size = (Path(directory) / "ledger.db").stat().st_size
            middle = (DAYS - 3) // 2
            print(f"{name:34}{sorted(pruned)[middle] / 1e6:9.2f}{sorted(spent)[middle]:7.2f}"
                  f"{sorted(days)[middle] / 1e6:16.1f}{size / 1e6:9.1f}")


if __name__ == "__main__":
    main()
