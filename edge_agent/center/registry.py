"""Registering portals by hand: what `center enrol` and `center confirm` do."""

from __future__ import annotations

from dataclasses import dataclass
from sqlite3 import Connection

from edge_agent.center import casebook, family, shelves, tls
from edge_agent.center.enrolment import Enrolment
from edge_agent.center.store import writing
from edge_agent.center.values import Log
from edge_agent.tools.fingerprint import of_enrolment
from edge_agent.words.delivery import log_id
from edge_agent.words.errors import EvidenceError, SettingsError


@dataclass(frozen=True, slots=True)
class Registered:
    origin: str
    fingerprint: str
    new: str                        # "log", "certificate" or "nothing"


def enrol(db: Connection, wanted: Enrolment, now_ms: int) -> Registered:
    """Register a portal; EvidenceError when its keys are not those registered before."""
    certificate = wanted.certificate or b""
    tls.check_certificate(certificate)
    digits = of_enrolment(wanted.origin, wanted.record_key, wanted.log_key.text(), certificate)
    with writing(db):
        there = shelves.log_of(db, wanted.id)
        if there is None:
            shelves.add_log(db, wanted, certificate, None, now_ms)
            return Registered(wanted.origin, digits, "log")
        if (there.record_key, there.log_key) != (wanted.record_key, wanted.log_key):
            raise EvidenceError(
                f"{wanted.origin} is registered with other keys, and keys of a log never change.  "
                "A portal that lost its keys begins a continuation log.",
            )
        added = [shelves.add_certificate(db, log.number, certificate) for log in family.of(db, there)]
        return Registered(wanted.origin, digits, "certificate" if any(added) else "nothing")


def confirm(db: Connection, origin: str, now_ms: int) -> Registered:
    """A person has compared the fingerprint of a continuation log."""
    with writing(db):
        log = find(db, origin)
        shelves.confirm(db, log)
        casebook.confirmed(db, log, now_ms)
        return Registered(log.origin, fingerprint(db, log), "nothing" if log.confirmed else "log")


def revoke(db: Connection, origin: str, *, newest_too: bool) -> int:
    """Certificates taken from a portal's logs: all but the newest, or every one; how many."""
    with writing(db):
        return sum(shelves.drop_certificates(db, log.number, 0 if newest_too else 1) for log in family.of(db, find(db, origin)))


def find(db: Connection, origin: str) -> Log:
    log = shelves.log_of(db, log_id(origin))
    if log is None:
        known = ", ".join(log.origin for log in shelves.logs(db)) or "none"
        raise SettingsError(f"{origin} is not registered here.  Registered: {known}")
    return log


def fingerprint(db: Connection, log: Log) -> str:
    return of_enrolment(log.origin, log.record_key, log.log_key.text(), shelves.certificate_of(db, log))
