"""Mock TSA/Rapiscan portal: a scene becomes timed wire bytes, served over TCP or a pty.

    python -m hardware_mocks.rapiscan --tcp 127.0.0.1:1600 --scene demo
    python -m hardware_mocks.rapiscan --pty --link /tmp/rpm0 --scene twenty --rate 10 --truth truth.jsonl

`wire(scene, seed)` is the same without a clock.  Records and sources: `rapiscan_controller`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from hardware_mocks import physics, serve
from hardware_mocks.disturb import Holdup, Noise
from hardware_mocks.rapiscan_controller import (
    TAMPER_CLOSED,
    TAMPER_OPEN,
    Controller,
    Occupancy,
    setup_records,
)
from hardware_mocks.rapiscan_rules import Counts
from hardware_mocks.scenes import Scene, Vehicle
from hardware_mocks.schedule import Now, Timeline
from hardware_mocks.signals import HangUp, PowerOff, PowerOn, Sent, Signal

SLICE_S = physics.SLICE_S
BLOCK = 50                              # slices drawn at once; part of what a seed means
DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Truth:
    """What one vehicle really was, and what the portal said of it.

    Seconds since the scene began, as the controller sent it: a stall delivers its bytes later,
    noise may spoil them.  An occupancy still open when the scene ends has no truth.
    """

    at_s: float                         # when this was known: GX, or the power's end or return
    vehicle: int                        # its number in the scene from 0; goes on counting over laps
    name: str
    begins_s: float | None              # first record of its occupancy; None: the portal was dark
    ends_s: float | None                # GX; None: the power went first
    counter: int | None                 # the number in GX
    gamma_source: bool
    neutron_source: bool
    gamma_alarm: bool = False           # the vendor's own GA in this occupancy
    neutron_alarm: bool = False         # NA
    others: int = 0                     # further vehicles in the same occupancy: it may be their alarm


def wire(scene: Scene, seed: int = 0) -> Iterator[tuple[float, bytes]]:
    """Seconds since start, and the bytes of that instant, to the scene's end."""
    return ((s.at_s, s.data) for s in signals(scene, seed) if isinstance(s, Sent))


def truths(scene: Scene, seed: int = 0) -> list[Truth]:
    """What happened: one entry for each vehicle and occupancy, in the order they end."""
    return [s for s in signals(scene, seed) if isinstance(s, Truth)]


def signals(scene: Scene, seed: int = 0, endless: bool = False, loop: bool = False) -> Iterator[Signal | Truth]:
    """Bytes, breaks and truth in time order.  `endless` stays vacant after the end; `loop` repeats it."""
    lane = _Lane(scene, seed)
    timeline, chance = Timeline(scene, loop), np.random.default_rng([seed, 0])
    first, last = 0, round(scene.duration_s / SLICE_S)
    while endless or loop or first < last:
        now = timeline.between((first - 1) * SLICE_S, (first + BLOCK + 1) * SLICE_S)
        gamma, neutron = (chance.poisson(mean) for mean in physics.expected(now.scene, first, BLOCK))
        for i in range(BLOCK if endless or loop else min(BLOCK, last - first)):
            at_s = round((first + i + 1) * SLICE_S, 3)      # a slice is known at its end
            yield from lane.slice(at_s, now, _four(gamma[i]), _four(neutron[i]))
        first += BLOCK


def _four(row: Iterable[int]) -> Counts:
    a, b, c, d = map(int, row)
    return a, b, c, d


