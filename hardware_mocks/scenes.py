"""What happens in front of a portal, as plain frozen values.  Times are seconds since the scene began.

Vehicles: scene_vehicles; what befalls the lane: scene_faults; random traffic: scene_traffic.

Lengths run along the lane: 0 is the light beam in the plane of the panels, positive is past it.
Build scenes here in Python, or in TOML with the same names (`hardware_mocks/scenes/*.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from hardware_mocks.checked import Checked, Number, Positive, Range, Rate, SceneError, Share, build
from hardware_mocks.scene_faults import (
    BeamFlicker,
    DeadPanel,
    DeadTube,
    DropConnection,
    GainDrift,
    HighBackground,
    LightLeak,
    LineNoise,
    PowerCycle,
    Rain,
    Showers,
    Stall,
    Tamper,
)
from hardware_mocks.scene_traffic import Traffic
from hardware_mocks.scene_vehicles import Body, Crawl, Load, Patient, Source, Stop, Vehicle

__all__ = [
    "PANELS", "SCENES", "BeamFlicker", "Body", "Crawl", "DeadPanel", "DeadTube", "DropConnection", "GainDrift",
    "HighBackground", "LightLeak", "LineNoise", "Load", "Panel", "Patient", "Portal", "PowerCycle", "Rain", "Scene",
    "Showers", "Site", "Source", "Stall", "Stop", "Tamper", "Traffic", "Vehicle", "convoy", "load", "names",
]
SCENES = Path(__file__).parent / "scenes"


@dataclass(frozen=True, slots=True)
class Panel(Checked):
    """One gamma panel with the neutron tube beside it, on a pillar."""

    name: str
    across_m: float                 # from the lane's centre line, driver's left negative
    height_m: Number
    gamma_cps: Rate                 # vacant background
    neutron_cps: Rate
    along_m: float = 0.0            # beyond the beam


# Order: master upper, master lower, slave upper, slave lower (SRLS RPMProfile.ts).  SRLS
# RPMSimulator.ts and OSCAR each say otherwise, so a scene can list its panels in any order.
# Rates: SRLS default is 256 cps a panel; neutrons within the 0-10 cps a bank that the PM-700/VM-250
# manual calls normal.  Pillars 5 m apart: ITRAP (TECDOC-1312) allows 3 m to each.  Heights: our choice.
PANELS = (
    Panel("master upper", -2.5, 2.4, 256.0, 0.6),
    Panel("master lower", -2.5, 0.9, 244.0, 0.8),
    Panel("slave upper", 2.5, 2.4, 260.0, 0.7),
    Panel("slave lower", 2.5, 0.9, 240.0, 0.9),
)


@dataclass(frozen=True, slots=True)
class Site(Checked):
    """The place: panels and how its background wanders."""

    panels: tuple[Panel, ...] = PANELS
    drift: Share = 0.005            # amplitude of a slow sine on the gamma background
    drift_period_s: Positive = 3600.0

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if len(self.panels) != 4:    # every TSA/Rapiscan record has four fields (SRLS RPMProfile.ts)
            raise SceneError("panels", "four panels", len(self.panels))


@dataclass(frozen=True, slots=True)
class Portal(Checked):
    """The controller's settings, as in its SG and SN setup records."""

    background_every_s: Annotated[float, Range(0.2)] = 5.0     # SRLS; other values only for demos
    background_exposure_s: Annotated[float, Range(0.2)] = 1.0  # GB is a 1-s average (SRLS)
    background_time_s: Annotated[float, Range(5.0, 999.0)] = 20.0   # SG3 sample: 020
    neutron_time_s: Annotated[float, Range(5.0, 999.0)] = 120.0     # SN1 sample: 120
    pre_samples: Annotated[int, Range(0, 50)] = 5   # gamma records of the past that open an occupancy
    intervals: Annotated[int, Range(1, 99)] = 5     # 0.2 s slices summed by the alarm rule (SG1, normal 5)
    hold_in: Annotated[int, Range(1, 99)] = 10      # slices kept after the beam clears (SG1, normal 10)
    n_sigma: Positive = 7.0                         # OSCAR default; SRLS uses 7 to 8
    algorithm: str = "1111"                         # SUM, HORIZONTAL, VERTICAL, SINGLE (SG2)
    gamma_high_cps: Positive = 450.0                # SG1 sample; SRLS has 300, within noise of 1-s counts
    gamma_low_cps: Number = 68.0                    # SG1 sample
    neutron_high_cps: Positive = 50.0               # SN1 sample
    setup_dump: bool = True                         # SG/SN at power-up: recalled, not documented

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if len(self.algorithm) != 4 or set(self.algorithm) - {"0", "1"}:
            raise SceneError("algorithm", "four digits 0 or 1", self.algorithm)


@dataclass(frozen=True, slots=True)
class Scene(Checked):
    """Everything that happens at one portal."""

    duration_s: Positive
    time_of_day_s: Annotated[float, Range(0.0, 86400.0)] = 43200.0  # portal clock at the start: midnight resets GX
    site: Site = Site()
    portal: Portal = Portal()
    vehicles: tuple[Vehicle, ...] = ()
    tampers: tuple[Tamper, ...] = ()
    dead_tubes: tuple[DeadTube, ...] = ()
    dead_panels: tuple[DeadPanel, ...] = ()
    line_noises: tuple[LineNoise, ...] = ()
    power_cycles: tuple[PowerCycle, ...] = ()
    drop_connections: tuple[DropConnection, ...] = ()
    stalls: tuple[Stall, ...] = ()
    high_backgrounds: tuple[HighBackground, ...] = ()
    gain_drifts: tuple[GainDrift, ...] = ()
    light_leaks: tuple[LightLeak, ...] = ()
    rains: tuple[Rain, ...] = ()
    showers: tuple[Showers, ...] = ()
    flickers: tuple[BeamFlicker, ...] = ()
    traffic: Traffic | None = None  # drawn by its seed, besides `vehicles`
    about: str = ""                 # one sentence for `--list`


def convoy(vehicles: Iterable[Vehicle], first_s: float = 30.0, gap_s: float = 12.0) -> tuple[Vehicle, ...]:
    """The vehicles one after another, `gap_s` from one's rear to the next one's front at the beam."""
    placed: list[Vehicle] = []
    at_s = first_s
    for vehicle in vehicles:
        placed.append(replace(vehicle, arrives_s=at_s))
        at_s += vehicle.length_m / (vehicle.speed_kmh / 3.6) + vehicle.stop_s + gap_s
    return tuple(placed)


def names() -> list[str]:
    """Of the built-in scenes."""
    return sorted(path.stem for path in SCENES.glob("*.toml"))


def load(name: str) -> Scene:
    """A scene from a TOML file, or a built-in one by its bare name (`demo`)."""
    path = Path(name)
    if path.suffix != ".toml" and (SCENES / f"{name}.toml").exists():
        path = SCENES / f"{name}.toml"
    try:
        return build(Scene, tomllib.loads(path.read_text(encoding="utf-8")))
    except SceneError as problem:
        raise problem.under(f"{path}: ") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise SceneError(str(path), f"a scene file, or one of {', '.join(names())}", str(problem)) from None
    except tomllib.TOMLDecodeError as problem:
        raise SceneError(str(path), "TOML", str(problem)) from None
