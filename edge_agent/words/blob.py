"""A document that a record names by its hash and that travels on its own: an N42 file, a recording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BLOB_MAX = 8 * 1024 * 1024          # bytes: half an hour of a 32 kbit/s link; an N42 document with spectra is 0.05 to 2 MB
TYPE_MAX = 100                      # characters of a media type
SHA256 = re.compile(r"[0-9a-f]{64}")
MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")     # RFC 6838, 4.2


@dataclass(frozen=True, slots=True)
class Blob:
    """What a record says of a document, in its member `blob`."""

    sha256: str                     # lowercase hex, of the bytes as they are kept and sent
    len: int                        # bytes
    type: str                       # media type

    def plain(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "len": self.len, "type": self.type}


def named(body: Mapping[str, Any]) -> Blob | None:
    """The document a record names; None where it names none, or in no form that can be held to anything."""
    match body.get("blob"):
        case {"sha256": str(sha256), "len": int(length), "type": str(kind)} if (
            SHA256.fullmatch(sha256) and type(length) is int and 0 <= length <= BLOB_MAX and len(kind) <= TYPE_MAX
        ):
            return Blob(sha256, length, kind)
    return None


def confirmation_text(sha256: str, length: int) -> bytes:
    """What the centre's receipt key signs once it holds these bytes: the confirmation is this signature, nothing else."""
    return f"edge-agent blob v1\n{sha256}\n{length}\n".encode()
