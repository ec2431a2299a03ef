"""Enrolment: this portal's keys and certificate made once, and the file a person carries to the centre.

Not loaded by the daemon: certificates cost memory it does not need.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

from edge_agent.doors import certificates
from edge_agent.doors.files import lend, make_directory, write_whole
from edge_agent.doors.sqlite import sync_directory
from edge_agent.hands.keys import write_private
from edge_agent.house.identity import create_log, logs_of
from edge_agent.tools.base64url import decode
from edge_agent.tools.fingerprint import of_enrolment
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

_OLDER = re.compile(r"tls-(\d{1,4})\.(?:key|crt)")
UPLINK_GROUP = "edge-agent-uplink"      # the uplink's account reads its TLS key through this group, and nothing else


def enrol(state: Path, origin: str) -> dict[str, Any]:
    """The enrolment of this portal for a centre; makes keys that are not there yet, never replaces one."""
    make_directory(state, 0o711, "portal.state")    # the uplink passes through to its own directory; every other is closed to it
    logs = logs_of(state) or [create_log(state, origin, 1)]
    if logs[0].origin != origin:
        raise SettingsError(worded(
            "{state} holds the log {origin}, the configuration says {origin2}.\n"
            "  A log keeps its name for ever: correct portal.origin, or choose another state directory.",
            state=state, origin=logs[0].origin, origin2=origin))
    uplink = state / "uplink"
    make_directory(uplink)
    if not (uplink / "tls.crt").exists():
        key, certificate = certificates.self_signed(origin)
        (uplink / "tls.key").unlink(missing_ok=True)
        write_private(uplink / "tls.key", key)
        write_whole(uplink / "tls.crt", certificate)
    _lend(uplink)
    return {**logs[-1].public(), "tls_cert": (uplink / "tls.crt").read_text()}


def renew_tls(state: Path, origin: str) -> dict[str, Any]:
    """The enrolment with a new TLS certificate; the one before stays beside it, for until the centre knows the new one.

    The log and its keys stay as they are: only who may speak for it on the wire is renewed.
    """
    if not logs_of(state):
        raise SettingsError(worded(
            "{state} holds no certificate to renew.\n"
            "  Make it and the keys: edge-agent enrol --out FILE",
            state=state))
    uplink = state / "uplink"
    if not all((uplink / name).exists() for name in ("tls.key", "tls.crt")):
        (uplink / "tls.crt").unlink(missing_ok=True)            # half a pair serves nobody: enrol makes both
        return enrol(state, origin)
    older = max((int(found[1]) for path in uplink.iterdir() if (found := _OLDER.fullmatch(path.name))), default=0) + 1
    for kind, mode in (("key", 0o600), ("crt", 0o644)):
        write_whole(uplink / f"tls-{older}.{kind}", (uplink / f"tls.{kind}").read_bytes(), mode)
    key, certificate = certificates.self_signed(origin)
    write_whole(uplink / "tls.key", key, 0o600)     # cut short here, the uplink goes on with the pair just kept
    write_whole(uplink / "tls.crt", certificate)
    sync_directory(uplink)
    return enrol(state, origin)


def _lend(uplink: Path) -> None:
    """The uplink's account may read its certificates and their keys, nothing else here."""
    lend(uplink, UPLINK_GROUP, 0o750)
    for path in (*uplink.glob("tls*.key"), *uplink.glob("tls*.crt")):
        lend(path, UPLINK_GROUP, 0o640)


def fingerprint(enrolment: dict[str, Any]) -> str:
    """Digits to compare with what the centre shows."""
    try:
        certificate = ssl.PEM_cert_to_DER_cert(enrolment["tls_cert"])
    except ValueError:
        raise SettingsError(worded(
            "uplink/tls.crt in the state directory is damaged.\n"
            "  Make key and certificate anew: edge-agent enrol --renew-tls --out FILE; enrol FILE at the centre")) from None
    return of_enrolment(
        enrolment["origin"], decode(enrolment["record_key"]["x"]), enrolment["log_key"], certificate
    )
