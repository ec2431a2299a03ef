"""Neutrons of cosmic-ray showers: several in one slice, spread over the tubes.  Pure but for its own seeded generator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardware_mocks.scenes import Scene

Counts = npt.NDArray[np.int64]


def neutrons(chance: np.random.Generator, scene: Scene, first: int, slices: int, slice_s: float) -> Counts:
    """Counts that showers add to `slices` slices from slice number `first`: slices x 4.  Dead tubes see none."""
    out = np.zeros((slices, 4), dtype=np.int64)
    at_s = (first + np.arange(slices) + 0.5) * slice_s
    for shower in scene.showers:
        on = (at_s >= shower.at_s) & (at_s < shower.until_s)
        hits = np.where(on, chance.poisson(shower.per_hour / 3600.0 * slice_s, slices), 0)
        for i in np.flatnonzero(hits):
            # Geometric from 1, its mean as told: as native/simulate.c and benchmarks/detection/neutrons.py.
            out[i] += chance.multinomial(int(chance.geometric(1.0 / shower.neutrons, hits[i]).sum()), [0.25] * 4)
    for tube in scene.dead_tubes:
        out[(at_s >= tube.at_s) & (at_s < tube.until_s), tube.index] = 0
    return out
