"""Who may send: a portal's enrolment, and a continuation log.  Pure.

    {"v":1,"origin":…,"record_key":JWK,"log_key":vkey,"tls_cert":PEM}     a file, carried by a person
    {"v":1,"origin":…,"record_key":JWK,"log_key":vkey}                    PUT /v1/logs/<id>
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.center import tls
from edge_agent.tools import notes, strict_json
from edge_agent.tools.verify import read_jwk
from edge_agent.words.delivery import log_id
from edge_agent.words.errors import EvidenceError, SettingsError

ENROLMENT_MAX = 64 * 1024
_ORIGIN = re.compile(r"[a-z0-9][a-z0-9.-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)+")      # as words.settings
_CONTINUATION = re.compile(r"(.+)/([2-9]|[1-9][0-9]{1,2})")     # 2 to 999


@dataclass(frozen=True, slots=True)
class Enrolment:
    origin: str
    record_key: bytes
    log_key: notes.VerifierKey
    certificate: bytes | None       # DER

    @property
    def id(self) -> str:
        return log_id(self.origin)


def read(data: bytes, *, certificate: bool) -> Enrolment:
    """The enrolment of these bytes; EvidenceError says what is missing."""
    if len(data) > ENROLMENT_MAX:
        raise EvidenceError("an enrolment is far shorter than this")
    body = strict_json.load_object(data)
    origin, log_key_text = body.get("origin"), body.get("log_key")
    if body.get("v") != 1 or not isinstance(origin, str) or not isinstance(log_key_text, str):
        raise EvidenceError("an enrolment has v 1, origin, record_key, log_key")
    if not _ORIGIN.fullmatch(origin) or len(origin) > 200:
        raise EvidenceError("origin is not host/name[/name...]")
    log_key = notes.read_vkey(log_key_text)
    if log_key.type != notes.LOG_KEY or log_key.name != origin:
        raise EvidenceError("log_key is not the log key of this origin")
    try:
        record_key = read_jwk(strict_json.dumps(body.get("record_key")))
    except UnicodeEncodeError:              # JSON can spell half a surrogate pair
        raise EvidenceError("record_key is not a JWK") from None
    return Enrolment(origin, record_key, log_key, _der(body) if certificate else None)


def of_file(path: Path, data: bytes) -> Enrolment:
    """The enrolment a person brought; SettingsError names the file and what to do."""
    try:
        wanted = read(data, certificate=True)
        tls.check_certificate(wanted.certificate or b"")
        return wanted
    except EvidenceError as problem:
        raise SettingsError(
            f"{path} is not the enrolment of a portal: {problem}.\n"
            "  Expected: the file of `edge-agent enrol --out FILE` as it was made.  Make it again at the portal: no key changes"
        ) from None


def log_key_of(path: Path, data: bytes) -> notes.VerifierKey:
    """A portal's log key, from its enrolment file or a file with the key alone; SettingsError names the file."""
    text = data.decode("utf-8", "replace").strip()
    try:
        found = strict_json.load_object(data).get("log_key") if text.startswith("{") else text
        key = notes.read_vkey(str(found))
        if key.type != notes.LOG_KEY:
            raise EvidenceError("this is a key that cosigns, not a portal's log key")
        return key
    except EvidenceError as problem:
        raise SettingsError(
            f"{path} holds no log key: {problem}.\n"
            "  Expected: a portal's enrolment file (edge-agent enrol --out FILE), or its log_key name+id+base64 on one line"
        ) from None


def continued(origin: str) -> str | None:
    """The origin that `origin` would continue; None when it has not the form of a continuation."""
    found = _CONTINUATION.fullmatch(origin)
    return found[1] if found else None


def _der(body: dict[str, Any]) -> bytes:
    pem = body.get("tls_cert")
    try:
        return ssl.PEM_cert_to_DER_cert(pem) if isinstance(pem, str) else b""
    except ValueError:
        raise EvidenceError("tls_cert is not one certificate in PEM") from None
