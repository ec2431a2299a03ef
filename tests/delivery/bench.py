"""The uplink's loop in this process: a real ledger and outbox on one side, a server that lies on the other."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import re
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.hands.centre import Centre
from edge_agent.hands.keys import LogKey
from edge_agent.paths.forwarder import Forwarder
from edge_agent.paths.outbox import Book, Outbox
from edge_agent.tools import ed25519, notes
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.record import Checkpoint
from tests.evidence.bench import ORIGIN, Place, T

SEED = bytes(range(32))
KEY = notes.VerifierKey("rpm.example.gov/mirror/test", notes.COSIGNER_KEY, ed25519.public(SEED))
DAY = datetime.timedelta(days=1)
Script = Callable[[ssl.SSLSocket, bytes, bytes], None]     # the connection, head and body of one request


def certificate(where: Path, name: str, *, begins: int = -365, ends: int = 365) -> Path:
    """A self-signed certificate for 127.0.0.1 and `name`, valid from and to so many days from now; its key beside it."""
    import ipaddress

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([
        x509.DNSName(name), *(x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1"))])
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now + begins * DAY).not_valid_after(now + ends * DAY)
        .add_extension(names, critical=False).add_extension(x509.BasicConstraints(False, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = where / f"{name}.crt"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


class Liar:
    """A TLS server on a free port that answers each request as its script says; `asked` counts connections, requests."""

    def __init__(self, where: Path, script: Script, *, family: socket.AddressFamily = socket.AF_INET, **tls: Any) -> None:
        self.crt = tls.get("crt") or certificate(where, "centre.test")
        self.script, self.connections, self.requests = script, 0, 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.crt, self.crt.with_suffix(".key"))
        if client := tls.get("client_ca"):
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(client)
        self._door = socket.socket(family)
        self._door.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self._door.listen()
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while self._door.fileno() >= 0:
            try:
                peer, _ = self._door.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._meet, args=(peer,), daemon=True).start()

    def _meet(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), self._context.wrap_socket(peer, server_side=True) as secure:
            secure.settimeout(20)
            while request := read_request(secure):
                self.requests += 1
                self.script(secure, *request)

    def close(self) -> None:
        self._door.close()


def read_request(wire: ssl.SSLSocket) -> tuple[bytes, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := wire.recv(65536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = int((re.search(rb"Content-Length: (\d+)", head) or [b"", b"0"])[1])
    while len(body) < length:
        body += wire.recv(65536)
    return head, body


def answer(status: str, body: bytes = b"", *more: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in more)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


def always(data: bytes) -> Script:
    """The same bytes whatever was asked, and an end."""
    def say(wire: ssl.SSLSocket, head: bytes, body: bytes) -> None:
        wire.sendall(data)
        wire.close()
    return say


class Post:
    """A ledger with its outbox, asked by the forwarder as through uplink.sock."""

    def __init__(self, where: Path, kinds: list[str]) -> None:
        self.loop = asyncio.new_event_loop()
        self.where, self.reports = where, dict[str, str]()
        place, key = Place(where), LogKey.create(where / "log.key")
        self.ledger = self.run(place.open())
        if kinds:
            self.run(self.ledger.append([(kind, {"n": number}) for number, kind in enumerate(kinds)], T))
        book = Book(self.ledger, notes.VerifierKey(ORIGIN, notes.LOG_KEY, key.public), key, {})
        self.outbox = Outbox([book], KEY, self._report, self._wait)
        self.key = key
        self.tls = certificate(where, "portal.test")

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)

    def _report(self, condition: str, why: str, present: bool) -> None:
        self.reports[condition] = why if present else ""

    async def _wait(self, size: int, timeout_s: float) -> None: ...

    def ask(self, op: str, **values: Any) -> dict[str, Any]:
        try:
            found = self.run(getattr(self.outbox, op)({"op": op, **values}))
        except EdgeAgentError as problem:
            raise EdgeAgentError(str(problem)) from None
        assert isinstance(found, dict)
        return found

    @property
    def receipted(self) -> int:
        receipt = self.run(self.ledger.receipt())
        return receipt.size if receipt else 0

    def cosigned(self, size: int, seed: bytes = SEED) -> bytes:
        root = self.run(self.ledger.root(size))
        return notes.cosign(Checkpoint(ORIGIN, size, root), KEY.name, ed25519.SoftKey(seed), 1_795_000_000)

    def centre(self, liar: Liar, **more: Any) -> Centre:
        host = more.pop("host", "127.0.0.1")
        return Centre(f"https://{host}:{liar.port}", more.pop("ca", liar.crt), self.tls, self.tls.with_suffix(".key"), **more)

    def forwarder(self, centre: Any) -> Forwarder:
        return Forwarder(self, centre, lambda status: None)  # type: ignore[arg-type]

    def close(self) -> None:
        self.run(self.ledger.close())
        self.loop.close()
