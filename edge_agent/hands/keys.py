"""Keys on this device.  Record keys sign once each and are wiped; the log key signs checkpoints.

Record keys live outside SQLite, in a file of two fixed slots overwritten in place: with `secure_delete` and WAL, 99
superseded keys stayed readable in the -wal file after 2 000 appends.  Remnants inside flash are a stated limit.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
from pathlib import Path

from edge_agent.tools import ed25519
from edge_agent.words.errors import StorageError, Unavailable
from edge_agent.words.language import worded

SLOT_BYTES = 4096                   # one flash page each: a torn write of one slot leaves the other alone
_SLOT = struct.Struct(">8sQ32s")    # magic, seq of the record it signs, private seed; then SHA-256 of these
_MAGIC = b"EAKEY\x00\x00\x01"


class RecordKeys:
    """The two-slot file of one log.  Blocking; called from a worker thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self) -> bytes:
        """A new file with the key of record 0; its raw public key."""
        seed = new_seed()
        write_private(self._path, b"\x00" * (2 * SLOT_BYTES))
        self.stage(0, seed, keep_seq=None)
        return ed25519.public(seed)

    def stage(self, seq: int, seed: bytes, keep_seq: int | None) -> None:
        """Write the key that will sign `seq` into the slot that does not hold `keep_seq`, and wait for the disk."""
        kept = [found is not None and found[0] == keep_seq for found in self._slots()]
        body = _SLOT.pack(_MAGIC, seq, seed)
        self._overwrite(1 if kept[0] else 0, body + hashlib.sha256(body).digest())

    def retire(self, keep_seq: int) -> None:
        """Wipe every slot but that of `keep_seq`."""
        for slot, found in enumerate(self._slots()):
            if found is None or found[0] != keep_seq:
                self._overwrite(slot, b"")

    def find(self, public: bytes) -> bytes | None:
        """The private seed of a public key, if a slot holds it."""
        for found in self._slots():
            if found is not None and ed25519.public(found[1]) == public:
                return found[1]
        return None

    def positions(self) -> dict[int, bytes]:
        """Which records the keys held here are to sign: seq -> raw public key."""
        return {found[0]: ed25519.public(found[1]) for found in self._slots() if found is not None}

    def _slots(self) -> list[tuple[int, bytes] | None]:
        try:
            data = self._path.read_bytes()
        except OSError as problem:
            raise _unread(problem, f"the record key {self._path}") from None
        return [_read_slot(data[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES]) for slot in (0, 1)]

    def _overwrite(self, slot: int, data: bytes) -> None:
        try:
            handle = os.open(self._path, os.O_WRONLY)
            try:
                os.pwrite(handle, data.ljust(SLOT_BYTES, b"\x00"), slot * SLOT_BYTES)
                os.fdatasync(handle)
            finally:
                os.close(handle)
        except OSError as problem:
            raise StorageError(worded(
                "cannot write the record key {path}: {strerror}", path=self._path, strerror=problem.strerror)) from None


class LogKey(ed25519.SoftKey):
    """The stable key of one log, in a file.  Whoever signs with it asks only for an ed25519.Signer, as a TPM will be."""

    def __init__(self, path: Path) -> None:
        try:
            seed = path.read_bytes()
        except OSError as problem:
            raise _unread(problem, f"the log key {path}") from None
        if len(seed) != ed25519.SEED_BYTES:
            raise StorageError(worded(
                "the log key {path} is damaged: {seed} bytes, not {seed_bytes}",
                path=path, seed=len(seed), seed_bytes=ed25519.SEED_BYTES))
        super().__init__(seed)

    @staticmethod
    def create(path: Path) -> LogKey:
        write_private(path, new_seed())
        return LogKey(path)


def new_seed() -> bytes:
    return secrets.token_bytes(ed25519.SEED_BYTES)


def write_private(path: Path, data: bytes) -> None:
    """A new file that only its owner may read, on the disk before we return; never over an old one."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as problem:
        raise StorageError(worded("cannot make {path}: {strerror}", path=path, strerror=problem.strerror)) from None


def _unread(problem: OSError, what: str) -> StorageError:
    """A key that is gone is lost; one that cannot be read now is mended by a person."""
    if isinstance(problem, FileNotFoundError):
        return StorageError(worded("{what} is gone", what=what))
    return Unavailable(worded(
        "cannot read {what}: {strerror}.\n  It belongs to the account the agent runs as, mode 0600",
        what=what, strerror=problem.strerror))


def _read_slot(data: bytes) -> tuple[int, bytes] | None:
    body, digest = data[: _SLOT.size], data[_SLOT.size : _SLOT.size + 32]
    if len(body) < _SLOT.size or hashlib.sha256(body).digest() != digest:
        return None                 # wiped, torn or never written
    magic, seq, seed = _SLOT.unpack(body)
    return (seq, seed) if magic == _MAGIC else None
