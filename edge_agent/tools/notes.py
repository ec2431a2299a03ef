"""Signed notes: checkpoints by the portal's log key, receipts as cosignatures by a centre.

Forms: C2SP signed-note, tlog-checkpoint, tlog-cosignature.  A note is text, an empty line, signature lines

    — <key name> base64(4-byte key id | signature)

A portal's signature (type 1) is over the text.  A cosignature (type 4) is an 8-byte big-endian time and a
signature over "cosignature/v1\\ntime <seconds>\\n" + text: *durably logged up to this size at this time*.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.tools import ed25519
from edge_agent.tools.base64url import decode_standard
from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded
from edge_agent.words.record import INTEGER_MAX, Checkpoint

LOG_KEY, COSIGNER_KEY = 0x01, 0x04      # signature types of C2SP signed-note
NOTE_MAX = 16 * 1024                    # a checkpoint with dozens of cosignatures is far smaller
YEAR_9999_S = 253_402_300_799            # the last second ISO 8601 can write; a later receipt is nonsense
_NAME = re.compile(r"[^\s+\ud800-\udfff]{1,200}")       # JSON can spell half a character: it has no bytes to be signed
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key as notes know it: `name+id+base64(type|key)`."""

    name: str
    type: int
    key: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.key).digest()[:4]

    def line_begin(self) -> bytes:
        """How every signature line of this key begins: as far as its id fixes the base64."""
        return f"— {self.name} {base64.b64encode(self.id).decode()[:5]}".encode()

    def text(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.type]) + self.key).decode()}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A verified cosignature over a checkpoint."""

    checkpoint: Checkpoint
    centre: str                     # key name
    time_s: int                     # the centre's own clock, UTC seconds
    line: bytes                     # the cosignature line with its newline

    @property
    def sha256(self) -> bytes:
        """What the next heartbeat names this receipt by."""
        return hashlib.sha256(self.line).digest()


def read_vkey(text: str) -> VerifierKey:
    """The verifier key of one line; EvidenceError when name, id and key do not belong together."""
    try:
        name, key_id, key_text = text.removesuffix("\n").split("+", 2)
    except ValueError:
        raise EvidenceError(worded("a verifier key is name+id+base64 on one line")) from None
    raw = decode_standard(key_text)
    if not _NAME.fullmatch(name) or len(raw) != 1 + ed25519.PUBLIC_BYTES or raw[0] not in (LOG_KEY, COSIGNER_KEY):
        raise EvidenceError(worded("a verifier key of an unknown form"))
    key = VerifierKey(name, raw[0], raw[1:])
    if key.id.hex() != key_id:
        raise EvidenceError(worded("the verifier key {name} does not match its id {key_id}", name=name, key_id=key_id))
    return key


def read_checkpoint_text(text: str) -> Checkpoint:
    """The checkpoint of the signed text: exactly origin, size, root."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not _NAME.fullmatch(lines[0]) or not _SIZE.fullmatch(lines[1]):
        raise EvidenceError(worded("a checkpoint is three lines: origin, size, root"))
    size, root = int(lines[1]), decode_standard(lines[2])
    if size > INTEGER_MAX or len(root) != 32:
        raise EvidenceError(worded("a checkpoint with an impossible size or root"))
    return Checkpoint(lines[0], size, root)


def sign_checkpoint(checkpoint: Checkpoint, signer: ed25519.Signer) -> bytes:
    """The note a portal sends: its checkpoint under its log key."""
    key = VerifierKey(checkpoint.origin, LOG_KEY, signer.public)
    text = checkpoint.text()
    return (text + "\n" + _signature_line(key, signer.sign(text.encode()))).encode()


def cosign(checkpoint: Checkpoint, name: str, signer: ed25519.Signer, time_s: int) -> bytes:
    """The centre's cosignature line: its receipt."""
    key = VerifierKey(name, COSIGNER_KEY, signer.public)
    signature = signer.sign(_cosigned(checkpoint, time_s))
    return _signature_line(key, time_s.to_bytes(8, "big") + signature).encode()


