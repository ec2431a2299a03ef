"""What the alarm kernel is told and what it answers: plain values, names as in native/ea_kernel.h."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from edge_agent._kernel import lib


class Refused(ValueError):
    """The kernel refused and has changed nothing."""


class SettingsRefused(Refused):
    """A number in KernelSettings is outside what the kernel can work with."""


class SampleRefused(Refused):
    """Counts, rate or interval cannot be a measurement of this lane."""


class TimeRefused(Refused):
    """Time went backwards, or is not a time."""


class StateRefused(Refused):
    """The saved state does not belong to this lane, or comes too late for it."""


class ModelRefused(Refused):
    """The shadow model does not fit this lane's panels, or cannot be computed with."""


@dataclass(frozen=True, slots=True)
class KernelSettings:
    """What one lane judges with.  Order and names as in ea_settings.  Sources: docs in native/ and detection.md 3.

    panels, tubes           gamma panels (1..16) and neutron channels (0..8) of the lane
    background_s            s of vacant time behind the gamma background; portals use 20-120
    neutron_background_s    s; longer because counts are few: 600 counts at 2 cps, 4 %
    guard_s                 s of vacant time dropped before an occupancy: the vehicle shadows before it breaks the beam
    hold_in_s               s an occupancy lasts on after the beam clears; 0: the portal did it already
    arm_exposure_s          s of vacant exposure before FOCuS is armed; its own error stands in the statistic
    neutron_arm_s           s; the exact test is right at any exposure, below this it only sees too little
    level_sd                relative; what never averages out (detection.md 3.2)
    level_sd_per_min        relative per minute since the last vacant sample: drift during a queue (detection.md 3.2)
    slope_sd_per_min        relative per minute, prior of the trend: rain and radon (algorithms.md 4.1)
    focus_threshold         sigma; 5.1 without shadows (algorithms.md 4.4)
    ksigma_n                sigma; 7 is the usual field setting (algorithms.md 1)
    ksigma_intervals        samples in the compatibility sum; 5 x 0.2 s in the field
    neutron_p               one look alarms below this; at 2 cps 1e-6 gives 2e-5 false alarms per passage of 10 s
                            with 0.2 s samples, 8e-6 with 1 s (native/out/simulate neutron 1000000 10 0.2 2 0)
    glrt_threshold          sigma of the shadow test; 0: computed, never armed (it comes from a calibration)
    before_s, after_s       s of vacant samples in a passage before its beam breaks and after it clears, at most guard_s:
                            a soft vehicle edge of 2 m shadows, and a source at an end is seen, that much at 2 m/s
    begin_offset_s          s by which the beam broke later than `beam` says: past samples that open a burst
    end_offset_s            s by which it cleared later; negative: the portal's own hold-in
    neutron_template_threshold  sqrt(2 log likelihood ratio) of the neutron template; 0: computed, never armed
    focus_vacant_threshold  sigma, of FOCuS in the vacant lane (docs/decisions/0006)
    neutron_vacant_p        a neutron look alarms below this there
    stand_s                 s; a passage longer than this stands and its thresholds grow (native/vacant.c)
    focus_window_s          s, the longest FOCuS window in the vacant lane; at most background_s
    suspect_s               s a vacant lane that looks like a source is not learned from, at most (native/suspicion.c)
    groups                  panel masks of the compatibility sums, bit 0 the first panel; empty: the sum of all
    """

    panels: int
    tubes: int = 0
    background_s: float = 120.0
    neutron_background_s: float = 300.0
    guard_s: float = 2.0
    hold_in_s: float = 0.0
    arm_exposure_s: float = 4.0
    neutron_arm_s: float = 10.0
    level_sd: float = 0.0015
    level_sd_per_min: float = 0.003
    slope_sd_per_min: float = 0.006
    focus_threshold: float = 5.1
    ksigma_n: float = 7.0
    ksigma_intervals: int = 5
    neutron_p: float = 1e-6
    glrt_threshold: float = 0.0
    before_s: float = 2.0
    after_s: float = 2.0
    begin_offset_s: float = 0.0
    end_offset_s: float = 0.0
    neutron_template_threshold: float = 0.0
    focus_vacant_threshold: float = 5.6
    neutron_vacant_p: float = 1e-7
    stand_s: float = 10.0
    focus_window_s: float = 120.0
    suspect_s: float = 300.0
    groups: tuple[int, ...] = ()


class Score(NamedTuple):
    """What one rule saw at one sample: ea_score, field by field."""

    crossed: bool
    armed: bool
    mask: int
    statistic: float
    threshold: float
    window_s: float
    counts: float
    expected: float
    expected_sd: float


