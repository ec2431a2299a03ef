"""Mock of an ECOTEST BDBG-09: a dose rate over RS-485, protocol 1.2, its detector before the scene's first panel.

    python -m hardware_mocks.ecotest_bdbg09 --pty --link /tmp/rs485 --unit 1 --unit 2

Written from the maker's manual.  One count/s of the panel stands for 0.0004 uSv/h, so a background is 0.1 uSv/h.
"""

from __future__ import annotations

import struct
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from hardware_mocks import serve_asked
from hardware_mocks.scenes import Scene
from hardware_mocks.slave import Instrument, Slave
from hardware_mocks.slices import slices

USV_H_PER_CPS = 0.0004
HEAD = b"\x55\xaa"


@dataclass(slots=True)
class Unit(Instrument):
    """What it would tell now."""

    usv_h: float = 0.1
    error_pct: int = 10
    flags: int = 0

    def answer(self, pdu: bytes) -> bytes:
        if pdu[0] >> 4 != 0:            # it knows the dose rate, and keeps silent else
            return b""
        raw = round(self.usv_h * (10 if self.flags & 0x80 else 100))
        return struct.pack("<IBB", raw, self.error_pct, self.flags)


class Line(Slave):
    """Units of one line: three bytes in, ten out."""

    def question(self, waiting: bytes) -> tuple[bytes, bytes] | None:
        at = waiting.find(HEAD)
        if at < 0 or len(waiting) < at + 3:
            return None
        return waiting[at : at + 3], waiting[at + 3 :]

    def _open(self, frame: bytes) -> tuple[bytes, int, bytes]:
        return b"", frame[2] & 0xF, frame[2:]

    def _close(self, head: bytes, unit: int, pdu: bytes) -> bytes:
        body = HEAD + bytes((0x10 | unit,)) + pdu
        return body + bytes((carried(body),)) if pdu else b"?"


def carried(data: bytes) -> int:
    total = sum(data)
    while total > 0xFF:
        total = (total & 0xFF) + (total >> 8)
    return total


def instrument(scene: Scene, seed: int, *, loop: bool) -> tuple[Instrument, Iterator[float]]:
    """The unit, and an iterator that brings it to the end of each slice: seconds since the scene began."""
    held, last = Unit(), deque([50] * 10, maxlen=10)        # 2 s

    def run() -> Iterator[float]:
        for now in slices(scene, seed, endless=not loop, loop=loop):
            last.append(now.gamma[0])
            held.usv_h = sum(last) / 2 * USV_H_PER_CPS
            held.error_pct = min(99, round(100 / max(1, sum(last)) ** 0.5))
            yield now.at_s

    return held, run()


if __name__ == "__main__":
    sys.exit(serve_asked.main(instrument, speaker=Line))
