"""What drives through, many at once: classes, lengths, speeds, stops, trailers and queues.  Seeded, no I/O.

Metres along the lane from the light beam, as in `scenes`; times in seconds from the moment the front breaks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from hardware_mocks import ways
from hardware_mocks.ways import Floats

Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

CAR, VAN, TRUCK = 0, 1, 2
# Lengths inside the classes of detection.md 3.3 (below 6, 6-9, above 9 m); trucks end with the 18.75 m road train.
LENGTH_M = ((3.6, 5.2), (6.2, 8.8), (9.5, 18.75))
WOBBLE_M = (8.0, 25.0)          # a driver's foot: speed swings over such a way


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who comes and how he drives; shares are of all vehicles where nothing else is said.

    mix             cars, vans, trucks: a border crossing has all three; no source, stated with every result
    speed_kmh       lowest, highest (log-uniform); 8, 8 is the ANSI N42.35 test
    wobble          relative sd of the speed along the way; 0: constant
    stop_share      stand once for stop_s (lowest, highest) with some part of the vehicle in the beam
    trailer_share   of cars and trucks: a second body 0.7-1.5 m behind
    close_share     a second vehicle 1.5-4 m behind: the hold-in makes them one occupancy
    speed_error     relative sd of the measured speed (detection.md 2: known to 10 %, here as 2 sd)
    """

    mix: tuple[float, float, float] = (0.4, 0.2, 0.4)
    speed_kmh: tuple[float, float] = (8.0, 8.0)
    wobble: float = 0.0
    stop_share: float = 0.0
    stop_s: tuple[float, float] = (2.0, 15.0)
    trailer_share: float = 0.0
    close_share: float = 0.0
    speed_error: float = 0.05


@dataclass(frozen=True, slots=True)
class Vehicles:
    """n vehicles; a body is a stretch that shadows, the second one has length 0 where there is none."""

    kind: Ints                      # n: CAR, VAN, TRUCK
    body_at_m: Floats               # n x 2: where each body begins, behind the front bumper
    body_m: Floats                  # n x 2
    length_m: Floats                # n: to the rear of the last body
    speed_mps: Floats
    wobble: Floats                  # amplitude of the logarithm of the speed
    wave_m: Floats                  # its wavelength
    phase: Floats
    stop_at_m: Floats               # where the front stands
    stop_s: Floats                  # 0: it does not
    measured_mps: Floats

    def take(self, rows: Ints) -> Vehicles:
        return Vehicles(*(getattr(self, name)[rows] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.kind)


def draw(rng: np.random.Generator, n: int, traffic: Traffic) -> Vehicles:
    kind = rng.choice(3, n, p=np.array(traffic.mix) / sum(traffic.mix))
    first = between(rng, np.array(LENGTH_M)[kind])
    body_at, body = _bodies(rng, kind, first, traffic)
    length = np.maximum(first, body_at[:, 1] + body[:, 1])
    low, high = traffic.speed_kmh
    speed = np.exp(rng.uniform(np.log(low), np.log(high), n)) / 3.6
    stops = rng.random(n) < traffic.stop_share
    return Vehicles(
        kind, body_at, body, length, speed,
        wobble=np.abs(rng.normal(0.0, traffic.wobble * 2**0.5, n)),         # sd of a sine is amplitude / sqrt 2
        wave_m=rng.uniform(*WOBBLE_M, n), phase=rng.uniform(0.0, 2 * np.pi, n),
        stop_at_m=rng.uniform(0.2, 0.95, n) * length,
        stop_s=np.where(stops, rng.uniform(*traffic.stop_s, n), 0.0),
        measured_mps=speed * np.clip(1.0 + traffic.speed_error * rng.normal(size=n), 0.8, 1.2),
    )


def between(rng: np.random.Generator, ranges: Floats) -> Floats:
    """Uniform between the two columns."""
    return ranges[:, 0] + rng.random(len(ranges)) * (ranges[:, 1] - ranges[:, 0])


def _bodies(rng: np.random.Generator, kind: Ints, first: Floats, traffic: Traffic) -> tuple[Floats, Floats]:
    n = len(kind)
    trailer = (rng.random(n) < traffic.trailer_share) & (kind != VAN)
    follows = ~trailer & (rng.random(n) < traffic.close_share)
    gap = np.where(trailer, rng.uniform(0.7, 1.5, n), rng.uniform(1.5, 4.0, n))
    own = rng.choice(3, n, p=np.array(traffic.mix) / sum(traffic.mix))      # of the one that follows
    second = np.where(trailer, first * rng.uniform(0.5, 0.8, n), between(rng, np.array(LENGTH_M)[own]))
    second = np.where(trailer | follows, second, 0.0)
    at = np.where(second > 0, first + gap, 0.0)
    return np.stack([np.zeros(n), at], 1), np.stack([first, second], 1)


class Way:
    """Where each front is at any time, and when its rear leaves the beam."""

    def __init__(self, v: Vehicles) -> None:
        x, beam = ways.nodes(float(v.length_m.max()))
        t = ways.clock(ways.swings(x, v.wobble, v.wave_m, v.phase), v.speed_mps, beam)
        stops = zip(v.stop_at_m, v.stop_s, strict=True)
        self._ways = [ways.Way(x, t[i], [stop]) for i, stop in enumerate(stops)]
        self.clears_s = np.array([np.interp(v.length_m[i], x, t[i]) for i in range(len(v))]) + v.stop_s

    def front_m(self, at_s: Floats) -> Floats:
        """n x times."""
        return np.stack([way.front_m(at_s[i]) for i, way in enumerate(self._ways)])
