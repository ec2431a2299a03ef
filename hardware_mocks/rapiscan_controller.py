"""A TSA/Rapiscan portal controller: 0.2 s slices and a beam in, records out.  No clock, no line ends.

    NB,000001,000000,000001,000001   neutron background, cps, vacant, before each gamma background
    GB,000250,000253,000268,000254   gamma background, cps, vacant, every 5 s;  GH / GL: out of limits
    NS,000001,000000,000000,000002   neutron scan, counts in 1 s, occupied;  NA: alarm
    GS,000051,000049,000053,000050   gamma scan, counts in 0.2 s, occupied;  GA: alarm
    SP,0.2249,03.032,004.88,000000   s per foot, mph, km/h; after each 6th gamma record
    GX,000123,002950,000000,000000   the occupancy is over: its number since power-up or midnight
    TT,000000,000000,000000,000000   door open;   TC,111111,111111,111111,111111   door closed

Forms and cadence: SRLS RPMSimulator.ts, RPMProfile.ts and its captured streams.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware_mocks.physics import SLICE_S
from hardware_mocks.rapiscan_rules import (
    Background,
    Counts,
    added,
    gamma_alarms,
    groups,
    neutron_threshold,
)
from hardware_mocks.scenes import Portal, Site

SECOND = 5                              # slices in a neutron record (SRLS: 1 s)
SPEED_EVERY = 6                         # gamma records between speeds (SRLS; real cadence unknown)
FOOT_M = 0.3048
MILE_KM = 1.609344
MOST = 999_999                          # six digits
PAUSE_SLICES = (5, 10)                  # 1-2 s of silence after GX (SRLS)
TAMPER_OPEN = "TT" + ",000000" * 4
TAMPER_CLOSED = "TC" + ",111111" * 4


@dataclass(slots=True)
class Occupancy:
    """The vehicle or vehicles now in the portal, as the controller knows it."""

    speed_kmh: float
    slices: int = 0                     # since it began
    idle: int = 0                       # since the beam was last blocked
    gamma_records: int = 0
    gamma_alarm: bool = False
    neutron_alarm: bool = False


def record(tag: str, values: tuple[int, ...]) -> str:
    """A record with four zero-padded counts; a real display cannot pass six digits either."""
    return tag + "".join(f",{min(value, MOST):06d}" for value in values)


def speed_record(kmh: float) -> str:
    """SP: seconds to travel a foot, mph, km/h."""
    seconds = min(FOOT_M / (kmh / 3.6), 9.9999)
    return f"SP,{seconds:.4f},{kmh / MILE_KM:06.3f},{kmh:06.2f},000000"


def setup_records(portal: Portal) -> list[str]:
    """The SG and SN dump.  Fields we do not model are the sample values of OSCAR's handlers."""
    return [
        f"SG1,{portal.gamma_high_cps:06.0f},{portal.gamma_low_cps:06.0f},{portal.intervals:02d},"
        f"{portal.hold_in:02d},{portal.n_sigma:04.1f},P",
        f"SG2,1111,0.069,0.455,01,{portal.algorithm},A",
        f"SG3,0.069,0.455,{portal.background_time_s:03.0f},000,1.10.1",
        f"SN1,{portal.neutron_high_cps:06.0f},05,0047,1200,02,{portal.neutron_time_s:03.0f}",
        "SN2,0.504,5.040,0.504,5.040,PP",
    ]


def in_slices(seconds: float) -> int:
    """Whole slices in so many seconds, one at least."""
    return max(1, round(seconds / SLICE_S))


