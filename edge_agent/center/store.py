"""The centre's database: SQLite, WAL, every commit on disk before it is believed.

synchronous=FULL in WAL mode syncs at each commit; both are read back, because a file system may refuse them silently.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_agent.words.errors import SettingsError, StorageError

VERSION = 1
NAME = "center.db"
BUSY_S = 10.0                       # another command of the centre may hold the write lock for a moment

SCHEMA = """
CREATE TABLE log (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, origin TEXT NOT NULL UNIQUE,
    record_key BLOB NOT NULL, log_key TEXT NOT NULL,
    parent INTEGER REFERENCES log, confirmed INTEGER NOT NULL, enrolled_ms INTEGER NOT NULL,
    next_seq INTEGER NOT NULL, last_hash BLOB, next_key BLOB NOT NULL,
    heard_ms INTEGER, heartbeat_seq INTEGER, period_s REAL NOT NULL, clock_ms INTEGER, silent INTEGER NOT NULL
) STRICT;
CREATE TABLE certificate (
    log INTEGER NOT NULL REFERENCES log, sha256 BLOB NOT NULL, der BLOB NOT NULL, PRIMARY KEY (log, sha256)
) STRICT;
CREATE TABLE line (
    log INTEGER NOT NULL REFERENCES log, seq INTEGER NOT NULL, line BLOB NOT NULL, hash BLOB NOT NULL,
    kind TEXT NOT NULL, arrived_ms INTEGER NOT NULL, mark TEXT, PRIMARY KEY (log, seq)
) STRICT;
CREATE INDEX alarm_line ON line (arrived_ms) WHERE kind = 'alarm';
CREATE INDEX marked_line ON line (log) WHERE mark IS NOT NULL;
CREATE TABLE node (
    log INTEGER NOT NULL REFERENCES log, level INTEGER NOT NULL, at INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (log, level, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipt (
    log INTEGER NOT NULL REFERENCES log, size INTEGER NOT NULL, time_s INTEGER NOT NULL, note BLOB NOT NULL,
    PRIMARY KEY (log, size)
) STRICT;
CREATE TABLE commitment (
    log INTEGER NOT NULL REFERENCES log, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL,
    arrived_ms INTEGER NOT NULL, PRIMARY KEY (log, size)
) STRICT;
CREATE TABLE express (
    log INTEGER NOT NULL REFERENCES log, seq INTEGER NOT NULL, line BLOB NOT NULL, kind TEXT NOT NULL,
    arrived_ms INTEGER NOT NULL, PRIMARY KEY (log, seq)
) STRICT;
CREATE TABLE fork (
    log INTEGER NOT NULL REFERENCES log, at INTEGER NOT NULL, what TEXT NOT NULL,
    ours BLOB NOT NULL, theirs BLOB NOT NULL, note BLOB NOT NULL, theirs_hash BLOB NOT NULL, found_ms INTEGER NOT NULL,
    PRIMARY KEY (log, at, what, theirs_hash)
) STRICT;
CREATE TABLE event (
    number INTEGER PRIMARY KEY, log INTEGER NOT NULL REFERENCES log, kind TEXT NOT NULL, key TEXT NOT NULL,
    at_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, times INTEGER NOT NULL, text TEXT NOT NULL,
    UNIQUE (log, kind, key)
) STRICT;
"""
# tables that came later: a centre made before them gets them when it is opened
LATER = """
CREATE TABLE IF NOT EXISTS question (
    number INTEGER PRIMARY KEY, log INTEGER NOT NULL REFERENCES log, kind TEXT NOT NULL, key TEXT NOT NULL,
    opened_ms INTEGER NOT NULL, closed_ms INTEGER, text TEXT NOT NULL, answer TEXT, UNIQUE (log, kind, key)
) STRICT;
CREATE TABLE IF NOT EXISTS witness (vkey TEXT PRIMARY KEY, card TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS witnessed (
    log INTEGER NOT NULL REFERENCES log, witness TEXT NOT NULL, size INTEGER NOT NULL, time_s INTEGER NOT NULL,
    PRIMARY KEY (log, witness)
) STRICT;
CREATE TABLE IF NOT EXISTS hole (
    log INTEGER NOT NULL REFERENCES log, begin INTEGER NOT NULL, "end" INTEGER NOT NULL, stump TEXT NOT NULL,
    found_ms INTEGER NOT NULL, PRIMARY KEY (log, begin)
) STRICT;
CREATE TABLE IF NOT EXISTS blob (
    log INTEGER NOT NULL REFERENCES log, seq INTEGER NOT NULL, sha256 TEXT NOT NULL, len INTEGER NOT NULL, type TEXT NOT NULL,
    stored_ms INTEGER, PRIMARY KEY (log, seq)
) STRICT;
CREATE INDEX IF NOT EXISTS blob_name ON blob (sha256);
CREATE TABLE IF NOT EXISTS withdrawal (
    number INTEGER PRIMARY KEY, origin TEXT NOT NULL, at_ms INTEGER NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL,
    enrolment TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS memory (log INTEGER PRIMARY KEY REFERENCES log, body TEXT NOT NULL) STRICT;
"""


def create(directory: Path) -> None:
    """A new database, readable by its owner alone, durable with its name."""
    path = directory / NAME
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))     # -wal and -shm take their mode from it
    connection = connect(path)
    connection.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version={VERSION};COMMIT;")
    connection.close()
    sync_directory(directory)


def open_store(directory: Path) -> sqlite3.Connection:
    """The database of an existing centre."""
    path = directory / NAME
    if not path.exists():
        raise SettingsError(f"{directory}: no centre here.  To make one: edge-agent center init --help")
    connection = connect(path)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        connection.close()
        raise SettingsError(f"{path}: made by another version ({version}, this program knows {VERSION})")
    connection.executescript(LATER)
    sync_directory(directory)
    return connection


@contextmanager
def opened(directory: Path) -> Iterator[sqlite3.Connection]:
    """The database for one command."""
    try:
        with closing(open_store(directory)) as connection:
            yield connection
    except sqlite3.Error as problem:
        raise StorageError(f"{directory / NAME}: {problem}") from None


def sync_directory(directory: Path) -> None:
    """Names of files made in the directory are on disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that is on disk when the block ends, or did not happen."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """One view of the database, whatever is written meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def connect(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on disk; StorageError where the file system does not take that."""
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=250;"
        "PRAGMA journal_size_limit=16777216; PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON;"
    )
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, level) != ("wal", 2):
        connection.close()
        raise StorageError(f"{path}: this disk does not take WAL and FULL ({mode}, {level}); use a local file system")
    return connection
