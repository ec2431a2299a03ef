"""What kind of lane it is and how it is judged: one table of kinds, and the kernel settings a lane asks for.

A passage is a vehicle, a person, a train or a parcel; without an occupancy sensor there are no passages, and the
background follows the place (continuous mode).  Numbers marked assumed have no source: they are where nothing is
measured, and a lane that measures speed does not use them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.judgement.thresholds import Thresholds
from edge_agent.tools.kernel_values import Geometry, KernelSettings
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.language import mark
from edge_agent.words.settings import LaneSettings, Profile

CONTINUOUS = "continuous"
UNUSABLE = mark("its model cannot be used")
PLACE_SD = 0.045        # relative, of a stuck lane's background: a truck leaving gives back 25 % (detection.md 1), and
                        # at a threshold of 5.6 sigma of this alone that is no alarm


@dataclass(frozen=True, slots=True)
class Kind:
    """What passes through a lane."""

    assumed_mps: float      # speed of the neutron template where none is measured, tried at x 0.82, 1 and 1.22
    stand_s: float          # a passage longer than this stands (native/vacant.c): what passes is through by then
    learns: bool            # lengths and shadows are a vehicle's: a model can be learned from them
    off: str = ""           # why the shadow test is off without a model of the lane's own


KINDS = {
    # 8 km/h (algorithms.md 2); 10 s is the passage the thresholds were measured with (docs/decisions/0002)
    "vehicle": Kind(2.2, 10.0, True, mark("no model learned yet")),
    # 1.2 m/s (algorithms.md 2); people walk in rows: the same 10 s
    "pedestrian": Kind(1.2, 10.0, True, mark("people have no generic shadow and all of them one length")),
    # speed assumed as a vehicle's; 120 s: 260 m of train at it, assumed
    "rail": Kind(2.2, 120.0, False, mark("a train is longer than any length the test knows")),
    # 0.5 m/s assumed: belts of luggage scanners
    "conveyor": Kind(0.5, 10.0, True, mark("parcels have no generic shadow and no common length")),
}

# Continuous mode: an instrument that is carried, driven or flown.  The background follows the place: the last minute,
# ending a guard gap before the present (Fermi GBM: 17 s that end 4 s before, algorithms.md 1; twice as long here, for
# a hand's counts are few), windows no longer than the gap.  Errors measured on a flight (tests/kernel/
# test_kernel_series.py; docs/decisions/0007): the level moves by some ten per cent from minute to minute.
GAP_S = 10.0
MEMORY_S = 60.0
PLACE_LEVEL_SD = 0.10
PLACE_SLOPE_PER_MIN = 0.10
SUSPECT_S = 60.0        # then the place is taken as it is: whoever carries the instrument has been told for a minute


def kernel_settings(
    lane: LaneSettings, profile: Profile, panels: int, tubes: int, groups: tuple[int, ...], chosen: Thresholds
) -> KernelSettings:
    """What the kernel judges this lane with; `groups`: panel sums of the compatibility rule as bit masks."""
    alarm = lane.alarm
    settings = KernelSettings(
        panels=panels, tubes=tubes, groups=groups, arm_exposure_s=alarm.arm_exposure_s, ksigma_n=alarm.ksigma_n,
        ksigma_intervals=alarm.ksigma_intervals, neutron_arm_s=alarm.neutron_arm_s, neutron_p=alarm.neutron_p,
        focus_threshold=chosen.focus, focus_vacant_threshold=profile.focus_vacant_threshold,
        neutron_vacant_p=profile.neutron_vacant_p,
    )
    if lane.mode == CONTINUOUS:
        return replace(
            settings, background_s=MEMORY_S, guard_s=GAP_S, before_s=0.0, after_s=0.0, focus_window_s=GAP_S,
            level_sd=PLACE_LEVEL_SD, slope_sd_per_min=PLACE_SLOPE_PER_MIN, suspect_s=SUSPECT_S,
        )
    return replace(
        settings, glrt_threshold=chosen.shadow, neutron_template_threshold=alarm.neutron_template_threshold,
        stand_s=KINDS[lane.kind].stand_s, begin_offset_s=profile.pre_samples * profile.gamma_interval_s,
        end_offset_s=-profile.hold_in_s,
    )


def tubes_place(lane: LaneSettings, profile: Profile, panels: tuple[str, ...]) -> Geometry | None:
    """Where the neutron tubes stand: with the panels; None where a panel stands nowhere, the template is then off."""
    places = lane.geometry or profile.geometry
    if not panels or lane.mode == CONTINUOUS or any(len(places.get(name, [])) != 3 for name in panels):
        return None
    along, across, height = zip(*(places[name] for name in panels), strict=True)
    return Geometry(along, across, height, (1.0,) * len(panels), assumed_mps=KINDS[lane.kind].assumed_mps)


def shadow_off(lane: LaneSettings, model: ModelFile | None) -> str:
    """Why a lane has no shadow test, for people; empty where it has one."""
    if lane.mode == CONTINUOUS:
        return mark("continuous mode knows no passages")
    return "" if model else KINDS[lane.kind].off
