"""Modbus through pymodbus: its questions, its answers, its checksum.  No wire: links own that, and their strictness.

pymodbus's own client hunts for frames in noise and takes a late answer for the present one on a serial line; for
counts that become alarms a frame is what was asked for, whole, or it is trouble that is counted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from edge_agent.words.language import worded

READS: dict[str, type[Any]] = {
    "coil": ReadCoilsRequest, "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest, "input": ReadInputRegistersRequest,
}
REGISTERS_MAX, BITS_MAX = 125, 2000         # of one question (Modbus Application Protocol V1.1b3, 6.1 to 6.4)
_BITS = (1, 2)                              # functions that answer with bits
_TABLES = {read.function_code: name for name, read in READS.items()}
_ANSWERS = DecodePDU(False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The instrument says no."""

    code: int
    words: str


def checksum(data: bytes) -> bytes:
    """CRC-16 of a serial frame, as it stands on the wire."""
    return FramerRTU.compute_CRC(data).to_bytes(2, "big")


def question(unit: int, table: str, address: int, count: int) -> bytes:
    """Unit and PDU of a read; ValueError when so many cannot be asked at once."""
    limit = BITS_MAX if table in ("coil", "discrete") else REGISTERS_MAX
    if not (0 <= address <= 0xFFFF and 1 <= count <= limit and address + count <= 0x10000):
        raise ValueError(f"{table} {address}, {count} of them: a question may ask for 1 to {limit}, up to address 65535")
    pdu = READS[table](address=address, count=count)
    return bytes((unit, pdu.function_code)) + bytes(pdu.encode())


def coil(unit: int, address: int, on: bool) -> bytes:
    """Unit and PDU that set one coil, the only thing ever written; a module that did it sends the same bytes back."""
    pdu = WriteSingleCoilRequest(address=address, bits=[on])
    return bytes((unit, pdu.function_code)) + bytes(pdu.encode())


def is_write(question: bytes) -> bool:
    """Whether it sets something; `asked` takes no such question, so no driver's poll can be one."""
    return question[1:2] == b"\x05"


def refusal(question: bytes, answer: bytes) -> Refusal | None:
    """The no an answer is, if it is one."""
    return Refusal(answer[2], _reason(answer[2])) if len(answer) == 3 and answer[1] == question[1] | 0x80 else None


def asked(question: bytes) -> tuple[int, int, int]:
    """Function, address and count of a read; ValueError when it is none."""
    if len(question) != 6 or question[1] not in (1, 2, 3, 4):
        raise ValueError(f"not a question for registers or bits: {question.hex(' ')}")
    function, address, count = struct.unpack(">BHH", question[1:])
    return function, address, count


def table(question: bytes) -> str:
    """The table a read asks for."""
    return _TABLES[question[1]]


def answer_bytes(question: bytes) -> int:
    """How long a good answer is, unit and PDU."""
    if is_write(question):
        return len(question)
    function, _, count = asked(question)
    return 3 + (-(-count // 8) if function in _BITS else 2 * count)


def other_length(question: bytes) -> bytes:
    """A read at the same place whose answer is shorter or longer than this one's."""
    function, address, count = asked(question)
    step = 8 if function in _BITS else 1        # bits: the next byte
    return question[:2] + struct.pack(">HH", address, count - step if count > step else count + step)


def answer(question: bytes, answer: bytes) -> list[int] | Refusal:
    """Registers (0 to 65535) or bits (0, 1) of an answer to that question; ValueError when it does not fit it."""
    function, _, count = asked(question)
    if (no := refusal(question, answer)) is not None:
        return no
    if len(answer) != answer_bytes(question) or answer[:2] != question[:2] or answer[2] != len(answer) - 3:
        raise ValueError(worded("not an answer to this question"))
    pdu = _ANSWERS.decode(answer[1:])
    if pdu is None:
        raise ValueError("pymodbus cannot read it")
    return [int(bit) for bit in pdu.bits[:count]] if function in _BITS else list(pdu.registers)


def _reason(code: int) -> str:
    names = {int(known): known.name for known in ExcCodes}
    return names.get(code, f"CODE {code}").replace("_", " ").lower()
