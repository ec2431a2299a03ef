"""What befalls a lane or its portal: weather, ageing, broken parts, bad lines.  Plain frozen values, times in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from hardware_mocks.checked import Checked, Index, Matching, Number, Positive, Range


@dataclass(frozen=True, slots=True)
class Tamper(Checked):
    """A cabinet door: TT when it opens, TC when it closes."""

    open_s: Number
    close_s: Number


@dataclass(frozen=True, slots=True)
class DeadTube(Checked):
    """A neutron tube that counts nothing."""

    at_s: Number
    index: Index
    until_s: Number = math.inf


@dataclass(frozen=True, slots=True)
class DeadPanel(Checked):
    """A gamma panel that counts nothing."""

    at_s: Number
    index: Index
    until_s: Number = math.inf


@dataclass(frozen=True, slots=True)
class GainDrift(Checked):
    """A panel whose threshold wanders: it counts ever less (or more) of everything."""

    at_s: Number
    index: Index
    per_hour: float = -0.10         # part of its rate an hour, straight
    most: Positive = 0.15           # and no further: parts of its rate to either side
    until_s: Number = math.inf


@dataclass(frozen=True, slots=True)
class LightLeak(Checked):
    """A panel's wrapping lets light in: pulses that are no radiation, a part of its own background."""

    at_s: Number
    index: Index
    rise: Number = 0.20             # up to 20 % (passages)
    grows_s: Positive = 60.0        # a minute (shapes.LEAK_GROWS_S); with the sun: hours
    until_s: Number = math.inf


@dataclass(frozen=True, slots=True)
class Rain(Checked):
    """A shower of rain: the background builds up while it lasts, and half of that is gone 30 min after it (shapes)."""

    at_s: Number
    lasts_s: Positive = 2400.0      # 20-60 min (passages)
    rise: Number = 0.20             # about 20 % at most (algorithms.md 1)


@dataclass(frozen=True, slots=True)
class Showers(Checked):
    """Cosmic-ray showers: several neutrons in one 0.2 s slice, spread over the tubes."""

    at_s: Number = 0.0
    until_s: Number = math.inf
    per_hour: Number = 36.0         # one in 100 s, geometric with mean 4: as native/simulate.c
    neutrons: Annotated[float, Range(1.0)] = 4.0


@dataclass(frozen=True, slots=True)
class BeamFlicker(Checked):
    """The light beam is wrong for moments: `clears` through a vehicle's gaps, or `blocks` (snow, birds) with none there."""

    at_s: Number
    until_s: Number
    kind: Annotated[str, Matching(("clears", "blocks"))] = "clears"
    every_s: Positive = 2.0
    lasts_s: Positive = 0.6         # of each moment; a clear one longer than the hold-in cuts the occupancy in two


@dataclass(frozen=True, slots=True)
class LineNoise(Checked):
    """A bad cable: `garbage` between records, `flips` in them, or `endless`: no line end at all."""

    at_s: Number
    duration_s: Positive
    kind: Annotated[str, Matching(("garbage", "flips", "endless"))] = "garbage"


@dataclass(frozen=True, slots=True)
class PowerCycle(Checked):
    """The controller is dark for `off_s`; its occupancy counter starts again."""

    at_s: Number
    off_s: Positive


@dataclass(frozen=True, slots=True)
class DropConnection(Checked):
    """The controller closes its TCP connections and listens again at once."""

    at_s: Number


@dataclass(frozen=True, slots=True)
class Stall(Checked):
    """The network holds the bytes back, then delivers them late in one burst."""

    at_s: Number
    duration_s: Positive


@dataclass(frozen=True, slots=True)
class HighBackground(Checked):
    """Radon or a neighbour's X-ray: the background times a factor, at once."""

    at_s: Number
    until_s: Number
    factor: Number = 1.5
    neutron_factor: Number = 1.0
