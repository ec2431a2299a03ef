"""The same SQLite calls without aiosqlite's thread: four fifths of a campaign's time were hops between threads.

What runs inside is what ships (ledger, keys, doors.sqlite's statements); only who executes them differs.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch


class Cursor:
    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()


class Execution:
    """To be awaited, or entered."""

    def __init__(self, run: Callable[[], sqlite3.Cursor]) -> None:
        self._run = run

    def __await__(self) -> Generator[None, None, Cursor]:
        yield from ()
        return Cursor(self._run())

    async def __aenter__(self) -> Cursor:
        self._entered = self._run()
        return Cursor(self._entered)

    async def __aexit__(self, *_: object) -> None:
        self._entered.close()


class Connection:
    def __init__(self, path: Path, **options: Any) -> None:
        self._connection = sqlite3.connect(path, **options)

    def execute(self, sql: str, values: Any = ()) -> Execution:
        return Execution(lambda: self._connection.execute(sql, values))

    def executemany(self, sql: str, rows: Any) -> Execution:
        return Execution(lambda: self._connection.executemany(sql, rows))

    async def commit(self) -> None:
        self._connection.commit()

    async def rollback(self) -> None:
        self._connection.rollback()

    async def close(self) -> None:
        self._connection.close()

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction


async def _connect(path: Path, **options: Any) -> Connection:
    return Connection(path, **options)


async def _at_once(work: Callable[..., Any], *values: Any) -> Any:
    return work(*values)


@contextmanager
def without_threads() -> Iterator[None]:
    """Inside, ledgers run in the calling thread."""
    as_aiosqlite: Any = SimpleNamespace(connect=_connect, Connection=Connection)
    at_once: Callable[..., Awaitable[Any]] = _at_once
    with patch("edge_agent.doors.sqlite.aiosqlite", as_aiosqlite), patch.object(asyncio, "to_thread", at_once):
        yield
