"""What one vehicle really was, and how an alarm of its occupancy is to be judged: one JSON line of the truth file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hardware_mocks import physics
from hardware_mocks.scene_vehicles import Vehicle
from hardware_mocks.scenes import Site

NOTHING = -1                            # `vehicle` of an occupancy without one: the beam flickered
SIGMA = 1.0                             # cargo of a neighbour counts from one sigma of a second of the panels' sum: our choice


@dataclass(frozen=True, slots=True)
class Truth:
    """One vehicle in one occupancy.

    Seconds since the scene began, as the controller sent it: a stall delivers its bytes later,
    noise may spoil them.  An occupancy still open when the scene ends has no truth.
    """

    at_s: float                         # when this was known: GX, or the power's end or return
    vehicle: int                        # its number in the scene from 0; goes on counting over laps; -1: none was there
    name: str
    begins_s: float | None = None       # first record of its occupancy; None: the portal was dark
    ends_s: float | None = None         # GX; None: the power went first
    counter: int | None = None          # the number in GX
    gamma_source: bool = False
    neutron_source: bool = False
    gamma_alarm: bool = False           # the vendor's own GA in this occupancy
    neutron_alarm: bool = False         # NA
    others: int = 0                     # further vehicles in the same occupancy: it may be their alarm
    kind: str = ""                      # class of the first body: car, van, truck
    speed_kmh: float = 0.0              # as it broke the beam
    bodies_m: tuple[tuple[float, float], ...] = ()      # from and to of each, behind the front bumper
    second: str = ""                    # what the second body is: trailer, car, van, truck
    gamma_cps: float = 0.0              # of its source, net counts/s of the sum at closest approach
    neutron_cps: float = 0.0
    norm_cps: float = 0.0               # of its load, the most it adds to the sum
    patient_cps: float = 0.0
    # The most that all cargo near the portal, that of neighbours too, added in this occupancy; counts/s of the sum.
    seen_cps: tuple[float, float, float] = (0.0, 0.0, 0.0)      # sources' gamma, innocent gamma, neutrons
    if_gamma_alarm: str = "false"       # what a gamma alarm in this occupancy is: wanted, innocent or false
    if_neutron_alarm: str = "false"


def of(at_s: float, number: int, vehicle: Vehicle, **told: Any) -> Truth:
    """What a vehicle was, beside what was told of its occupancy (other fields of Truth)."""
    has: dict[str, Any] = cargo(vehicle)
    return Truth(
        at_s, number, vehicle.name, gamma_source=has["gamma_cps"] > 0, neutron_source=has["neutron_cps"] > 0,
        kind=vehicle.vehicle_class, speed_kmh=round(physics.beam_kmh(vehicle), 2), bodies_m=vehicle.bodies,
        second=vehicle.second.kind if vehicle.second else "", **has | told)


def cargo(vehicle: Vehicle) -> dict[str, float]:
    """Its strengths, net counts/s of the sum."""
    source, load, patient = vehicle.source, vehicle.load, vehicle.patient
    return {"gamma_cps": source.gamma_cps if source else 0.0, "neutron_cps": source.neutron_cps if source else 0.0,
            "norm_cps": load.gamma_cps if load else 0.0, "patient_cps": patient.gamma_cps if patient else 0.0}


def verdicts(site: Site, inside: list[Vehicle], seen: tuple[float, float, float]) -> dict[str, str]:
    """How alarms of an occupancy are to be judged, by what is in it and what neighbours add to it."""
    wanted, innocent, neutrons = seen
    noise = SIGMA * sum(p.gamma_cps for p in site.panels) ** 0.5
    noise_n = SIGMA * sum(p.neutron_cps for p in site.panels) ** 0.5
    has = [cargo(vehicle) for vehicle in inside]
    gamma = "false"
    if innocent > noise or any(each["norm_cps"] or each["patient_cps"] for each in has):
        gamma = "innocent"
    if wanted > noise or any(each["gamma_cps"] for each in has):
        gamma = "wanted"
    neutron = "wanted" if neutrons > noise_n or any(each["neutron_cps"] for each in has) else "false"
    return {"if_gamma_alarm": gamma, "if_neutron_alarm": neutron}
