"""Who this portal is: its log, its keys, the file that enrols it at a centre.

    <state>/logs/<n>/      ledger.db, record.key, log.key, log.json (public: origin, first record key, log key)
    <state>/uplink/        tls.key, tls.crt: the uplink's own; it holds no other key

`n` counts from 1.  A log whose keys or tail are lost is never repaired: a continuation log n+1 begins beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.doors import certificates
from edge_agent.doors.files import lend, make_directory, write_whole
from edge_agent.doors.sqlite import sync_directory
from edge_agent.hands.keys import LogKey, RecordKeys, write_private
from edge_agent.tools import ed25519
from edge_agent.tools.base64url import decode, encode
from edge_agent.tools.fingerprint import of_enrolment
from edge_agent.tools.notes import LOG_KEY, VerifierKey, read_vkey
from edge_agent.words.errors import SettingsError, StorageError

UPLINK_GROUP = "edge-agent-uplink"      # the uplink's account reads its TLS key through this group, and nothing else


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

    def public(self) -> dict[str, Any]:
        """What a centre must know of the log."""
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": encode(self.first_key), "alg": "Ed25519",
               "kid": ed25519.thumbprint(self.first_key)}
        return {"v": 1, "origin": self.origin, "record_key": jwk, "log_key": self.log_key.text()}


def logs_of(state: Path) -> list[LogIdentity]:
    """The logs of a state directory, oldest first; none where it was never enrolled."""
    directories = sorted((state / "logs").glob("[0-9]*"), key=lambda path: int(path.name))
    return [_read(directory) for directory in directories if (directory / "log.json").exists()]


def create_log(state: Path, origin: str, number: int) -> LogIdentity:
    """Keys and directory of a new log; its public half is written last, so half a log is never taken for one."""
    directory = state / "logs" / str(number)
    make_directory(directory)
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


def enrol(state: Path, origin: str) -> dict[str, Any]:
    """The enrolment of this portal for a centre; makes keys that are not there yet, never replaces one."""
    make_directory(state, 0o711)        # the uplink passes through to its own directory; every other is closed to it
    logs = logs_of(state) or [create_log(state, origin, 1)]
    if logs[0].origin != origin:
        raise SettingsError(
            f"{state} holds the log {logs[0].origin}, the configuration says {origin}.\n"
            "  A log keeps its name for ever: correct portal.origin, or choose another state directory."
        )
    uplink = state / "uplink"
    make_directory(uplink)
    if not (uplink / "tls.crt").exists():
        key, certificate = certificates.self_signed(origin)
        (uplink / "tls.key").unlink(missing_ok=True)
        write_private(uplink / "tls.key", key)
        write_whole(uplink / "tls.crt", certificate)
    lend(uplink, UPLINK_GROUP, 0o750)
    lend(uplink / "tls.key", UPLINK_GROUP, 0o640)
    lend(uplink / "tls.crt", UPLINK_GROUP, 0o640)
    return {**logs[-1].public(), "tls_cert": (uplink / "tls.crt").read_text()}


def fingerprint(enrolment: dict[str, Any]) -> str:
    """Digits to compare with what the centre shows."""
    import ssl  # here: only enrolment needs it, and it costs the core memory

    certificate = ssl.PEM_cert_to_DER_cert(enrolment["tls_cert"])
    return of_enrolment(
        enrolment["origin"], decode(enrolment["record_key"]["x"]), enrolment["log_key"], certificate
    )


def _read(directory: Path) -> LogIdentity:
    try:
        public = json.loads((directory / "log.json").read_text())
        return LogIdentity(
            directory, public["origin"], decode(public["record_key"]["x"]), read_vkey(public["log_key"])
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise StorageError(f"{directory / 'log.json'} is damaged: {problem}") from None
