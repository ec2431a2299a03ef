"""Every log of the centre from first to last, and its lines out of the house."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection

from edge_agent.center import shelves
from edge_agent.center.values import Log
from edge_agent.tools import merkle, notes
from edge_agent.tools.verify import Report, verify_log


def verify(db: Connection, log: Log, centre_key: notes.VerifierKey) -> Report:
    """Lines, chain, receipts, then the centre's own tree and head against them."""
    log = shelves.log_of(db, log.id) or log         # its head in the same view of the database as its lines
    receipts = shelves.receipts(db, log)
    report = verify_log(lines(db, log), log.record_key, receipts=receipts, log_key=log.log_key, centre_key=centre_key)
    if not log.head.seq and not report.records:
        report.problems = []            # registered, nothing sent yet
        return report
    if report.whole and report.records != log.head.seq:
        report.problems.append(f"{report.records} records stored, the head says {log.head.seq}")
    if report.whole and merkle.root(log.head.seq, shelves.held(db, log).node) != report.root:
        report.problems.append("the stored tree is not that of the lines")
    forks = db.execute("SELECT count(*) FROM fork WHERE log = ?", (log.number,)).fetchone()[0]
    if forks:
        report.problems.append(f"{forks} forks are kept: the portal signed two histories")
    return report


def verdict(log: Log, report: Report) -> str:
    state = "good" if report.whole else "NOT GOOD"
    return f"{log.origin}: {report.records} records, {len(report.receipts)} receipts: {state}"


def lines(db: Connection, log: Log) -> Iterator[bytes]:
    for row in db.execute("SELECT line FROM line WHERE log = ? ORDER BY seq", (log.number,)):
        yield row["line"]
