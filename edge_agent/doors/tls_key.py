"""This portal's TLS key as a signer, where a broker stands between the two ends.  Loaded with `mqtts` only."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded


class TlsKey:
    """The private key beside a certificate; `certificate` is the hex SHA-256 of the certificate's DER."""

    def __init__(self, certificate: Path, key: Path) -> None:
        try:
            text = certificate.read_text()
            der = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERT"):text.index("-----END CERT") + 25])
            self._key = load_pem_private_key(key.read_bytes(), None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as problem:
            raise SettingsError(worded(
                "cannot use this portal's TLS certificate {certificate} with {key}: {problem}.\n"
                "  Make both anew: edge-agent enrol --renew-tls --out FILE; enrol FILE at the centre",
                certificate=certificate, key=key, problem=problem)) from None
        self.certificate = hashlib.sha256(der).hexdigest()

    def sign(self, text: bytes) -> bytes:
        """ECDSA or RSA (PKCS 1 v1.5) with SHA-256, or Ed25519: as the certificate's key is."""
        match self._key:
            case ec.EllipticCurvePrivateKey():
                return self._key.sign(text, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPrivateKey():
                return self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())
            case ed25519.Ed25519PrivateKey():
                return self._key.sign(text)
        raise SettingsError(worded(
            "this portal's TLS key is neither EC, RSA nor Ed25519.\n"
            "  Make one: edge-agent enrol --renew-tls --out FILE"))
