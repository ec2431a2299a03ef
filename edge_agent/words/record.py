"""An event made evidence: lines, the place of a line in its log, checkpoints, receipts."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

# docs/wire-format.md; limits of one record and one batch, the same at both ends
LINE_MAX = 64 * 1024
BATCH_LINES_MAX = 1000
BATCH_BYTES_MAX = 4 * 1024 * 1024
DEPTH_MAX = 16
INTEGER_MAX = 2**53 - 1             # what every JSON reader keeps exact


@dataclass(frozen=True, slots=True)
class Record:
    """One verified JWS line."""

    line: bytes                     # exactly as stored, hashed and sent; no newline
    kind: str
    seq: int
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands: what the next line must be."""

    origin: str
    seq: int                        # of the next line
    prev: bytes | None              # SHA-256 of the last line; None before the first
    next_key: bytes                 # raw Ed25519 public key that must sign the next line


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """C2SP tlog-checkpoint: the tree of the first `size` lines has this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"
