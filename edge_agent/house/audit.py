"""This portal's own ledgers checked from first to last, beside a running core or without one."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from edge_agent.doors.files import reading_uri
from edge_agent.house.identity import LogIdentity, logs_of
from edge_agent.tools import jws
from edge_agent.tools.notes import VerifierKey
from edge_agent.tools.stump import Stump
from edge_agent.tools.verify import Report, verify_log
from edge_agent.words.errors import EvidenceError, SettingsError, StorageError
from edge_agent.words.language import mark, worded

ROLLED_BACK = "rolled-back"         # fault of paths.outbox
CHANGED = mark("record {seq}: the document {path} is not what it was, and the centre has not confirmed it")
GONE = mark("record {seq}: the document {path} is gone, and the centre has not confirmed it")


def verify_state(
    state: Path, centre_key: VerifierKey | None, witness_keys: Sequence[VerifierKey] = (), given: Sequence[bytes] = (),
) -> list[Report]:
    """A report for each log in the state directory; its receipts are checked where the centre's key is known.

    `given`: notes from elsewhere (a receipt, a checkpoint that a centre or witness keeps), held against the log they name."""
    logs = logs_of(state)
    if not logs:
        raise SettingsError(worded("{state} holds no log.\n  Give the state directory of the portal: --state DIR", state=state))
    named = [note.partition(b"\n")[0].decode("utf-8", "replace") for note in given]
    if strange := set(named) - {log.origin for log in logs}:
        raise SettingsError(worded(
            "a note of {strange!a} was given, which is no log here.\n  Give a receipt or checkpoint of {logs}",
            strange=min(strange)[:200], logs=", ".join(log.origin for log in logs)))
    return [
        _verify(log, centre_key, witness_keys, [note for note, name in zip(given, named, strict=True) if name == log.origin])
        for log in logs
    ]


def _verify(
    log: LogIdentity, centre_key: VerifierKey | None, witness_keys: Sequence[VerifierKey], given: Sequence[bytes]
) -> Report:
    keys = _positions(log)          # before the lines: a core that runs beside us only ever adds to them
    try:
        database = sqlite3.connect(reading_uri(log.database), uri=True, isolation_level=None)
        try:
            database.execute("BEGIN")       # one view of it, whatever the core writes or prunes meanwhile
            receipts = (bytes(row[0]) for row in database.execute("SELECT note FROM receipt ORDER BY size"))  # 90 days: 130 000
            pruned = _stump(database)
            lines = (bytes(row[0]) for row in database.execute(
                "SELECT line FROM record WHERE seq >= ? ORDER BY seq", (pruned.size if pruned else 0,)))
            report = verify_log(
                lines, log.first_key, pruned=pruned, receipts=receipts if centre_key else (), log_key=log.log_key,
                centre_key=centre_key, witness_keys=witness_keys, elsewhere=given,
            )
            report.problems += _labels(database)
            report.problems += _documents(database, log.directory.parents[1] / "blobs")
            report.problems += _known_rollback(database) if not log.closing() else []
            report.problems += _end(database, report, keys)
            return report
        finally:
            database.close()
    except sqlite3.Error as problem:
        raise StorageError(worded("cannot read {database}: {problem}", database=log.database, problem=problem)) from None


def _positions(log: LogIdentity) -> dict[int, bytes]:
    try:
        return log.record_keys().positions()
    except StorageError:
        return {}                   # gone with a lost card, or not ours to read: nothing can be said by it


def _end(database: sqlite3.Connection, report: Report, keys: dict[int, bytes]) -> list[str]:
    """A tail cut off together with its receipts leaves a log that verifies; the one-time key knows how far it was."""
    if not report.whole or not keys:
        return []
    due, size = min(keys), report.size
    if due > size:
        return [worded(
            "the key file is ready for record {due}, the ledger ends before record {size}: records {size} to {last} "
            "are missing at the end (deleted, or the ledger came back from an older copy)", due=due, size=size, last=due - 1)]
    last = database.execute("SELECT line FROM record WHERE seq = ?", (due - 1,)).fetchone()
    if last is not None and jws.next_key(jws.take_apart(bytes(last[0])).payload) != keys[due]:
        return [worded(
            "the key that is to sign record {due} is not the one record {last} announces: ledger and key file are of "
            "different histories", due=due, last=due - 1)]
    return []


def _documents(database: sqlite3.Connection, directory: Path) -> list[str]:
    """Documents that must be here and whole: those that the centre has not confirmed."""
    try:
        named = database.execute("SELECT seq, sha256 FROM blob WHERE confirmed IS NULL ORDER BY seq").fetchall()
    except sqlite3.OperationalError:
        return []                       # a ledger from before there were any
    found: list[str] = []
    for seq, sha256 in named:
        path = directory / str(sha256)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            found.append(worded(CHANGED if path.is_file() else GONE, seq=seq, path=path))
    return found


def _known_rollback(database: sqlite3.Connection) -> list[str]:
    """What the core found when the centre showed it a receipt, and wrote down: such a log verifies all the same."""
    for seq, line in database.execute("SELECT seq, line FROM record WHERE kind = 'fault' ORDER BY seq DESC"):
        try:
            fault = jws.take_apart(bytes(line)).payload
        except EvidenceError:
            return []                   # verify_log has named it
        if fault.get("condition") == ROLLED_BACK:
            told = str(fault.get("detail"))[:400]
            said = worded("record {seq}: the core was shown {told}", seq=seq, told=told)
            return [said] if fault.get("present") and told.isprintable() else []
    return []


def _stump(database: sqlite3.Connection) -> Stump | None:
    """What stays of records that were pruned."""
    try:
        row = database.execute("SELECT size, hashes, note FROM stump ORDER BY size DESC LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        return None                     # a ledger from before anything was pruned
    if row is None:
        return None
    size, hashes, note = row
    line = database.execute("SELECT line FROM record WHERE seq = ?", (size - 1,)).fetchone()
    left = tuple(bytes(hashes[at : at + 32]) for at in range(0, len(hashes), 32))
    return Stump(size, bytes(line[0]) if line else b"", left, bytes(note))


def _labels(database: sqlite3.Connection) -> list[str]:
    """Rows whose label is not what their line says: commands look alarms up by it."""
    problems = []
    for seq, kind, line in database.execute("SELECT seq, kind, line FROM record ORDER BY seq"):
        try:
            found = jws.take_apart(bytes(line)).kind
        except EvidenceError:
            break                   # verify_log has named it
        if found != kind:
            problems.append(f"record {seq}: it is a {found} record, the ledger lists it as {kind}")
    return problems