def open_checkpoint(note: bytes, key: VerifierKey) -> Checkpoint:
    """The checkpoint of a note that `key` signed as log; EvidenceError otherwise."""
    text, signatures = _take_apart(note)
    checkpoint = read_checkpoint_text(text)
    if checkpoint.origin != key.name:
        raise EvidenceError(worded("the checkpoint is of {origin}, the key of {name}", origin=checkpoint.origin, name=key.name))
    found = _of(signatures, key)
    if found is None:
        raise EvidenceError(worded("the checkpoint has no signature of {name}", name=key.name))
    if not ed25519.verifies(key.key, text.encode(), found):
        raise EvidenceError(worded("the signature of {name} on the checkpoint does not verify", name=key.name))
    return checkpoint


def open_receipt(note: bytes, log_key: VerifierKey, centre_key: VerifierKey) -> Receipt:
    """The receipt in a note: the portal's checkpoint with the centre's cosignature; EvidenceError otherwise."""
    return _countersigned(note, open_checkpoint(note, log_key), centre_key)


def open_cosigned(note: bytes, centre_key: VerifierKey) -> Receipt:
    """What the centre says in a note, for who does not hold the portal's log key; EvidenceError otherwise.  No receipt:
    whether the checkpoint is the portal's own is not looked at."""
    return _countersigned(note, read_checkpoint_text(_take_apart(note)[0]), centre_key)


def _countersigned(note: bytes, checkpoint: Checkpoint, centre_key: VerifierKey) -> Receipt:
    found = _of(_take_apart(note)[1], centre_key)
    if found is None:
        raise EvidenceError(worded("no cosignature of {name}", name=centre_key.name))
    if len(found) != 8 + ed25519.SIGNATURE_BYTES:
        raise EvidenceError(worded("a cosignature of {name} of the wrong length", name=centre_key.name))
    time_s = int.from_bytes(found[:8], "big")
    if time_s > YEAR_9999_S or not ed25519.verifies(centre_key.key, _cosigned(checkpoint, time_s), found[8:]):
        raise EvidenceError(worded("the cosignature of {name} does not verify", name=centre_key.name))
    return Receipt(checkpoint, centre_key.name, time_s, _signature_line(centre_key, found).encode())


def _cosigned(checkpoint: Checkpoint, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{checkpoint.text()}".encode()


def _signature_line(key: VerifierKey, signature: bytes) -> str:
    return f"— {key.name} {base64.b64encode(key.id + signature).decode()}\n"


def _take_apart(note: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Text and (name, key id, signature) of each signature line."""
    if len(note) > NOTE_MAX:
        raise EvidenceError(worded("a note longer than {most} bytes", most=NOTE_MAX))
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError:
        raise EvidenceError(worded("a note that is not UTF-8")) from None
    text, gap, block = whole.partition("\n\n")
    if not gap or not block.endswith("\n"):
        raise EvidenceError(worded("a note is text, an empty line, signature lines"))
    return text + "\n", list(_signatures(block))


def _signatures(block: str) -> Iterator[tuple[str, bytes, bytes]]:
    for line in block[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or not _NAME.fullmatch(parts[1]):
            raise EvidenceError(worded("a line in a note that is not a signature line"))
        raw = decode_standard(parts[2])
        if len(raw) < 5:
            raise EvidenceError(worded("a signature line without a signature"))
        yield parts[1], raw[:4], raw[4:]


def _of(signatures: list[tuple[str, bytes, bytes]], key: VerifierKey) -> bytes | None:
    """The one signature by `key`; lines of keys we do not know are left alone, as signed notes ask."""
    found = [signature for name, key_id, signature in signatures if name == key.name and key_id == key.id]
    if len(found) > 1:
        raise EvidenceError(worded("{name} signed the same note twice", name=key.name))
    return found[0] if found else None
