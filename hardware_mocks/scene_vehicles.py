"""A vehicle of a scene: how it moves, what it takes from the background and what it carries.  Plain frozen values.

Lengths run along the lane: 0 is the light beam in the plane of the panels, positive is past it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from hardware_mocks.checked import Checked, Matching, Moment, Number, Positive, PositiveRate, Range, Rate, SceneError, Share

CLASSES = ("car", "van", "truck")       # in the order of passage_vehicles
CLASS_ENDS_M = (6.0, 9.0)               # below, between, above (detection.md 3.3)
Kind = Annotated[str, Matching(("", *CLASSES))]


@dataclass(frozen=True, slots=True)
class Source(Checked):
    """A point source: somebody hides it.  Rates are net, summed over four panels at closest approach."""

    gamma_cps: Rate = 0.0
    neutron_cps: Rate = 0.0
    position_m: float = 2.0         # behind the front bumper
    lateral_m: Annotated[float, Range(-2.0, 2.0)] = 0.0   # from the centre line; panels are at 2.5
    height_m: Number = 1.5


@dataclass(frozen=True, slots=True)
class Load(Checked):
    """Natural radioactivity (NORM: fertiliser, tiles, cat litter) over a length of the vehicle: innocent."""

    gamma_cps: PositiveRate         # the most it adds to the sum of four panels: trucks 150-3000 (passages)
    from_m: float = 3.0             # behind the front bumper
    length_m: Positive = 8.0
    lateral_m: Annotated[float, Range(-2.0, 2.0)] = 0.0
    height_m: Number = 1.8


@dataclass(frozen=True, slots=True)
class Patient(Checked):
    """A person after nuclear medicine: innocent, and often the strongest thing of the day."""

    gamma_cps: PositiveRate         # 200-20000 in the sum of four panels (passages)
    position_m: float = 1.9         # the front seats, behind the front bumper
    lateral_m: Annotated[float, Range(-2.0, 2.0)] = -0.4
    height_m: Number = 1.0


@dataclass(frozen=True, slots=True)
class Stop(Checked):
    """It stands once; reached and left at once."""

    at_m: float                     # where its front stands; negative waits before the beam
    for_s: Number


@dataclass(frozen=True, slots=True)
class Crawl(Checked):
    """A stretch it creeps along."""

    from_m: float                   # of its front
    to_m: float
    kmh: Annotated[float, Range(0.1, 200.0)] = 2.0

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if self.to_m <= self.from_m:
            raise SceneError("to_m", f"a place beyond from_m = {self.from_m:g}", self.to_m)


@dataclass(frozen=True, slots=True)
class Body(Checked):
    """A second body at the same pace: what it pulls, or another vehicle close behind."""

    length_m: Positive
    gap_m: Number = 1.0             # trailers 0.7-1.5 m, close followers 1.5-4 m (passage_vehicles)
    kind: Annotated[str, Matching(("trailer", *CLASSES))] = "trailer"
    shadow: Share = 0.0             # as Vehicle.shadow


@dataclass(frozen=True, slots=True)
class Vehicle(Checked):
    """One passage.  `speed_kmh` is its pace; `wobble`, `crawl` and stops change it along the way."""

    arrives_s: Moment               # its front breaks the beam
    name: str = "car"
    speed_kmh: Annotated[float, Range(0.1, 200.0)] = 8.0    # 8 km/h: the ANSI N42.35 test speed
    length_m: Positive = 4.5        # of the first body
    shadow: Share = 0.0             # part of the background it takes away: cars 0.02-0.12, trucks 0.1-0.25
    shadow_shape: tuple[float, ...] = ()            # cos(k pi u) terms, k = 1.., as parts of `shadow`
    shadow_panels: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)     # parts of `shadow`, panel by panel
    source: Source | None = None
    stop_at_m: float = 0.0          # one stop, in short: where its front stands; negative waits before the beam
    stop_s: Number = 0.0
    kind: Kind = ""                 # class; empty: by its length
    wobble: Annotated[float, Range(0.0, 1.0)] = 0.0     # the speed swings by this part to both sides (in its logarithm)
    wave_m: Positive = 15.0         # over such a way: 8-25 m (passage_vehicles)
    phase: float = 0.0              # of the swing at the beam, radians
    crawl: Crawl | None = None
    stops: tuple[Stop, ...] = ()    # more of them: stop and go
    second: Body | None = None
    shadow_family: Annotated[str, Matching(("", "smooth", "blocks"))] = ""   # drawn as in the study, instead of shape and panels
    shadow_seed: Annotated[int, Range(0)] = 0       # of the draw; a `shadow` of 0 is drawn for its class, too
    load: Load | None = None
    patient: Patient | None = None

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if len(self.shadow_panels) != 4:
            raise SceneError("shadow_panels", "four numbers", self.shadow_panels)
        most = max(self.shadow, self.second.shadow if self.second else 0.0)
        if most * max(self.shadow_panels) * (1 + sum(map(abs, self.shadow_shape))) > 1:
            raise SceneError("shadow", "a depth that leaves no panel below zero", most)
        if self.shadow_family and (self.shadow_shape or len(set(self.shadow_panels)) > 1):
            raise SceneError("shadow_family", "none beside shadow_shape or shadow_panels: it draws both", self.shadow_family)

    @property
    def vehicle_class(self) -> str:
        """As told, or by the length of the first body."""
        return self.kind or CLASSES[sum(self.length_m > end for end in CLASS_ENDS_M)]

    @property
    def bodies(self) -> tuple[tuple[float, float], ...]:
        """From and to of each body, metres behind the front bumper."""
        first = (0.0, self.length_m)
        if self.second is None:
            return (first,)
        begins = self.length_m + self.second.gap_m
        return (first, (begins, begins + self.second.length_m))

    @property
    def whole_m(self) -> float:
        """To the rear of the last body."""
        return self.bodies[-1][1]
