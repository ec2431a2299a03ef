"""How a question and its answer stand on a wire, and what can come of one.  Plain values and one protocol.

Strict: a frame is an answer only when it is whole, its checksum fits where there is one, and it is of the instrument and of
the kind that was asked for.  Everything else is trouble with a name, and the bytes are kept.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class Outcome(enum.IntEnum):
    """What came of a question.  Everything but ANSWER and REFUSED is trouble of the line, counted by kind."""

    ANSWER = 1
    REFUSED = 2         # an answer that says no (an exception of Modbus)
    SILENCE = 3         # nothing in time
    CHECKSUM = 4        # a whole frame whose checksum does not fit
    LENGTH = 5          # a frame that broke off, or of a length that no answer has
    FRAMING = 6         # bytes that are no frame of this protocol
    LATE = 7            # a good frame, not of this question: an answer that came too late, or another unit's
    MASTER = 8          # a question that is not ours: somebody else asks on this line


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at the head of the bytes that waited: `used` of them."""

    outcome: Outcome
    body: bytes                     # an answer without framing and checksum; the raw bytes of trouble
    used: int


class Dialect(Protocol):
    """One way of framing; made anew with every opening of the wire.  Pure: the bus owns time."""

    quiet: bool     # a late answer cannot be told from a present one by itself: wait for a quiet line, then make sure

    def frame(self, question: bytes) -> bytes:
        """The bytes to send."""

    def take(self, waiting: bytes, question: bytes) -> Found | None:
        """The first frame of what arrived; None while it is not whole."""

    def rest(self, waiting: bytes, question: bytes) -> Outcome:
        """What bytes that never became a frame are called."""

    def longest(self, question: bytes) -> int:
        """Bytes of a good answer as framed."""

    def sure(self, question: bytes) -> bytes:
        """A like question whose answer cannot be taken for one of the question itself."""

    def mine(self, data: bytes, question: bytes) -> bool:
        """Whether stray bytes, or the body of a late answer, seem to be of the instrument of this question."""
