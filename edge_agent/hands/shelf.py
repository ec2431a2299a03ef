"""What lies in a ledger, to be read: lines, proofs, receipts.  Any log of this portal, also one that is closed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edge_agent.doors.sqlite import Database, Statement, Window
from edge_agent.tools import jws, merkle, notes
from edge_agent.tools.base64url import encode
from edge_agent.tools.bracket import Bracket, named_receipt
from edge_agent.tools.notes import Receipt
from edge_agent.tools.stump import Stump
from edge_agent.words.blob import Blob
from edge_agent.words.errors import EvidenceError, StorageError

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS record (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, line BLOB NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS alarm ON record (seq) WHERE kind = 'alarm'",
    "CREATE TABLE IF NOT EXISTS node (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS receipt (size INTEGER PRIMARY KEY, note BLOB NOT NULL, line BLOB NOT NULL,"
    " time_s INTEGER NOT NULL) STRICT",
    # one row where the log was pruned: size of the cut, the 32-byte hashes left of its last line, the cosigned checkpoint
    "CREATE TABLE IF NOT EXISTS stump (size INTEGER PRIMARY KEY, hashes BLOB NOT NULL, note BLOB NOT NULL) STRICT",
    # documents that records name; `confirmed` is the centre's signature, that it holds them
    "CREATE TABLE IF NOT EXISTS blob (seq INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, len INTEGER NOT NULL, type TEXT NOT NULL,"
    " confirmed BLOB) STRICT",
    "CREATE INDEX IF NOT EXISTS blob_due ON blob (seq) WHERE confirmed IS NULL",
)
HASH_BYTES = 32
HEARTBEAT_BEFORE = "SELECT line FROM record WHERE kind = 'heartbeat' AND seq <= ? ORDER BY seq DESC LIMIT 1"
BLOBS_DUE = ("FROM blob WHERE confirmed IS NULL AND seq < (SELECT coalesce(max(size), 0) FROM receipt)")
RECEIPT_OVER = "SELECT min(time_s) FROM receipt WHERE size > ?"
REBUILD_LINES = 1000
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
        self._cut = 0
        self._cutting = asyncio.Lock()      # nobody makes the tree anew from lines while they are being pruned

    @classmethod
    async def closed(cls, path: Path, origin: str) -> Shelf:
        """A log that is closed, for reading and delivery."""
        database = await Database.open(path, SCHEMA)
        try:
            shelf = cls(database, origin, 0)
            shelf._size = (await database.rows("SELECT coalesce(max(seq) + 1, 0) FROM record"))[0][0]
            await shelf.read_cut()
        except BaseException:
            await database.close()
            raise
        return shelf

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

    @property
    def cut(self) -> int:
        """Size of the tree at which the log was pruned: from line cut - 1 on every line is here; 0: all are."""
        return self._cut

    @property
    def first(self) -> int:
        """Seq of the first line that is here."""
        return max(self._cut - 1, 0)

    def window(self) -> Shelf:
        """For people: what was acknowledged, also from a card that turned read-only and refuses everyone else."""
        shelf = Shelf(Window(self._database), self.origin, self._size)
        shelf._cut = self._cut
        return shelf

    async def read_cut(self) -> None:
        """EvidenceError when lines are gone that nothing says were pruned."""
        rows = await self._database.rows("SELECT max(size) FROM stump")
        self._cut = rows[0][0] or 0
        rows = await self._database.rows("SELECT min(seq) FROM record")
        if rows[0][0] is not None and rows[0][0] != self.first:
            raise EvidenceError(f"{self.path}: the log begins with record {rows[0][0]}, not {self.first}: records are missing")

    async def stump(self) -> Stump | None:
        """What stays of the lines that were pruned."""
        rows = await self._database.rows("SELECT size, hashes, note FROM stump ORDER BY size DESC LIMIT 1")
        if not rows:
            return None
        size, hashes, note = rows[0]
        left = tuple(bytes(hashes[at : at + HASH_BYTES]) for at in range(0, len(hashes), HASH_BYTES))
        line = await self.lines(size - 1, 1)
        if not line:
            raise StorageError(f"{self.path}: record {size - 1}, the last before the cut, is missing")
        return Stump(size, line[0], left, bytes(note))

    async def prune(self, to: Kept) -> int:
        """Cut at the size of a receipt, in one durable transaction; how many lines went.  The caller verified the receipt."""
        async with self._cutting:
            if not self._cut < to.size <= self._size:
                return 0
            last = to.size - 1              # stays
            names = merkle.left_of(last)
            left = [await self._node(level, index) for level, index in names]
            went = last - self.first
            statements: list[Statement] = [
                *_below(last), *(("INSERT OR REPLACE INTO node VALUES (0, ?, ?)", (index, value))
                                 for (level, index), value in zip(names, left, strict=True) if level == 0),
                ("DELETE FROM receipt WHERE size < ?", (await self._oldest_named(to.size),)),
                ("DELETE FROM stump", ()), ("INSERT INTO stump VALUES (?, ?, ?)", (to.size, b"".join(left), to.note)),
            ]
            try:
                await self._database.write(statements)
            finally:
                await self.read_cut()       # what the disk refuses may have landed all the same
            return went

    async def spare_bytes(self) -> int:
        """Room inside the file that new records take before the file grows: pages of lines that were pruned."""
        pages = (await self._database.rows("PRAGMA freelist_count"))[0][0]
        return int(pages) * int((await self._database.rows("PRAGMA page_size"))[0][0])

    async def _oldest_named(self, size: int) -> int:
        """Size of the oldest receipt that records from `size` - 1 on still need: the one the first heartbeat there names says
        since when they can have been signed."""
        rows = await self._database.rows(
            "SELECT line FROM record WHERE kind = 'heartbeat' AND seq >= ? ORDER BY seq LIMIT 1", (size - 1,)
        )
        named = named_receipt(jws.take_apart(bytes(rows[0][0])).payload) if rows else None
        return min(size, named[0]) if named else size

    async def lines(self, begin: int, count: int) -> list[bytes]:
        """Lines [begin, begin + count) as far as they are here: none where line `begin` is not."""
        rows = await self._database.rows(
            "SELECT seq, line FROM record WHERE seq >= ? AND seq < ? ORDER BY seq", (begin, begin + count)
        )
        return [line_of(self.path, seq, line) for number, (seq, line) in enumerate(rows, begin) if seq == number]

    async def alarms_beyond(self, begin: int, most: int) -> list[int]:
        """Seq of alarms from line `begin` on, newest first."""
        rows = await self._database.rows(
            "SELECT seq FROM record WHERE kind = 'alarm' AND seq >= ? ORDER BY seq DESC LIMIT ?", (begin, most)
        )
        return [int(row[0]) for row in rows]

    async def alarms(self, last: int) -> list[bytes]:
        """The last alarm lines, oldest first."""
        return await self.newest("alarm", last)

    async def newest(self, kind: str, last: int) -> list[bytes]:
        """The last lines of a kind, oldest first."""
        rows = await self._database.rows(
            "SELECT line FROM record WHERE kind = ? AND seq < ? ORDER BY seq DESC LIMIT ?", (kind, self._size, last)
        )
        return [line_of(self.path, kind, row[0]) for row in reversed(rows)]

    async def last(self, kind: str) -> bytes | None:
        """The newest line of a kind, looked for from the end."""
        rows = await self._database.rows("SELECT line FROM record WHERE kind = ? ORDER BY seq DESC LIMIT 1", (kind,))
        return line_of(self.path, kind, rows[0][0]) if rows else None

    async def tree(self, question: Callable[[merkle.Node], T]) -> T:
        """The root or proof that `question` computes, its nodes fetched first."""
        nodes = {name: await self._node(*name) for name in dict.fromkeys(merkle.wanted(question))}
        return question(lambda level, index: nodes[level, index])

    async def receipt(self) -> Kept | None:
        """The newest receipt."""
        rows = await self._database.rows("SELECT size, note, line, time_s FROM receipt ORDER BY size DESC LIMIT 1")
        return Kept(*rows[0]) if rows else None

    async def next_cut(self, signer: bytes, given_until_s: int, near: int) -> Kept | None:
        """The receipt to prune to next: its line begins with `signer`, given no later than a time; the largest that takes at
        most `near` lines, else the smallest beyond.  None where there is none."""
        fit = ("SELECT size, note, line, time_s FROM receipt"
               " WHERE size > ? AND size <= ? AND time_s <= ? AND substr(line, 1, ?) = ?")
        begin, end, rest = max(self._cut, 1), min(self.first + near, self._size), (given_until_s, len(signer), signer)
        rows = await self._database.rows(fit + " ORDER BY size DESC LIMIT 1", (begin, end, *rest))
        if not rows:
            rows = await self._database.rows(fit + " ORDER BY size LIMIT 1", (begin, self._size, *rest))
        return Kept(*rows[0]) if rows else None

    async def bracket(self, seq: int) -> Bracket:
        """Between which times of the centre the line was signed, by the receipts kept here."""
        rows = await self._database.rows(HEARTBEAT_BEFORE, (seq,))
        named = named_receipt(jws.take_apart(bytes(rows[0][0])).payload) if rows else None
        given = await self._database.rows("SELECT line, time_s FROM receipt WHERE size = ?", (named[0],)) if named else []
        after = next((time_s for line, time_s in given if named and encode(hashlib.sha256(line).digest()) == named[1]), None)
        return Bracket(after, (await self._database.rows(RECEIPT_OVER, (seq,)))[0][0])

    async def root(self, size: int) -> bytes:
        """Root of the first `size` lines."""
        return await self.tree(lambda node: merkle.root(size, node))

    async def keep_receipt(self, receipt: Receipt, note: bytes) -> None:
        """Keep a receipt that was verified against this log's own tree."""
        size = receipt.checkpoint.size
        await self._database.write([
            ("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?)", (size, note, receipt.line, receipt.time_s))
        ])

    async def blobs_due(self) -> list[Blob]:
        """Documents whose record is receipted and that the centre has not confirmed, in the order of their records."""
        return [Blob(*row) for row in await self._database.rows(f"SELECT sha256, len, type {BLOBS_DUE} ORDER BY seq")]

    async def count_blobs_due(self) -> int:
        return int((await self._database.rows(f"SELECT count(*) {BLOBS_DUE}"))[0][0])

    async def confirm_blob(self, sha256: str, signature: bytes | None, begin: int = 0) -> None:
        """Keep the centre's signature, that it holds the document; the caller verified it.  None: it is in doubt again."""
        await self._database.write([("UPDATE blob SET confirmed = ? WHERE sha256 = ? AND seq >= ?", (signature, sha256, begin))])

    async def blob_delivered(self, sha256: str) -> bool | None:
        """Whether the centre holds the document and has receipted every record that names it; None: none here does."""
        rows = await self._database.rows(
            "SELECT count(*), count(confirmed), max(seq), (SELECT max(size) FROM receipt) FROM blob WHERE sha256 = ?", (sha256,))
        named, confirmed, last, receipted = rows[0]
        return bool(named == confirmed and last < (receipted or 0)) if named else None

    async def rebuild_tree(self) -> None:
        """The tree from the lines alone, and what the stump holds of those that are gone, in one transaction."""
        async with self._cutting:
            stump = await self.stump()
            if stump is not None:       # vouched for by the root that both ends signed
                text = stump.note.decode().partition("\n\n")[0] + "\n"
                if stump.tree().root() != notes.read_checkpoint_text(text).root:
                    raise EvidenceError(f"{self._database.path}: the stump at {stump.size} does not lead to its checkpoint")
            nodes = dict(zip(merkle.left_of(self.first), stump.left, strict=True)) if stump else {}
            kept = [(*name, value) for name, value in nodes.items()]
            for begin in range(self.first, self._size, REBUILD_LINES):
                for seq, line in enumerate(await self.lines(begin, REBUILD_LINES), begin):
                    for level, index, value in merkle.completed(seq, merkle.leaf(line), lambda level, index: nodes[level, index]):
                        nodes[level, index] = value
                        kept += [(level, index, value)] if level > 0 else []
            await self._database.write([
                ("DELETE FROM node", ()), *(("INSERT INTO node VALUES (?, ?, ?)", node) for node in kept)
            ])

    async def _node(self, level: int, index: int) -> bytes:
        if level == 0 and (line := await self.lines(index, 1)):
            return merkle.leaf(line[0])
        rows = await self._database.rows("SELECT hash FROM node WHERE level = ? AND idx = ?", (level, index))
        if not rows or not isinstance(rows[0][0], bytes) or len(rows[0][0]) != HASH_BYTES:
            raise StorageError(f"{self._database.path}: tree node {level}/{index} is missing")
        return rows[0][0]

    async def close(self) -> None:
        await self._database.close()


def _below(last: int) -> Sequence[Statement]:
    """Away with lines before `last` and the nodes over them, but for those that cover [0, last)."""
    nodes = [
        ("DELETE FROM node WHERE level = ? AND idx < ?", (level, (last >> level) - (last >> level & 1)))
        for level in range(last.bit_length())
    ]
    return [("DELETE FROM record WHERE seq < ?", (last,)), *nodes]


def line_of(path: Path, seq: int | str, value: object) -> bytes:
    """A damaged file may hold anything in this place, whatever the table demands."""
    if not isinstance(value, bytes):
        raise StorageError(f"{path}: record {seq} is damaged: there is no line in its place")
    return value
