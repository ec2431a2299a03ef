"""A scene, slice by slice: what counts, where the beam is, who is in it.  For mocks that hold values and are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware_mocks import beam, cosmic, crowd, physics
from hardware_mocks.scenes import Scene, Vehicle
from hardware_mocks.schedule import Now, Timeline

BLOCK = 50                              # slices drawn at once; part of what a seed means


@dataclass(frozen=True, slots=True)
class Slice:
    """0.2 s of a lane, known at its end."""

    at_s: float
    gamma: tuple[int, ...]              # counts of the four panels
    neutron: tuple[int, ...]
    blocked: bool                       # the beam was
    inside: dict[int, Vehicle]          # vehicles in it, by their number in the scene
    seen_cps: tuple[float, ...]         # what cargo adds to the sum: sources' gamma, innocent gamma, neutrons
    now: Now


def slices(scene: Scene, seed: int, *, endless: bool = False, loop: bool = False) -> Iterator[Slice]:
    """Slices in time order; `endless` stays vacant after the scene's end, `loop` repeats it."""
    scene = crowd.fill(scene, seed)
    timeline, chance, sky = Timeline(scene, loop), np.random.default_rng([seed, 0]), np.random.default_rng([seed, 3])
    first, last = 0, round(scene.duration_s / physics.SLICE_S)
    while endless or loop or first < last:
        now = timeline.between((first - 1) * physics.SLICE_S, (first + BLOCK + 1) * physics.SLICE_S)
        gamma, neutron = (chance.poisson(mean) for mean in physics.expected(now.scene, first, BLOCK))
        neutron = neutron + cosmic.neutrons(sky, now.scene, first, BLOCK, physics.SLICE_S)
        seen = physics.cargo(now.scene, first, BLOCK)
        for i in range(BLOCK if endless or loop else min(BLOCK, last - first)):
            at_s = round((first + i + 1) * physics.SLICE_S, 3)
            blocked, inside = beam.broken(at_s, now)
            yield Slice(at_s, tuple(gamma[i].tolist()), tuple(neutron[i].tolist()), blocked, inside,
                        tuple(seen[i].tolist()), now)
        first += BLOCK
