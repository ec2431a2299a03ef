"""What is kept of each log, as reads and writes of the database.  Called inside a transaction of store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from sqlite3 import Connection, Row

from edge_agent.center.enrolment import Enrolment
from edge_agent.center.silence import PERIOD_S
from edge_agent.center.values import Commitment, Early, Fork, Held, Log, Plan, Raised, Refusal
from edge_agent.tools import jws, merkle, notes
from edge_agent.tools.base64url import encode
from edge_agent.tools.bracket import Bracket, named_receipt
from edge_agent.words.errors import EvidenceError, StorageError
from edge_agent.words.record import Head

FORKS_MAX = 100                     # kept in full for one log; more of the same proves nothing new
EVENTS_MAX = 10_000                 # of one capped kind and log, so a portal gone wrong cannot fill the disk
# what a portal sent, or was given for it: evidence, which nobody takes back
CAME = ("line", "express", "commitment", "receipt", "fork", "hole", "blob", "witnessed")
CAPPED = frozenset({"REFUSED", "MARKED"})   # texts a sender chooses; no alarm, fork or silence is dropped


def log_of(db: Connection, log_id: str) -> Log | None:
    row = db.execute("SELECT * FROM log WHERE id = ?", (log_id,)).fetchone()
    return None if row is None else _log(row)


def logs(db: Connection) -> list[Log]:
    return [_log(row) for row in db.execute("SELECT * FROM log ORDER BY origin")]


def came(db: Connection, log: Log) -> bool:
    """Whether anything of the log is held."""
    return log.head.seq > 0 or any(
        db.execute(f"SELECT 1 FROM {table} WHERE log = ? LIMIT 1", (log.number,)).fetchone() for table in CAME)  # noqa: S608


def may_send(db: Connection, log: Log, certificate: bytes) -> bool:
    """Whether this client certificate (DER) is registered for the log."""
    found = db.execute("SELECT 1 FROM certificate WHERE log = ? AND sha256 = ?", (log.number, _sha256(certificate)))
    return found.fetchone() is not None


def is_registered(db: Connection, certificate: bytes) -> bool:
    return db.execute("SELECT 1 FROM certificate WHERE sha256 = ?", (_sha256(certificate),)).fetchone() is not None


def certificates(db: Connection) -> dict[bytes, bytes]:
    """DER of every registered client certificate, by its SHA-256."""
    return {row["sha256"]: row["der"] for row in db.execute("SELECT sha256, der FROM certificate")}


def certificate(db: Connection, sha256: bytes) -> bytes | None:
    """DER of a registered client certificate."""
    found = db.execute("SELECT der FROM certificate WHERE sha256 = ? LIMIT 1", (sha256,)).fetchone()
    return None if found is None else bytes(found["der"])


def certificate_of(db: Connection, log: Log) -> bytes:
    """DER of the certificate registered first."""
    found = db.execute("SELECT der FROM certificate WHERE log = ? ORDER BY rowid LIMIT 1", (log.number,)).fetchone()
    if found is None:
        raise EvidenceError(f"{log.origin} has no certificate left; enrol it anew: center enrol")
    return bytes(found["der"])


def certificates_of(db: Connection, log: Log) -> list[bytes]:
    """DER of every certificate registered for the log."""
    return [row["der"] for row in db.execute("SELECT der FROM certificate WHERE log = ? ORDER BY rowid", (log.number,))]


def add_log(db: Connection, enrolment: Enrolment, certificate: bytes, parent: Log | None, now_ms: int) -> None:
    # never the number of a log that was withdrawn: a request admitted before may hold it still
    number = db.execute("SELECT 1 + coalesce(max(number), 0) FROM (SELECT number FROM log UNION SELECT number FROM withdrawal)"
                        ).fetchone()[0]
    db.execute(
        "INSERT INTO log (number, id, origin, record_key, log_key, parent, confirmed, enrolled_ms, next_seq, next_key,"
        " period_s, silent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 0)",
        (number, enrolment.id, enrolment.origin, enrolment.record_key, enrolment.log_key.text(),
         parent.number if parent else None, parent is None, now_ms, enrolment.record_key, PERIOD_S),
    )
    add_certificate(db, number, certificate)


def add_certificate(db: Connection, number: int, certificate: bytes) -> bool:
    """Whether it was new."""
    row = (number, _sha256(certificate), certificate)
    return db.execute("INSERT OR IGNORE INTO certificate VALUES (?, ?, ?)", row).rowcount > 0


def drop_certificates(db: Connection, number: int, keep: int) -> int:
    """Take all but the `keep` newest from a log; how many."""
    older = "SELECT rowid FROM certificate WHERE log = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?"
    return db.execute(f"DELETE FROM certificate WHERE rowid IN ({older})", (number, keep)).rowcount  # noqa: S608


def confirm(db: Connection, log: Log) -> None:
    db.execute("UPDATE log SET confirmed = 1 WHERE number = ?", (log.number,))


def held(db: Connection, log: Log) -> Held:
    """The log as judge and express see it."""
    def line(seq: int) -> bytes:
        found = db.execute("SELECT line FROM line WHERE log = ? AND seq = ?", (log.number, seq)).fetchone()
        if found is None:
            raise Refusal(seq, "this record is lost here: a hole stays in the log")
        return bytes(found["line"])

    def node(level: int, index: int) -> bytes:
        key = (log.number, level, index)
        found = db.execute("SELECT hash FROM node WHERE log = ? AND level = ? AND at = ?", key).fetchone()
        if found is None:               # leaves are their lines, but for one before a hole
            return _leaf(level, index, line)
        return bytes(found["hash"])

    def ahead(seq: int) -> bytes | None:
        found = db.execute("SELECT line FROM express WHERE log = ? AND seq = ?", (log.number, seq)).fetchone()
        return None if found is None else bytes(found["line"])

    due = db.execute("SELECT * FROM commitment WHERE log = ? AND size > ? ORDER BY size", (log.number, log.head.seq))
    return Held(log, line, node, tuple(Commitment(row["size"], row["root"], row["note"]) for row in due), ahead)


def store(db: Connection, log: Log, plan: Plan, now_ms: int) -> None:
    """The lines of a plan, their nodes and the new head."""
    number = log.number
    db.executemany(
        "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?)",
        ((number, new.seq, new.line, new.hash, new.kind, now_ms, new.mark) for new in plan.lines),
    )
    db.executemany("INSERT INTO node VALUES (?, ?, ?, ?)", ((number, *node) for node in plan.nodes))
    db.execute(
        "UPDATE log SET next_seq = ?, last_hash = ?, next_key = ?, heard_ms = coalesce(heard_ms, ?) WHERE number = ?",
        (plan.head.seq, plan.head.prev, plan.head.next_key, now_ms, number),
    )


def keep_early(db: Connection, log: Log, early: Early, now_ms: int) -> None:
    """An express line and the checkpoint it is held to."""
    if not early.chained:
        row = (log.number, early.seq, early.line, early.kind, now_ms)
        db.execute("INSERT OR IGNORE INTO express VALUES (?, ?, ?, ?, ?)", row)
        db.execute("UPDATE log SET heard_ms = coalesce(heard_ms, ?) WHERE number = ?", (now_ms, log.number))
    if early.commitment is not None:
        due = early.commitment
        kept = (log.number, due.size, due.root, due.note, now_ms)
        db.execute("INSERT OR IGNORE INTO commitment VALUES (?, ?, ?, ?, ?)", kept)


def newest_receipt(db: Connection, log: Log) -> tuple[int, bytes] | None:
    """(size, full note) of the newest receipt given."""
    newest = "SELECT size, note FROM receipt WHERE log = ? ORDER BY size DESC LIMIT 1"
    row = db.execute(newest, (log.number,)).fetchone()
    return None if row is None else (row["size"], row["note"])


def add_receipt(db: Connection, log: Log, size: int, time_s: int, note: bytes) -> None:
    db.execute("INSERT INTO receipt VALUES (?, ?, ?, ?)", (log.number, size, time_s, note))


def receipts(db: Connection, log: Log) -> list[bytes]:
    return [row["note"] for row in db.execute("SELECT note FROM receipt WHERE log = ? ORDER BY size", (log.number,))]


def bracket(db: Connection, number: int, seq: int) -> Bracket:
    """Between which times of ours a line was signed: after the receipt a heartbeat before it names, before the first over it."""
    row = db.execute(
        "SELECT line FROM line WHERE log = ? AND kind = 'heartbeat' AND seq <= ? ORDER BY seq DESC LIMIT 1", (number, seq)
    ).fetchone()
    named = named_receipt(jws.take_apart(row["line"]).payload) if row else None
    given = db.execute("SELECT time_s, note FROM receipt WHERE log = ? AND size = ?", (number, named[0])).fetchone() \
        if named and 0 <= named[0] < 2**53 else None
    lines = bytes(given["note"]).partition(b"\n\n")[2].splitlines(keepends=True) if given else []
    after = given["time_s"] if given and named and any(encode(_sha256(line)) == named[1] for line in lines) else None
    over = db.execute("SELECT min(time_s) FROM receipt WHERE log = ? AND size > ?", (number, seq)).fetchone()[0]
    return Bracket(after, over)


def keep_fork(db: Connection, log: Log, fork: Fork, now_ms: int) -> None:
    """Both sides, once."""
    if db.execute("SELECT count(*) FROM fork WHERE log = ?", (log.number,)).fetchone()[0] < FORKS_MAX:
        db.execute(
            "INSERT OR IGNORE INTO fork VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (log.number, fork.at, fork.what, fork.ours, fork.theirs, fork.note, _sha256(fork.theirs), now_ms),
        )


def raise_event(db: Connection, log: Log, event: Raised, now_ms: int) -> bool:
    """Whether it is new, so to be shown; a repetition is counted."""
    again = "UPDATE event SET times = times + 1, last_ms = ? WHERE log = ? AND kind = ? AND key = ?"
    if db.execute(again, (now_ms, log.number, event.kind, event.key)).rowcount:
        return False
    alike = "SELECT count(*) FROM event WHERE log = ? AND kind = ?"
    if event.kind in CAPPED and db.execute(alike, (log.number, event.kind)).fetchone()[0] >= EVENTS_MAX:
        return False
    db.execute(
        "INSERT INTO event (log, kind, key, at_ms, last_ms, times, text) VALUES (?, ?, ?, ?, ?, 1, ?)",
        (log.number, event.kind, event.key, now_ms, now_ms, event.text),
    )
    return True


def check_heads(db: Connection) -> None:
    """Each log ends with the line its head names: what a database opened after trouble must still show."""
    for log in logs(db):
        if log.head.seq == 0:
            continue
        lost = 'SELECT coalesce(sum("end" - begin), 0) FROM hole WHERE log = ?1'
        row = db.execute(f"SELECT max(seq), count(*) + ({lost}) FROM line WHERE log = ?1", (log.number,)).fetchone()  # noqa: S608
        last = db.execute("SELECT line FROM line WHERE log = ? AND seq = ?", (log.number, log.head.seq - 1)).fetchone()
        if tuple(row) != (log.head.seq - 1, log.head.seq) or last is None or _sha256(last["line"]) != log.head.prev:
            raise StorageError(f"{log.origin}: the stored lines do not end where the log does; run: center verify")


def _leaf(level: int, index: int, line: Callable[[int], bytes]) -> bytes:
    if level:
        raise Refusal(index << level, "the tree over this record is lost here: a hole stays in the log")
    return merkle.leaf(line(index))


def _log(row: Row) -> Log:
    head = Head(row["origin"], row["next_seq"], row["last_hash"], row["next_key"])
    return Log(
        row["number"], row["id"], row["origin"], row["record_key"], notes.read_vkey(row["log_key"]), row["parent"],
        bool(row["confirmed"]), head,
    )


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
