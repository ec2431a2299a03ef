"""A witness: cosigns checkpoints of logs it knows by their key alone, and never sees a record (C2SP tlog-witness).

It signs a checkpoint only when it is the one it signed last, or is proven to begin with it.  So whoever holds its
cosignature knows that the log showed this agency the same history.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection, Row

from edge_agent.center import store
from edge_agent.center.directory import ReceiptKey
from edge_agent.center.values import Answer
from edge_agent.tools import merkle, notes
from edge_agent.tools.base64url import decode_standard
from edge_agent.words.clock import Clock
from edge_agent.words.delivery import log_id
from edge_agent.words.errors import EvidenceError, SettingsError
from edge_agent.words.record import INTEGER_MAX, Checkpoint

NAME = "witness.db"
PROOF_MAX = 63                      # lines, of the specification
BODY_MAX = notes.NOTE_MAX + PROOF_MAX * 45 + 64
FORKS_MAX = 100                     # pairs kept of one log; more prove nothing new
SIZE_TYPE = "text/x.tlog.size"
SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    id TEXT PRIMARY KEY, origin TEXT NOT NULL UNIQUE, log_key TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 0,
    root BLOB, note BLOB, time_s INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS fork (
    id TEXT NOT NULL REFERENCES log, size INTEGER NOT NULL, ours BLOB NOT NULL, theirs BLOB NOT NULL,
    theirs_hash BLOB NOT NULL, found_s INTEGER NOT NULL, PRIMARY KEY (id, theirs_hash)
) STRICT;
"""
_OLD = re.compile(rb"old (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class Submission:
    old: int
    proof: list[bytes]
    note: bytes


def open_store(directory: Path) -> Connection:
    """The witness's own small database; SettingsError where there is none, as in the directory of a centre."""
    if not (directory / NAME).exists():
        raise SettingsError(f"{directory} holds no witness ({NAME} is not there).\n  To make one, in a directory of its own: "
                            "edge-agent witness init --help.  A centre's: edge-agent center status DIR")
    return _made(directory)


def _made(directory: Path) -> Connection:
    connection = store.connect(directory / NAME)
    connection.executescript(SCHEMA)
    return connection


def make_store(directory: Path) -> None:
    """The database of a new witness."""
    _made(directory).close()


def add_log(db: Connection, vkey: str) -> str:
    """Know a log by its verifier key; its origin."""
    key = notes.read_vkey(vkey.strip())
    if key.type != notes.LOG_KEY:
        raise SettingsError("this is a key that cosigns, not a portal's log key (log_key of its enrolment file)")
    there = db.execute("SELECT log_key FROM log WHERE origin = ?", (key.name,)).fetchone()
    if there and there["log_key"] != key.text():
        raise SettingsError(f"{key.name} is known with another key, and the key of a log never changes")
    db.execute("INSERT OR IGNORE INTO log (id, origin, log_key) VALUES (?, ?, ?)", (log_id(key.name), key.name, key.text()))
    return key.name


def body(old: int, proof: list[bytes], note: bytes) -> bytes:
    """What is sent to a witness."""
    from base64 import b64encode

    return b"".join([b"old %d\n" % old, *(b64encode(step) + b"\n" for step in proof), b"\n", note])


def read(data: bytes) -> Submission:
    """EvidenceError for another form."""
    head, gap, note = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    found = _OLD.fullmatch(first)
    if not gap or not found or len(lines) > PROOF_MAX or int(found[1]) > INTEGER_MAX:
        raise EvidenceError("the body is old <size>, proof lines, an empty line, a checkpoint")
    proof = [decode_standard(line.decode("ascii", "replace")) for line in lines]
    if any(len(step) != 32 for step in proof):
        raise EvidenceError("a proof line is not one SHA-256 hash in base64")
    return Submission(int(found[1]), proof, note)


class Witness:
    def __init__(self, db: Connection, key: ReceiptKey, clock: Clock) -> None:
        self._db, self._key, self._clock = db, key, clock
        self.forked: list[str] = []     # texts nobody has announced yet

    def add_checkpoint(self, data: bytes) -> Answer:
        """POST add-checkpoint.  Check and store are one transaction: two submissions never roll the record back."""
        try:
            sent = read(data)
            point = notes.read_checkpoint_text(sent.note.decode("utf-8", "replace").partition("\n\n")[0] + "\n")
        except EvidenceError as problem:
            return _line(400, str(problem))
        with store.writing(self._db):
            row = self._db.execute("SELECT * FROM log WHERE origin = ?", (point.origin,)).fetchone()
            if row is None:
                return _line(404, "no log of this origin is known here")
            try:
                notes.open_checkpoint(sent.note, notes.read_vkey(row["log_key"]))
            except EvidenceError as problem:
                return _line(403, str(problem))
            return self._judge(sent, point, row)

    def _judge(self, sent: Submission, point: Checkpoint, row: Row) -> Answer:
        if point.size == row["size"] and row["root"] and point.root != row["root"]:
            self._fork(sent, point, row)
            return _size(row["size"])
        if sent.old > point.size:
            return _line(400, "old is larger than the checkpoint")
        if sent.old != row["size"]:
            return _size(row["size"])
        known = row["root"] or merkle.EMPTY_ROOT
        if not merkle.consistent(sent.old, known, point.size, point.root, sent.proof):
            return _line(422, f"the proof does not lead from the tree of {sent.old} that was cosigned here to this one")
        time_s = self._clock.wall_ns() // 10**9
        line = notes.cosign(point, self._key.name, self._key.signer, time_s)
        text = sent.note.partition(b"\n\n")[0] + b"\n\n"
        signature = next(found for found in sent.note[len(text):].splitlines(keepends=True)
                         if found.startswith(notes.read_vkey(row["log_key"]).line_begin()))
        self._db.execute("UPDATE log SET size = ?, root = ?, note = ?, time_s = ? WHERE id = ?",
                         (point.size, point.root, text + signature + line, time_s, row["id"]))
        return Answer(200, line)

    def _fork(self, sent: Submission, point: Checkpoint, row: Row) -> None:
        """The log key signed two trees of one size: a proof, both sides are kept."""
        digest = hashlib.sha256(point.text().encode()).digest()
        if self._db.execute("SELECT count(*) FROM fork WHERE id = ?", (row["id"],)).fetchone()[0] < FORKS_MAX:
            kept = (row["id"], point.size, row["note"], sent.note, digest, self._clock.wall_ns() // 10**9)
            if self._db.execute("INSERT OR IGNORE INTO fork VALUES (?, ?, ?, ?, ?, ?)", kept).rowcount:
                self.forked.append(f"FORK {point.origin} two different trees of {point.size} records, both signed by its log key")

    def checkpoint(self, log: str) -> Answer:
        """GET checkpoint: the latest one cosigned here."""
        row = self._db.execute("SELECT note FROM log WHERE id = ?", (log,)).fetchone()
        return Answer(200, row["note"]) if row and row["note"] else _line(404, "nothing of this log is cosigned here")


def _line(status: int, text: str) -> Answer:
    return Answer(status, text.encode("utf-8", "replace")[:400] + b"\n")


def _size(size: int) -> Answer:
    return Answer(409, b"%d\n" % size, type=SIZE_TYPE)
