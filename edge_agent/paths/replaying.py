"""A recording judged again: the same decoder, portal and kernel as live, and a summary of what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from edge_agent.judgement.portal import Portal
from edge_agent.tools import bodies, times
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.driver import Driver
from edge_agent.words.event import Alarm, Event, Fault, Occupancy, Tamper
from edge_agent.words.reading import Chunk, Unreadable
from edge_agent.words.settings import LaneSettings, Profile


@dataclass(slots=True)
class Summary:
    """What `edge-agent replay --json` prints."""

    seconds: float = 0.0
    occupancies: int = 0
    vendor_gamma_alarms: int = 0        # occupancies so flagged
    vendor_neutron_alarms: int = 0
    tamper_opened: int = 0
    tamper_closed: int = 0
    unreadable: int = 0
    records: Counter[str] = field(default_factory=Counter)      # of the wire, by type
    alarms: list[dict[str, Any]] = field(default_factory=list)  # ours
    faults: list[dict[str, Any]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 3), "occupancies": self.occupancies,
            "vendor_gamma_alarms": self.vendor_gamma_alarms, "vendor_neutron_alarms": self.vendor_neutron_alarms,
            "tamper_opened": self.tamper_opened, "tamper_closed": self.tamper_closed, "unreadable": self.unreadable,
            "records": dict(sorted(self.records.items())), "alarms": self.alarms, "faults": self.faults,
        }


class Replay:
    """Drives one portal from chunks alone; time is that of the recording."""

    def __init__(
        self, lane: LaneSettings, profile: Profile, driver: Driver, model: ModelFile | None = None
    ) -> None:
        ids = count(1)
        self.portal = Portal(lane, profile, lambda: f"replay/0/{next(ids)}", model)
        self.summary = Summary()
        self._driver, self._decoder = driver, driver.decoder(profile)
        self._context = bodies.Context(lambda at_ns: times.moment(at_ns, 0, 0, 0), "replay", "")

    def run(self, chunks: Iterable[Chunk]) -> Summary:
        first: Chunk | None = None
        for chunk in chunks:
            first = first or chunk
            self._count(self.portal.tick(chunk.at_ns))
            for reading in self._decoder.feed(chunk):
                self.summary.unreadable += isinstance(reading, Unreadable)
                if name := self._driver.record_type(reading):
                    self.summary.records[name] += 1
                self._count(self.portal.observe(reading))
            self.summary.seconds = (chunk.at_ns - first.at_ns) / 1e9
        return self.summary

    def _count(self, events: Iterable[Event]) -> None:
        summary = self.summary
        for event in events:
            match event:
                case Occupancy():
                    summary.occupancies += 1
                    summary.vendor_gamma_alarms += event.vendor_gamma
                    summary.vendor_neutron_alarms += event.vendor_neutron
                case Tamper():
                    summary.tamper_opened += event.open
                    summary.tamper_closed += not event.open
                case Alarm() if event.judgement.rule != "vendor":
                    summary.alarms.append(self._brief(event))
                case Fault():
                    summary.faults.append(
                        {"at_s": event.at_ns / 1e9, "condition": event.condition, "present": event.present,
                         "detail": event.detail}
                    )
                case _:
                    pass

    def _brief(self, alarm: Alarm) -> dict[str, Any]:
        body = bodies.of_event(alarm, self._context)[1]
        keys = ("id", "radiation", "rule", "statistic", "threshold", "window_s", "counts", "expected", "expected_sd",
                "place", "occupancy", "notes")
        return {"at_s": alarm.at_ns / 1e9, **{key: body[key] for key in keys}}

