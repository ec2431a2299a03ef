"""What lies in a ledger, to be read: lines, proofs, receipts.  Any log of this portal, also one that is closed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edge_agent.doors.sqlite import Database
from edge_agent.tools import merkle
from edge_agent.tools.notes import Receipt
from edge_agent.words.errors import StorageError

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS record (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, line BLOB NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS alarm ON record (seq) WHERE kind = 'alarm'",
    "CREATE TABLE IF NOT EXISTS node (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS receipt (size INTEGER PRIMARY KEY, note BLOB NOT NULL, line BLOB NOT NULL,"
    " time_s INTEGER NOT NULL) STRICT",
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt as it lies in the ledger."""

    size: int
    note: bytes                     # checkpoint with the portal's signature and the centre's cosignature
    line: bytes                     # the cosignature line alone
    time_s: int                     # the centre's clock

    @property
    def sha256(self) -> bytes:
        """What heartbeats name the receipt by."""
        return hashlib.sha256(self.line).digest()


class Shelf:
    """The reading half of a ledger."""

    def __init__(self, database: Database, origin: str, size: int) -> None:
        self._database = database
        self.origin = origin
        self._size = size

    @property
    def path(self) -> Path:
        return self._database.path

    @property
    def replaced(self) -> bool:
        """Whether the file we write to is no longer the one of that name."""
        return self._database.replaced

    @property
    def size(self) -> int:
        """Lines in the log."""
        return self._size

    async def lines(self, begin: int, count: int) -> list[bytes]:
        """Lines [begin, begin + count) as far as there are."""
        rows = await self._database.rows(
            "SELECT line FROM record WHERE seq >= ? AND seq < ? ORDER BY seq", (begin, begin + count)
        )
        return [bytes(row[0]) for row in rows]

    async def alarm_from_end(self, number: int) -> int:
        """Seq of the alarm that is the `number`th from the end; 0 where there are fewer."""
        rows = await self._database.rows(
            "SELECT seq FROM record WHERE kind = 'alarm' ORDER BY seq DESC LIMIT 1 OFFSET ?", (number - 1,)
        )
        return int(rows[0][0]) if rows else 0

    async def next_alarm(self, after: int) -> int | None:
        """Seq of the first alarm after the line `after`."""
        rows = await self._database.rows(
            "SELECT seq FROM record WHERE kind = 'alarm' AND seq > ? ORDER BY seq LIMIT 1", (after,)
        )
        return rows[0][0] if rows else None

    async def alarms(self, last: int) -> list[bytes]:
        """The last alarm lines, oldest first."""
        return await self.newest("alarm", last)

    async def newest(self, kind: str, last: int) -> list[bytes]:
        """The last lines of a kind, oldest first."""
        rows = await self._database.rows(
            "SELECT line FROM record WHERE kind = ? ORDER BY seq DESC LIMIT ?", (kind, last)
        )
        return [bytes(row[0]) for row in reversed(rows)]

    async def last(self, kind: str) -> bytes | None:
        """The newest line of a kind, looked for from the end."""
        rows = await self._database.rows("SELECT line FROM record WHERE kind = ? ORDER BY seq DESC LIMIT 1", (kind,))
        return bytes(rows[0][0]) if rows else None

    async def tree(self, question: Callable[[merkle.Node], T]) -> T:
        """The root or proof that `question` computes, its nodes fetched first."""
        nodes = {name: await self._node(*name) for name in dict.fromkeys(merkle.wanted(question))}
        return question(lambda level, index: nodes[level, index])

    async def receipt(self) -> Kept | None:
        """The newest receipt."""
        rows = await self._database.rows("SELECT size, note, line, time_s FROM receipt ORDER BY size DESC LIMIT 1")
        return Kept(*rows[0]) if rows else None

    async def keep_receipt(self, receipt: Receipt, note: bytes) -> None:
        """Keep a receipt that was verified against this log's own tree."""
        size = receipt.checkpoint.size
        await self._database.write([
            ("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?)", (size, note, receipt.line, receipt.time_s))
        ])

    async def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return merkle.leaf((await self.lines(index, 1))[0])
        rows = await self._database.rows("SELECT hash FROM node WHERE level = ? AND idx = ?", (level, index))
        if not rows:
            raise StorageError(f"{self._database.path}: tree node {level}/{index} is missing")
        return bytes(rows[0][0])

    async def close(self) -> None:
        await self._database.close()
