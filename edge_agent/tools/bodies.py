"""Events as bodies of records.  One function per kind; words/schemas holds the form of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_agent.words.event import Alarm, Event, Fault, Occupancy, Tamper

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What every record of this run shares."""

    moment: Callable[[int], Body]   # CLOCK_BOOTTIME ns -> {"boot", "mono_ms", "wall"}
    agent: str                      # version
    cfg: str                        # hash of the configuration in force


def of_event(event: Event, context: Context) -> tuple[str, Body]:
    """(kind, body) of an event."""
    match event:
        case Alarm():
            return "alarm", _alarm(event, context)
        case Occupancy():
            return "occupancy", _occupancy(event, context)
        case Fault():
            return "fault", _fault(event, context)
        case Tamper():
            return "tamper", {"lane": event.lane, "open": event.open, "at": context.moment(event.at_ns)}


def _alarm(alarm: Alarm, context: Context) -> Body:
    judgement = alarm.judgement
    return {
        "id": alarm.id,
        "lane": alarm.lane,
        "radiation": alarm.radiation.value,
        "rule": judgement.rule,
        "statistic": _rounded(judgement.statistic),
        "threshold": _rounded(judgement.threshold),
        "window_s": _rounded(judgement.window_s),
        "counts": judgement.counts,
        "expected": _rounded(judgement.expected),
        "expected_sd": _rounded(judgement.expected_sd),
        "sum": list(judgement.detectors),
        "place": judgement.place or None,
        "side": alarm.explanation.side,
        "budget": alarm.explanation.budget,
        "false_alarms_per_day": alarm.explanation.false_alarms_per_day,
        "confidence": alarm.explanation.confidence,
        "basis": alarm.explanation.basis,
        "also": [{"rule": rule, "radiation": radiation} for rule, radiation in alarm.also],
        "detectors": {
            name: {"counts": counts, "bkg": alarm.background_cps.get(name)}
            for name, counts in alarm.detector_counts.items()
        },
        "occupancy": alarm.occupancy,
        "speed_mps": _rounded(alarm.speed_mps),
        "at": context.moment(alarm.at_ns),
        "notes": list(alarm.notes),
        "agent": context.agent,
        "cfg": context.cfg,
        **({"dose_rate": {"value": alarm.dose.value, "unit": alarm.dose.unit, "limit": alarm.dose.limit}} if alarm.dose else {}),
    }


def _occupancy(occupancy: Occupancy, context: Context) -> Body:
    return {
        "id": occupancy.id,
        "lane": occupancy.lane,
        "alarms": list(occupancy.alarms),
        "begin": context.moment(occupancy.begin_ns),
        "end": context.moment(occupancy.end_ns),
        "ended": occupancy.ended,
        "counter": occupancy.counter,
        "speed_mps": _rounded(occupancy.speed_mps),
        "vendor": {"gamma": occupancy.vendor_gamma, "neutron": occupancy.vendor_neutron},
        "statistics": occupancy.statistics,
        "background": {
            radiation: {"cps": found.rates_cps, "exposure_s": found.exposure_s, "age_s": found.age_s}
            for radiation, found in occupancy.backgrounds.items()
        },
        "series": {
            radiation: {
                "interval_s": _rounded(series.interval_s),
                "begin": context.moment(series.begin_ns),
                "counts": {name: list(counts) for name, counts in series.counts.items()},
            }
            for radiation, series in occupancy.series.items()
        },
        "notes": list(occupancy.notes),
        **({"sources": occupancy.sources} if occupancy.sources else {}),
    }


def _fault(fault: Fault, context: Context) -> Body:
    return {
        "lane": fault.lane,
        "condition": fault.condition,
        "present": fault.present,
        "detail": fault.detail,
        "numbers": fault.numbers,
        "at": context.moment(fault.at_ns),
    }


def _rounded(value: float | None) -> float | None:
    """Six significant digits: far below any error of ours, and short on the wire."""
    return None if value is None else float(f"{value:.6g}")
