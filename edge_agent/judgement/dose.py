"""Dose rate of an instrument that gives no counts: shown, held against a limit, never made into counts.

The unit is the instrument's own and never converted: a roentgen is a sievert only for a known energy.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.judgement.faults import FaultBook
from edge_agent.words.event import Event
from edge_agent.words.reading import Condition, DoseRate
from edge_agent.words.settings import Profile


class Dose:
    def __init__(self, profile: Profile, faults: FaultBook) -> None:
        self._profile, self._faults = profile, faults
        self.newest: DoseRate | None = None

    def observe(self, reading: DoseRate) -> Iterator[Event]:
        self.newest = reading
        limit, unit = self._profile.dose_high, self._profile.dose_unit
        if reading.unit == unit and limit and reading.value > limit:
            why = f"{reading.value:g} {unit}, above dose_high = {limit:g}: keep distance, measure with a survey meter"
            yield from self._faults.begin(reading.at_ns, Condition.DOSE.value, why, numbers={"dose_rate": reading.value})
        elif reading.unit == unit:
            yield from self._faults.end(reading.at_ns, Condition.DOSE.value, f"{reading.value:g} {unit}")

    def shown(self, now_ns: int, known: bool) -> dict[str, object] | None:
        """For status; None where nothing came, or what came may not be shown as live."""
        found = self.newest
        if found is None or not known:
            return None
        return {"value": found.value, "unit": found.unit, "error_pct": found.error_pct,
                "age_s": round((now_ns - found.at_ns) / 1e9, 3)}
