"""Who this portal is: its log, its keys, the file that enrols it at a centre.

    <state>/logs/<n>/      ledger.db, record.key, log.key, log.json (public: origin, first record key, log key)
                           closed.json: only where a person closed the log (house/continuation.py)
    <state>/uplink/        tls.key, tls.crt: the uplink's own; it holds no other key

`n` counts from 1.  A log whose keys or tail are lost is never repaired: a continuation log n+1 begins beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.doors.files import make_directory, write_whole
from edge_agent.doors.sqlite import sync_directory
from edge_agent.hands.keys import LogKey, RecordKeys
from edge_agent.tools import ed25519
from edge_agent.tools.base64url import decode, encode
from edge_agent.tools.notes import LOG_KEY, VerifierKey, read_vkey
from edge_agent.words.errors import StorageError
from edge_agent.words.language import worded

CLOSED = "closed.json"


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """One log of this portal, in its directory."""

    directory: Path
    origin: str
    first_key: bytes                # raw public key of record 0
    log_key: VerifierKey

    @property
    def database(self) -> Path:
        return self.directory / "ledger.db"

    def record_keys(self) -> RecordKeys:
        return RecordKeys(self.directory / "record.key")

    def signer(self) -> LogKey:
        return LogKey(self.directory / "log.key")

    def closing(self) -> dict[str, Any] | None:
        """Why a person closed this log, with `reason`, `by`, `refused_at`; None while it goes on."""
        try:
            found = json.loads((self.directory / CLOSED).read_text())
            return {"refused_at": None, "by": None, **found, "reason": str(found["reason"])}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise StorageError(worded(
                "{directory} is damaged: {problem}", directory=self.directory / CLOSED, problem=problem)) from None

    def close(self, reason: str, by: dict[str, str], refused_at: int | None) -> None:
        """Nothing is added to this log any more, and nothing of it sent; its files stay."""
        body = {"v": 1, "reason": reason, "by": by, "refused_at": refused_at}
        write_whole(self.directory / CLOSED, json.dumps(body, indent=1).encode())
        sync_directory(self.directory)

    def public(self) -> dict[str, Any]:
        """What a centre must know of the log."""
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": encode(self.first_key), "alg": "Ed25519",
               "kid": ed25519.thumbprint(self.first_key)}
        return {"v": 1, "origin": self.origin, "record_key": jwk, "log_key": self.log_key.text()}


def logs_of(state: Path) -> list[LogIdentity]:
    """The logs of a state directory, oldest first; none where it was never enrolled."""
    found = (path for path in (state / "logs").glob("[0-9]*") if path.name.isdecimal())     # "1.bak" is nobody's log
    directories = sorted(found, key=lambda path: int(path.name))
    return [_read(directory) for directory in directories if (directory / "log.json").exists()]


def create_log(state: Path, origin: str, number: int) -> LogIdentity:
    """Keys and directory of a new log; its public half is written last, so half a log is never taken for one."""
    directory = state / "logs" / str(number)
    make_directory(directory)
    if (directory / "ledger.db").exists():
        raise StorageError(worded(
            "{directory} holds a ledger but not its log.json: making new keys would end that log.\n"
            "  Put log.json back (the enrolment file holds the same), or move the whole directory away.",
            directory=directory))
    for name in ("record.key", "log.key"):
        (directory / name).unlink(missing_ok=True)      # left by a creation that was cut short
    name = origin if number == 1 else f"{origin}/{number}"
    first_key = RecordKeys(directory / "record.key").create()
    log_key = VerifierKey(name, LOG_KEY, LogKey.create(directory / "log.key").public)
    identity = LogIdentity(directory, name, first_key, log_key)
    write_whole(directory / "log.json", json.dumps(identity.public(), indent=1).encode())
    sync_directory(directory)
    sync_directory(directory.parent)
    return identity


def _read(directory: Path) -> LogIdentity:
    try:
        public = json.loads((directory / "log.json").read_text())
        return LogIdentity(
            directory, public["origin"], decode(public["record_key"]["x"]), read_vkey(public["log_key"])
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise StorageError(worded(
            "{directory} is damaged: {problem}.\n"
            "  Put the enrolment file in its place: it holds the same, and the log goes on",
            directory=directory / "log.json", problem=problem)) from None
