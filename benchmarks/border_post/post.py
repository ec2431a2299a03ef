"""The post of the benchmark as data: what stands there, how it misbehaves, and what its lanes are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from edge_agent.doors.files import shipped_config
from hardware_mocks import scenes
from hardware_mocks.scenes import Scene

RATE_HZ = 5.0           # what every lane samples at: 0.2 s


@dataclass(frozen=True, slots=True)
class Unit:
    """One instrument."""

    lane: str
    driver: str
    scene: str
    wire: str                   # name of the wire it is on
    unit: int = 0               # Modbus address
    manners: str = ""           # as hardware_mocks takes them: silent, late=SECONDS/EVERY, noise=SHARE
    lane_keys: str = ""
    early_s: float = 0.0        # its vehicles come so much sooner than the scene says: lanes are told apart by their times


IO_PROFILE, IO_POLL_S = "shared-io", 0.1 # asked each 0.05 s, as shipped, lane 5 kept 87 % of its rate beside the bad ones
POST = (
    Unit("1", "rapiscan", "five", "rapiscan-1"),
    Unit("2", "rapiscan", "demo", "rapiscan-2"),
    Unit("3", "aspect", "five", "aspect-3", 1, lane_keys='count_means = "cumulative"\n', early_s=7.0),
    Unit("4", "aspect", "demo", "aspect-4", 1, lane_keys='count_means = "cumulative"\n', early_s=3.0),
    Unit("5", "modbus_map", "demo", "rs485", 1, early_s=6.0),
    Unit("6", "modbus_map", "demo", "rs485", 2, "silent"),
    Unit("7", "modbus_map", "demo", "rs485", 3, "late=0.5/3", early_s=12.0),       # answer_s is 0.3: every third answer is late
    Unit("8", "modbus_map", "demo", "rs485", 4, "noise=0.05", early_s=9.0),
)
MODULE = Unit("9", "modbus_io", "demo", "rs485", 9, lane_keys=f'mode = "continuous"\nprofile = "{IO_PROFILE}"\n')
SEES = tuple(unit for unit in POST if not unit.manners.startswith(("silent", "late")))      # asked often enough to see vehicles
WELL = tuple(unit for unit in POST if not unit.manners)
ASKED = tuple(unit for unit in POST if unit.driver != "rapiscan")
BAUD = 38_400
COILS = {"gamma": 0, "neutron": 0, "distance": 0, "fault": 1, "ready": 2, "horn": 3, "heartbeat": 4}
LAMPS = f"""[[annunciator.module]]
bus = "5"
unit = {MODULE.unit}
lanes = {[unit.lane for unit in WELL]}
coils = {{ {", ".join(f"{name} = {coil}" for name, coil in COILS.items())} }}
"""                     # the dead lane is left out, or green would never be
GPS_PORT = 2947
DOCUMENT_EVERY_S = 300.0    # a handheld's document in the inbox


def scene(unit: Unit) -> Scene:
    """What passes at it."""
    plain = scenes.load(unit.scene)
    vehicles = (replace(vehicle, arrives_s=vehicle.arrives_s - unit.early_s) for vehicle in plain.vehicles)
    return replace(plain, vehicles=tuple(vehicles))


def io_profile() -> str:
    """The shipped profile of an I/O module, asked as rarely as a shared line needs."""
    shipped = (shipped_config() / "profiles/modbus_io.toml").read_text()
    made = re.sub(r"(?m)^poll_s = [0-9.]+", f"poll_s = {IO_POLL_S}", shipped)
    assert made != shipped
    return made


def wires() -> Iterator[tuple[str, tuple[Unit, ...]]]:
    """Each wire with the instruments on it."""
    every = (*POST, MODULE)
    for wire in dict.fromkeys(unit.wire for unit in every):
        yield wire, tuple(unit for unit in every if unit.wire == wire)


def lane_text(unit: Unit, link: str) -> str:
    """Its [[lane]] in the configuration; `link` is the inside of its link table."""
    address = f", unit = {unit.unit}" if unit.unit else ""
    return f'[[lane]]\nname = "{unit.lane}"\ndriver = "{unit.driver}"\n{unit.lane_keys}link = {{ {link}{address} }}\n'