class Look(NamedTuple):
    """All rules at one sample; rules of the other radiation are UNSEEN."""

    ksigma: Score
    focus: Score
    neutron: Score


class Background(NamedTuple):
    """The vacant background projected to the time asked for; exposure_s 0: none yet."""

    rate_cps: tuple[float, ...]
    exposure_s: float
    age_s: float
    relative_sd: float
    slope_per_min: float
    armed: bool


class Tally(NamedTuple):
    """What the kernel did on its own account; pairs are (gamma, neutron).  Meanings in ea_kernel.h."""

    suspect: tuple[bool, bool]
    suspect_s: tuple[float, float]
    relearned: tuple[int, int]
    hull_blocks: int
    hull_overflows: int
    neutron_clips: int


class Why(enum.IntEnum):
    """Why there is no statistic of the shadow test; SEEN: there is one."""

    SEEN = lib.EA_SEEN
    NO_PASSAGE = lib.EA_NO_PASSAGE
    NO_BACKGROUND = lib.EA_NO_BACKGROUND
    NO_SPEED = lib.EA_NO_SPEED
    NO_LENGTH = lib.EA_NO_LENGTH
    FEW_BINS = lib.EA_FEW_BINS
    NO_GEOMETRY = lib.EA_NO_GEOMETRY
    NO_MODEL = lib.EA_NO_MODEL
    INTERRUPTED = lib.EA_INTERRUPTED


class Shadow(NamedTuple):
    """The shadow test at one look: ea_shadow, field by field."""

    why: Why
    armed: bool
    crossed: bool
    finished: bool
    length_class: int
    bins: int
    mask: int
    speed_measured: bool
    statistic: float
    threshold: float
    misfit: float
    depth: float
    speed_mps: float
    length_m: float
    at_s: float
    after_on_s: float
    behind_m: float
    lateral_m: float
    source_cps: float
    source_sd: float
    window_s: float
    counts: float
    expected: float
    background: float


class NeutronSource(NamedTuple):
    """The neutron template at one look: ea_neutron_source, field by field."""

    why: Why
    armed: bool
    crossed: bool
    finished: bool
    bins: int
    speed_measured: bool
    statistic: float
    threshold: float
    speed_mps: float
    at_s: float
    after_on_s: float
    behind_m: float
    source_cps: float
    window_s: float
    counts: float
    expected: float


class Design(NamedTuple):
    """One passage as the shadow test sees it: ea_design, arrays cut to what is in them."""

    why: Why
    finished: bool
    speed_measured: bool
    mask: int
    on_s: float
    speed_mps: float
    length_m: float
    grid_s: float
    bin_s: float
    common_var: float
    own_var: list[float]                # [panel]
    background_cps: list[float]         # [panel]
    slot: list[int]                     # [bin]
    exposure_s: list[float]             # [bin]
    counts: list[list[float]]           # [panel][bin]
    basis: list[list[list[float]]]      # [panel][bin][k]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the panels stand; meanings in ea_geometry.  One entry per panel, in m; lateral_m: places tried."""

    along_m: tuple[float, ...]
    across_m: tuple[float, ...]
    height_m: tuple[float, ...]
    response: tuple[float, ...]
    lateral_m: tuple[float, ...] = (0.0, 0.8, -0.8)     # detection.md 3.3
    source_height_m: float = 1.5                        # detection.md 2
    assumed_mps: float = 0.0
    gap_m: float = 0.5                                  # a beam clear for so long is between two bodies: 0.36 s at 5 km/h
    longest_m: float = 26.0                             # road trains of 25.25 m are the longest (EU directive 96/53)


@dataclass(frozen=True, slots=True)
class ShadowClass:
    """What vehicles of one length do to the background: c ~ N(mean, covariance), c at EA_BASIS * panel + k."""

    learned: int                                        # passages it was learned from; 0: there is none
    typical_m: float
    mean: tuple[float, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ShadowModel:
    """A learned lane: geometry, and a class below, between and above the edges."""

    geometry: Geometry
    classes: tuple[ShadowClass, ShadowClass, ShadowClass]
    edge_m: tuple[float, float] = (6.0, 9.0)            # detection.md 3.3


class State(enum.IntEnum):
    """Of the occupancy sensor."""

    VACANT = lib.EA_VACANT
    OCCUPIED = lib.EA_OCCUPIED
    HOLD_IN = lib.EA_HOLD_IN


class Change(enum.IntFlag):
    """What a reading of the sensor changed; both bits: the old occupancy had run out and a new one began."""

    NOTHING = lib.EA_NOTHING
    BEGAN = lib.EA_BEGAN
    ENDED = lib.EA_ENDED


UNSEEN = Score(False, False, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