class _Lane:
    """Vehicles, faults and cable around one controller."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._pauses = np.random.default_rng([seed, 1])     # apart, so that no fault changes a count
        self._noise, self._holdup = Noise(np.random.default_rng([seed, 2])), Holdup()
        self._controller: Controller | None = self._new_controller()   # None: no power
        self._lines = self._setup()
        self._began_s = 0.0                                 # of the present occupancy
        self._inside: dict[int, Vehicle] = {}               # in it
        self._told: set[int] = set()                        # known to the controller that lost power
        self._unseen: dict[int, Vehicle] = {}               # passed while there was no power

    def slice(self, at_s: float, now: Now, gamma: Counts, neutron: Counts) -> Iterator[Signal | Truth]:
        """All that leaves the portal at the end of one slice."""
        beam = {n: v for n, v in now.vehicles if _blocks(v, at_s)}
        if _is_dark(at_s, now):
            yield from self._dark(at_s, now, beam)
            return
        if self._controller is None:
            yield from self._power_up(at_s, beam)
        ended = self._records(at_s, now, beam, (gamma, neutron))
        data = self._cable(at_s, now)
        if data:
            yield Sent(at_s, data)
        yield from ended
        if any(_in_slice(drop.at_s, at_s) for drop in now.scene.drop_connections):
            self._holdup.lose()
            yield HangUp(at_s)

    def _records(self, at_s: float, now: Now, beam: dict[int, Vehicle],
                 counts: tuple[Counts, Counts]) -> list[Truth]:
        """Let the controller work one slice; truth of the vehicles whose occupancy it ended."""
        controller = self._controller
        assert controller is not None
        if _is_midnight(at_s + self._scene.time_of_day_s):
            controller.counter = 0
        self._lines += _tampers(at_s, now)
        before = controller.occupancy
        speed_kmh = max(beam.values(), key=lambda v: v.arrives_s).speed_kmh if beam else 0.0
        self._lines += controller.slice(*counts, blocked=bool(beam), speed_kmh=speed_kmh)
        if controller.occupancy is not None:
            self._began_s = at_s if before is None else self._began_s
            self._inside |= beam
        elif before is not None:
            return self._end(at_s, before, controller.counter)
        return []

    def _end(self, at_s: float, told: Occupancy, counter: int | None) -> list[Truth]:
        """Truth of all in the occupancy; `counter` is None when no GX said so."""
        ends_s = None if counter is None else at_s
        inside, self._inside = self._inside, {}
        return [Truth(at_s, n, v.name, self._began_s, ends_s, counter, *_sources(v),
                      told.gamma_alarm, told.neutron_alarm, len(inside) - 1) for n, v in inside.items()]

    def _cable(self, at_s: float, now: Now) -> bytes:
        """The waiting records as the bytes that come out of the other end now."""
        data = "".join(line + "\r\n" for line in self._lines).encode("ascii")
        self._lines = []
        data = self._noise.spoil(at_s, data, now.scene.line_noises)
        return self._holdup.pass_on(at_s, data, now.scene.stalls)

    def _dark(self, at_s: float, now: Now, beam: dict[int, Vehicle]) -> Iterator[Signal | Truth]:
        if self._controller is not None:
            self._told = set(self._inside)
            if self._controller.occupancy is not None:
                yield from self._end(at_s, self._controller.occupancy, None)
            self._controller, self._lines = None, []
            self._holdup.lose()
            yield PowerOff(at_s)
        self._unseen |= {n: v for n, v in beam.items() if n not in self._told}
        if not _is_dark(at_s + SLICE_S, now):
            yield PowerOn(at_s)         # one slice before its first bytes, so that a client can be there

    def _power_up(self, at_s: float, beam: dict[int, Vehicle]) -> Iterator[Signal | Truth]:
        self._controller, self._lines = self._new_controller(), self._setup()
        for number, vehicle in self._unseen.items():
            if number not in beam:
                yield Truth(at_s, number, vehicle.name, None, None, None, *_sources(vehicle))
        self._unseen = {}

    def _new_controller(self) -> Controller:
        return Controller(self._scene.site, self._scene.portal, self._pauses)

    def _setup(self) -> list[str]:
        return setup_records(self._scene.portal) if self._scene.portal.setup_dump else []


def _blocks(vehicle: Vehicle, at_s: float) -> bool:
    """Whether it is in the beam at any moment of the slice that ends now."""
    return vehicle.arrives_s < at_s and physics.clears_s(vehicle) > _start(at_s)


def _start(at_s: float) -> float:
    return round(at_s - SLICE_S, 3)     # rounded as at_s is, or a moment on the edge falls in two slices


def _in_slice(moment_s: float, at_s: float) -> bool:
    return _start(at_s) < moment_s <= at_s


def _is_dark(at_s: float, now: Now) -> bool:
    return any(cycle.at_s <= at_s and _start(at_s) < cycle.at_s + cycle.off_s for cycle in now.scene.power_cycles)


def _sources(vehicle: Vehicle) -> tuple[bool, bool]:
    source = vehicle.source
    return source is not None and source.gamma_cps > 0, source is not None and source.neutron_cps > 0


def _tampers(at_s: float, now: Now) -> list[str]:
    lines = []
    for tamper in now.scene.tampers:
        lines += [TAMPER_OPEN] if _in_slice(tamper.open_s, at_s) else []
        lines += [TAMPER_CLOSED] if _in_slice(tamper.close_s, at_s) else []
    return lines


def _is_midnight(clock_s: float) -> bool:
    return round(clock_s, 3) // DAY_S != _start(clock_s) // DAY_S


if __name__ == "__main__":
    sys.exit(serve.main(signals))
