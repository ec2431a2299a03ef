"""Records this centre lost, that the portal no longer has either: the log goes on after them, and the hole stays for ever.

The portal sends what it kept of its pruned beginning (PUT stump).  This centre's own cosignature on its checkpoint proves
that the lines were here once; nothing else would let a log go on without them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from sqlite3 import Connection

from edge_agent.center.judge import Growth
from edge_agent.center.values import BeginsLater, Fork, Held, Log, Raised, Refusal, Unreadable
from edge_agent.tools import jws, merkle, notes, stump
from edge_agent.tools.stump import Stump
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import Head


@dataclass(frozen=True, slots=True)
class Hole:
    """Records [begin, end) are lost here; line `end` is the one the stump brought."""

    begin: int
    end: int
    stump: Stump


@dataclass(frozen=True, slots=True)
class Rejoined:
    hole: Hole
    kind: str                                   # of the stump's line
    head: Head                                  # after it
    receipt: notes.Receipt                      # ours, over the stump
    nodes: tuple[tuple[int, int, bytes], ...]   # the stump's, and those its line completes


def read(data: bytes) -> Stump:
    try:
        return stump.read(data)
    except EvidenceError as problem:
        raise Unreadable(f"stump: {problem}") from None


def judge(sent: Stump, held: Held, ours: notes.VerifierKey) -> Rejoined:
    """Where the log goes on; BeginsLater when nothing is missing here, Refusal when the stump does not hold."""
    log, last = held.log, sent.size - 1
    if sent.size <= log.head.seq:
        raise BeginsLater(f"{log.head.seq} records are here")
    try:
        receipt = stump.check(sent, log.log_key, ours)
        head, kind = sent.head(log.origin), jws.take_apart(sent.line).kind
    except EvidenceError as problem:
        raise Refusal(last, f"stump: {problem}") from None
    assert receipt is not None                  # asked for with our key
    _meets_what_is_here(sent, held)
    nodes = dict(zip(merkle.left_of(last), sent.left, strict=True))
    growth = Growth(last, lambda level, index: nodes[level, index])
    growth.add(sent.line)
    nodes.update({name: value for name, value in growth.new.items() if name[0]})
    hole = Hole(min(log.head.seq, last), last, sent)
    return Rejoined(hole, kind, head, receipt, tuple((*name, value) for name, value in nodes.items()))


def _meets_what_is_here(sent: Stump, held: Held) -> None:
    """Lines that are still here, and an express line in this place, are those of the stump's tree."""
    size = held.log.head.seq
    for (level, index), value in zip(merkle.left_of(sent.size - 1), sent.left, strict=True):
        if (index + 1) << level <= size and held.node(level, index) != value:
            raise Refusal(index << level, "the records here are not those of the stump, though this centre cosigned it")
    early = held.ahead(sent.size - 1)
    if early is not None and early != sent.line:
        fork = Fork(sent.size - 1, "line", early, sent.line, sent.note)
        raise Refusal(sent.size - 1, "another line was sent express for this place", fork)


def keep(db: Connection, log: Log, found: Rejoined, now_ms: int) -> Raised:
    """Write it; the event that tells of the hole."""
    hole, number = found.hole, log.number
    line = (number, hole.end, hole.stump.line, jws.line_hash(hole.stump.line), found.kind, now_ms, "stands after a hole")
    db.execute("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?)", line)
    db.executemany("INSERT OR IGNORE INTO node VALUES (?, ?, ?, ?)", ((number, *node) for node in found.nodes))
    db.execute(
        "UPDATE log SET next_seq = ?, last_hash = ?, next_key = ? WHERE number = ?",
        (found.head.seq, found.head.prev, found.head.next_key, number),
    )
    kept = (number, hole.begin, hole.end, json.dumps(hole.stump.plain()), now_ms)
    db.execute("INSERT OR REPLACE INTO hole VALUES (?, ?, ?, ?, ?)", kept)
    receipt = (number, hole.stump.size, found.receipt.time_s, hole.stump.note)
    db.execute("INSERT OR IGNORE INTO receipt VALUES (?, ?, ?, ?)", receipt)
    text = (f"records {hole.begin} to {hole.end - 1} are lost: this centre had cosigned {hole.stump.size} records and no longer "
            "holds them, the portal has pruned them; look for them in a backup of this centre")
    return Raised("HOLE", log.origin, str(hole.begin), text)


def of_log(db: Connection, log: Log) -> list[Hole]:
    """Every hole, in order."""
    rows = db.execute("SELECT * FROM hole WHERE log = ? ORDER BY begin", (log.number,))
    return [Hole(row["begin"], row["end"], stump.read(row["stump"].encode())) for row in rows]


def missing(db: Connection, log: Log) -> int:
    """How many records are lost in all."""
    found = db.execute('SELECT coalesce(sum("end" - begin), 0) FROM hole WHERE log = ?', (log.number,))
    return int(found.fetchone()[0])
