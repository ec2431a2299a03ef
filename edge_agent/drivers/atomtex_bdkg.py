"""ATOMTEX BDKG-05 detector unit: Modbus RTU over RS-485, 19200 8N1, only ever read.

    input 2-3: counts/s, u32, high word first       (the profile lists what is read)

Its papers want a start-up of writes (FC06, FC05), of which one clears its averages and dose.  We never write: an
instrument that was started by its maker's software counts, one that was not says so by its silence or its refusal.
Source: a third party's firmware (VibeEngineering-LLC/atomtex-esp32).  Its code sends the CRC high byte first, its text
and the standard say low byte first: either is taken, and questions are put in both ways until one is answered.
"""

from __future__ import annotations

from edge_agent.doors import modbus
from edge_agent.drivers.modbus_map import MapDecoder, polls, record_type
from edge_agent.hands.links.dialect import Rtu
from edge_agent.words.dialect import Found, Outcome
from edge_agent.words.driver import Driver


class EitherOrder:
    """RTU whose CRC may stand either way round; what answers decides."""

    quiet = True

    def __init__(self) -> None:
        self._rtu = Rtu()
        self._swapped = False
        self._known = False

    def frame(self, question: bytes) -> bytes:
        if not self._known:
            self._swapped = not self._swapped
        return self._framed(question)

    def _framed(self, body: bytes) -> bytes:
        crc = modbus.checksum(body)
        return body + (crc[::-1] if self._swapped else crc)

    def take(self, waiting: bytes, question: bytes) -> Found | None:
        skip = len(question) + 2 if waiting.startswith(self._framed(question)) else 0       # our own echo
        head = waiting[skip:]
        found = self._rtu.take(head, question)
        if found is not None and found.outcome is Outcome.CHECKSUM:
            turned = self._turned(head)
            found = self._rtu.take(turned, question) if turned else found
        if found is None or found.outcome is Outcome.CHECKSUM:
            return found and Found(found.outcome, found.body, len(waiting))
        self._known = self._known or found.outcome in (Outcome.ANSWER, Outcome.REFUSED)
        return Found(found.outcome, found.body, skip + found.used)

    def _turned(self, head: bytes) -> bytes:
        """The frame with its CRC the other way round."""
        size = 5 if head[1] & 0x80 else 3 + head[2] + 2
        return head[: size - 2] + head[size - 2 : size][::-1] + head[size:]

    def rest(self, waiting: bytes, question: bytes) -> Outcome:
        return Outcome.SILENCE if waiting == self._framed(question) else self._rtu.rest(waiting, question)

    def longest(self, question: bytes) -> int:
        return self._rtu.longest(question)

    def sure(self, question: bytes) -> bytes:
        return self._rtu.sure(question)

    def mine(self, data: bytes, question: bytes) -> bool:
        return self._rtu.mine(data, question)


DRIVER = Driver(
    title="ATOMTEX BDKG-05 detector unit",
    decoder=MapDecoder,
    status="third-party: from another's firmware, never yet on hardware; two of its facts contradict each other",
    links=("modbus-rtu", "modbus-rtu-tcp"),
    record_type=record_type,
    polls=polls,
    dialect=EitherOrder,
    tells_passages=False,
)
