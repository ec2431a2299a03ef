"""A year in front of a healthy portal, hour by hour: vehicles, weather, temperature, cargo.  No fault anywhere.

Rates from hardware.md and algorithms.md: cars shadow 2-12 %, trucks 10-25 %; rain adds up to 20 % in ten minutes and
fades in half an hour; 2-5 % of trucks carry natural activity; air pressure moves neutrons; panels follow the day's
temperature by 1 % each.  What is our choice is said to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SLICE_S = 0.2
DAY_S = 86400.0
HOUR = 18000                    # slices
VEHICLES_A_DAY = 400            # our choice: a border road of middling traffic
TRUCKS = 0.3
NORM = 0.05                     # of trucks
RAINS_A_DAY = 0.4
GAP_S = 8.0                     # between two vehicles, at least


@dataclass(frozen=True, slots=True)
class Hour:
    """Counts of one hour: gamma in slices x 4, neutrons in seconds x 4."""

    begin_s: float
    vehicles: int
    occupied: npt.NDArray[np.bool_]
    gamma: npt.NDArray[np.int64]
    neutron: npt.NDArray[np.int64]


def hours(seconds: float, seed: int, gamma_cps: float, neutron_cps: float) -> Iterator[Hour]:
    """Seeded: the same arguments give the same counts."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, 4)
    rain = 0.0
    for n in range(max(1, round(seconds / 3600.0))):
        at_s = n * 3600.0 + SLICE_S * np.arange(HOUR)
        day = 2 * np.pi * at_s / DAY_S
        wet, rain = _rain(rng, rain)
        common = 1 + 0.02 * np.sin(day) + wet
        gain = 1 + 0.01 * np.sin(day[:, None] + phase)
        shade, source, occupied, vehicles = _traffic(rng)
        gamma = gamma_cps * SLICE_S * common[:, None] * gain * (1 - shade) + source * SLICE_S
        pressure = 1 + 0.05 * np.sin(2 * np.pi * n / 90.0)
        neutron = np.full((HOUR // 5, 4), neutron_cps * pressure)
        yield Hour(n * 3600.0, vehicles, occupied, rng.poisson(gamma), rng.poisson(neutron))


def _rain(rng: np.random.Generator, before: float) -> tuple[Floats, float]:
    """What rain adds through the hour, and at its end."""
    minutes = np.arange(HOUR) * SLICE_S / 60.0
    wet = before * np.exp(-minutes / 43.0)              # half in 30 min: radon's daughters
    if rng.random() < RAINS_A_DAY / 24.0:
        begin, top = rng.uniform(0, 40), rng.uniform(0.03, 0.2)
        rise = np.clip((minutes - begin) / 10.0, 0.0, 1.0)
        wet = wet + top * rise * np.exp(-np.maximum(0.0, minutes - begin - 10.0) / 43.0)
    return wet, float(wet[-1])


def _traffic(rng: np.random.Generator) -> tuple[Floats, Floats, npt.NDArray[np.bool_], int]:
    """Shadow of each panel, counts/s of cargo, beam, vehicles."""
    shade, source, beam = np.zeros((HOUR, 4)), np.zeros((HOUR, 4)), np.zeros(HOUR, dtype=bool)
    at_s, vehicles = rng.exponential(3600.0 * 24 / VEHICLES_A_DAY), 0
    while at_s < 3550.0:
        truck = rng.random() < TRUCKS
        length, speed = (rng.uniform(9, 17), rng.uniform(1.2, 3.5)) if truck else (rng.uniform(4, 6), rng.uniform(1.5, 5.0))
        lasts = length / speed
        first, last = int((at_s - 4) / SLICE_S), int((at_s + lasts + 4) / SLICE_S)
        span = slice(max(0, first), min(HOUR, last))
        x = (np.arange(span.start, span.stop) * SLICE_S - at_s) * speed       # front bumper past the beam, m
        deep = rng.uniform(0.10, 0.25) if truck else rng.uniform(0.02, 0.12)
        box = 0.5 * (np.tanh(x) - np.tanh(x - length))                        # edges of about 2 m
        shade[span] = np.clip(deep * box[:, None] * rng.uniform(0.6, 1.2, 4), 0, 0.5)
        if truck and rng.random() < NORM:
            source[span] += (rng.uniform(50, 400) * box / 4)[:, None]
        beam[int(at_s / SLICE_S) : int((at_s + lasts + 2.0) / SLICE_S)] = True     # the portal's hold-in is 2 s
        vehicles += 1
        at_s += lasts + GAP_S + rng.exponential(3600.0 * 24 / VEHICLES_A_DAY)
    return shade, source, beam, vehicles
