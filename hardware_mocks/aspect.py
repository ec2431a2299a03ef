"""Mock Aspect / Yantar portal: a scene becomes registers of a Modbus unit, served over TCP or a pty (RTU).

    python -m hardware_mocks.aspect --tcp 127.0.0.1:1502 --scene demo --unit 1
    python -m hardware_mocks.aspect --pty --link /tmp/rs485 --unit 1 --unit 2:silent --unit 3:late=0.5/3 --unit 4:noise=0.2

Registers from 100, 32-bit values low word first (after the OSCAR driver, there is no vendor paper): internal time, inputs,
gamma status, count, background, variance, the same of neutrons, object counter, mark, speed in mm/s, outputs.
The counts are cumulative: of the three things a count can mean there, our choice; no source says which is true.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from hardware_mocks import physics, serve_asked
from hardware_mocks.scenes import Scene
from hardware_mocks.slave import Instrument, float_low_first, low_first
from hardware_mocks.slices import Slice, slices

BASE, LENGTH = 100, 21
ALARM_1, READY = 0x01, 0x80
OCCUPANCY_0, POWER_FAIL, OPEN = 0x01, 0x100, 0x400
OUT_ALARM, OUT_GREEN = 0x1, 0x100
SECOND = 5                              # slices of the alarm window
N_SIGMA = 7.0
NEUTRON_ALARM = 8                       # counts in a second; a plain limit, as small portals have
BACKGROUND_SLICES = 100                 # of its running mean: 20 s
PUBLISHED_S = 5.0                       # background registers are renewed this often


class Portal:
    """One unit: what it has counted, and what it thinks of it."""

    def __init__(self) -> None:
        self._totals = [0, 0]
        self._recent: list[tuple[int, int]] = []
        self._means = [0.0, 0.0]        # per slice, vacant
        self._seen = 0
        self._published = (0.0, 0.0)
        self._objects, self._occupied, self._latched = 0, False, [False, False]
        self.instrument = Instrument()
        self.instrument.hold("holding", 0, 0x4153, 8, 1, BASE, LENGTH)      # signature, registers, block, its base and length
        self.instrument.hold("holding", 5, 0, 0, 0)
        self.instrument.hold("holding", BASE, *[0] * LENGTH)

    def slice(self, now: Slice) -> None:
        """One slice has ended."""
        counts = sum(now.gamma), sum(now.neutron)
        self._totals = [total + count for total, count in zip(self._totals, counts, strict=True)]
        self._recent = [*self._recent[1 - SECOND:], counts]
        if now.blocked and not self._occupied:
            self._objects, self._latched = self._objects + 1, [False, False]
        self._occupied = now.blocked
        if now.blocked:
            self._judge()
        else:
            self._learn(counts)
        if round(now.at_s / physics.SLICE_S) % round(PUBLISHED_S / physics.SLICE_S) == 0:
            self._published = (self._means[0] * SECOND, self._means[1] * SECOND)
        self._write(now)

    def _learn(self, counts: tuple[int, int]) -> None:
        self._seen = min(self._seen + 1, BACKGROUND_SLICES)
        self._means = [mean + (count - mean) / self._seen for mean, count in zip(self._means, counts, strict=True)]

    def _judge(self) -> None:
        gamma, neutron = (sum(pair[i] for pair in self._recent) for i in (0, 1))
        background = self._means[0] * len(self._recent)
        self._latched[0] |= len(self._recent) == SECOND and gamma > background + N_SIGMA * background**0.5
        self._latched[1] |= neutron >= NEUTRON_ALARM

    def _write(self, now: Slice) -> None:
        alarms = [ALARM_1 if latched and self._occupied else 0 for latched in self._latched]
        tamper = any(t.open_s <= now.at_s < t.close_s for t in now.now.scene.tampers)
        newest = max(now.inside.values(), key=lambda v: v.arrives_s, default=None)
        speed = round(physics.beam_kmh(newest) / 3.6 * 1000) if newest else 0
        channels = [
            (READY | alarm, *low_first(total), *float_low_first(background), *float_low_first(background))
            for alarm, total, background in zip(alarms, self._totals, self._published, strict=True)
        ]
        self.instrument.hold(
            "holding", BASE, *low_first(round(now.at_s * 1000)), (OCCUPANCY_0 if now.blocked else 0) | (OPEN if tamper else 0),
            *channels[0], channels[1][0], *channels[1][1:], self._objects, 0, min(speed, 0xFFFF),
            OUT_ALARM if any(alarms) else OUT_GREEN,
        )


def instrument(
    scene: Scene, seed: int, *, loop: bool, watch: Callable[[Slice], None] = lambda now: None,
) -> tuple[Instrument, Iterator[float]]:
    """The unit, and an iterator that brings it to the end of each slice: seconds since the scene began.  `watch` is told
    what was there."""
    portal = Portal()

    def run() -> Iterator[float]:
        for now in slices(scene, seed, endless=not loop, loop=loop):
            portal.slice(now)
            watch(now)
            yield now.at_s

    return portal.instrument, run()


if __name__ == "__main__":
    sys.exit(serve_asked.main(instrument))
