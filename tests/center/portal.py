"""A portal as far as a centre can tell: keys, lines, checkpoints, a client certificate."""

from __future__ import annotations

import datetime
import hashlib
import json
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.tools import ed25519, jws, merkle, notes
from edge_agent.tools.base64url import encode
from edge_agent.tools.fingerprint import of_enrolment
from edge_agent.words.record import Checkpoint

VECTORS = Path(__file__).parent.parent / "vectors"
ORIGIN = "rpm.example.gov/portal/T-1"


class Certificate:
    """A client certificate, self-signed or issued by another."""

    def __init__(self, directory: Path, name: str = "portal", issuer: Certificate | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.x509 = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(issuer.name if issuer else self.name)
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
            .not_valid_after(datetime.datetime(2049, 1, 1, tzinfo=datetime.UTC))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(issuer.key if issuer else self.key, hashes.SHA256())
        )
        self.pem = self.x509.public_bytes(serialization.Encoding.PEM).decode()
        self.der = self.x509.public_bytes(serialization.Encoding.DER)
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.file = directory / f"client-{hashlib.sha256(self.der).hexdigest()[:12]}.pem"
        self.file.write_bytes(self.pem.encode() + private)

    def context(self, centre_pem: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=centre_pem)
        context.load_cert_chain(self.file)
        return context


class Portal:
    """Writes its log as evidence asks: each record by the key the one before announced."""

    def __init__(self, certificate: Certificate, origin: str = ORIGIN, seed: int = 0) -> None:
        self.certificate, self.origin, self.seed = certificate, origin, seed
        self.log_seed = self._key("log")
        self.log_key = notes.VerifierKey(origin, notes.LOG_KEY, ed25519.public(self.log_seed))
        self.lines: list[bytes] = []
        self.tree = merkle.Tree()

    @property
    def id(self) -> str:
        return hashlib.sha256(self.origin.encode()).hexdigest()

    def write(self, kind: str = "occupancy", **body: Any) -> bytes:
        seq = len(self.lines)
        prev = encode(jws.line_hash(self.lines[-1])) if self.lines else None
        payload = {
            "v": 1, "log": self.origin, "seq": seq, "prev": prev, "nk": encode(ed25519.public(self._key(seq + 1))),
            "t": {"wall": "2026-11-23T18:00:00.000Z", "boot": 1, "mono_ms": seq, "src": "ntp", "unc_ms": 9}, **body,
        }
        return self.take(jws.write(kind, payload, self._key(seq)))

    def write_many(self, count: int) -> Portal:
        for _ in range(count):
            self.write()
        return self

    def alarm(self, lane: str = "2", **body: Any) -> bytes:
        return self.write("alarm", **{"lane": lane, "radiation": "gamma", "rule": "focus/1", "statistic": 9.4, **body})

    def take(self, line: bytes) -> bytes:
        self.lines.append(line)
        self.tree.add(line)
        return line

    def branch(self, size: int) -> Portal:
        """The same portal, restored from an image of `size` records: the same keys, another history from there."""
        other = Portal(self.certificate, self.origin, self.seed)
        for line in self.lines[:size]:
            other.take(line)
        return other

    def checkpoint(self, size: int | None = None, root: bytes | None = None) -> bytes:
        size = len(self.lines) if size is None else size
        return notes.sign_checkpoint(Checkpoint(self.origin, size, root or self.tree.root(size)), ed25519.SoftKey(self.log_seed))

    def batch(self, begin: int = 0, end: int | None = None) -> bytes:
        end = len(self.lines) if end is None else end
        return body_of(self.lines[begin:end], self.checkpoint(end))

    def express(self, index: int, size: int | None = None, /, since: int | None = None, **other: Any) -> bytes:
        size = len(self.lines) if size is None else size
        consistency = None
        if since is not None:
            consistency = {"from": since, "proof": self._proof(merkle.consistency(since, size, self.tree.node))}
        return json.dumps({
            "line": self.lines[index].decode(), "index": index, "size": size,
            "inclusion": self._proof(merkle.inclusion(index, size, self.tree.node)),
            "checkpoint": self.checkpoint(size).decode(), "consistency": consistency, **other,
        }).encode()

    def enrolment(self, **other: Any) -> dict[str, Any]:
        public = ed25519.public(self._key(0))
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": encode(public)}
        return {"v": 1, "origin": self.origin, "record_key": jwk, "log_key": self.log_key.text(),
                "tls_cert": self.certificate.pem, **other}

    def digits(self) -> str:
        """What the person at the portal reads on its screen."""
        return of_enrolment(self.origin, ed25519.public(self._key(0)), self.log_key.text(), self.certificate.der)

    def _key(self, name: object) -> bytes:
        return hashlib.sha256(f"{self.origin} {self.seed} {name}".encode()).digest()

    @staticmethod
    def _proof(steps: list[bytes]) -> list[str]:
        return [b64encode(step).decode() for step in steps]


def body_of(lines: list[bytes], note: bytes) -> bytes:
    return b"".join(line + b"\n" for line in lines) + b"\n" + note


def vector_enrolment(certificate: Certificate) -> dict[str, Any]:
    return {
        "v": 1, "origin": "rpm.example.gov/portal/QX-0042",
        "record_key": json.loads((VECTORS / "portal.jwk").read_text()),
        "log_key": (VECTORS / "portal.vkey").read_text(), "tls_cert": certificate.pem,
    }
