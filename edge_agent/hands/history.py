"""Counts of passages, minutes, the wire of the last weeks and the last background, kept for learning, trends, questions
afterwards and restarts.  First to be shed when space is short."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_agent.doors.files import space
from edge_agent.doors.sqlite import Database, Statement
from edge_agent.words.errors import StorageError, Unavailable

log = logging.getLogger("edge_agent.history")

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS passage (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, wall_ns INTEGER NOT NULL,"
    " body BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS background (lane TEXT NOT NULL, radiation TEXT NOT NULL, wall_ns INTEGER NOT NULL,"
    " body BLOB NOT NULL, PRIMARY KEY (lane, radiation)) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS minutes (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, begin_s INTEGER NOT NULL,"
    " end_s INTEGER NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS minutes_of_lane ON minutes (lane, begin_s, end_s, bytes)",
    "CREATE TABLE IF NOT EXISTS wire (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, begin_s INTEGER NOT NULL,"
    " end_s INTEGER NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS wire_of_lane ON wire (lane, begin_s, end_s, bytes)",
)
PASSAGES_MAX = 50_000               # about 2 KB each: 100 MB; twice what learning asks of three length classes
MINUTES_BYTES = 128 << 20           # on the disk, all lanes; a lane of 8 detectors takes 14 MB a year (docs/decisions/0026)
MINUTES_PART = 1 / 20               # of a file system too small for that
WIRE_PART = 1 / 5                   # the same for the wire: as much again stays free as minutes, logs and upgrades ask
ROW_BYTES = 60                      # of a block beside its body: row and index entry, as dbstat shows them
OLDEST = 32                         # blocks let go at once: the next hours then need no room
Block = tuple[str, int, int, bytes]     # lane, where it begins and ends (s, UTC), packed


class Blocks:
    """Packed stretches of time in one table, under a budget of bytes on the disk: the oldest of all lanes go first."""

    def __init__(self, database: Database, table: str, budget: int) -> None:
        self._database, self._table, self.budget = database, table, budget
        self._bytes: int | None = None          # on the disk; None: not counted yet

    async def keep(self, blocks: Sequence[Block]) -> None:
        """Append in one transaction; beyond the budget the oldest go in the same one."""
        if self._bytes is None:
            row = await self._database.rows(f"SELECT coalesce(sum(bytes), 0) FROM {self._table}")  # noqa: S608 (ours)
            self._bytes = int(row[0][0])
        rows = [(lane, begin_s, end_s, len(body) + ROW_BYTES, body) for lane, begin_s, end_s, body in blocks]
        more = sum(row[3] for row in rows)
        gone, room = await self._oldest(self._bytes + more - self.budget)
        statements: list[Statement] = [(f"DELETE FROM {self._table} WHERE id <= ?", (gone,))] if gone else []  # noqa: S608
        statements += [(f"INSERT INTO {self._table} (lane, begin_s, end_s, bytes, body) VALUES (?, ?, ?, ?, ?)", row)  # noqa: S608
                       for row in rows]
        await self._database.write(statements)
        self._bytes += more - room

    async def _oldest(self, over: int) -> tuple[int, int]:
        """(id, bytes up to it) of what has to go where the blocks are `over` their budget; (0, 0): nothing."""
        last, room = 0, 0
        while room < over:
            rows = await self._database.rows(
                f"SELECT id, bytes FROM {self._table} WHERE id > ? ORDER BY id LIMIT ?", (last, OLDEST))  # noqa: S608
            if not rows:
                break
            last, room = rows[-1][0], room + sum(row[1] for row in rows)
        return last, room

    async def find(self, lane: str, begin_s: int, end_s: int, after: int, most: int) -> list[tuple[int, bytes]]:
        """(id, block) of what a lane has from `begin_s` to `end_s` (UTC), in the order it was kept, beyond id `after`."""
        rows = await self._database.rows(
            f"SELECT id, body FROM {self._table} WHERE id IN (SELECT id FROM {self._table} WHERE lane = ? AND begin_s <= ?"  # noqa: S608
            " AND end_s >= ? AND id > ? ORDER BY id LIMIT ?) ORDER BY id", (lane, end_s, begin_s, after, most),
        )
        return [(row[0], bytes(row[1])) for row in rows]


class History:
    def __init__(self, database: Database, wire_bytes: int = 0) -> None:
        self._database = database
        found = space(database.path)
        whole = found[1] if found else 1 << 62
        self.minutes = Blocks(database, "minutes", min(MINUTES_BYTES, int(whole * MINUTES_PART)))
        self.wire = Blocks(database, "wire", min(wire_bytes, int(whole * WIRE_PART)))

    @classmethod
    async def open(cls, path: Path, wire_bytes: int = 0) -> History:
        """The history at `path`; a damaged one is set aside, for nothing of it is evidence."""
        try:
            return cls(await Database.open(path, SCHEMA), wire_bytes)
        except Unavailable:
            raise
        except StorageError as problem:
            log.error("%s; it is set aside and a new history begins", problem)
            _set_aside(path)
            return cls(await Database.open(path, SCHEMA), wire_bytes)

    async def keep_passage(self, lane: str, wall_ns: int, body: dict[str, Any]) -> None:
        """Append a passage; the oldest beyond the bound goes in the same transaction."""
        await self._database.write([
            ("INSERT INTO passage (lane, wall_ns, body) VALUES (?, ?, ?)", (lane, wall_ns, _pack(body))),
            ("DELETE FROM passage WHERE id <= (SELECT max(id) FROM passage) - ?", (PASSAGES_MAX,)),
        ])

    async def passages(self, lane: str, last: int) -> list[dict[str, Any]]:
        rows = await self._database.rows(
            "SELECT body FROM passage WHERE lane = ? ORDER BY id DESC LIMIT ?", (lane, last)
        )
        return [body for row in reversed(rows) if (body := _unpack(row[0])) is not None]

    async def keep_backgrounds(self, wall_ns: int, found: dict[tuple[str, str], dict[str, Any]]) -> None:
        """The last background of each (lane, radiation), for the next start."""
        await self._database.write([
            ("INSERT OR REPLACE INTO background VALUES (?, ?, ?, ?)", (lane, radiation, wall_ns, _pack(body)))
            for (lane, radiation), body in found.items()
        ])

    async def backgrounds(self) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
        """(wall_ns, body) of the last background of each (lane, radiation)."""
        rows = await self._database.rows("SELECT lane, radiation, wall_ns, body FROM background")
        return {(row[0], row[1]): (row[2], body) for row in rows if (body := _unpack(row[3])) is not None}

    async def discard(self) -> None:
        """Close and delete it: its room is needed for evidence."""
        await self._database.close()
        for name in ("", "-wal", "-shm"):
            path = self._database.path
            path.with_name(path.name + name).unlink(missing_ok=True)

    async def set_aside(self) -> None:
        """Close a spoiled one and keep its file under another name."""
        with contextlib.suppress(StorageError):
            await self._database.close()
        _set_aside(self._database.path)

    async def close(self) -> None:
        await self._database.close()


def _set_aside(path: Path) -> None:
    """Keep the damaged file for whoever asks; its WAL must not be played into the new one."""
    path.rename(path.with_name(f"{path.name}.damaged"))
    for name in (f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def _unpack(data: bytes) -> dict[str, Any] | None:
    """A body, None where the disk spoiled it: what is not evidence must not keep the core from its start."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as problem:
        log.warning("a damaged row of the history is left out: %s", repr(problem)[:120])
        return None
    return body if isinstance(body, dict) else None


def _pack(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
