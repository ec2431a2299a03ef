"""The logs of one portal in their order: the one a person enrolled, then its continuations.

Their own numbers tell the order (`<origin enrolled>/<n>`), not the order in which they were registered here: what begins while
the line is down is registered newest first, as its fresh heartbeat overtakes the backlog.
"""

from __future__ import annotations

from sqlite3 import Connection

from edge_agent.center import shelves
from edge_agent.center.values import Log


def of(db: Connection, log: Log) -> list[Log]:
    """All of them, `log` among them, the first one first."""
    root = log.parent or log.number
    return sorted((other for other in shelves.logs(db) if root in (other.number, other.parent)), key=turn)


def before(db: Connection, log: Log) -> list[Log]:
    return [other for other in of(db, log) if turn(other) < turn(log)]


def after(db: Connection, log: Log) -> list[Log]:
    return [other for other in of(db, log) if turn(other) > turn(log)]


def replaced(db: Connection, log: Log) -> bool:
    """Whether a confirmed continuation has taken the log's place."""
    return any(other.confirmed for other in after(db, log))


def turn(log: Log) -> int:
    """0: enrolled by a person, whatever its name ends with; else the number at the end of its origin."""
    return 0 if log.parent is None else int(log.origin.rpartition("/")[2])
