"""What the centre knows and what it decides.  Plain values: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_agent.tools.merkle import Node
from edge_agent.tools.notes import VerifierKey
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import Checkpoint, Head


@dataclass(frozen=True, slots=True)
class Log:
    """A registered log."""

    number: int                     # in the database
    id: str                         # lowercase hex SHA-256 of the origin
    origin: str
    record_key: bytes               # raw Ed25519, of record 0
    log_key: VerifierKey
    parent: int | None              # the enrolled log this one continues
    confirmed: bool                 # a person has compared its fingerprint
    head: Head                      # what the next line must be


@dataclass(frozen=True, slots=True)
class Commitment:
    """A root the portal's log key vouched for before its lines were here."""

    size: int
    root: bytes
    note: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What the centre holds of one log when something arrives.  The callables read stored, unchanging data."""

    log: Log
    line: Callable[[int], bytes]                # by seq, below head.seq
    node: Node                                  # full nodes below head.seq, leaves included
    commitments: tuple[Commitment, ...]         # not yet reached, ascending
    ahead: Callable[[int], bytes | None]        # an express line not yet in order, by seq


@dataclass(frozen=True, slots=True)
class NewLine:
    seq: int
    line: bytes
    hash: bytes
    kind: str
    payload: dict[str, Any]
    mark: str | None                # what is odd about the body; the line is stored all the same


@dataclass(frozen=True, slots=True)
class Plan:
    """What a good batch adds."""

    lines: tuple[NewLine, ...]
    nodes: tuple[tuple[int, int, bytes], ...]   # level >= 1
    head: Head
    checkpoint: Checkpoint
    note: bytes                                 # the checkpoint under the portal's signature alone


@dataclass(frozen=True, slots=True)
class Early:
    """A good express line."""

    seq: int
    line: bytes
    hash: bytes
    kind: str
    payload: dict[str, Any]
    chained: bool                   # already in order here
    commitment: Commitment | None   # None: the tree of that size is already here, and is this one


@dataclass(frozen=True, slots=True)
class Fork:
    """Both sides of a contradiction the portal signed."""

    at: int                         # seq of the line, or size of the tree
    what: str                       # "line" or "tree"
    ours: bytes                     # what was here first
    theirs: bytes                   # what came now
    note: bytes                     # the checkpoint it came with


class Unreadable(EvidenceError):
    """Not a body of the wire page: nothing in it was looked at.  The portal sends less at once."""

    status = 400


class TooLarge(Unreadable):
    status = 413


class Refusal(EvidenceError):
    """Signature, chain, size or root do not hold, or two of them contradict each other."""

    def __init__(self, seq: int, why: str, fork: Fork | None = None) -> None:
        super().__init__(f"seq {seq}: {plain(why, 300)}")
        self.seq = seq
        self.fork = fork


class BeginsLater(EvidenceError):
    """The batch begins after the next seq; the answer is the newest receipt, to resume from."""


@dataclass(frozen=True, slots=True)
class Raised:
    """Something a person at the centre should see, once per (kind, key)."""

    kind: str                       # ALARM, REFUSED, FORK, MARKED, SILENT, HEARD, CONTINUATION, QUESTION, ANSWERED, RECEIPT
    origin: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over the wire, and what was raised on the way."""

    status: int
    body: bytes
    raised: tuple[Raised, ...] = ()
    type: str = "text/plain"
    retry_after_s: int | None = None


def plain(value: object, longest: int = 100) -> str:
    """Text from a record made safe for one line of a terminal."""
    text = "".join(c if c.isprintable() else "?" for c in str(value)[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"
