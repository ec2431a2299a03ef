"""The directory of a centre: receipt key, TLS key and certificate, database, and the lock of the one that runs.

    receipt.key   32-byte Ed25519 seed, base64, one line      receipt.vkey   its public half, to hand out
    tls.key       PEM, PKCS 8                                 tls.crt        self-signed, what portals trust
    center.db     everything received                         run.lock       held by `center run`
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.center import store, tls
from edge_agent.tools import ed25519, notes
from edge_agent.words.errors import BusyError, EvidenceError, SettingsError

RECEIPT_KEY, RECEIPT_VKEY, TLS_KEY, TLS_CERT, LOCK = "receipt.key", "receipt.vkey", "tls.key", "tls.crt", "run.lock"


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    name: str
    signer: ed25519.Signer = field(repr=False)

    @property
    def public(self) -> notes.VerifierKey:
        return notes.VerifierKey(self.name, notes.COSIGNER_KEY, self.signer.public)


def create(
    directory: Path, key_name: str, hosts: list[str], make_store: Callable[[Path], None] = store.create,
    database: str = store.NAME,
) -> notes.VerifierKey:
    """A new centre, or a witness with its own database; SettingsError when there is one already."""
    seed = secrets.token_bytes(ed25519.SEED_BYTES)
    key = ReceiptKey(key_name, ed25519.SoftKey(seed))
    try:
        notes.read_vkey(key.public.text())
    except EvidenceError:
        raise SettingsError("--name: a key name has no spaces and no +, for example centre.example.gov/rpm") from None
    tls_key, tls_cert = tls.make_certificate(hosts)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = [name for name in (RECEIPT_KEY, TLS_KEY, database) if (directory / name).exists()]
    if there:
        raise SettingsError(f"{directory}: a centre is here already ({', '.join(there)}); keys are never made twice")
    _write(directory / RECEIPT_KEY, [base64.b64encode(seed) + b"\n"], 0o600)
    _write(directory / RECEIPT_VKEY, [key.public.text().encode() + b"\n"], 0o644)
    _write(directory / TLS_KEY, [tls_key], 0o600)
    _write(directory / TLS_CERT, [tls_cert], 0o644)
    make_store(directory)
    store.sync_directory(directory.parent)
    return key.public


def receipt_key(directory: Path) -> ReceiptKey:
    """The key that signs receipts, checked against its public half."""
    public = public_key(directory)
    seed = base64.b64decode(_read(directory / RECEIPT_KEY))
    key = ReceiptKey(public.name, ed25519.SoftKey(seed)) if len(seed) == ed25519.SEED_BYTES else None
    if key is None or key.public != public:
        raise SettingsError(f"{directory}: {RECEIPT_KEY} and {RECEIPT_VKEY} do not belong together")
    return key


def public_key(directory: Path) -> notes.VerifierKey:
    return notes.read_vkey(_read(directory / RECEIPT_VKEY).decode())


def lock(directory: Path) -> int:
    """The run lock, held until the returned handle is closed or the process ends; BusyError when another holds it."""
    handle = os.open(directory / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise BusyError(f"{directory}: another `center run` has this directory") from None
    return handle


def certificate(directory: Path) -> bytes:
    """The TLS certificate, PEM."""
    return _read(directory / TLS_CERT)


def replace(path: Path, data: bytes) -> None:
    """The file with this content, or as it was: never half of it."""
    _replace(path, [data])


def replace_lines(path: Path, lines: Iterable[bytes]) -> int:
    """The same with each line ended by a newline; how many."""
    return _replace(path, (line + b"\n" for line in lines))


def _replace(path: Path, parts: Iterable[bytes]) -> int:
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        count = _write(new, parts, 0o644)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    store.sync_directory(path.parent)
    return count


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing; was this directory made by `edge-agent center init`?") from None


def _write(path: Path, parts: Iterable[bytes], mode: int) -> int:
    count = 0                       # of parts: the lines of an export
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        for part in parts:
            file.write(part)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count
