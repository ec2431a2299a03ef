"""Mock of a Rad Pro Geiger counter: answers text lines over a pty or TCP, its tube before the scene's first panel.

    python -m hardware_mocks.radpro --pty --link /tmp/radpro --scene demo

Written from the firmware's paper (docs/comm.md of Gissio/radpro).  Its tube counts a twentieth of what a panel does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware_mocks import serve_asked
from hardware_mocks.scenes import Scene
from hardware_mocks.slave import Instrument, Slave
from hardware_mocks.slices import slices

SHARE = 0.05                    # of a panel's counts: a tube of a few square centimetres still shows a scene
LONGEST = 64                    # bytes of a command; past this the firmware begins anew
IDENTITY = "Rad Pro simulator;Rad Pro 2.0/en;0123456789abcdef01234567"


@dataclass(slots=True)
class Counter(Instrument):
    """What the firmware holds."""

    pulses: int = 0

    def answer(self, pdu: bytes) -> bytes:
        values = {b"GET tubePulseCount": str(self.pulses), b"GET deviceId": IDENTITY, b"GET tubeDeadTime": "0.0002420"}
        value = values.get(pdu)
        return b"ERROR" if value is None else f"OK {value}".encode()


class Speaker(Slave):
    """One counter on its cable: lines in, lines out."""

    def question(self, waiting: bytes) -> tuple[bytes, bytes] | None:
        line, end, rest = waiting.partition(b"\n")
        if not end:
            return None
        return line.rstrip(b"\r")[-LONGEST:] or b"?", rest

    def _open(self, frame: bytes) -> tuple[bytes, int, bytes]:
        return b"", 1, frame

    def _close(self, head: bytes, unit: int, pdu: bytes) -> bytes:
        return pdu + b"\r\n"


def instrument(scene: Scene, seed: int, *, loop: bool) -> tuple[Instrument, Iterator[float]]:
    """The counter, and an iterator that brings it to the end of each slice: seconds since the scene began."""
    made, chance = Counter(pulses=2**32 - 50), np.random.default_rng([seed, 7])     # near its end: it goes round soon

    def run() -> Iterator[float]:
        for now in slices(scene, seed, endless=not loop, loop=loop):
            made.pulses = (made.pulses + int(chance.binomial(now.gamma[0], SHARE))) % 2**32
            yield now.at_s

    return made, run()


if __name__ == "__main__":
    sys.exit(serve_asked.main(instrument, speaker=Speaker))
