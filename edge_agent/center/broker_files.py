"""What a mosquitto broker needs to know of the registered portals: their certificates, and who may write and read where."""

from __future__ import annotations

import ssl
from sqlite3 import Connection

from edge_agent.center import shelves, tls
from edge_agent.center.enrolment import continued
from edge_agent.center.values import Log
from edge_agent.tools import envelope
from edge_agent.words.delivery import log_id

CENTRE_USER = "centre"


def portals_pem(db: Connection) -> bytes:
    """Every registered certificate, for `cafile`: each is its own authority and, not being a CA, nobody else's."""
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in shelves.certificates(db).values()).encode()


def acl(db: Connection) -> bytes:
    """For `acl_file` with `use_identity_as_username true`: a portal's user is the common name of its certificate."""
    lines = ["# the centre itself: the user of the credentials file of center run --mqtt", f"user {CENTRE_USER}"]
    lines += [f"topic read rpm/+/{kind}" for kind in envelope.ASKING]
    lines += [f"topic write rpm/+/{envelope.RECEIPT}"]
    for log in shelves.logs(db):
        if log.parent is None:
            for name in sorted({tls.common_name(der) for der in shelves.certificates_of(db, log)}):
                lines += ["", f"# {log.origin}", f"user {name}", *_rights(log)]
    return ("\n".join(lines) + "\n").encode()


def _rights(log: Log) -> list[str]:
    """On the topics of the log's name, and of the one it continues where it was enrolled as a continuation."""
    stem = continued(log.origin)
    portals = [log.id, *([log_id(stem)] if stem else [])]
    return [
        line for portal in portals for line in (
            *(f"topic write {envelope.topic(portal, kind)}" for kind in envelope.ASKING),
            f"topic read {envelope.topic(portal, envelope.RECEIPT)}",
        )
    ]
