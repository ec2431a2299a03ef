"""A request to the centre and its answer as MQTT 5 messages, through a broker that nobody need trust.  Pure.

    rpm/<portal>/entries       lines, one empty line, the checkpoint note
    rpm/<portal>/express       a line ahead of its backlog, with proofs
    rpm/<portal>/log           a continuation log to be registered
    rpm/<portal>/stump         where a pruned log goes on, for a centre that lost its beginning
    rpm/<portal>/blob          a piece of a document that a record names
    rpm/<portal>/checkpoint    asks for the newest receipt
    rpm/<portal>/receipt       every answer, for the portal alone

<portal> is the id of the log the portal was enrolled with: an address.  What TLS proves between two ends is proven here
by the same keys over the messages themselves: the portal signs each request with the key of its registered certificate,
the centre each answer with its receipt key, over the very request it answers.  A broker, or whoever has rights on it, can
hold messages back; an answer it changed, kept or made up is none.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.tools import ed25519
from edge_agent.tools.base64url import decode_standard
from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded

ENTRIES, EXPRESS, LOG, STUMP, BLOB, CHECKPOINT = "entries", "express", "log", "stump", "blob", "checkpoint"
RECEIPT = "receipt"
ASKING = (ENTRIES, EXPRESS, LOG, STUMP, BLOB, CHECKPOINT)
CORRELATION_BYTES = 16          # random: two requests never share it, so no answer fits twice
OVERHEAD = 2048                 # bytes; topic and properties of a message are below 1 kB
User = list[tuple[str, str]]    # user properties, in order
_TOPIC = re.compile(r"rpm/([0-9a-f]{64})/(entries|express|log|stump|blob|checkpoint)")
_HEX = re.compile(r"[0-9a-f]{64}")
_STATUS = re.compile(r"[1-5][0-9]{2}")
_SECONDS = re.compile(r"|0|[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Request:
    """What a portal asks; `portal`, `log` and `certificate` as lowercase hex SHA-256."""

    portal: str
    kind: str                   # one of ASKING
    log: str
    correlation: bytes
    certificate: str            # of the DER of the portal's registered certificate
    encoding: str               # of the body: gzip or identity
    body: bytes

    @property
    def topic(self) -> str:
        return topic(self.portal, self.kind)

    def text(self) -> bytes:
        """What the key of the certificate signs."""
        return (
            f"edge-agent request v1\n{self.topic}\n{self.log}\n{self.correlation.hex()}\n{self.certificate}\n{self.encoding}\n"
            f"{hashlib.sha256(self.body).hexdigest()}\n"
        ).encode()

    def user(self, signature: bytes) -> User:
        """The user properties it travels with."""
        return [
            ("v", "1"), ("log", self.log), ("cert", self.certificate), ("encoding", self.encoding),
            ("sig", b64encode(signature).decode()),
        ]


@dataclass(frozen=True, slots=True)
class Answered:
    """The centre's answer to one request."""

    status: int
    retry_after_s: int | None
    body: bytes

    def text(self, to: bytes) -> bytes:
        """What the receipt key signs; `to` names the request as the centre received it, signature included."""
        wait = "" if self.retry_after_s is None else str(self.retry_after_s)
        return (
            f"edge-agent answer v1\n{to.hex()}\n{self.status}\n{wait}\n{hashlib.sha256(self.body).hexdigest()}\n"
        ).encode()

    def user(self, to: bytes, signer: ed25519.Signer) -> User:
        """The user properties it travels with, signed."""
        wait = [] if self.retry_after_s is None else [("retry-after", str(self.retry_after_s))]
        signature = signer.sign(self.text(to))
        return [("v", "1"), ("status", str(self.status)), *wait, ("sig", b64encode(signature).decode())]


def topic(portal: str, kind: str) -> str:
    return f"rpm/{portal}/{kind}"


def name_of(request: Request, signature: bytes) -> bytes:
    """How an answer names its request: whatever was changed on the way, signature included, gives another name."""
    return hashlib.sha256(request.text() + signature).digest()


def read_request(where: str, correlation: bytes, user: Iterable[tuple[str, str]], body: bytes) -> tuple[Request, bytes]:
    """(request, signature), neither believed yet; EvidenceError when it is not of this form."""
    found = _TOPIC.fullmatch(where)
    said = _said(user)
    if found is None or len(correlation) != CORRELATION_BYTES:
        raise EvidenceError("no topic of the wire page, or no correlation of 16 bytes")
    log, certificate, encoding = said.get("log", ""), said.get("cert", ""), said.get("encoding", "identity")
    if not (_HEX.fullmatch(log) and _HEX.fullmatch(certificate) and encoding in ("gzip", "identity")):
        raise EvidenceError("log, cert or encoding is not of the wire page's form")
    return Request(found[1], found[2], log, correlation, certificate, encoding, body), decode_standard(said.get("sig", ""))


def read_answer(user: Iterable[tuple[str, str]], body: bytes, to: bytes, centre_key: bytes) -> Answered:
    """The answer when the centre signed it for exactly this request; EvidenceError otherwise."""
    said = _said(user)
    status, wait = said.get("status", ""), said.get("retry-after", "")
    if not _STATUS.fullmatch(status) or not _SECONDS.fullmatch(wait):
        raise EvidenceError("no status, or a Retry-After that is no number of seconds")
    answered = Answered(int(status), int(wait) if wait else None, body)
    if not ed25519.verifies(centre_key, answered.text(to), decode_standard(said.get("sig", ""))):
        raise EvidenceError("not signed by the centre for this request")
    return answered


def read_login(text: str) -> tuple[str, str]:
    """(user, password) of a credentials file: one line, user:password."""
    user, colon, password = text.strip("\r\n").partition(":")
    if not (user and colon and password) or not (user + password).isprintable():
        raise EvidenceError(worded("one line of the form user:password is expected"))
    return user, password


def _said(user: Iterable[tuple[str, str]]) -> dict[str, str]:
    """User properties by name; one that stands twice has no meaning."""
    said: dict[str, str] = {}
    for name, value in user:
        if name in said:
            raise EvidenceError(f"the property {name!r} stands twice")
        said[name] = value
    if said.get("v") != "1":
        raise EvidenceError("not version 1 of the wire page's messages")
    return said
