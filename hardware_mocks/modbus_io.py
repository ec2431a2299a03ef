"""Mock of an I/O module at a lane: two beams 5 m apart, door, mains, battery, a button; eight outputs, coils from 0.

    python -m hardware_mocks.modbus_io --tcp 127.0.0.1:1503 --scene demo --loop

Discrete inputs from 0, as Moxa ioLogik E1200 and ADAM-4000 have them: 0 front beam, 1 rear beam (1: free, 0: broken), 2 door
open, 3 mains lost, 4 battery low, 5 button.  Known to a slice of 0.2 s; the same scene and seed as an instrument's mock give
the same vehicles at the same moments.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from hardware_mocks import beam, serve_asked
from hardware_mocks.scenes import Scene, Vehicle
from hardware_mocks.slave import Instrument
from hardware_mocks.slices import Slice, slices

SPACING_M = 5.0


def reaches_rear(vehicle: Vehicle, at_s: float) -> bool:
    """Whether it breaks the beam SPACING_M further on, at the speed it drives with."""
    return beam.breaks(vehicle, at_s - SPACING_M / max(0.1, vehicle.speed_kmh / 3.6))


def hold(instrument: Instrument, now: Slice) -> None:
    """What it holds at the end of a slice."""
    rear = any(reaches_rear(vehicle, now.at_s) for _, vehicle in now.now.vehicles)
    door = any(t.open_s <= now.at_s < t.close_s for t in now.now.scene.tampers)
    instrument.hold("discrete", 0, int(not now.blocked), int(not rear), int(door), 0, 0, 0)


def instrument(
    scene: Scene, seed: int, *, loop: bool, watch: Callable[[Slice], None] = lambda now: None,
) -> tuple[Instrument, Iterator[float]]:
    """The module, and an iterator that brings it to the end of each slice (as of hardware_mocks.modbus_map)."""
    held = Instrument()
    held.hold("discrete", 0, 1, 1, 0, 0, 0, 0)
    held.hold("coil", 0, *[0] * 8)

    def run() -> Iterator[float]:
        for now in slices(scene, seed, endless=not loop, loop=loop):
            hold(held, now)
            watch(now)
            yield now.at_s

    return held, run()


if __name__ == "__main__":
    sys.exit(serve_asked.main(instrument))