class Controller:
    """One portal from power-up to power-off."""

    def __init__(self, site: Site, portal: Portal, pauses: np.random.Generator) -> None:
        self._portal, self._pauses = portal, pauses
        self._sums = groups(site.panels, portal.algorithm)
        self._gamma = Background(in_slices(portal.background_time_s))
        self._neutron = Background(in_slices(portal.neutron_time_s))
        kept = max(SECOND, portal.intervals + portal.pre_samples + 1)
        self._recent: deque[tuple[Counts, Counts]] = deque(maxlen=kept)
        self._vacant: deque[tuple[Counts, Counts]] = deque(maxlen=in_slices(portal.background_exposure_s))
        self._wait = in_slices(portal.background_every_s)    # slices to the next background record
        self._settling = 0              # slices after GX that still see the vehicle leave
        self.counter = 0                # occupancies since power-up or midnight
        self.occupancy: Occupancy | None = None

    def slice(self, gamma: Counts, neutron: Counts, blocked: bool, speed_kmh: float) -> Iterator[str]:
        """One 0.2 s slice has ended: the records it causes, in wire order."""
        self._recent.append((gamma, neutron))
        if self.occupancy is None and blocked:
            self.occupancy = Occupancy(speed_kmh)
            yield from self._open(self.occupancy)
        elif self.occupancy is not None:
            yield from self._scan(self.occupancy, blocked)
        else:
            yield from self._background(gamma, neutron)

    def _background(self, gamma: Counts, neutron: Counts) -> Iterator[str]:
        self._vacant.append((gamma, neutron))
        self._settling -= 1
        if self._settling < 0:
            self._gamma.note(gamma)
            self._neutron.note(neutron)
        self._wait -= 1
        if self._wait <= 0:
            self._wait = in_slices(self._portal.background_every_s)
            yield self._neutron_background()
            yield self._gamma_background()

    def _rates(self, which: int) -> tuple[int, ...]:
        total = added([pair[which] for pair in self._vacant])
        return tuple(round(count / (len(self._vacant) * SLICE_S)) for count in total)

    def _neutron_background(self) -> str:
        cps = self._rates(1)
        high = max(cps) > self._portal.neutron_high_cps
        self._neutron.settle(normal=not high)
        return record("NH" if high else "NB", cps)

    def _gamma_background(self) -> str:
        cps = self._rates(0)
        high, low = max(cps) > self._portal.gamma_high_cps, min(cps) < self._portal.gamma_low_cps
        self._gamma.settle(normal=not high and not low)
        return record("GH" if high else "GL" if low else "GB", cps)

    def _open(self, now: Occupancy) -> Iterator[str]:
        """The opening burst: NS, then the records of the past, then the present one."""
        self._gamma.forget()
        self._neutron.forget()
        yield self._neutron_scan(now)
        past = min(self._portal.pre_samples, len(self._recent) - 1)
        for back in range(past, -1, -1):
            yield from self._gamma_scan(now, back)

    def _scan(self, now: Occupancy, blocked: bool) -> Iterator[str]:
        now.slices += 1
        now.idle = 0 if blocked else now.idle + 1
        if now.slices % SECOND == 0:
            yield self._neutron_scan(now)
        yield from self._gamma_scan(now, 0)
        if now.idle >= self._portal.hold_in:
            yield self._close()

    def _gamma_scan(self, now: Occupancy, back: int) -> Iterator[str]:
        """The gamma record of `back` slices ago, and the speed when its turn has come."""
        end = len(self._recent) - back
        kept = [gamma for gamma, _ in list(self._recent)[max(0, end - self._portal.intervals):end]]
        alarm = len(kept) == self._portal.intervals and self._gamma_alarms(added(kept))
        now.gamma_alarm |= alarm
        now.gamma_records += 1
        yield record("GA" if alarm else "GS", kept[-1])
        if now.gamma_records % SPEED_EVERY == 0:
            yield speed_record(now.speed_kmh)

    def _gamma_alarms(self, window: Counts) -> bool:
        mean = self._gamma.per_slice()
        if mean is None:
            return False
        held = [slice_mean * self._portal.intervals for slice_mean in mean]
        return gamma_alarms(window, held, self._portal.n_sigma, self._sums)

    def _neutron_scan(self, now: Occupancy) -> str:
        counts = added([neutron for _, neutron in list(self._recent)[-SECOND:]])
        mean = self._neutron.per_slice()
        alarm = mean is not None and sum(counts) >= neutron_threshold(sum(mean) * SECOND)
        now.neutron_alarm |= alarm
        return record("NA" if alarm else "NS", counts)

    def _close(self) -> str:
        low, high = PAUSE_SLICES
        self._wait = self._settling = int(self._pauses.integers(low, high, endpoint=True))
        self.occupancy = None
        self.counter += 1
        mean = self._neutron.per_slice()
        # Field 2 is the neutron background x 1000 (only OSCAR says so; SRLS sends a constant).
        thousandths = 0 if mean is None else round(sum(mean) * SECOND * 1000)
        return record("GX", (self.counter, thousandths, 0, 0))
