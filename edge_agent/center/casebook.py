"""Questions as they lie in the database: opened, closed, listed.  Called inside a transaction of store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from sqlite3 import Connection, Row
from typing import Any

from edge_agent.center import family, questions, shelves
from edge_agent.center.questions import Change, Closed, Memory, Opened
from edge_agent.center.values import Commitment, Log, Plan, Raised
from edge_agent.tools.base64url import encode
from edge_agent.words.errors import SettingsError

KEPT_MAX = 1000                     # of one log and kind, so a portal gone wrong cannot fill the disk
TOLD_ELSEWHERE = {questions.SILENCE, questions.CONTINUATION}    # SILENT, HEARD, CONTINUATION are events of their own


def take_lines(db: Connection, log: Log, plan: Plan, now_ms: int) -> list[Raised]:
    """What lines in order open and close."""
    def receipt_time(named: dict[str, Any]) -> int | None:
        return _receipt_time(db, log, named)

    memory, changes = questions.follow(_memory(db, log), plan.lines, now_ms, receipt_time, lambda origin: _known(db, log, origin))
    db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (log.number, json.dumps(asdict(memory))))
    due = "SELECT key FROM question WHERE log = ? AND kind = ? AND closed_ms IS NULL"
    sizes = [int(key) for (key,) in db.execute(due, (log.number, questions.FEWER)) if key.isdecimal()]
    ended = _ended(memory) if family.replaced(db, log) else []
    return apply(db, log, [*changes, *questions.met(sizes, plan.head.seq), *ended], now_ms)


def _memory(db: Connection, log: Log) -> Memory:
    row = db.execute("SELECT body FROM memory WHERE log = ?", (log.number,)).fetchone()
    return Memory(**json.loads(row["body"])) if row else Memory()


def take_early(
    db: Connection, log: Log, commitment: Commitment | None, held: Sequence[Commitment], now_ms: int
) -> list[Raised]:
    """What an express checkpoint opens."""
    return apply(db, log, questions.early(commitment, held), now_ms)


def confirmed(db: Connection, log: Log, now_ms: int) -> None:
    """A person has compared the fingerprint of a continuation: what it left open of itself and of the log before."""
    answer = "a person has compared the fingerprint of the log that continues it"
    whole = [Closed(questions.CONTINUATION, "", answer), Closed(questions.FEWER, "", answer)]
    apply(db, log, whole, now_ms)
    for before in family.before(db, log):
        apply(db, before, _ended(_memory(db, before)), now_ms)


def _ended(memory: Memory) -> list[Change]:
    """A log that a confirmed one continues has no later heartbeat that could answer these."""
    answer = "the log ended here; a person has compared the fingerprint of the one that continues it"
    keys = {questions.POWER_OFF: memory.power_off, questions.CLOCK: memory.clock}
    return [Closed(questions.SILENCE, "", answer), *(Closed(kind, key, answer) for kind, key in keys.items() if key)]


def answer(db: Connection, number: int, by: str, why: str, now_ms: int) -> str:
    """A person's answer to an open question; the origin of its log."""
    known = "SELECT q.*, log.origin FROM question AS q JOIN log ON log.number = q.log WHERE q.number = ?"
    row = db.execute(known, (number,)).fetchone()
    if row is None:
        raise SettingsError(f"there is no question {number}.  See them: edge-agent center report DIR")
    if row["closed_ms"] is not None:
        raise SettingsError(f"question {number} is closed already: {row['answer']}")
    if row["kind"] == questions.CONTINUATION:
        raise SettingsError(f"question {number} is answered by: edge-agent center confirm DIR {row['origin']}")
    db.execute("UPDATE question SET closed_ms = ?, answer = ? WHERE number = ?", (now_ms, f"{by}: {why}", number))
    return str(row["origin"])


def apply(db: Connection, log: Log, changes: Sequence[Change], now_ms: int) -> list[Raised]:
    """Write the changes; what of them is to be told."""
    raised = (
        _open(db, log, change, now_ms) if isinstance(change, Opened) else _close(db, log, change, now_ms)
        for change in changes
    )
    return [event for event in raised if event is not None]


def of_log(db: Connection, log: Log, closed: int) -> list[Row]:
    """Open questions, oldest first, then the newest `closed` ones."""
    still = db.execute("SELECT * FROM question WHERE log = ? AND closed_ms IS NULL ORDER BY number", (log.number,))
    gone = "SELECT * FROM question WHERE log = ? AND closed_ms IS NOT NULL ORDER BY closed_ms DESC, number DESC LIMIT ?"
    return [*still, *db.execute(gone, (log.number, closed))]


def _open(db: Connection, log: Log, new: Opened, now_ms: int) -> Raised | None:
    alike = "SELECT count(*) FROM question WHERE log = ? AND kind = ?"
    if db.execute(alike, (log.number, new.kind)).fetchone()[0] >= KEPT_MAX and not _forget_closed(db, log, new.kind):
        return None                 # so many are open already
    row = (log.number, new.kind, new.key, now_ms, new.text)
    made = "INSERT OR IGNORE INTO question (log, kind, key, opened_ms, text) VALUES (?, ?, ?, ?, ?)"
    if not db.execute(made, row).rowcount or new.kind in TOLD_ELSEWHERE:
        return None
    return Raised("QUESTION", log.origin, f"{new.kind} {new.key}", f"{new.kind}: {new.text}")


def _forget_closed(db: Connection, log: Log, kind: str) -> bool:
    """The oldest closed one makes room; what is open is never dropped."""
    oldest = "(SELECT min(number) FROM question WHERE log = ? AND kind = ? AND closed_ms IS NOT NULL)"
    return db.execute(f"DELETE FROM question WHERE number = {oldest}", (log.number, kind)).rowcount > 0  # noqa: S608


def _close(db: Connection, log: Log, gone: Closed, now_ms: int) -> Raised | None:
    which = "log = ? AND kind = ? AND closed_ms IS NULL AND (? = '' OR key = ?)"
    done = db.execute(
        f"UPDATE question SET closed_ms = ?, answer = ? WHERE {which}",  # noqa: S608 (no value in it)
        (now_ms, gone.answer, log.number, gone.kind, gone.key, gone.key),
    )
    if not done.rowcount or gone.kind in TOLD_ELSEWHERE:
        return None
    return Raised("ANSWERED", log.origin, f"{gone.kind} {gone.key} {now_ms}", f"{gone.kind}: {gone.answer}")


def _receipt_time(db: Connection, log: Log, named: dict[str, Any]) -> int | None:
    """When the receipt a heartbeat names was given here; None when it is not one of ours."""
    size, digest = named.get("size"), named.get("sha256")
    if type(size) is not int or not 0 <= size < 2**53:
        return None
    row = db.execute("SELECT time_s, note FROM receipt WHERE log = ? AND size = ?", (log.number, size)).fetchone()
    if row is None:
        return None
    lines = bytes(row["note"]).partition(b"\n\n")[2].splitlines(keepends=True)
    return row["time_s"] if any(encode(hashlib.sha256(line).digest()) == digest for line in lines) else None


def _known(db: Connection, log: Log, origin: str) -> int | None:
    """Records that came, or were vouched for, of a log that the same portal wrote before this one."""
    kin = log.parent
    for other in shelves.logs(db):
        if other.origin == origin and kin is not None and (other.number == kin or other.parent == kin):
            top = db.execute("SELECT max(size) FROM commitment WHERE log = ?", (other.number,)).fetchone()[0]
            return max(other.head.seq, top or 0)
    return None
