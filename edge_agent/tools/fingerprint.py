"""Digits that two people compare over the telephone, so that the keys a centre enrols are the portal's."""

from __future__ import annotations

import hashlib

from edge_agent.tools.ed25519 import thumbprint


def of_enrolment(origin: str, record_key: bytes, log_key: str, certificate: bytes) -> str:
    """Thirty digits in groups of five (docs/wire-format.md); `log_key` as verifier key text, certificate as DER."""
    pinned = hashlib.sha256(certificate).hexdigest()
    parts = ("edge-agent enrolment v1", origin, thumbprint(record_key), log_key, pinned, "")
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    digits = f"{int.from_bytes(digest) % 10**30:030d}"
    return " ".join(digits[at : at + 5] for at in range(0, 30, 5))
