"""What the agent concludes.  Each event becomes one record; `at_ns` is CLOCK_BOOTTIME as in readings."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.words.reading import Radiation

HALF = 0.5      # a source is over one panel for a second or two: where half the samples are missing it may be in the holes


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every number needed to judge an alarm again.  Counts and expected are of `window_s`."""

    rule: str                       # focus/1, ksigma/1, shadow/1, neutron/1, neutron-template/1, overload/1, dose/1 or vendor
    statistic: float | None         # None: the vendor's electronics do not say
    threshold: float | None
    window_s: float
    counts: int
    expected: float | None          # background expected in the window
    expected_sd: float | None       # the background's own error
    detectors: tuple[str, ...]      # the sum that crossed
    place: dict[str, float] = field(default_factory=dict)    # where along and across the vehicle, where a rule knows


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the numbers of an alarm mean (judgement/explain.py); None: not known for this rule."""

    budget: float | None = None                   # false alarms per passage the threshold stands for
    false_alarms_per_day: float | None = None     # clean traffic of this lane would give a statistic so high so often
    confidence: str | None = None                 # "low", "medium", "high", "very high"
    side: str | None = None                       # "left", "middle", "right" as driven
    basis: str = ""                               # where the rate comes from


@dataclass(frozen=True, slots=True)
class MeasuredDose:
    """What an instrument without counts alarmed at, in its own unit."""

    value: float | None                   # None: it alarmed, and no measurement of that moment came
    unit: str
    limit: float | None                   # ours; None: the instrument's own alarm, its limit is not known here


@dataclass(frozen=True, slots=True)
class Alarm:
    """The first crossing of one rule in one occupancy (or in the vacant lane, occupancy None)."""

    at_ns: int
    lane: str
    id: str
    radiation: Radiation
    judgement: Judgement
    detector_counts: dict[str, int]       # last interval, detector by detector
    background_cps: dict[str, float]
    occupancy: str | None
    speed_mps: float | None
    notes: tuple[str, ...] = ()           # why this alarm deserves a second look, for people
    explanation: Explanation = Explanation()
    also: tuple[tuple[str, str], ...] = ()    # (rule, radiation) that had alarmed before, in this occupancy
    dose: MeasuredDose | None = None      # where there are no counts


@dataclass(frozen=True, slots=True)
class Occupancy:
    """One vehicle or person in the portal, written when it is over."""

    at_ns: int
    lane: str
    id: str
    begin_ns: int
    end_ns: int
    ended: str                            # "portal", "background-seen", "portal-restart", "silence", "stopped", "overdue"
    counter: int | None                   # the portal's own number
    alarms: tuple[str, ...]
    vendor_gamma: bool
    vendor_neutron: bool
    speed_mps: float | None
    series: dict[str, Series] = field(default_factory=dict)      # by radiation
    statistics: dict[str, float] = field(default_factory=dict)   # largest of each rule
    backgrounds: dict[str, VacantBackground] = field(default_factory=dict)   # by radiation, as it was compared with
    notes: tuple[str, ...] = ()
    seen: float = 1.0                     # share of its time in the lane that gamma samples cover
    sources: dict[str, dict[str, float]] = field(default_factory=dict)   # by rule that alarmed: place, of the whole passage

    @property
    def half_seen(self) -> bool:
        """So little of it that no alarm means nothing."""
        return self.seen < HALF


@dataclass(frozen=True, slots=True)
class VacantBackground:
    """The background an occupancy was compared with, and how well it was known."""

    rates_cps: dict[str, float]           # per detector, at the begin of the occupancy
    exposure_s: float                     # vacant counting behind it
    age_s: float                          # since the last vacant counts


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of one radiation through an occupancy, with the seconds before it."""

    interval_s: float
    begin_ns: int                         # end of the first interval
    counts: dict[str, tuple[int, ...]]    # per detector, equal lengths


@dataclass(frozen=True, slots=True)
class Fault:
    """Something does not work, from `present` to not `present`."""

    at_ns: int
    lane: str | None
    condition: str
    present: bool
    detail: str
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tamper:
    """A cabinet of the portal was opened or closed."""

    at_ns: int
    lane: str
    open: bool


Event = Alarm | Occupancy | Fault | Tamper
