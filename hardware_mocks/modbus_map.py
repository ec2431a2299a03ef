"""Mock of a plain Modbus instrument: four panels and two tubes as counters, beam and door as inputs.

    python -m hardware_mocks.modbus_map --pty --link /tmp/rs485 --unit 1 --unit 2
    python -m hardware_mocks.modbus_map --tcp 127.0.0.1:1502 --rtu --unit 7

Input registers, high word first: 0-7 counts of the panels since power-up, 8-11 of the tubes, 12 speed in cm/s,
13-14 its own time in ms.
Discrete inputs: 0 beam free, 1 door open, 2 mains lost.  An invented map, as data: it is what profiles/modbus_map.toml says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from hardware_mocks import physics, serve_asked
from hardware_mocks.scenes import Scene
from hardware_mocks.slave import Instrument
from hardware_mocks.slices import Slice, slices


def hold(instrument: Instrument, totals: list[int], now: Slice) -> None:
    """What it holds at the end of a slice."""
    for at, total in enumerate(totals):
        instrument.hold("input", 2 * at, total >> 16, total)
    newest = max(now.inside.values(), key=lambda v: v.arrives_s, default=None)
    instrument.hold("input", 12, round(physics.beam_kmh(newest) / 3.6 * 100) if newest else 0)
    instrument.hold("input", 13, round(now.at_s * 1000) >> 16, round(now.at_s * 1000))
    tamper = any(t.open_s <= now.at_s < t.close_s for t in now.now.scene.tampers)
    instrument.hold("discrete", 0, int(not now.blocked), int(tamper), 0)


def instrument(
    scene: Scene, seed: int, *, loop: bool, watch: Callable[[Slice], None] = lambda now: None,
) -> tuple[Instrument, Iterator[float]]:
    """The unit, and an iterator that brings it to the end of each slice: seconds since the scene began.  `watch` is told
    what was there."""
    held = Instrument()
    held.hold("input", 0, *[0] * 15)
    held.hold("discrete", 0, 1, 0, 0)
    totals = [0] * 6

    def run() -> Iterator[float]:
        for now in slices(scene, seed, endless=not loop, loop=loop):
            left, right = now.neutron[0] + now.neutron[1], now.neutron[2] + now.neutron[3]
            for at, count in enumerate((*now.gamma, left, right)):
                totals[at] = (totals[at] + count) % 2**32
            hold(held, totals, now)
            watch(now)
            yield now.at_s

    return held, run()


if __name__ == "__main__":
    sys.exit(serve_asked.main(instrument))
