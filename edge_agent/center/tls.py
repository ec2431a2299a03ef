"""TLS of the centre: its self-signed certificate, and a trust store of registered client certificates."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_agent.words.errors import EvidenceError, SettingsError

VALID_FOR = datetime.timedelta(days=20 * 365)
# Pinned, not judged by age: a portal whose clock was lost and reads 1970 must still deliver.
VALID_FROM = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

NO_CHECK_TIME = ssl.VerifyFlags(0x200000)       # X509_V_FLAG_NO_CHECK_TIME of x509_vfy.h; Python has no name for it


def make_certificate(hosts: list[str]) -> tuple[bytes, bytes]:
    """(private key, certificate) in PEM for these names and addresses."""
    names = [_general_name(host) for host in hosts]
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM).not_valid_after(datetime.datetime.now(datetime.UTC) + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)


def first_host(pem: bytes) -> str:
    """The first name or address of a certificate, as a URL writes it."""
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    host = str(next(iter(names)).value)
    return f"[{host}]" if ":" in host else host


def common_name(der: bytes) -> str:
    """Its subject's common name, "" where it has none: who mosquitto takes it for."""
    names = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def check_certificate(der: bytes) -> None:
    """EvidenceError when OpenSSL could not hold it to a client."""
    try:
        x509.load_der_x509_certificate(der)
        ssl.create_default_context(cadata=der)
    except (ValueError, ssl.SSLError) as problem:
        raise EvidenceError(f"tls_cert is not a certificate: {problem}") from None


def signed(der: bytes, text: bytes, signature: bytes) -> bool:
    """Whether the key of this certificate signed the text, as TLS would have asked it to prove itself."""
    try:
        match x509.load_der_x509_certificate(der).public_key():
            case ec.EllipticCurvePublicKey() as key:
                key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPublicKey() as key:
                key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
            case ed25519.Ed25519PublicKey() as key:
                key.verify(signature, text)
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Mutual TLS: whoever shows no registered certificate is turned away before a byte of HTTP."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN      # registered is enough, whoever issued it,
    context.verify_flags |= NO_CHECK_TIME                      # and until it is revoked: an alarm must not wait for a form
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0                                    # every connection shows its certificate anew
    return context


class TrustStore:
    """The registered certificates in a live context; they can join while the centre runs."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._held: set[bytes] = set()

    def hold(self, certificates: dict[bytes, bytes]) -> None:
        for sha256, der in certificates.items():
            if sha256 not in self._held:
                self._context.load_verify_locations(cadata=der)
                self._held.add(sha256)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not host or not host.isascii() or any(c.isspace() or c in "/:" for c in host):
        raise SettingsError(f"--host: {host!r} is neither a name nor an address")
    return x509.DNSName(host)
