"""What a Modbus instrument holds where, as data: the part of a profile that makes any instrument readable without code.

Addresses are those of the wire, from 0: the 1-based "40101" of a manual is `holding` 100.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.words.key import key

TABLES = ("holding", "input", "discrete", "coil")
MEANINGS = ("cumulative", "interval", "per-second")
UNKNOWN = "unknown"         # nobody has published it: a person must find out, there is no default
TYPES = ("u16", "i16", "u32", "i32", "f32")
STATES = (
    "occupied", "tamper", "mains-lost", "battery-low", "portal-error", "gamma-alarm", "neutron-alarm",
    "gamma-over-range", "neutron-over-range", "gamma-not-ready", "neutron-not-ready", "gamma-high-background",
    "gamma-low-background", "neutron-high-background", "neutron-low-background",
)
VALUES = ("speed", "occupancy-counter", "time", "interval-number")


@dataclass(frozen=True, slots=True)
class CountRegister:
    """Where the counts of one detector stand."""

    detector: str = key("detector name, as in gamma or neutron of this profile")
    address: int = key("first register, from 0 as on the wire", low=0, high=65535)
    means: str = key(
        "cumulative: counts since power-up, differences are taken; interval: counts of one interval of the profile, which "
        "needs a value time or interval-number to tell a new one; per-second: a rate; unknown: the lane must say (count_means)",
        choices=(*MEANINGS, UNKNOWN),
    )
    type: str = key("form of the number", "u32", choices=TYPES)
    table: str = key("Modbus table", "holding", choices=("holding", "input"))


@dataclass(frozen=True, slots=True)
class StateBit:
    """Where one yes-or-no of the instrument stands."""

    says: str = key("what the bit says", choices=STATES)
    address: int = key("register, coil or discrete input, from 0 as on the wire", low=0, high=65535)
    bit: int = key("bit of a register, 0 the lowest; coils and discrete inputs: 0", 0, low=0, high=15)
    table: str = key("Modbus table", "holding", choices=TABLES)
    inverted: bool = key("true where 0 means yes, as of fail-safe contacts", False)
    steady_s: float = key(
        "how long a no must stand before it is one, for contacts that bounce; a yes counts at once, none is missed", 0.0,
        unit="s", low=0, high=60,
    )


@dataclass(frozen=True, slots=True)
class ValueRegister:
    """Where another number stands."""

    says: str = key("what the number is", choices=VALUES)
    address: int = key("first register, from 0 as on the wire", low=0, high=65535)
    type: str = key("form of the number", "u16", choices=TYPES)
    scale: float = key("times the number gives m/s for speed, s for time", 1.0, low=1e-9, high=1e9)
    table: str = key("Modbus table", "holding", choices=("holding", "input"))


@dataclass(frozen=True, slots=True)
class InputBit:
    """Where one input of an I/O module stands that other lanes ask for by name."""

    name: str = key("what [lane.occupancy] calls it", pattern=r"[a-z0-9][a-z0-9_-]{0,31}", form="small letters, digits, _ -")
    address: int = key("register, coil or discrete input, from 0 as on the wire", low=0, high=65535)
    bit: int = key("bit of a register, 0 the lowest; coils and discrete inputs: 0", 0, low=0, high=15)
    table: str = key("Modbus table", "discrete", choices=TABLES)
    inverted: bool = key("true where 0 means yes, as of fail-safe contacts", False)


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """Every register that is read, and how often."""

    word_order: str = key(
        "which half of a 32-bit number comes first; makers differ and a wrong guess gives wrong counts, so there is no default",
        choices=("high-first", "low-first"),
    )
    count: list[CountRegister] = key("counts, one table for each detector; an I/O module has none", [])
    poll_s: float = key("how often everything is asked for", 0.2, unit="s", low=0.02, high=60)
    holes: int = key(
        "registers of no use that may be read along, so that more comes with one question and is of one moment; 0 where the "
        "instrument refuses to be asked over a hole of its map", 0, low=0, high=120,
    )
    step_s: float = key(
        "how often the instrument renews cumulative counts, where it has no value time; it must be asked three times as "
        "often; 0: it counts every pulse up at once", 0.0, unit="s", low=0, high=60,
    )
    state: list[StateBit] = key("yes-or-no states", [])
    value: list[ValueRegister] = key("other numbers", [])
    input: list[InputBit] = key("inputs of an I/O module, by name", [])
