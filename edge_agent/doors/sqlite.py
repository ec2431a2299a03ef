"""SQLite through aiosqlite, so that only whole transactions exist: one lock, never cancelled half-way, closed at the end.

WAL with synchronous=FULL lost nothing in 225 power cuts and 31 400 enumerated crash states; WAL with NORMAL lost
records in every cut.  Both are set and read back: SQLite takes a pragma it cannot honour without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import operator
import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

from edge_agent.doors.files import reading_uri
from edge_agent.words.errors import StorageError, Unavailable
from edge_agent.words.language import worded

log = logging.getLogger("edge_agent.sqlite")
Statement = tuple[str, Sequence[Any]]
CHUNK = 1 << 18                 # bytes of one read of the WAL
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,               # FULL
    "wal_autocheckpoint": 250,      # pages: a small WAL wears a card less and recovers fast
    "journal_size_limit": 1 << 20,  # bytes the WAL keeps after a checkpoint
    "secure_delete": 0,             # Debian builds it on: pruning then writes every deleted page once more, as zeros
    "trusted_schema": 0,
    "foreign_keys": 1,
}


class Database:
    """One file, one connection, one writer at a time."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = asyncio.Lock()
        self._inode = path.stat().st_ino if path.exists() else 0
        self._spent = False             # the disk refused something through this handle
        self._doubtful = False          # a write or sync was refused: what others see may never have come to the disk
        self._alone = False             # opened on a full disk, where others cannot read beside us

    @property
    def replaced(self) -> bool:
        """Whether the name now stands for no file, or for another than the one that is open."""
        try:
            return self.path.stat().st_ino != self._inode
        except OSError:
            return True

    @classmethod
    async def open(cls, path: Path, schema: Iterable[str]) -> Database:
        """The database at `path`, made with `schema` where it is new; StorageError when it cannot be trusted."""
        await asyncio.to_thread(_write_over, _wal(path))    # a process before us may have left what its last sync refused
        database = cls(path, await _connect(path))
        database._alone = await _is_alone(database._connection)
        try:
            try:
                await _settle(database._connection, path)
            except Unavailable as problem:
                if "SQLITE_FULL" not in str(problem):       # a full disk has no room to settle, and nothing in doubt
                    raise
            if not database._inode:
                database._inode = path.stat().st_ino  # noqa: ASYNC240
            await database.write([(statement, ()) for statement in schema])
            sync_directory(path.parent)     # at every start: the start that made the file may not have come so far
        except BaseException:
            await database.close()
            raise
        return database

    async def _fresh(self) -> None:
        """After an error of the disk the handle is never used again: what it believes may not be on the disk."""
        if self._spent:
            if self._doubtful:          # before the handle goes: whoever closes last writes the WAL into the database
                await asyncio.to_thread(_write_over, _wal(self.path))
            await self._connection.close()
            self._connection = await _connect(self.path)
            if self._doubtful:
                await _settle(self._connection, self.path)
            self._spent, self._doubtful, self._alone = False, False, await _is_alone(self._connection)

    async def write(self, statements: Sequence[Statement]) -> None:
        """All statements in one durable transaction, or none and StorageError.  A cancelled caller does not cut it."""
        await asyncio.shield(asyncio.ensure_future(self._transaction(statements)))

    async def _transaction(self, statements: Sequence[Statement]) -> None:
        async with self._lock:
            await self._fresh()
            try:
                await self._connection.execute("BEGIN IMMEDIATE")
                for sql, alike in itertools.groupby(statements, key=operator.itemgetter(0)):
                    rows = [values for _, values in alike]
                    if len(rows) == 1:                  # executemany takes no statement that returns rows
                        await self._connection.execute(sql, rows[0])
                    else:                               # each call is a way to SQLite's thread and back
                        await self._connection.executemany(sql, rows)
                await self._connection.commit()
                self._spent = self._alone       # there is room again: open it as others can read it too
            except sqlite3.Error as problem:
                await self._roll_back()
                self._spent = _of_the_disk(problem)
                self._doubtful = self._doubtful or _name(problem).startswith("SQLITE_IOERR")
                raise _error(self.path, problem) from None

    async def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                await self._connection.rollback()
        except sqlite3.Error:
            pass                    # the handle is spent; whoever holds the ledger reads the head again

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Rows of one short query."""
        if self._spent:
            async with self._lock:
                await self._fresh()
        try:
            async with self._connection.execute(sql, values) as cursor:
                return list(await cursor.fetchall())
        except (sqlite3.Error, ValueError) as problem:      # ValueError: another caller has just replaced the handle
            self._spent = self._spent or _of_the_disk(problem)
            raise _error(self.path, problem) from None

    async def close(self) -> None:
        """Wait for the transaction under way, then close; an open connection keeps the process from ending."""
        async with self._lock:
            await self._connection.close()


class Window(Database):
    """The same file for people to look through while the disk takes no write (a card that turned read-only).

    What is seen here may hold a commit that was refused: whoever shows it leaves out what was not acknowledged, and nothing
    is ever written or receipted on its word.
    """

    def __init__(self, database: Database) -> None:
        self._database, self.path = database, database.path

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return await self._database.rows(sql, values)
        except Unavailable:
            return await asyncio.to_thread(self._seen, sql, values)

    def _seen(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            with contextlib.closing(sqlite3.connect(reading_uri(self.path), uri=True)) as connection:
                return connection.execute(sql, values).fetchall()
        except sqlite3.Error as problem:
            raise _error(self.path, problem) from None


async def _connect(path: Path) -> aiosqlite.Connection:
    """A connection that does what PRAGMAS ask.  A full disk has no room for the memory map that readers share (-shm):
    there the file is opened for us alone, so that what is in it can be read and what finds room be written."""
    try:
        return await _prepared(path, {})
    except Unavailable as problem:
        if "SQLITE_BUSY" in str(problem):
            raise                       # another program writes: alone is what we can not be
        try:
            connection = await _prepared(path, {"locking_mode": "exclusive"})
        except StorageError:
            raise problem from None
        log.error("%s; opened for this program alone", problem)
        return connection


async def _prepared(path: Path, first: dict[str, Any]) -> aiosqlite.Connection:
    try:
        connection = await aiosqlite.connect(path, isolation_level=None)
    except sqlite3.Error as problem:
        raise _error(path, problem) from None
    try:
        for name, value in {**first, **PRAGMAS}.items():
            await connection.execute(f"PRAGMA {name}={value}")
            found = await _row(connection, f"PRAGMA {name}")
            if found is None or found[0] != value:
                raise StorageError(worded(
                    "{path}: SQLite did not take {name}={value} (it says {found})",
                    path=path, name=name, value=value, found=found))
        await _row(connection, "SELECT count(*) FROM sqlite_schema")
        return connection
    except sqlite3.Error as problem:
        await connection.close()
        raise _error(path, problem) from None
    except BaseException:
        await connection.close()
        raise


async def _settle(connection: aiosqlite.Connection, path: Path) -> None:
    """One small commit over whatever a refused one left in the WAL.

    Its frames follow the last one that is seen.  What was refused and is seen no more, because readers keep the shared index
    alive, stands where they go, and can never come back.
    """
    try:
        row = await _row(connection, "PRAGMA user_version")
        await connection.execute(f"PRAGMA user_version = {(row[0] + 1) % 2**31}")
    except sqlite3.Error as problem:
        raise _error(path, problem) from None


async def _is_alone(connection: aiosqlite.Connection) -> bool:
    found = await _row(connection, "PRAGMA locking_mode")
    return bool(found and found[0] == "exclusive")


async def _row(connection: aiosqlite.Connection, sql: str) -> Any:
    async with connection.execute(sql) as cursor:
        return await cursor.fetchone()


def _of_the_disk(problem: Exception) -> bool:
    """Errors after which a handle is spent: the device, or no room; a lock held by another is neither."""
    return _name(problem).startswith(("SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_READONLY"))


def _name(problem: Exception) -> str:
    return getattr(problem, "sqlite_errorname", "") or ""


LOST = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}     # families of errors that mean the file itself is spoiled


def _error(path: Path, problem: Exception) -> StorageError:
    """A spoiled file is lost; one that is held, closed to us or on a failing device is only out of reach."""
    name = _name(problem)
    if name.startswith("SQLITE_FULL"):
        return Unavailable(worded(
            "{path}: no room on the disk ({name}).\n  Free some: df -h {parent}",
            path=path, name=name, parent=path.parent))
    if any(name.startswith(family) for family in LOST) or isinstance(problem, sqlite3.IntegrityError | sqlite3.InterfaceError):
        return StorageError(worded("{path}: {problem}", path=path, problem=problem))
    if isinstance(problem, sqlite3.OperationalError) and name not in ("SQLITE_ERROR", ""):
        return Unavailable(worded(
            "{path}: {problem} ({name}); is another program using it, is the disk well?",
            path=path, problem=problem, name=name))
    return StorageError(worded("{path}: {problem}", path=path, problem=problem))


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _write_over(wal: Path) -> None:
    """Write the file over itself, and sync.

    After a sync that failed the kernel takes the pages for clean: no later sync brings them to the disk, while every new
    handle reads them.  Written once more they are dirty again: what is read from here on is on the disk (decisions/0020).
    Readers may go on, they find the same bytes; a second writer there is none.
    """
    try:
        handle = os.open(wal, os.O_RDWR)
        try:
            at = 0
            while data := os.pread(handle, CHUNK, at):
                at += os.pwrite(handle, data, at)
            os.fsync(handle)
        finally:
            os.close(handle)
    except FileNotFoundError:
        return
    except OSError as problem:
        raise Unavailable(worded(
            "cannot sync {wal}: {strerror}; is the disk well?", wal=wal, strerror=problem.strerror)) from None


def sync_directory(path: Path) -> None:
    """Make new names in a directory survive a power cut."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as problem:
        raise Unavailable(worded(
            "cannot sync the directory {path}: {strerror}; is the disk well?", path=path, strerror=problem.strerror)) from None
