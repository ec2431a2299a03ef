"""What a lane sees at this moment, for who watches: its newest counts beside its background.  Nothing stale as live."""

from __future__ import annotations

from typing import Any

from edge_agent.judgement.passage import Passage
from edge_agent.judgement.portal import Portal
from edge_agent.paths.lane import Lane
from edge_agent.words.reading import Radiation, Sample


def lane_live(lane: Lane, now_ns: int) -> dict[str, Any]:
    """Times in s before `now_ns`; `counts` null where the newest may not be shown as live."""
    portal = lane.portal
    heard_ns = portal.cadence.heard_ns
    return {
        "state": portal.state.value, "link": lane.link.name,
        "heard_s": None if heard_ns is None else max(round((now_ns - heard_ns) / 1e9, 3), 0.0),
        "passage": _passage(portal.passage, now_ns) if portal.passage else None,
        "radiations": {radiation.value: _radiation(portal, radiation, now_ns) for radiation in Radiation
                       if portal.rules.detectors[radiation]},
        "out_of_service": portal.health.out_of_service, "faults": portal.faults.details,
        "alarms": dict(portal.tally.alarms), "samples": portal.tally.samples,
    }


def _radiation(portal: Portal, radiation: Radiation, now_ns: int) -> dict[str, Any]:
    names = portal.rules.detectors[radiation]
    last = portal.last_counts.get(radiation)
    background = portal.rules.background_cps(radiation, now_ns)
    found: dict[str, Any] = {"detectors": list(names), "background_cps": [background.get(name) for name in names],
                             "counts": None, "cps": None, "interval_s": None, "age_s": None}
    if last is None:
        return found
    found["age_s"] = round((now_ns - last.at_ns) / 1e9, 3)
    if not portal.knows(radiation):
        return found
    if isinstance(last, Sample):
        cps = [count / last.interval_s for count in last.counts]
        return found | {"counts": list(last.counts), "interval_s": last.interval_s, "cps": [round(rate, 2) for rate in cps]}
    return found | {"cps": list(last.rates_cps), "exposure_s": portal.profile.vacant_exposure_s}


def _passage(passage: Passage, now_ns: int) -> dict[str, Any]:
    return {
        "id": passage.id, "since_s": round((now_ns - passage.begin_ns) / 1e9, 3), "speed_mps": passage.speed_mps,
        "alarms": sorted(f"{rule} {radiation.value}" for rule, radiation in passage.fired),
        "strongest": {rule: {"statistic": _number(found.statistic), "threshold": _number(found.threshold)}
                      for rule, found in sorted(passage.strongest.items())},
    }


def _number(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
