"""A court exhibit as data: one alarm with everything needed to verify it offline.  Pure; the page is exhibit_page.

    {"exhibit":"radiation portal alarm","v":1,
     "keys":{"log":vkey,"centres":[vkey],"record_0":JWK or null},
     "checkpoint":note, "earlier":note or null,
     "records":[{"seq":n,"part":"alarm","line":"...","inclusion":[base64]}]}

`part` is the record's kind, or "announces": a line that is there because it announces the key of the next one.
docs/verify-it-yourself.md explains how it is checked; verifiers/ do it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.tools import ed25519, jws, merkle, notes, strict_json
from edge_agent.tools.base64url import encode
from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded
from edge_agent.words.record import Checkpoint, Head

ALARM, OCCUPANCY, CONFIG, BOOT, HEARTBEAT, ANNOUNCES = "alarm", "occupancy", "config", "boot", "heartbeat", "announces"


@dataclass(frozen=True, slots=True)
class Row:
    """One record of an exhibit."""

    seq: int
    part: str
    line: bytes
    inclusion: list[bytes]          # proof that it is in the checkpoint's tree


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Everything in it; `check` holds it to its own keys."""

    log_key: notes.VerifierKey
    record_0: bytes | None          # raw key of record 0, where record 0 is in it
    checkpoint: Checkpoint
    note: bytes                     # the signed checkpoint, with cosignatures where there are
    receipts: tuple[notes.Receipt, ...]     # verified, over the checkpoint
    centres: tuple[notes.VerifierKey, ...]  # that gave them, in the same order
    earlier: tuple[bytes, notes.Receipt] | None     # note and receipt that a heartbeat before the alarm names
    rows: tuple[Row, ...]

    def row(self, part: str) -> Row | None:
        return next((row for row in self.rows if row.part == part), None)

    def body(self, part: str) -> dict[str, Any] | None:
        row = self.row(part)
        return jws.take_apart(row.line).payload if row else None

    def plain(self) -> dict[str, Any]:
        jwk = None if self.record_0 is None else {
            "kty": "OKP", "crv": "Ed25519", "x": encode(self.record_0), "alg": "Ed25519",
            "kid": ed25519.thumbprint(self.record_0),
        }
        return {
            "exhibit": "radiation portal alarm", "v": 1,
            "keys": {"log": self.log_key.text(), "centres": [key.text() for key in self.centres], "record_0": jwk},
            "checkpoint": self.note.decode(), "earlier": self.earlier[0].decode() if self.earlier else None,
            "records": [
                {"seq": row.seq, "part": row.part, "line": row.line.decode(), "inclusion": [_b64(step) for step in row.inclusion]}
                for row in self.rows
            ],
        }


def check(exhibit: Exhibit) -> None:
    """EvidenceError unless every record is signed by the key the line before announced, and stands in the tree."""
    lines = {row.seq: row.line for row in exhibit.rows}
    for row in exhibit.rows:
        point = exhibit.checkpoint
        if row.part != ANNOUNCES:
            jws.verify_next(row.line, head_before(row.seq, lines, exhibit.log_key.name, exhibit.record_0))
        if not merkle.included(merkle.leaf(row.line), row.seq, point.size, row.inclusion, point.root):
            raise EvidenceError(worded(
                "record {seq} is not in the tree of {size} records under the checkpoint",
                seq=row.seq, size=point.size))


def head_before(seq: int, lines: Mapping[int, bytes], origin: str, record_0: bytes | None) -> Head:
    """What line `seq` must be, by the line before it."""
    if seq == 0:
        if record_0 is None:
            raise EvidenceError(worded("the key of record 0 is not known: --key FILE"))
        return Head(origin, 0, None, record_0)
    before = lines[seq - 1]
    return Head(origin, seq, jws.line_hash(before), jws.next_key(jws.take_apart(before).payload))


def block(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the element of a page it stands in."""
    text = strict_json.dumps(data).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def parts(exhibit: Exhibit, names: Sequence[str]) -> list[str]:
    """Those of the names that are in it."""
    return [name for name in names if exhibit.row(name) is not None]


def _b64(step: bytes) -> str:
    return b64encode(step).decode()
