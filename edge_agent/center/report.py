"""What people ask of the centre: its alarms, and how each log stands.  Reads only."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from sqlite3 import Connection, Row
from typing import Any

from edge_agent.center import alarms, family, registry, shelves, silence, submitting
from edge_agent.center.values import Log, plain
from edge_agent.tools import jws

_ALARMS = """
SELECT log, seq, line, arrived_ms, 'chained' AS state FROM line WHERE kind = 'alarm'
UNION ALL
SELECT e.log, e.seq, e.line, e.arrived_ms, 'pending' FROM express AS e
    WHERE e.kind = 'alarm' AND NOT EXISTS (SELECT 1 FROM line AS l WHERE l.log = e.log AND l.seq = e.seq)
ORDER BY arrived_ms DESC, log, seq DESC LIMIT ?
"""


def alarm_list(db: Connection, last: int) -> list[dict[str, Any]]:
    """The newest alarms, oldest of them first."""
    origins = {log.number: log.origin for log in shelves.logs(db)}
    return [_alarm(db, row, origins[row["log"]]) for row in reversed(db.execute(_ALARMS, (last,)).fetchall())]


def alarm_line(alarm: dict[str, Any]) -> str:
    raised = alarms.raised(alarm["log"], alarm["seq"], alarm["record"], alarm["state"])
    more = [text for text in (alarm["signed"]["text"], alarm["signed"]["question"]) if text]
    return "\n".join([f"{alarm['arrived']}  {raised.text}", *(f"    {plain(text, 200)}" for text in more)])


def log_list(db: Connection, now_ms: int) -> list[dict[str, Any]]:
    return [_status(db, log, now_ms) for log in shelves.logs(db)]


def log_lines(status: dict[str, Any]) -> list[str]:
    """One log for a terminal of 80 columns."""
    receipt, heard = status["receipt"], status["heard"]
    flags = [name for name in ("silent", "closed", "unconfirmed") if status[name]]
    given = f"at {receipt['size']} given {receipt['time']}" if receipt else "none yet"
    lines = [
        f"{status['log']}" + (f"   {', '.join(flags).upper()}" if flags else ""),
        f"    records {status['size']}, receipt {given}",
        f"    last heard {heard or 'never'}" + _clock_text(status["clock_behind_ms"]),
    ]
    if status["goes_on_as"]:
        lines.append(f"    goes on as {status['goes_on_as']}")
    if status["fingerprint"] is None:
        lines.append("    no TLS certificate is left, the portal is shut out: center enrol")
    elif status["unconfirmed"]:
        lines.append(f"    compare over the telephone: {status['fingerprint']}, then: center confirm")
    if status["pending"] or status["marked"]:
        lines.append(f"    ahead of backlog {status['pending']}, marked records {status['marked']}")
    if status["documents"]:
        lines.append(f"    documents named {status['documents']}, not here yet {status['documents_missing']}")
    for one in status["witnessed"]:
        lines.append(f"    cosigned by {one['witness']} at {one['size']}, {utc(one['time_s'] * 1000)}")
    for problem in status["problems"]:
        lines.append(f"    {problem['kind']} x{problem['times']} {problem['at']}: {problem['text']}")
    return lines


def utc(ms: int | None) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _alarm(db: Connection, row: Row, origin: str) -> dict[str, Any]:
    payload = jws.take_apart(row["line"]).payload
    signed = shelves.bracket(db, row["log"], row["seq"])
    return {
        "log": origin, "seq": row["seq"], "state": row["state"], "arrived": utc(row["arrived_ms"]),
        "at": alarms.vehicle_time(payload), **{name: payload.get(name) for name in alarms.SHOWN}, "record": payload,
        "signed": {**asdict(signed), "text": signed.text(), "question": signed.question(payload)},
    }


def _status(db: Connection, log: Log, now_ms: int) -> dict[str, Any]:
    row = db.execute("SELECT * FROM log WHERE number = ?", (log.number,)).fetchone()
    newest = "SELECT size, time_s FROM receipt WHERE log = ? ORDER BY size DESC LIMIT 1"
    receipt = db.execute(newest, (log.number,)).fetchone()
    after = _goes_on_as(db, log)
    overdue = row["heard_ms"] is not None and now_ms - row["heard_ms"] > silence.PERIODS * row["period_s"] * 1000
    return {
        "log": log.origin, "id": log.id, "size": log.head.seq,
        "receipt": {"size": receipt["size"], "time": utc(receipt["time_s"] * 1000)} if receipt else None,
        "heard": utc(row["heard_ms"]), "silent": after is None and (bool(row["silent"]) or overdue),
        "closed": after is not None, "goes_on_as": after,       # nothing more is heard in a log that another continues
        "unconfirmed": not log.confirmed, "continues": _origin(db, log.parent),
        "fingerprint": registry.fingerprint(db, log) if shelves.certificates_of(db, log) else None,
        "clock_behind_ms": row["clock_ms"],         # the centre's clock at arrival minus t.wall
        "pending": _count(db, "SELECT count(*) FROM express WHERE log = ? AND seq >= ?", log.number, log.head.seq),
        "marked": _count(db, "SELECT count(*) FROM line WHERE log = ? AND mark IS NOT NULL", log.number),
        "forks": _count(db, "SELECT count(*) FROM fork WHERE log = ?", log.number),
        "documents": _count(db, "SELECT count(*) FROM blob WHERE log = ?", log.number),
        "documents_missing": _count(db, "SELECT count(*) FROM blob WHERE log = ? AND stored_ms IS NULL", log.number),
        "witnessed": submitting.standing(db, log.number),
        "problems": _problems(db, log),
    }


def _problems(db: Connection, log: Log) -> list[dict[str, Any]]:
    found = db.execute(
        "SELECT * FROM event WHERE log = ? AND kind IN ('FORK', 'REFUSED', 'CONTINUATION', 'HOLE')"
        " ORDER BY last_ms DESC LIMIT 10", (log.number,),
    )
    confirmed = {other.origin for other in shelves.logs(db) if other.confirmed}
    return [
        {"kind": row["kind"], "at": utc(row["last_ms"]), "times": row["times"], "text": plain(_text(row, confirmed), 400)}
        for row in found
    ]


def _text(row: Row, confirmed: set[str]) -> str:
    """What was raised, or what became of it."""
    if row["kind"] == "CONTINUATION" and row["key"] in confirmed:
        return f"{row['key']} is confirmed by a person"
    return str(row["text"])


def _goes_on_as(db: Connection, log: Log) -> str | None:
    """The newest log of the same portal that was begun after this one and holds records."""
    later = [other for other in family.after(db, log) if other.head.seq]
    return later[-1].origin if later else None


def _count(db: Connection, query: str, *values: int) -> int:
    return int(db.execute(query, values).fetchone()[0])


def _origin(db: Connection, number: int | None) -> str | None:
    row = db.execute("SELECT origin FROM log WHERE number = ?", (number,)).fetchone()
    return row["origin"] if row else None


def _clock_text(behind_ms: int | None) -> str:
    if behind_ms is None:
        return ""
    side = "behind" if behind_ms >= 0 else "ahead of"
    return f", its clock {abs(behind_ms) / 1000:.1f} s {side} ours at arrival"
