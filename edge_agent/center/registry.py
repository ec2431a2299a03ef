"""Registering portals by hand: what `center enrol`, `confirm` and `revoke` do."""

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


def digits(wanted: Enrolment) -> str:
    """What the portal's person must read too."""
    return of_enrolment(wanted.origin, wanted.record_key, wanted.log_key.text(), wanted.certificate or b"")


def weigh(db: Connection, wanted: Enrolment) -> str:
    """What enrolling would add, "log", "certificate" or "nothing"; EvidenceError when its keys are not those registered."""
    there = shelves.log_of(db, wanted.id)
    if there is None:
        return "log"
    if (there.record_key, there.log_key) != (wanted.record_key, wanted.log_key):
        raise EvidenceError(_other_keys(db, there, wanted))
    known = all(shelves.may_send(db, log, wanted.certificate or b"") for log in family.of(db, there))
    return "nothing" if known else "certificate"


def enrol(db: Connection, wanted: Enrolment, now_ms: int) -> Registered:
    """Register a portal; EvidenceError when its keys are not those registered before."""
    certificate = wanted.certificate or b""
    tls.check_certificate(certificate)
    with writing(db):
        new, there = weigh(db, wanted), shelves.log_of(db, wanted.id)
        if there is None:
            shelves.add_log(db, wanted, certificate, None, now_ms)
        else:
            for log in family.of(db, there):
                shelves.add_certificate(db, log.number, certificate)
        return Registered(wanted.origin, digits(wanted), new)


def _other_keys(db: Connection, there: Log, wanted: Enrolment) -> str:
    if there.parent is None and not any(shelves.came(db, log) for log in family.of(db, there)):
        way = ("Nothing has come of the one registered.  If the person at the portal reads these digits there,\n"
               f"      {digits(wanted)}\n"
               f"  then: edge-agent center withdraw DIR {there.origin} --by NAME --why TEXT, and enrol this file again")
    else:
        way = ("A portal that lost its keys begins a continuation log by itself.  Records of the log stay with it: where it is\n"
               f"  not the portal's, edge-agent center revoke DIR {there.origin} --all, and the portal is given another name")
    return f"{there.origin} is registered with other keys, and keys of a log never change.\n  {way}"


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
