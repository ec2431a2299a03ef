"""Base64 with one spelling: what does not encode back to itself is refused (RFC 4648 sections 3.5, 5)."""

from __future__ import annotations

import base64
import binascii

from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded


def encode(data: bytes) -> str:
    """Base64url without padding, as JWS writes it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of canonical base64url, or EvidenceError."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as problem:
        raise EvidenceError(worded("not base64url: {problem}", problem=problem)) from None
    if encode(data) != text:
        raise EvidenceError(worded("base64url that is not canonical"))
    return data


def decode_standard(text: str) -> bytes:
    """The bytes of canonical padded standard base64, as signed notes write it, or EvidenceError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise EvidenceError(worded("not base64: {problem}", problem=problem)) from None
    if base64.b64encode(data).decode() != text:
        raise EvidenceError(worded("base64 that is not canonical"))
    return data
