"""Ed25519 (RFC 8032) and the names of its keys.  The one importer of `cryptography`'s signatures."""

from __future__ import annotations

import hashlib
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge_agent.tools.base64url import encode

SEED_BYTES = 32
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64


def public(seed: bytes) -> bytes:
    """Raw public key of a 32-byte private seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


class Signer(Protocol):
    """A key that signs and never shows itself: in a file now, in a TPM where one is fitted."""

    @property
    def public(self) -> bytes:
        """Raw public key."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature over the message."""


class SoftKey:
    """A signer in memory."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over `message` is by the raw public `key`; malformed input is simply no."""
    if len(key) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def thumbprint(key: bytes) -> str:
    """RFC 7638 thumbprint of the key as a JWK (members in lexicographic order, RFC 8037 section 2)."""
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{encode(key)}"}}'
    return encode(hashlib.sha256(jwk.encode()).digest())
