"""Speeds a portal tells: those no vehicle has, and a sensor that says the same of everyone.  Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from edge_agent.judgement.faults import FaultBook
from edge_agent.words.event import Event
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition, Speed

LEAST_MPS, MOST_MPS = 0.05, 60.0    # native/ea_lane.h: 3 m in a minute is standing, 216 km/h is no vehicle in a lane
SAME, OF = 30, 40                   # vehicles: at the same slow pace two agree now and then, thirty never; a line may spoil some


class Speeds:
    def __init__(self, faults: FaultBook) -> None:
        self._faults = faults
        self._mps: deque[float] = deque(maxlen=OF)      # of the newest vehicles
        self._told = False

    def begin(self) -> None:
        """A vehicle is in the lane; its first speed counts as news."""
        self._told = False

    def take(self, reading: Speed) -> Iterator[Event]:
        """The fault, where this is no speed of a vehicle, or still the speed of all before it."""
        if not self._told:
            self._told = True
            self._mps.append(reading.speed_mps)
        same = self._mps.count(reading.speed_mps)
        if not usable(reading):
            why = worded("{kmh:.2f} km/h is no vehicle's speed: second beam, its input, or the profile's scale",
                         kmh=3.6 * reading.speed_mps)
            yield from self._faults.begin(reading.at_ns, Condition.SPEED.value, why, fades=True)
        elif same >= SAME:
            why = worded("{same} of the last {n} vehicles had exactly {kmh:.2f} km/h: a beam or its input hangs",
                         same=same, n=len(self._mps), kmh=3.6 * reading.speed_mps)
            yield from self._faults.begin(reading.at_ns, Condition.SPEED.value, why, fades=True)


def usable(reading: Speed) -> bool:
    """Whether the shadow test may reckon with it."""
    return LEAST_MPS <= reading.speed_mps <= MOST_MPS
