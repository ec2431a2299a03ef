"""A piece of a document on its way to the centre.  Pure.

    bytes 16384-32767/48211        Content-Range of RFC 9110, 14.4: these bytes of so many
    bytes */0                      none: how far is it there?

Over HTTPS it stands in the header, over a broker in the first line of the message, after the document's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_agent.words.blob import BLOB_MAX, SHA256
from edge_agent.words.errors import EvidenceError

PIECE_MAX = 1 << 20                 # bytes of one request
_RANGE = re.compile(r"bytes (?:(0|[1-9][0-9]{0,8})-(0|[1-9][0-9]{0,8})|\*)/(0|[1-9][0-9]{0,8})")
_HEAD_MAX = 128                     # bytes of the first line over a broker


@dataclass(frozen=True, slots=True)
class Piece:
    sha256: str                     # of the whole document
    begin: int
    total: int                      # bytes of the whole document
    data: bytes

    def range(self) -> str:
        where = f"{self.begin}-{self.begin + len(self.data) - 1}" if self.data else "*"
        return f"bytes {where}/{self.total}"

    def letter(self) -> bytes:
        """As one message of a broker."""
        return f"{self.sha256} {self.range()}\n".encode() + self.data


def read(sha256: str, text: str, data: bytes) -> Piece:
    """The piece of a request; EvidenceError says what does not fit."""
    found = _RANGE.fullmatch(text)
    if not found or not SHA256.fullmatch(sha256):
        raise EvidenceError("expected Content-Range: bytes FROM-LAST/LENGTH, of a document named by its SHA-256")
    begin, last, total = (int(part or 0) for part in found.groups())
    if total > BLOB_MAX or len(data) > PIECE_MAX:
        raise EvidenceError(f"a document has at most {BLOB_MAX} bytes, a piece at most {PIECE_MAX}")
    if (last - begin + 1 if found[1] else 0) != len(data) or begin + len(data) > total:
        raise EvidenceError("Content-Range does not fit the bytes that came")
    return Piece(sha256, begin, total, data)


def read_letter(message: bytes) -> Piece:
    """The piece of a message; EvidenceError says what does not fit."""
    head, _, data = message.partition(b"\n")
    sha256, _, text = head[:_HEAD_MAX].decode("ascii", "replace").partition(" ")
    return read(sha256, text, data)
