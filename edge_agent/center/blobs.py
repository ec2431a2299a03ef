"""Documents that records name, at the centre: taken piece by piece, believed by their hash, one file each in `blobs/`.

Only what a stored record names is taken, and only as long as it says: nobody fills the disk with what nobody asked for.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection, Row

from edge_agent.center import shelves, store
from edge_agent.center.directory import ReceiptKey, replace
from edge_agent.center.values import Answer, Log, NewLine
from edge_agent.tools.piece import Piece
from edge_agent.words.blob import confirmation_text, named
from edge_agent.words.errors import StorageError

DIRECTORY = "blobs"
JSON = "application/json"
_MINE = """
SELECT b.stored_ms FROM blob AS b JOIN certificate AS c ON c.log = b.log
WHERE b.sha256 = ? AND b.len = ? AND c.sha256 = ? ORDER BY b.stored_ms IS NULL
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A document that a record of a log names."""

    seq: int
    sha256: str
    len: int
    type: str
    stored: bool


def expect(db: Connection, log: Log, lines: tuple[NewLine, ...]) -> None:
    """Documents that new records name; one that is here already is so for them too."""
    for new in lines:
        if blob := named(new.payload):
            there = db.execute("SELECT max(stored_ms) FROM blob WHERE sha256 = ?", (blob.sha256,)).fetchone()[0]
            db.execute("INSERT OR IGNORE INTO blob VALUES (?, ?, ?, ?, ?, ?)",
                       (log.number, new.seq, blob.sha256, blob.len, blob.type, there))


def of_log(db: Connection, log: Log) -> list[Held]:
    rows = db.execute("SELECT * FROM blob WHERE log = ? ORDER BY seq", (log.number,))
    return [Held(row["seq"], row["sha256"], row["len"], row["type"], row["stored_ms"] is not None) for row in rows]


def export(directory: Path, held: list[Held], out: Path) -> list[str]:
    """Copies of what is here, and a line for each document."""
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    for one in held:
        data = _read(directory, one)
        if data is not None:
            replace(out / one.sha256, data)
        lines.append(f"record {one.seq}: {out / one.sha256}" if data is not None
                     else f"record {one.seq}: document {one.sha256} is not here: {'lost' if one.stored else 'not sent yet'}")
    return lines


def problems(directory: Path, held: list[Held]) -> list[str]:
    """What is wrong with documents that this centre confirmed."""
    found = []
    for one in held:
        data = _read(directory, one) if one.stored else None
        if one.stored and (data is None or hashlib.sha256(data).hexdigest() != one.sha256):
            state = "is not here" if data is None else "is not what it was"
            found.append(f"record {one.seq}: document {one.sha256}, confirmed by this centre, {state}")
    return found


def _read(directory: Path, one: Held) -> bytes | None:
    path = path_of(directory, one.sha256)
    return path.read_bytes() if path.exists() else None


def path_of(directory: Path, sha256: str) -> Path:
    return directory / DIRECTORY / sha256


def put(db: Connection, key: ReceiptKey, certificate: bytes, piece: Piece, now_ms: int) -> Answer:
    """PUT blob."""
    if not shelves.is_registered(db, certificate):
        return _line(403, "this certificate is not registered here")
    row = db.execute(_MINE, (piece.sha256, piece.total, hashlib.sha256(certificate).digest())).fetchone()
    if row is None:
        return _line(404, f"no record that is here names this document with {piece.total} bytes")
    path = path_of(_directory(db), piece.sha256)
    try:
        return _take(db, key, path, row, piece, now_ms)
    except OSError as problem:
        raise StorageError(f"{path}: {problem.strerror}") from None


def _take(db: Connection, key: ReceiptKey, path: Path, row: Row, piece: Piece, now_ms: int) -> Answer:
    if row["stored_ms"] is not None and path.exists():
        return _confirmed(key, piece)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    held = part.stat().st_size if part.exists() else 0
    if piece.begin != held:
        return _held(409, held)
    with part.open("ab") as file:
        file.write(piece.data)
        file.flush()
        os.fsync(file.fileno())
    if held + len(piece.data) < piece.total:
        return _held(202 if piece.data else 409, held + len(piece.data))
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != piece.sha256:
        part.unlink()
        return _line(422, f"the bytes that came have another SHA-256: {digest}; they are thrown away")
    part.rename(path)
    store.sync_directory(path.parent)
    store.sync_directory(path.parent.parent)
    with store.writing(db):
        db.execute("UPDATE blob SET stored_ms = ? WHERE sha256 = ?", (now_ms, piece.sha256))
    return _confirmed(key, piece)           # on disk, name and all: only now may the receipt key sign


def _confirmed(key: ReceiptKey, piece: Piece) -> Answer:
    return Answer(200, b64encode(key.signer.sign(confirmation_text(piece.sha256, piece.total))) + b"\n")


def _held(status: int, size: int) -> Answer:
    return Answer(status, b'{"held":%d}\n' % size, type=JSON)


def _line(status: int, text: str) -> Answer:
    return Answer(status, text.encode() + b"\n")


def _directory(db: Connection) -> Path:
    """Where the database is, the documents are."""
    return Path(next(row["file"] for row in db.execute("PRAGMA database_list") if row["name"] == "main")).parent
