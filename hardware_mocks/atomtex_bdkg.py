"""Mock of an ATOMTEX BDKG-05: counts/s in input registers, and its CRC the way round that a third party's firmware has it.

    python -m hardware_mocks.atomtex_bdkg --pty --link /tmp/rs485 --unit 1
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator

from hardware_mocks import serve_asked
from hardware_mocks.scenes import Scene
from hardware_mocks.slave import Instrument, Slave, crc
from hardware_mocks.slices import slices

ROOM_C = 22


class HighFirst(Slave):
    """RTU with the CRC high byte first; a question the other way round is noise to it."""

    def question(self, waiting: bytes) -> tuple[bytes, bytes] | None:
        if len(waiting) < 8:
            return None
        return (waiting[:8], waiting[8:]) if crc(waiting[:6])[::-1] == waiting[6:8] else (b"", b"")

    def _close(self, head: bytes, unit: int, pdu: bytes) -> bytes:
        body = bytes((unit,)) + pdu
        return body + crc(body)[::-1]


def instrument(scene: Scene, seed: int, *, loop: bool) -> tuple[Instrument, Iterator[float]]:
    """The unit, and an iterator that brings it to the end of each slice: seconds since the scene began."""
    held, last = Instrument(), deque([0] * 5, maxlen=5)
    held.hold("input", 1, ROOM_C * 256, 0, 0, *[0] * 10)

    def run() -> Iterator[float]:
        for now in slices(scene, seed, endless=not loop, loop=loop):
            last.append(now.gamma[0])
            held.hold("input", 2, sum(last) >> 16, sum(last))
            yield now.at_s

    return held, run()


if __name__ == "__main__":
    sys.exit(serve_asked.main(instrument, speaker=HighFirst))
