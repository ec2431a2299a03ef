"""An enrolment taken back.  What it was stays on record; a log of which anything has come is never taken back."""

from __future__ import annotations

import json
import ssl
from sqlite3 import Connection, Row
from typing import Any

from edge_agent.center import family, registry, shelves
from edge_agent.center.report import utc
from edge_agent.center.store import writing
from edge_agent.center.values import Log
from edge_agent.tools.base64url import encode
from edge_agent.words.delivery import log_id
from edge_agent.words.errors import SettingsError

_GOES = ("certificate", "event", "question", "memory", "node")      # kept within the withdrawal, or empty


def withdraw(db: Connection, origin: str, by: str, why: str, now_ms: int) -> list[Log]:
    """Take back a portal's enrolment, with every continuation of it, or one continuation; what was taken back."""
    with writing(db):
        log = _registered(db, origin)
        gone = family.of(db, log) if log.parent is None else [log]
        for each in gone:
            if shelves.came(db, each):
                raise SettingsError(
                    f"{each.origin} is not withdrawn: something has come of it, and what has come stays as evidence.\n"
                    f"  If it is not the portal's: edge-agent center revoke DIR {log.origin} --all shuts its keys out, and the\n"
                    "  portal is given another name (origin in its configuration) and enrolled under that"
                )
        for each in reversed(gone):         # a continuation names the log it continues
            _take(db, each, by, why, now_ms)
    return gone


def by_origin(db: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every withdrawal, the oldest first, under its origin."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in db.execute("SELECT * FROM withdrawal ORDER BY at_ms, number"):
        found.setdefault(row["origin"], []).append(
            {"at": utc(row["at_ms"]), "by": row["by"], "why": row["why"], **json.loads(row["enrolment"])})
    return found


def _registered(db: Connection, origin: str) -> Log:
    before = by_origin(db).get(origin)
    if before and shelves.log_of(db, log_id(origin)) is None:
        last = before[-1]
        raise SettingsError(
            f"{origin} was withdrawn on {last['at']} by {last['by']} ({last['why']}) and is not registered.\n"
            "  To register the portal: edge-agent center enrol DIR FILE")
    return registry.find(db, origin)


def _take(db: Connection, log: Log, by: str, why: str, now_ms: int) -> None:
    row = db.execute("SELECT * FROM log WHERE number = ?", (log.number,)).fetchone()
    enrolment = _enrolment(db, log, row)
    db.execute("INSERT INTO withdrawal VALUES (?, ?, ?, ?, ?, ?)",
               (log.number, log.origin, now_ms, by, why, json.dumps(enrolment)))
    # the log it continues has told of it, and may have to tell of another one of that name
    told = f"{log.origin} ({enrolment['digits']}) was withdrawn by {by}: {why}"
    db.execute("UPDATE event SET key = key || ' ' || ?, text = ? WHERE log = ? AND kind = 'CONTINUATION' AND key = ?",
               (log.number, told, log.parent, log.origin))
    for table in _GOES:
        db.execute(f"DELETE FROM {table} WHERE log = ?", (log.number,))  # noqa: S608
    db.execute("DELETE FROM log WHERE number = ?", (log.number,))


def _enrolment(db: Connection, log: Log, row: Row) -> dict[str, Any]:
    """What was registered, by which keys, and what was noted of it."""
    certificates = shelves.certificates_of(db, log)
    events = db.execute("SELECT at_ms, kind, times, text FROM event WHERE log = ? ORDER BY number", (log.number,))
    return {
        "enrolled": utc(row["enrolled_ms"]), "confirmed": log.confirmed,
        "digits": registry.fingerprint(db, log) if certificates else None,
        "record_key": {"kty": "OKP", "crv": "Ed25519", "x": encode(log.record_key)}, "log_key": log.log_key.text(),
        "tls_certs": [ssl.DER_cert_to_PEM_cert(der) for der in certificates],
        "events": [{"at": utc(at_ms), "kind": kind, "times": times, "text": text} for at_ms, kind, times, text in events],
    }
