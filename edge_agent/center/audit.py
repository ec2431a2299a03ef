"""Every log of the centre from first to last, and its lines out of the house."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection

from edge_agent.center import holes, shelves
from edge_agent.center.values import Log
from edge_agent.tools import merkle, notes
from edge_agent.tools.verify import Report, verify_log
from edge_agent.words.record import INTEGER_MAX


def verify(db: Connection, log: Log, centre_key: notes.VerifierKey) -> Report:
    """Lines, chain, receipts, then the centre's own tree and head against them."""
    log = shelves.log_of(db, log.id) or log         # its head in the same view of the database as its lines
    report = _segments(db, log, centre_key)
    if not log.head.seq and not report.records:
        report.problems = []            # registered, nothing sent yet
        return report
    if report.whole and report.size != log.head.seq:
        report.problems.append(f"{report.records} records stored, the head says {log.head.seq}")
    if report.whole and merkle.root(log.head.seq, shelves.held(db, log).node) != report.root:
        report.problems.append("the stored tree is not that of the lines")
    forks = db.execute("SELECT count(*) FROM fork WHERE log = ?", (log.number,)).fetchone()[0]
    if forks:
        report.problems.append(f"{forks} forks are kept: the portal signed two histories")
    report.problems += [f"records {hole.begin} to {hole.end - 1} are lost here" for hole in holes.of_log(db, log)]
    return report


def _segments(db: Connection, log: Log, centre_key: notes.VerifierKey) -> Report:
    """The whole log, or piece by piece where holes are: each begins at the stump that this centre had cosigned."""
    found = holes.of_log(db, log)
    notes_by_size = {notes.open_checkpoint(note, log.log_key).size: note for note in shelves.receipts(db, log)}
    begin, records, pruned = 0, 0, None
    problems: list[str] = []
    receipts: list[notes.Receipt] = []
    for hole in (*found, None):
        end = hole.begin if hole else log.head.seq
        here = [note for size, note in notes_by_size.items() if begin <= size <= end]
        report = verify_log(lines(db, log, begin, end), log.record_key, pruned=pruned, receipts=here, log_key=log.log_key,
                            centre_key=centre_key)
        problems += report.problems if begin or end or not hole else []     # nothing before a hole at the very beginning
        records, receipts = records + report.records, receipts + report.receipts
        if hole:
            begin, pruned = hole.stump.size, hole.stump
            records += 1                # the stump's own line
    report.problems, report.records, report.receipts = problems, records, receipts
    report.cut = report.cut and sum(hole.end - hole.begin for hole in found)
    return report


def verdict(log: Log, report: Report) -> str:
    state = "good" if report.whole else "NOT GOOD"
    return f"{log.origin}: {report.records} records, {len(report.receipts)} receipts: {state}"


def lines(db: Connection, log: Log, begin: int = 0, end: int = INTEGER_MAX) -> Iterator[bytes]:
    which = "SELECT line FROM line WHERE log = ? AND seq >= ? AND seq < ? ORDER BY seq"
    for row in db.execute(which, (log.number, begin, end)):
        yield row["line"]
