"""A recording judged again: the same decoder, portal and kernel as live, and a summary of what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from edge_agent.judgement.portal import Portal
from edge_agent.tools import bodies, counts_file, times
from edge_agent.tools.counts_file import Step
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.driver import Decoder, Driver
from edge_agent.words.event import Alarm, Event, Fault, Occupancy, Tamper
from edge_agent.words.reading import Chunk, Unreadable
from edge_agent.words.settings import LaneSettings, Profile

VENDOR = "vendor"
GAMMA_RULES = {"focus", "ksigma", "shadow"}     # of an occupancy's record: which rules had something to say


@dataclass(frozen=True, slots=True)
class Passed:
    """One occupancy, as a sweep counts it."""

    id: str
    vendor: bool                        # the portal's own alarm, of either radiation
    rules: frozenset[str]               # of ours that alarmed, without their versions
    judged: bool                        # an armed gamma rule looked at it, and at most of it; or it alarmed
    half_seen: bool = False             # most of its samples are missing


@dataclass(slots=True)
class Summary:
    """What `edge-agent replay --json` prints."""

    seconds: float = 0.0
    occupancies: int = 0
    vendor_gamma_alarms: int = 0        # occupancies so flagged
    vendor_neutron_alarms: int = 0
    vendor_vacant_alarms: int = 0       # the portal's own, with no vehicle there
    tamper_opened: int = 0
    tamper_closed: int = 0
    unreadable: int = 0
    records: Counter[str] = field(default_factory=Counter)      # of the wire, by type
    alarms: list[dict[str, Any]] = field(default_factory=list)  # ours
    judged: int = 0                     # looks of armed gamma rules: without any, no alarm means nothing
    faults: list[dict[str, Any]] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    cut: bool = False                   # the file ends while a vehicle is in the lane

    def plain(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 3), "occupancies": self.occupancies,
            "alarmed_occupancies": sum(bool(each.rules) for each in self.passed),
            "occupancies_unjudged": sum(not each.judged for each in self.passed),
            "occupancies_half_seen": sum(each.half_seen for each in self.passed), "ends_in_vehicle": self.cut,
            "vendor_gamma_alarms": self.vendor_gamma_alarms, "vendor_neutron_alarms": self.vendor_neutron_alarms,
            "vendor_vacant_alarms": self.vendor_vacant_alarms,
            "tamper_opened": self.tamper_opened, "tamper_closed": self.tamper_closed, "unreadable": self.unreadable,
            "records": dict(sorted(self.records.items())), "judged": self.judged, "alarms": self.alarms, "faults": self.faults,
        }


class Replay:
    """Drives one portal from what was kept; time is that of the recording, `zero_s` is added where times are shown."""

    def __init__(
        self, lane: LaneSettings, profile: Profile, driver: Driver | None, model: ModelFile | None = None, zero_s: float = 0.0
    ) -> None:
        ids = count(1)
        self.portal = Portal(lane, profile, lambda: f"replay/0/{next(ids)}", model)
        self.summary = Summary()
        self._profile, self._driver, self._zero_s = profile, driver, zero_s
        self._kind_of = driver.record_type if driver else counts_file.kind_of
        self._context = bodies.Context(lambda at_ns: times.moment(at_ns, 0, 0, 0), "replay", "")

    def run(self, chunks: Iterable[Chunk]) -> Summary:
        """A recording of the wire."""
        assert self._driver is not None
        return self.judge(wire_steps(chunks, self._driver.decoder(self._profile)))

    def judge(self, steps: Iterable[Step]) -> Summary:
        """Readings, instant by instant; an occupancy at the end is closed as far as it was seen."""
        first_ns = at_ns = None
        for at_ns, readings in steps:
            first_ns = at_ns if first_ns is None else first_ns
            self._count(self.portal.tick(at_ns))
            for reading in readings:
                self.summary.unreadable += isinstance(reading, Unreadable)
                if name := self._kind_of(reading):
                    self.summary.records[name] += 1
                self._count(self.portal.observe(reading))
            self.summary.seconds = (at_ns - first_ns) / 1e9
        if at_ns is not None:
            self._count(self.portal.stop(at_ns))
        self.summary.judged = self.portal.tally.judged
        return self.summary

    def _count(self, events: Iterable[Event]) -> None:
        summary = self.summary
        for event in events:
            match event:
                case Occupancy():
                    summary.occupancies += 1
                    summary.vendor_gamma_alarms += event.vendor_gamma
                    summary.vendor_neutron_alarms += event.vendor_neutron
                    summary.passed.append(self._passed(event))
                    summary.cut = event.ended == "stopped"
                case Tamper():
                    summary.tamper_opened += event.open
                    summary.tamper_closed += not event.open
                case Alarm() if event.judgement.rule != VENDOR:
                    summary.alarms.append(self._brief(event))
                case Alarm() if event.occupancy is None:
                    summary.vendor_vacant_alarms += 1
                case Fault():
                    summary.faults.append(
                        {"at_s": self._shown(event.at_ns), "condition": event.condition, "present": event.present,
                         "detail": event.detail}
                    )
                case _:
                    pass

    def _passed(self, event: Occupancy) -> Passed:
        ours = frozenset(rule_name(alarm) for alarm in self.summary.alarms if alarm["occupancy"] == event.id)
        looked = not event.half_seen and any(rule.partition("/")[0] in GAMMA_RULES for rule in event.statistics)
        judged = bool(ours) or (looked and event.ended != "stopped")
        return Passed(event.id, event.vendor_gamma or event.vendor_neutron, ours, judged, event.half_seen)

    def _brief(self, alarm: Alarm) -> dict[str, Any]:
        body = bodies.of_event(alarm, self._context)[1]
        left_out = ("at", "agent", "cfg", "lane")
        return {"at_s": self._shown(alarm.at_ns), **{key: value for key, value in body.items() if key not in left_out}}

    def _shown(self, at_ns: int) -> float:
        return round(at_ns / 1e9 + self._zero_s, 6)


def rule_name(alarm: dict[str, Any]) -> str:
    """focus of focus/1."""
    return str(alarm["rule"]).partition("/")[0]


def wire_steps(chunks: Iterable[Chunk], decoder: Decoder) -> Iterator[Step]:
    """What a decoder reads of each chunk."""
    for chunk in chunks:
        yield chunk.at_ns, tuple(decoder.feed(chunk))
