"""What a way up to the centre gives the forwarder, whatever carries it: HTTPS or a broker."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """The centre's answer.  Statuses mean the same on every way (docs/wire-format.md)."""

    status: int
    body: bytes
    retry_after_s: float | None
    location: str = ""      # where a redirection points

    @property
    def words(self) -> str:
        """What the centre said, safe for one line."""
        return ascii(self.body[:200].decode("utf-8", "replace").strip())[1:-1]


class WayUp(Protocol):
    """One exchange per call, blocking and bounded in time; PeerError when there was no answer."""

    def entries(self, origin: str, lines: list[str], checkpoint: str) -> Reply:
        """Lines and the checkpoint exactly after them."""

    def express(self, origin: str, parts: dict[str, Any]) -> Reply:
        """One line ahead of the backlog, with its proofs."""

    def register(self, origin: str, public: dict[str, Any]) -> Reply:
        """Tell the centre of a continuation log."""

    def rejoin(self, origin: str, stump: dict[str, Any]) -> Reply:
        """Tell a centre that lost records we have pruned where the log goes on."""

    def blob(self, piece: Any) -> Reply:
        """A piece (tools.piece.Piece) of a document that a delivered record names."""

    def checkpoint(self, origin: str) -> Reply:
        """The newest receipt the centre gave for the log, signed by it."""


def entries_body(lines: list[str], checkpoint: str) -> bytes:
    """Lines, one empty line, the checkpoint note."""
    return ("".join(f"{line}\n" for line in lines) + "\n" + checkpoint).encode()


def log_id(origin: str) -> str:
    """How paths and topics name a log."""
    return hashlib.sha256(origin.encode()).hexdigest()
