"""Exhibits made: which log and which keys, what the page carries, what a person is told.  The records come from gathering."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.doors.files import read_text, shipped_verifiers
from edge_agent.house import looking_back
from edge_agent.house.configuration import Configuration
from edge_agent.house.gathering import Keys, gather, names_alarm, opened
from edge_agent.house.identity import LogIdentity, logs_of
from edge_agent.tools import ed25519, notes
from edge_agent.tools.exhibit import ALARM, OCCUPANCY, Exhibit
from edge_agent.tools.exhibit_page import Programs, utc
from edge_agent.words.errors import EdgeAgentError, SettingsError
from edge_agent.words.language import tr, trn, worded


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave on the command line."""

    ledger: Path | None = None                      # None: this portal's own
    receipts: tuple[bytes, ...] = ()
    log_key: notes.VerifierKey | None = None
    record_0: bytes | None = None
    centres: tuple[notes.VerifierKey, ...] = ()


def make(name: str, given: Given, configuration: Configuration | None) -> tuple[Exhibit, looking_back.Found]:
    """The exhibit of the alarm of that name, verified."""
    centres = given.centres
    if not centres and configuration is not None and configuration.settings.centre is not None:
        centres = (notes.read_vkey(configuration.settings.centre.vkey),)
    if given.ledger is not None:
        path, log = given.ledger, identity_beside(given.ledger)
    else:
        assert configuration is not None
        path, log = _of_the_portal(Path(configuration.settings.portal.state), name)
    with opened(path) as database:
        return gather(database, name, _keys(given, path, log, centres), given.receipts)


def _keys(given: Given, path: Path, log: LogIdentity | None, centres: tuple[notes.VerifierKey, ...]) -> Keys:
    log_key = given.log_key or (log.log_key if log else None)
    if log_key is None:
        raise SettingsError(worded(
            "the verifier key of the log in {path} is not known.\n"
            "  Give it: --log-key FILE; the portal's enrolment file and its log.json hold it.",
            path=path))
    return Keys(log_key, given.record_0 or (log.first_key if log else None), centres, signer_of(log) if log else None)


def _of_the_portal(state: Path, name: str) -> tuple[Path, LogIdentity]:
    """The newest log of this portal that has such an alarm; the newest, where none has."""
    logs = logs_of(state)
    if not logs:
        raise SettingsError(worded(
            "{state} holds no log that this account may read.\n"
            "  It belongs to the agent: sudo -u edge-agent edge-agent alarms export ID --exhibit FILE.html",
            state=state))
    for log in reversed(logs[1:]):
        with opened(log.database) as database:
            if names_alarm(database, name):
                return log.database, log
    return logs[0].database, logs[0]


def identity_beside(ledger: Path) -> LogIdentity | None:
    """The log that a ledger.db belongs to, where log.json was copied with it."""
    directory = ledger.absolute().parent
    found = logs_of(directory.parent.parent) if directory.parent.name == "logs" else []
    return next((log for log in found if log.directory.name == directory.name), None)


def signer_of(log: LogIdentity) -> ed25519.Signer | None:
    try:
        return log.signer()
    except EdgeAgentError:
        return None                                 # a copy has no keys; that is as it should be


def programs() -> Programs:
    """What an exhibit's page carries: the verifier, and what shows its verdict."""
    js = shipped_verifiers() / "js"
    part = "a part of exhibits"                     # of an error: stays English
    script = "\n".join(read_text(js / name, part) for name in ("verify_log.js", "exhibit_page.js"))
    return Programs(script, read_text(js / "exhibit.css", part))


def summary(exhibit: Exhibit) -> dict[str, Any]:
    """What was put into it."""
    alarm = exhibit.row(ALARM)
    return {
        "log": exhibit.log_key.name, "record": alarm.seq if alarm else None, "checkpoint_size": exhibit.checkpoint.size,
        "records": {row.seq: row.part for row in exhibit.rows},
        "after_s": exhibit.earlier[1].time_s if exhibit.earlier else None,
        "before_s": exhibit.receipts[0].time_s if exhibit.receipts else None, "centres": [key.name for key in exhibit.centres],
    }


def told(exhibit: Exhibit) -> list[str]:
    """The same for a person."""
    found = summary(exhibit)
    lines = [trn("  record {record} of {log}, under a checkpoint of {n} record",
                 "  record {record} of {log}, under a checkpoint of {n} records", found["checkpoint_size"],
                 record=found["record"], log=found["log"])]
    if not exhibit.receipts:
        return [*lines, tr("  NO RECEIPT YET: only the portal vouches for it; export it again when the centre has countersigned")]
    before, centres = utc(found["before_s"]), ", ".join(found["centres"])
    lines.append(tr("  signed before {before} UTC by the clock of {centres}", before=before, centres=centres)
                 if found["after_s"] is None else
                 tr("  signed after {after}, before {before} UTC by the clock of {centres}", after=utc(found["after_s"]),
                    before=before, centres=centres))
    if not exhibit.row(OCCUPANCY):
        lines.append(tr("  without the record of the passage: there is none under this receipt"))
    return lines
