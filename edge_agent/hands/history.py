"""Counts of passages and the last background, kept for learning and restarts.  First to be shed when space is short."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from edge_agent.doors.sqlite import Database
from edge_agent.words.errors import StorageError, Unavailable

log = logging.getLogger("edge_agent.history")

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS passage (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, wall_ns INTEGER NOT NULL,"
    " body BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS background (lane TEXT NOT NULL, radiation TEXT NOT NULL, wall_ns INTEGER NOT NULL,"
    " body BLOB NOT NULL, PRIMARY KEY (lane, radiation)) STRICT, WITHOUT ROWID",
)
PASSAGES_MAX = 50_000               # about 2 KB each: 100 MB; twice what learning asks of three length classes


class History:
    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, path: Path) -> History:
        """The history at `path`; a damaged one is set aside, for nothing of it is evidence."""
        try:
            return cls(await Database.open(path, SCHEMA))
        except Unavailable:
            raise
        except StorageError as problem:
            log.error("%s; it is set aside and a new history begins", problem)
            _set_aside(path)
            return cls(await Database.open(path, SCHEMA))

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
