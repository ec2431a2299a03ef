"""A portal with one or more faults, drawn by a seed: what its wire carries.

    python -c 'from hardware_mocks import broken; print(sorted(broken.FAULTS))'

The faults were written from what parts do when they break, without sight of any fault guide, so that a guide can be measured.
Traffic goes on meanwhile, and now and then carries activity: a portal that never alarms is seen by that.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from hardware_mocks import broken_counts, broken_wire, rapiscan
from hardware_mocks.scene_traffic import Traffic
from hardware_mocks.scenes import Scene
from hardware_mocks.signals import Signal
from hardware_mocks.slices import Slice, slices
from hardware_mocks.truth import Truth

FAULTS = (*broken_counts.FAULTS, *broken_wire.FAULTS)
LANE = Traffic(per_hour=40.0, norm_share=0.15, norm_cps=(2000.0, 6000.0))     # a post with a few loads of potash a day


def scene(hours: float, seed: int) -> Scene:
    """A lane of ordinary traffic."""
    return Scene(duration_s=hours * 3600.0, traffic=replace(LANE, seed=seed))


def signals(names: Iterable[str], hours: float, seed: int, from_s: float = 900.0) -> Iterator[Signal]:
    """What comes out of the cable: a whole portal until `from_s`, a broken one after it.  KeyError: no such fault."""
    names = tuple(names)
    counted = [broken_counts.FAULTS[n](_chance(n, seed), from_s) for n in names if n in broken_counts.FAULTS]
    carried = [broken_wire.FAULTS[n](_chance(n, seed), from_s) for n in names if n not in broken_counts.FAULTS]
    lane = scene(hours, seed)

    def spoilt() -> Iterator[Slice]:
        for one in slices(lane, seed):
            for change in counted:
                one = change(one)
            yield one

    for one in rapiscan.of_slices(lane, spoilt(), seed):
        if isinstance(one, Truth):
            continue
        out: list[Signal] = [one]
        for wire in carried:
            out = [after for before in out for after in wire(before)]
        yield from out


def _chance(name: str, seed: int) -> np.random.Generator:
    """Of one fault: another fault beside it changes nothing."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])

