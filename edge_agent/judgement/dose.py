"""Dose rate of an instrument that gives no counts: shown, held against a limit, never made into counts.

A rate above our limit, or the instrument's own alarm, is an alarm like any other: signed, lit, at the centre; the fault of the
same name stands beside it from its begin to its end.  The unit is the instrument's own and never converted: a roentgen is a
sievert only for a known energy.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.judgement.alarm_book import AlarmBook
from edge_agent.judgement.faults import FaultBook
from edge_agent.words.event import Event, MeasuredDose
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition, DoseRate, Health
from edge_agent.words.settings import Profile

RULE, VENDOR = "dose/1", "vendor"


class Dose:
    """Of one lane."""

    def __init__(self, profile: Profile, faults: FaultBook, alarms: AlarmBook) -> None:
        self._profile, self._faults, self._alarms = profile, faults, alarms
        self.newest: DoseRate | None = None

    def observe(self, reading: DoseRate) -> Iterator[Event]:
        self.newest = reading
        limit, unit = self._profile.dose_high, self._profile.dose_unit
        if reading.unit == unit and limit and reading.value > limit:
            yield from self._alarms.dosed(reading.at_ns, RULE, MeasuredDose(reading.value, unit, limit))
            why = worded("{value:g} {unit}, above dose_high = {limit:g}: keep distance, measure with a survey meter",
                         value=reading.value, unit=unit, limit=limit)
            yield from self._faults.begin(reading.at_ns, Condition.DOSE.value, why, numbers={"dose_rate": reading.value})
        elif reading.unit == unit:
            yield from self._faults.end(reading.at_ns, Condition.DOSE.value, f"{reading.value:g} {unit}")

    def vendor(self, health: Health) -> Iterator[Event]:
        """The instrument's own alarm came on."""
        fresh = self.newest if self.newest and health.at_ns - self.newest.at_ns <= self._profile.silence_s * 1e9 else None
        value, unit = (fresh.value, fresh.unit) if fresh else (None, self._profile.dose_unit)
        note = f"the instrument's own {health.part} alarm" if health.part else "the instrument's own alarm"
        yield from self._alarms.dosed(health.at_ns, VENDOR, MeasuredDose(value, unit, None), note)

    def shown(self, now_ns: int, known: bool) -> dict[str, object] | None:
        """For status; None where nothing came, or what came may not be shown as live."""
        found = self.newest
        if found is None or not known:
            return None
        return {"value": found.value, "unit": found.unit, "error_pct": found.error_pct,
                "age_s": round((now_ns - found.at_ns) / 1e9, 3)}
