"""One minute of a lane, for its history: what it counted while vacant, and what happened.  Plain values."""

from __future__ import annotations

from dataclasses import dataclass

DOSE = "dose"                       # the group of a dose rate; its one name is the unit
DOSE_PARTS = 1_000_000              # a dose rate is summed in millionths of its unit


@dataclass(frozen=True, slots=True)
class Group:
    """Detectors that count together: "gamma", "neutron", or a dose rate."""

    name: str
    detectors: tuple[str, ...]
    exposure_ms: int                # of vacant counting in this minute; 0: none
    sums: tuple[int, ...]           # vacant counts; of rates the portal gives, each stands for one second

    def rates(self) -> tuple[float, ...] | None:
        """Counts/s of each detector (a dose rate in its unit); None where nothing was counted."""
        if not self.exposure_ms:
            return None
        part = self.exposure_ms / 1e3 * (DOSE_PARTS if self.name == DOSE else 1)
        return tuple(value / part for value in self.sums)


@dataclass(frozen=True, slots=True)
class Minute:
    begin_s: int                    # UTC, s since 1970
    groups: tuple[Group, ...]
    samples: int                    # that the lane took, with a vehicle or without
    occupancies: int                # that ended
    alarms: int
    faults: frozenset[str]          # that stood at any time in it
