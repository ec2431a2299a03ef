"""Records as JWS compact lines (RFC 7515): written, taken apart, verified.

    base64url(header) . base64url(payload) . base64url(signature)
    header  {"alg":"Ed25519","kid":"<RFC 7638 thumbprint>","typ":"rpm-alarm+jws"}

The algorithm is Ed25519 because the registered key is an Ed25519 key (RFC 9864), never because a line says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.tools import ed25519, strict_json
from edge_agent.tools.base64url import decode, encode
from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded
from edge_agent.words.record import LINE_MAX, Head, Record

_TYP = re.compile(r"rpm-([a-z][a-z0-9-]{0,31})\+jws")


@dataclass(frozen=True, slots=True)
class Parts:
    """A line taken apart, not yet verified."""

    kind: str
    kid: str
    payload: dict[str, Any]
    signing_input: bytes
    signature: bytes


def line_hash(line: bytes) -> bytes:
    """SHA-256 of a line without its newline: what `prev` of the next line holds."""
    return hashlib.sha256(line).digest()


def write(kind: str, payload: Mapping[str, Any], seed: bytes) -> bytes:
    """As `seal`, by the private seed of the key."""
    return seal(kind, payload, ed25519.SoftKey(seed))


def seal(kind: str, payload: Mapping[str, Any], key: ed25519.Signer) -> bytes:
    """The signed line of one record; EvidenceError when no reader would take it: too long, or not strict JSON."""
    try:
        body = strict_json.dumps(payload)
        strict_json.loads(body)         # depth, and integers every reader keeps exact
    except (ValueError, TypeError) as problem:
        raise EvidenceError(worded("a {kind} record that is not JSON: {problem}", kind=kind, problem=problem)) from None
    header = {"alg": "Ed25519", "kid": ed25519.thumbprint(key.public), "typ": f"rpm-{kind}+jws"}
    signing_input = f"{encode(strict_json.dumps(header))}.{encode(body)}".encode()
    line = signing_input + b"." + encode(key.sign(signing_input)).encode()
    if len(line) > LINE_MAX:
        raise EvidenceError(worded(
            "a {kind} record of {size} bytes; at most {most} fit a line",
            kind=kind, size=len(line), most=LINE_MAX))
    return line


def take_apart(line: bytes) -> Parts:
    """The parts of a line; EvidenceError when it is not a record line of the one spelling."""
    if len(line) > LINE_MAX:
        raise EvidenceError(worded("a line longer than {most} bytes", most=LINE_MAX))
    try:
        header_text, payload_text, signature_text = line.decode("ascii").split(".")
    except (UnicodeDecodeError, ValueError):
        raise EvidenceError(worded("not a JWS compact line")) from None
    header = strict_json.load_object(decode(header_text))
    if set(header) != {"alg", "kid", "typ"} or header["alg"] != "Ed25519":
        raise EvidenceError(worded("the header is not exactly alg Ed25519, kid, typ"))
    typ, kid = header["typ"], header["kid"]
    found = _TYP.fullmatch(typ) if isinstance(typ, str) else None
    if found is None or not isinstance(kid, str):
        raise EvidenceError(worded("the header's typ is not rpm-<kind>+jws, or kid is not text"))
    payload = strict_json.load_object(decode(payload_text))
    return Parts(found[1], kid, payload, line[: line.rindex(b".")], decode(signature_text))


def verify_next(line: bytes, head: Head) -> tuple[Record, Head]:
    """The record of `line` as the next of its log, and the head after it; EvidenceError says why not."""
    parts = take_apart(line)
    if parts.kid != ed25519.thumbprint(head.next_key):
        raise EvidenceError(worded("signed with another key than the record before it announced"))
    if not ed25519.verifies(head.next_key, parts.signing_input, parts.signature):
        raise EvidenceError(worded("the signature does not verify"))
    payload = parts.payload
    _expect(payload, "v", 1)
    _expect(payload, "log", head.origin)
    _expect(payload, "seq", head.seq)
    _expect(payload, "prev", None if head.prev is None else encode(head.prev))
    record = Record(line, parts.kind, head.seq, payload)
    return record, Head(head.origin, head.seq + 1, line_hash(line), next_key(payload))


def next_key(payload: Mapping[str, Any]) -> bytes:
    """The raw public key that must sign the following record."""
    text = payload.get("nk")
    if not isinstance(text, str) or len(text) != 43:
        raise EvidenceError(worded("nk is not a 43-character key"))
    return decode(text)


def _expect(payload: Mapping[str, Any], name: str, value: object) -> None:
    found = payload.get(name, "absent")
    if found != value or type(found) is not type(value):     # True == 1 in Python, not in a record
        raise EvidenceError(worded("{name} is {found}, expected {value}", name=name, found=repr(found)[:80], value=repr(value)))
