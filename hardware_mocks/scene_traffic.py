"""Random traffic of a scene: who comes, how he drives, what he carries.  Plain frozen values; drawn by `crowd`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from hardware_mocks.checked import Checked, Matching, Number, Positive, Range, SceneError, Share

PAIRS = ("speed_kmh", "stop_s", "norm_cps", "patient_cps", "gamma_cps", "neutron_cps")


@dataclass(frozen=True, slots=True)
class Traffic(Checked):
    """Shares are of all vehicles where nothing else is said; ranges are lowest, highest.  The mix as passage_vehicles.Traffic.

    Whoever comes while the lane is taken waits his turn, `gap_s` behind.
    """

    per_hour: Positive = 60.0
    seed: Annotated[int, Range(0)] = 0              # with the seed of the mock
    from_s: Number = 180.0                          # background first
    gap_s: Number = 12.0                            # from a rear to the next front at the beam, at least
    mix: tuple[float, float, float] = (0.4, 0.2, 0.4)        # cars, vans, trucks
    speed_kmh: tuple[float, float] = (5.0, 15.0)      # log-uniform; ANSI N42.35 tests at 8
    wobble: Share = 0.15                            # relative sd of the speed along the way
    stop_share: Share = 0.05                        # stand once with some part in the beam
    stop_s: tuple[float, float] = (2.0, 15.0)
    trailer_share: Share = 0.05                     # of cars and trucks
    close_share: Share = 0.03                       # a second vehicle 1.5-4 m behind: one occupancy
    shadow_family: Annotated[str, Matching(("none", "smooth", "blocks"))] = "smooth"
    norm_share: Share = 0.03                        # of trucks: 2-5 % carry natural activity (detection.md 5)
    norm_cps: tuple[float, float] = (150.0, 3000.0)   # net, of the sum; log-uniform (passages)
    patient_share: Share = 0.0005                   # of cars and vans: our choice
    patient_cps: tuple[float, float] = (200.0, 20000.0)
    gamma_share: Share = 0.0                        # somebody hides a source
    gamma_cps: tuple[float, float] = (800.0, 2000.0)
    neutron_share: Share = 0.0
    neutron_cps: tuple[float, float] = (30.0, 60.0)

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if len(self.mix) != 3 or min(self.mix) < 0 or sum(self.mix) <= 0:
            raise SceneError("mix", "three parts: cars, vans, trucks", self.mix)
        for name in PAIRS:
            pair = getattr(self, name)
            if len(pair) != 2 or not 0 < pair[0] <= pair[1]:
                raise SceneError(name, "lowest and highest, above 0", pair)
