"""The minute under way of one lane: what it counts while vacant, what happens in it.  Pure: whoever keeps it says the time."""

from __future__ import annotations

import math

from edge_agent.judgement.portal import Portal
from edge_agent.tools.occupancy import State
from edge_agent.words.event import Alarm, Event, Fault, Occupancy
from edge_agent.words.minute import DOSE, DOSE_PARTS, Group, Minute
from edge_agent.words.reading import DoseRate, Reading, Sample, VacantRate

NOMINAL_MS = 1000           # what a rate that the portal or an instrument gives stands for: all alike, so their mean is plain


class Minutes:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._names = {radiation.value: names for radiation, names in portal.rules.detectors.items() if names}
        self._begin()

    def _begin(self) -> None:
        self._sums = {name: [0] * len(detectors) for name, detectors in self._names.items()}
        self._exposure_ms = dict.fromkeys(self._names, 0.0)
        self._samples = self._occupancies = self._alarms = 0
        self._faults = set(self._portal.faults.open)

    def took(self, reading: Reading) -> None:
        """A reading the portal has just observed."""
        if isinstance(reading, Sample | VacantRate) and self._portal.rules.doubted(reading.radiation):
            self._samples += isinstance(reading, Sample)
            return                          # no detector's count: the line's
        match reading:
            case Sample():
                if self._portal.last_counts.get(reading.radiation) is not reading:
                    return                      # refused: it does not fit the profile
                self._samples += 1
                if not reading.occupied and self._portal.state is not State.OCCUPIED:
                    self._add(reading.radiation.value, reading.interval_s * 1e3, reading.counts)
            case VacantRate():
                if self._portal.last_counts.get(reading.radiation) is reading:
                    self._add(reading.radiation.value, NOMINAL_MS, reading.rates_cps)
            case DoseRate() if math.isfinite(reading.value):
                if self._names.get(DOSE) != (reading.unit,):
                    self._names[DOSE], self._sums[DOSE], self._exposure_ms[DOSE] = (reading.unit,), [0], 0.0
                self._add(DOSE, NOMINAL_MS, (round(reading.value * DOSE_PARTS),))

    def _add(self, name: str, exposure_ms: float, counts: tuple[int, ...]) -> None:
        if name in self._sums:
            self._exposure_ms[name] += exposure_ms
            self._sums[name] = [one + more for one, more in zip(self._sums[name], counts, strict=True)]

    def saw(self, event: Event) -> None:
        """An event of the lane, also one that is held back from the ledger because there are too many."""
        self._alarms += isinstance(event, Alarm)
        self._occupancies += isinstance(event, Occupancy)
        if isinstance(event, Fault) and event.present:
            self._faults.add(event.condition)

    def turn(self, begin_s: int) -> Minute:
        """The minute that ends now and began at `begin_s` (UTC); the next one begins."""
        groups = tuple(Group(name, tuple(detectors), round(self._exposure_ms[name]), tuple(self._sums[name]))
                       for name, detectors in self._names.items())
        faults = frozenset(self._faults | set(self._portal.faults.open))
        ended = Minute(begin_s, groups, self._samples, self._occupancies, self._alarms, faults)
        self._begin()
        return ended
