"""Mock TSA/Rapiscan portal: a scene becomes timed wire bytes, served over TCP or a pty.

    python -m hardware_mocks.rapiscan --tcp 127.0.0.1:1600 --scene demo
    python -m hardware_mocks.rapiscan --pty --link /tmp/rpm0 --scene twenty --rate 10 --truth truth.jsonl
    python -m hardware_mocks.rapiscan --list

`wire(scene, seed)` is the same without a clock.  Records and sources: `rapiscan_controller`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from hardware_mocks import beam, physics, serve, truth
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
from hardware_mocks.schedule import Now
from hardware_mocks.signals import HangUp, PowerOff, PowerOn, Sent, Signal
from hardware_mocks.slices import Slice, slices
from hardware_mocks.truth import Truth

__all__ = ["Truth", "signals", "truths", "wire"]

SLICE_S = physics.SLICE_S
DAY_S = 86400.0
GHOST_KMH = 8.0                         # SP of an occupancy without a vehicle: controllers send something, this is our choice


def wire(scene: Scene, seed: int = 0) -> Iterator[tuple[float, bytes]]:
    """Seconds since start, and the bytes of that instant, to the scene's end."""
    return ((s.at_s, s.data) for s in signals(scene, seed) if isinstance(s, Sent))


def truths(scene: Scene, seed: int = 0) -> list[Truth]:
    """What happened: one entry for each vehicle and occupancy, in the order they end."""
    return [s for s in signals(scene, seed) if isinstance(s, Truth)]


def signals(scene: Scene, seed: int = 0, endless: bool = False, loop: bool = False) -> Iterator[Signal | Truth]:
    """Bytes, breaks and truth in time order.  `endless` stays vacant after the end; `loop` repeats it."""
    yield from of_slices(scene, slices(scene, seed, endless=endless, loop=loop), seed)


def of_slices(scene: Scene, counted: Iterable[Slice], seed: int = 0) -> Iterator[Signal | Truth]:
    """The same of slices that something was done to (`broken`)."""
    lane = _Lane(scene, seed)
    for one in counted:
        yield from lane.slice(one)


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
        self._seen = [0.0, 0.0, 0.0]                        # the most cargo added in the present occupancy

    def slice(self, one: Slice) -> Iterator[Signal | Truth]:
        """All that leaves the portal at the end of one slice."""
        at_s, now, blocked, inside = one.at_s, one.now, one.blocked, one.inside
        if _is_dark(at_s, now):
            yield from self._dark(at_s, now, inside)
            return
        if self._controller is None:
            yield from self._power_up(at_s, inside)
        counts = _four(one.gamma), _four(one.neutron)
        ended = self._records(at_s, now, (blocked, inside), counts, list(one.seen_cps))
        data = self._cable(at_s, now)
        if data:
            yield Sent(at_s, data)
        yield from ended
        if any(_in_slice(drop.at_s, at_s) for drop in now.scene.drop_connections):
            self._holdup.lose()
            yield HangUp(at_s)

    def _records(self, at_s: float, now: Now, broken: tuple[bool, dict[int, Vehicle]],
                 counts: tuple[Counts, Counts], seen: list[float]) -> list[Truth]:
        """Let the controller work one slice; truth of the vehicles whose occupancy it ended."""
        controller, (blocked, inside) = self._controller, broken
        assert controller is not None
        if _is_midnight(at_s + self._scene.time_of_day_s):
            controller.counter = 0
        self._lines += _tampers(at_s, now)
        before = controller.occupancy
        newest = max(inside.values(), key=lambda v: v.arrives_s, default=None)
        self._lines += controller.slice(*counts, blocked=blocked, speed_kmh=physics.beam_kmh(newest) if newest else GHOST_KMH)
        if controller.occupancy is not None:
            if before is None:
                self._began_s, self._seen = at_s, [0.0, 0.0, 0.0]
            self._inside |= inside
            self._seen = [max(pair) for pair in zip(self._seen, seen, strict=True)]
        elif before is not None:
            return self._end(at_s, before, controller.counter)
        return []

    def _end(self, at_s: float, told: Occupancy, counter: int | None) -> list[Truth]:
        """Truth of all in the occupancy; `counter` is None when no GX said so."""
        ends_s = None if counter is None else at_s
        inside, self._inside = self._inside, {}
        a, b, c = self._seen
        common: dict[str, Any] = {
            "begins_s": self._began_s, "ends_s": ends_s, "counter": counter, "gamma_alarm": told.gamma_alarm,
            "neutron_alarm": told.neutron_alarm, "seen_cps": (a, b, c),
            **truth.verdicts(self._scene.site, list(inside.values()), (a, b, c))}
        if not inside:
            return [Truth(at_s, truth.NOTHING, "nothing: the beam flickered", **common)]
        return [truth.of(at_s, n, v, others=len(inside) - 1, **common) for n, v in inside.items()]

    def _cable(self, at_s: float, now: Now) -> bytes:
        """The waiting records as the bytes that come out of the other end now."""
        data = "".join(line + "\r\n" for line in self._lines).encode("ascii")
        self._lines = []
        data = self._noise.spoil(at_s, data, now.scene.line_noises)
        return self._holdup.pass_on(at_s, data, now.scene.stalls)

    def _dark(self, at_s: float, now: Now, inside: dict[int, Vehicle]) -> Iterator[Signal | Truth]:
        if self._controller is not None:
            self._told = set(self._inside)
            if self._controller.occupancy is not None:
                yield from self._end(at_s, self._controller.occupancy, None)
            self._controller, self._lines = None, []
            self._holdup.lose()
            yield PowerOff(at_s)
        self._unseen |= {n: v for n, v in inside.items() if n not in self._told}
        if not _is_dark(at_s + SLICE_S, now):
            yield PowerOn(at_s)         # one slice before its first bytes, so that a client can be there

    def _power_up(self, at_s: float, inside: dict[int, Vehicle]) -> Iterator[Signal | Truth]:
        self._controller, self._lines = self._new_controller(), self._setup()
        for number, vehicle in self._unseen.items():
            if number not in inside:
                yield truth.of(at_s, number, vehicle)
        self._unseen = {}

    def _new_controller(self) -> Controller:
        return Controller(self._scene.site, self._scene.portal, self._pauses)

    def _setup(self) -> list[str]:
        return setup_records(self._scene.portal) if self._scene.portal.setup_dump else []


def _in_slice(moment_s: float, at_s: float) -> bool:
    return beam.start(at_s) < moment_s <= at_s


def _is_dark(at_s: float, now: Now) -> bool:
    return any(cycle.at_s <= at_s and beam.start(at_s) < cycle.at_s + cycle.off_s for cycle in now.scene.power_cycles)


def _tampers(at_s: float, now: Now) -> list[str]:
    lines = []
    for tamper in now.scene.tampers:
        lines += [TAMPER_OPEN] if _in_slice(tamper.open_s, at_s) else []
        lines += [TAMPER_CLOSED] if _in_slice(tamper.close_s, at_s) else []
    return lines


def _is_midnight(clock_s: float) -> bool:
    return round(clock_s, 3) // DAY_S != beam.start(clock_s) // DAY_S


if __name__ == "__main__":
    sys.exit(serve.main(signals))
