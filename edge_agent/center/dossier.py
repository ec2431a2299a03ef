"""`center report`: what is proven against a log, what is asked of it, what was answered.  Reads only; plain words.

Nobody is accused: a log that contradicts itself was rolled back, changed or written twice, and people find out by whom.
"""

from __future__ import annotations

from sqlite3 import Connection
from typing import Any

from edge_agent.center import casebook, questions, shelves, withdrawal
from edge_agent.center.report import utc
from edge_agent.center.values import Log, plain

PROOFS_MAX = 20
ROLLED_BACK = ("rolled back: the portal signed two different histories. Its storage came back from an older copy, or lost "
               "what it had confirmed")
BROKEN = "does not hold: a record was changed, left out or put in after it was signed; nothing after it is taken"
KEYS = "a continuation was offered with two sets of keys: the state directory was made twice or copied"
NEXT_PROOF = "keep the controller's storage as it is; both sides are kept here. Then at the portal: edge-agent enrol --continue"


def dossier(db: Connection, closed: int) -> list[dict[str, Any]]:
    """Each log with its proofs, open questions, the newest `closed` answered ones, and enrolments of its name taken back."""
    withdrawn = withdrawal.by_origin(db)
    found = [{**_of(db, log, closed), "registered": True, "withdrawn": withdrawn.pop(log.origin, [])} for log in shelves.logs(db)]
    return found + [{"log": origin, "proofs": [], "questions": [], "registered": False, "withdrawn": gone}
                    for origin, gone in withdrawn.items()]


def page(found: dict[str, Any]) -> list[str]:
    """One log for a terminal."""
    proofs, still = found["proofs"], [one for one in found["questions"] if one["closed"] is None]
    state = f"{len(proofs)} PROOF" if proofs else "no proof of anything wrong"
    state = f"{state}, {len(still)} open question{'' if len(still) == 1 else 's'}" if found["registered"] else "not registered"
    lines = [f"{found['log']}: {state}"]
    for gone in found["withdrawn"]:
        lines += [f"  WITHDRAWN  {gone['at']}  by {plain(gone['by'], 100)}: {plain(gone['why'], 400)}",
                  f"          enrolled {gone['enrolled']}, digits {gone['digits'] or 'none: its certificate was revoked'}"]
    for proof in proofs:
        lines += [f"  PROOF   {proof['at']}  {proof['what']}", f"          {proof['text']}"]
    if proofs:
        lines.append(f"          next: {NEXT_PROOF}")
    for one in found["questions"]:
        state, then = _state(one)
        lines += [f"  {state}  #{one['number']} {one['opened']}  {one['kind']}: {one['text']}", f"          {then}"]
    return lines


def _state(one: dict[str, Any]) -> tuple[str, str]:
    if one["closed"] is None:
        return "OPEN  ", f"next: {one['next']}"
    return "closed", f"{one['closed']}  {one['answer']}"


def _of(db: Connection, log: Log, closed: int) -> dict[str, Any]:
    return {
        "log": log.origin, "proofs": _proofs(db, log),
        "questions": [
            {"number": row["number"], "kind": row["kind"], "opened": utc(row["opened_ms"]), "closed": utc(row["closed_ms"]),
             "text": plain(row["text"], 400), "answer": row["answer"] and plain(row["answer"], 400),
             "next": questions.NEXT.get(row["kind"])}
            for row in casebook.of_log(db, log, closed)
        ],
    }


def _proofs(db: Connection, log: Log) -> list[dict[str, Any]]:
    """Refusals for good: forks, and lines or checkpoints that cannot stand where they came."""
    rows = db.execute(
        "SELECT * FROM event WHERE log = ? AND (kind = 'FORK' OR kind = 'REFUSED' AND key <> 'certificate')"
        " ORDER BY number DESC LIMIT ?", (log.number, PROOFS_MAX),
    ).fetchall()
    return [
        {"at": utc(row["at_ms"]), "what": ROLLED_BACK if row["kind"] == "FORK" else KEYS if row["key"] == "keys" else BROKEN,
         "text": plain(row["text"], 400), "times": row["times"]}
        for row in reversed(rows)
    ]
