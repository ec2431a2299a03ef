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


class Lane:
    """One lane on its own time, that breaks when it is told to."""

    def __init__(self, hours: float, seed: int) -> None:
        self._scene, self._seed = scene(hours, seed), seed
        self._counted: list[broken_counts.Change] = []
        self._carried: list[broken_wire.Wire] = []

    def break_down(self, names: Iterable[str], from_s: float) -> None:
        """From this moment on.  KeyError: no such fault."""
        for name in names:
            if name in broken_counts.FAULTS:
                self._counted.append(broken_counts.FAULTS[name](_chance(name, self._seed), from_s))
            else:
                self._carried.append(broken_wire.FAULTS[name](_chance(name, self._seed), from_s))

    def signals(self) -> Iterator[Signal]:
        """What comes out of the cable."""
        for one in rapiscan.of_slices(self._scene, self._slices(), self._seed):
            if not isinstance(one, Truth):
                out: list[Signal] = [one]
                for wire in self._carried:
                    out = [after for before in out for after in wire(before)]
                yield from out

    def _slices(self) -> Iterator[Slice]:
        for one in slices(self._scene, self._seed):
            for change in self._counted:
                one = change(one)
            yield one


def signals(names: Iterable[str], hours: float, seed: int, from_s: float = 900.0) -> Iterator[Signal]:
    """A whole portal until `from_s`, a broken one after it.  KeyError: no such fault."""
    lane = Lane(hours, seed)
    lane.break_down(names, from_s)
    return lane.signals()


def _chance(name: str, seed: int) -> np.random.Generator:
    """Of one fault: another fault beside it changes nothing."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])

