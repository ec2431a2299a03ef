"""What a portal tells us.  Plain values: no I/O, no clocks, no imports of ours.

`at_ns` is CLOCK_BOOTTIME of the controller in nanoseconds, stamped when the bytes arrived (the wire carries no
time).  UTC is put beside it once, when a record is signed; rates use `interval_s` and never a clock.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Radiation(enum.Enum):
    GAMMA = "gamma"
    NEUTRON = "neutron"


class Condition(enum.Enum):
    """States of health a portal or its wire can be in."""

    TAMPER = "tamper"                      # a cabinet door is open
    HIGH_BACKGROUND = "high-background"    # the portal's own limit
    LOW_BACKGROUND = "low-background"
    SILENCE = "silence"                    # nothing on the wire for longer than the profile allows
    LINK = "link"                          # the wire could not be opened, or broke
    UNREADABLE = "unreadable"              # bytes that are not this protocol
    SPOILED = "spoiled-counts"             # counts no detector gives, on a line with unreadable ones
    COUNTER_GAP = "occupancy-counter-gap"  # occupancies ended that we did not see
    POWER_CYCLE = "portal-restart"         # the portal started anew
    PRE_SAMPLES = "pre-samples"            # opening burst is not as long as the profile says
    LATE = "late-delivery"                 # a burst in mid-occupancy: back-spaced, flagged
    MISSING = "missing-samples"            # fewer samples than the cadence gives
    KSIGMA_ONLY = "vehicle-ksigma-only"    # the sensitive rules were not armed for a vehicle: too little background before it
    HALF_SEEN = "vehicle-half-seen"        # most of a vehicle's samples never came: it was not judged
    TWICE = "duplicate-samples"            # the same sample again at once
    PROFILE = "profile-mismatch"           # counts that do not fit the profile
    TRAFFIC = "traffic-changed"            # vehicles no longer shadow as they did when the model was learned
    MODEL = "model-unusable"               # the lane's shadow model is missing, damaged or of another lane: the test is off
    OVERDUE = "occupancy-overdue"          # occupied longer than any vehicle: a beam stuck or a lane blocked
    MAINS = "mains-lost"                   # the portal runs on its battery
    BATTERY = "battery-low"
    DEVICE = "portal-error"                # the portal's electronics report an error of their own
    NOT_READY = "not-ready"                # a channel of the portal does not count yet, or no more
    OVER = "over-range"                    # the instrument says its detector is overloaded: keep away
    ALARM = "instrument-alarm"             # the instrument's own alarm, where it gives a dose rate and no counts
    OCCUPANCY = "occupancy-unknown"        # the I/O module whose inputs tell of vehicles is silent
    RESTARTS = "module-restarts"           # that module fell silent again and again, and came back each time
    BEAM = "beam-missing"                  # one beam of a pair is no longer broken by vehicles
    STUCK = "beam-stuck"                   # one beam is broken most of the time, or all together
    FLICKERS = "beam-flickers"             # one beam of a pair is broken for moments, by nothing
    CROSSED = "beams-crossed"              # every vehicle comes from the rear beam to the front one
    TAMPER_BOUNCES = "tamper-bounces"      # a door that opens and shuts again and again
    SPEED = "speed-sensor"                 # a speed that is no vehicle's, or the same of everyone
    JUDGES_NOTHING = "portal-judges-nothing"   # loads far above its limit, and no alarm of its own
    DOSE = "dose-rate-high"                # above the limit of our profile
    REFUSED = "instrument-refuses"         # it answers, and says no: a wrong map, or a broken instrument


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as the wire gave them: the seam for recording, replay, simulation and fuzzing."""

    at_ns: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts of one radiation in one interval, detector by detector."""

    at_ns: int                      # end of the interval
    radiation: Radiation
    interval_s: float
    counts: tuple[int, ...]         # in the order the profile names detectors
    occupied: bool
    vendor_alarm: bool = False      # the portal's own electronics alarm on it
    late: bool = False              # delivered in a burst; at_ns is back-spaced


@dataclass(frozen=True, slots=True)
class VacantRate:
    """A background rate the portal computed itself while vacant."""

    at_ns: int
    radiation: Radiation
    rates_cps: tuple[int, ...]
    limit: Condition | None = None  # the portal says it is too high or too low


@dataclass(frozen=True, slots=True)
class DoseRate:
    """What an instrument shows that gives no counts.  Never converted, never made into counts."""

    at_ns: int
    value: float
    unit: str                       # its own: "uSv/h", "mR/h", ...
    error_pct: float | None = None  # statistical, where it says


@dataclass(frozen=True, slots=True)
class Speed:
    """Speed of the vehicle as the portal's beams measured it."""

    at_ns: int
    speed_mps: float
    reverse: bool = False           # against the lane's direction, where beams tell


@dataclass(frozen=True, slots=True)
class OccupancyEnd:
    """The portal says the occupancy is over; `counter` is its own running number."""

    at_ns: int
    counter: int


@dataclass(frozen=True, slots=True)
class Health:
    """A condition that begins (`present`) or ends."""

    at_ns: int
    condition: Condition
    present: bool
    detail: str = ""
    part: str = ""                  # "gamma", "neutron", ... where each has the condition for itself


@dataclass(frozen=True, slots=True)
class Setup:
    """One line of the portal's own settings, as it dumps them at power-up."""

    at_ns: int
    tag: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are not this protocol.  Nothing is dropped or guessed: they are kept, counted, reported."""

    at_ns: int
    data: bytes
    reason: str
    kind: str = ""                  # of the trouble of a line that is asked: "checksum", "length", "framing", "late"


@dataclass(frozen=True, slots=True)
class Missed:
    """A question that was not answered in time.  Counted; the silence of an instrument is seen by its cadence."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Unchanged:
    """For a while an instrument that is asked has answered, and nothing in its answers was new."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs of an I/O module, by name, as one answer gave them: `True` is yes, whatever its contact does."""

    at_ns: int
    states: tuple[tuple[str, bool], ...]


Reading = (
    Sample | VacantRate | DoseRate | Speed | OccupancyEnd | Health | Setup | Inputs | Unreadable | Missed | Unchanged
)
