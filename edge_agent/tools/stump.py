"""What stays of a log whose first lines were pruned: enough to verify everything after the cut.

    {"size": p, "line": "<line p-1>", "left": ["<base64>", ...], "checkpoint": "<note of size p, cosigned>"}

`left` are the RFC 6962 nodes that cover lines [0, p-1), largest first.  They and the line lead to the checkpoint's
root; the line names the key and holds the hash that record p goes on from.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from edge_agent.tools import jws, merkle, notes, strict_json
from edge_agent.tools.base64url import decode_standard
from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded
from edge_agent.words.record import INTEGER_MAX, LINE_MAX, Head

STUMP_MAX = 256 * 1024              # bytes: one line, at most 53 hashes, a note; with room for JSON escapes


@dataclass(frozen=True, slots=True)
class Stump:
    """A cut at `size`."""

    size: int
    line: bytes                     # line size-1
    left: tuple[bytes, ...]
    note: bytes                     # checkpoint of exactly this size with the centre's cosignature

    def plain(self) -> dict[str, Any]:
        return {
            "size": self.size, "line": self.line.decode(), "left": [b64encode(node).decode() for node in self.left],
            "checkpoint": self.note.decode(),
        }

    def tree(self) -> merkle.Tree:
        """The tree of the first `size` lines, as far as it is known."""
        tree = merkle.Tree(self.size - 1, self.left)
        tree.add(self.line)
        return tree

    def head(self, origin: str) -> Head:
        """What line `size` must be; EvidenceError when the stump's line is not the one before it."""
        payload = jws.take_apart(self.line).payload
        if payload.get("log") != origin or payload.get("seq") != self.size - 1 or type(payload.get("seq")) is not int:
            raise EvidenceError(worded("its line is not line {seq} of {origin}", seq=self.size - 1, origin=origin))
        return Head(origin, self.size, jws.line_hash(self.line), jws.next_key(payload))


def read(data: bytes) -> Stump:
    """The stump of these bytes, not yet verified; EvidenceError for another form."""
    if len(data) > STUMP_MAX:
        raise EvidenceError(worded("a stump is far shorter than this"))
    body = strict_json.load_object(data)
    size, line, left, note = (body.get(name) for name in ("size", "line", "left", "checkpoint"))
    if type(size) is not int or not 1 <= size <= INTEGER_MAX or not isinstance(line, str) or len(line) > LINE_MAX \
            or not isinstance(note, str) or not isinstance(left, list) or not all(isinstance(node, str) for node in left):
        raise EvidenceError(worded("a stump is size, line, left and checkpoint"))
    nodes = tuple(decode_standard(node) for node in left)
    if any(len(node) != 32 for node in nodes):
        raise EvidenceError(worded("a subtree hash of another length than 32 bytes"))
    try:
        return Stump(size, line.encode("ascii"), nodes, note.encode())
    except UnicodeEncodeError:
        raise EvidenceError(worded("a line is ASCII, a note UTF-8")) from None


def check(stump: Stump, log_key: notes.VerifierKey, centre_key: notes.VerifierKey | None) -> notes.Receipt | None:
    """EvidenceError unless line and subtrees lead to a checkpoint that the log key signed; its receipt, where the centre's
    key is given."""
    stump.head(log_key.name)
    receipt = notes.open_receipt(stump.note, log_key, centre_key) if centre_key else None
    point = receipt.checkpoint if receipt else notes.open_checkpoint(stump.note, log_key)
    if point.size != stump.size:
        raise EvidenceError(worded("its checkpoint is of size {size}, the cut at {cut}", size=point.size, cut=stump.size))
    if stump.tree().root() != point.root:
        raise EvidenceError(worded("its line and subtrees do not lead to the root of its checkpoint"))
    return receipt
