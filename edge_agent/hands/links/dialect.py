"""The dialects of Modbus (words.dialect says what one is): an answer is of the unit, function and length asked for."""

from __future__ import annotations

import struct

from edge_agent.doors import modbus
from edge_agent.words.dialect import Found, Outcome

_MBAP = struct.Struct(">HHHB")      # transaction, protocol 0, length of unit and PDU, unit
QUESTION = 8                        # bytes of a question to read, with its CRC
_MBAP_LONGEST = 254                 # unit and PDU of 253 bytes


class Rtu:
    """Modbus RTU: unit, PDU, CRC.  Nothing in a frame says which question it answers."""

    quiet = True

    def __init__(self) -> None:
        self._echoes = False        # whether the adapter hears itself, learnt from reads: the answer to a write is its own echo

    def frame(self, question: bytes) -> bytes:
        return question + modbus.checksum(question)

    def take(self, waiting: bytes, question: bytes) -> Found | None:
        echo = self.frame(question)
        heard = waiting.startswith(echo)                        # two-wire adapters hear themselves
        if not modbus.is_write(question):
            self._echoes = self._echoes or heard
        skip = len(echo) if heard and self._echoes else 0
        head = waiting[skip:]
        if _is_question(head) and not _may_answer(head, question):
            return Found(Outcome.MASTER, head[:QUESTION], skip + QUESTION)
        size = _rtu_size(head)
        if size is None or len(head) < size:
            return None
        whole, used = head[:size], skip + size
        if modbus.checksum(whole[:-2]) != whole[-2:]:
            return Found(Outcome.CHECKSUM, head, len(waiting))  # where the next frame begins is not known
        return Found(_kind(whole[:-2], question), whole[:-2], used)

    def rest(self, waiting: bytes, question: bytes) -> Outcome:
        if not waiting or waiting == self.frame(question):
            return Outcome.SILENCE
        fits = waiting[0] == question[0] and waiting[1:2] in (b"", question[1:2], bytes((question[1] | 0x80,)))
        return Outcome.LENGTH if fits else Outcome.FRAMING

    def longest(self, question: bytes) -> int:
        return modbus.answer_bytes(question) + 2

    def sure(self, question: bytes) -> bytes:
        return modbus.other_length(question)

    def mine(self, data: bytes, question: bytes) -> bool:
        return data[:1] == question[:1]


class Tcp:
    """Modbus TCP: a transaction number tells which question an answer is for."""

    quiet = False

    def __init__(self) -> None:
        self._transaction = 0

    def frame(self, question: bytes) -> bytes:
        self._transaction = self._transaction % 0xFFFF + 1
        return _MBAP.pack(self._transaction, 0, len(question), question[0]) + question[1:]

    def take(self, waiting: bytes, question: bytes) -> Found | None:
        if len(waiting) < _MBAP.size:
            return None
        transaction, protocol, length, unit = _MBAP.unpack_from(waiting)
        if protocol != 0 or not 2 <= length <= _MBAP_LONGEST:
            return Found(Outcome.FRAMING, waiting, len(waiting))
        used = _MBAP.size - 1 + length
        if len(waiting) < used:
            return None
        body = bytes((unit,)) + waiting[_MBAP.size:used]
        return Found(Outcome.LATE if transaction != self._transaction else _kind(body, question), body, used)

    def rest(self, waiting: bytes, question: bytes) -> Outcome:
        return Outcome.LENGTH if waiting else Outcome.SILENCE

    def longest(self, question: bytes) -> int:
        return modbus.answer_bytes(question) + _MBAP.size - 1

    def sure(self, question: bytes) -> bytes:
        return question             # its transaction number says it all

    def mine(self, data: bytes, question: bytes) -> bool:
        return data[:1] == question[:1]


def _kind(body: bytes, question: bytes) -> Outcome:
    """What a sound frame is to this question."""
    if len(body) == 3 and body[:2] == bytes((question[0], question[1] | 0x80)):
        return Outcome.REFUSED
    if modbus.is_write(question):
        return Outcome.ANSWER if body == question else Outcome.LATE
    mine = body[:2] == question[:2] and len(body) == modbus.answer_bytes(question) and body[2] == len(body) - 3
    return Outcome.ANSWER if mine else Outcome.LATE


def _is_question(head: bytes) -> bool:
    """Whether a whole question to read stands here: our own echo was taken away before, so a second master put it."""
    body, crc = head[: QUESTION - 2], head[QUESTION - 2 : QUESTION]
    return len(crc) == 2 and head[1] in (1, 2, 3, 4) and modbus.checksum(body) == crc


def _may_answer(head: bytes, question: bytes) -> bool:
    """An answer of three bytes (17 to 24 bits) is as long as a question, and by its bytes may be one.  Where we wait for such
    an answer it is taken for it: a second master would have to ask our unit for address 0x03xx by the same function."""
    return head[:2] == question[:2] and head[2] == QUESTION - 5 and modbus.answer_bytes(question) == QUESTION - 2


def _rtu_size(head: bytes) -> int | None:
    """Length of the frame that begins here, by its function; None while, or where, that cannot be said."""
    if len(head) < 3:
        return None
    function = head[1]
    if function & 0x80 or function == 7:        # exception; exception status
        return 5
    if function in (1, 2, 3, 4):
        return 3 + head[2] + 2
    return 8 if function in (5, 6, 15, 16) else None
