"""One question to an instrument and what came of it, as bytes: what a polled wire's chunks are made of.

    outcome u8 | length of the question u8 | length of the answer u16 | question | answer

An answer of Modbus does not say which registers it is of, so a recording keeps the question beside it.  What failed is
kept too, with the bytes that came instead: a recording of a noisy bus replays its noise.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.words.dialect import Outcome
from edge_agent.words.language import worded
from edge_agent.words.reading import Missed, Reading, Unreadable

_HEAD = struct.Struct(">BBH")
QUESTION_MAX, ANSWER_MAX = 255, 1024        # bytes; the longest frame of Modbus is 260


@dataclass(frozen=True, slots=True)
class Exchange:
    """`question` and `answer` without framing and checksum; the raw bytes where the outcome is trouble."""

    question: bytes
    outcome: Outcome
    answer: bytes = b""


def pack(exchange: Exchange) -> bytes:
    answer = exchange.answer[:ANSWER_MAX]
    return _HEAD.pack(exchange.outcome, len(exchange.question), len(answer)) + exchange.question + answer


class Exchanges:
    """Exchanges of a byte stream, cut anywhere."""

    def __init__(self) -> None:
        self._tail = b""

    def restart(self) -> None:
        self._tail = b""

    def feed(self, data: bytes) -> Iterator[Exchange | bytes]:
        """Exchanges; bytes where the stream is none, to its end as far as it came."""
        self._tail += data
        while len(self._tail) >= _HEAD.size:
            outcome, asked, answered = _HEAD.unpack_from(self._tail)
            end = _HEAD.size + asked + answered
            if outcome not in _OUTCOMES or answered > ANSWER_MAX:
                spoiled, self._tail = self._tail, b""
                yield spoiled
                return
            if len(self._tail) < end:
                return
            body, self._tail = self._tail[_HEAD.size:end], self._tail[end:]
            yield Exchange(body[:asked], Outcome(outcome), body[asked:])


def trouble(at_ns: int, exchange: Exchange | bytes) -> Reading:
    """What a decoder says of anything but an answer."""
    if isinstance(exchange, bytes):
        return Unreadable(at_ns, exchange, worded("not an exchange of a polled line"))
    if exchange.outcome is Outcome.SILENCE:
        return Missed(at_ns)
    return Unreadable(at_ns, exchange.answer, _WORDS[exchange.outcome], exchange.outcome.name.lower())


_OUTCOMES = frozenset(Outcome)
_WORDS = {
    Outcome.CHECKSUM: worded("the checksum does not fit: noise on the line, or a wrong baud rate"),
    Outcome.LENGTH: worded("the answer broke off, or is of a wrong length"),
    Outcome.FRAMING: worded("no frame of this protocol: wrong baud rate or parity, or two instruments at once"),
    Outcome.MASTER: worded("a question that we did not put: a second master asks on this line, and only one may"),
    Outcome.LATE: worded("an answer that came too late, or another unit's; raise answer_s if it comes again"),
}
