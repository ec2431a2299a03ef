"""A Modbus instrument's side of the wire: registers in, answers out, and the ways a bad one answers.  No I/O.

Written from the Modbus specifications (Application Protocol V1.1b3, over Serial Line V1.02), not from any client.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}       # by function code
MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


@dataclass(slots=True)
class Manners:
    """How an instrument behaves on its line."""

    silent: bool = False            # dead, or not there
    answers_s: float = 0.01         # from question to answer
    late_s: float = 0.0             # instead, at each `late_every`th question
    late_every: int = 0
    noise: float = 0.0              # share of its answers in which a bit is flipped
    cut: float = 0.0                # share of its answers that break off
    asked: int = 0                  # so far
    busy_until_s: float = 0.0       # it answers one question after another, as instruments do


@dataclass(slots=True)
class Instrument:
    """What one unit holds now: table and address -> register or bit."""

    held: dict[tuple[str, int], int] = field(default_factory=dict)
    manners: Manners = field(default_factory=Manners)
    catch_up: Callable[[], None] = lambda: None     # brings what it holds to the present, before it answers

    def hold(self, table: str, address: int, *words: int) -> None:
        for offset, word in enumerate(words):
            self.held[table, address + offset] = word & 0xFFFF

    def answer(self, pdu: bytes) -> bytes:
        """The answer PDU to a question PDU; b"" for none."""
        function = pdu[0] if pdu else 0
        if function == 5:
            return self._set(pdu)
        if function not in TABLES:
            return bytes((function | 0x80, ILLEGAL_FUNCTION))
        if len(pdu) != 5:
            return bytes((function | 0x80, ILLEGAL_VALUE))
        address, count = struct.unpack(">HH", pdu[1:])
        if not 1 <= count <= MOST[function]:
            return bytes((function | 0x80, ILLEGAL_VALUE))
        words = [self.held.get((TABLES[function], address + i)) for i in range(count)]
        if any(word is None for word in words):
            return bytes((function | 0x80, ILLEGAL_ADDRESS))
        data = _bits(words) if function in (1, 2) else struct.pack(f">{count}H", *words)
        return bytes((function, len(data))) + data

    def _set(self, pdu: bytes) -> bytes:
        """Write one coil (V1.1b3, 6.5): 0xFF00 or 0x0000; the answer is the question."""
        if len(pdu) != 5 or pdu[3:] not in (b"\xff\x00", b"\x00\x00"):
            return bytes((0x85, ILLEGAL_VALUE))
        if ("coil", int.from_bytes(pdu[1:3], "big")) not in self.held:
            return bytes((0x85, ILLEGAL_ADDRESS))
        self.held["coil", int.from_bytes(pdu[1:3], "big")] = int(pdu[3] == 0xFF)
        return pdu


def low_first(value: int) -> tuple[int, int]:
    """A 32-bit number as two registers."""
    return value & 0xFFFF, value >> 16 & 0xFFFF


def float_low_first(value: float) -> tuple[int, int]:
    (whole,) = struct.unpack(">I", struct.pack(">f", value))
    return low_first(whole)


class Slave:
    """The instruments on one wire, framed as RTU or TCP."""

    def __init__(self, instruments: dict[int, Instrument], framing: str, chance: random.Random) -> None:
        self.instruments, self._framing, self._chance = instruments, framing, chance

    def answers(self, frame: bytes, now_s: float) -> Iterator[tuple[float, bytes]]:
        """(when, bytes) for one whole question; times on one clock of the caller's."""
        head, unit, pdu = self._open(frame)
        instrument = self.instruments.get(unit)
        if instrument is None or instrument.manners.silent:
            return
        manners = instrument.manners
        manners.asked += 1
        late = manners.late_every and manners.asked % manners.late_every == 0
        instrument.catch_up()
        said = instrument.answer(pdu)
        if not said:
            return
        answer = self._close(head, unit, said)
        manners.busy_until_s = max(now_s, manners.busy_until_s) + (manners.late_s if late else manners.answers_s)
        yield manners.busy_until_s, self._spoil(answer, manners)

    def question(self, waiting: bytes) -> tuple[bytes, bytes] | None:
        """The first whole question of what arrived, and the rest; None while there is none.  Noise is dropped."""
        size = self._size(waiting)
        if size is None or len(waiting) < size:
            return None
        if self._framing == "rtu" and crc(waiting[: size - 2]) != waiting[size - 2 : size]:
            return b"", b""
        return waiting[:size], waiting[size:]

    def _size(self, waiting: bytes) -> int | None:
        if self._framing == "rtu":
            return 8 if len(waiting) >= 2 else None         # every read has this length, and function 5
        return 6 + struct.unpack(">H", waiting[4:6])[0] if len(waiting) >= 6 else None

    def _open(self, frame: bytes) -> tuple[bytes, int, bytes]:
        return (b"", frame[0], frame[1:-2]) if self._framing == "rtu" else (frame[:4], frame[6], frame[7:])

    def _close(self, head: bytes, unit: int, pdu: bytes) -> bytes:
        body = bytes((unit,)) + pdu
        return body + crc(body) if self._framing == "rtu" else head + struct.pack(">H", len(body)) + body

    def _spoil(self, frame: bytes, manners: Manners) -> bytes:
        if self._chance.random() < manners.noise:
            at, bit = self._chance.randrange(len(frame)), self._chance.randrange(8)
            frame = frame[:at] + bytes((frame[at] ^ 1 << bit,)) + frame[at + 1 :]
        if self._chance.random() < manners.cut:
            frame = frame[: self._chance.randrange(1, len(frame))]
        return frame


def crc(data: bytes) -> bytes:
    """CRC-16 of the serial line: polynomial 0xA001, start 0xFFFF, low byte first (V1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def _bits(words: list[int | None]) -> bytes:
    packed = bytearray(-(-len(words) // 8))
    for i, word in enumerate(words):
        packed[i // 8] |= (1 if word else 0) << i % 8
    return bytes(packed)
