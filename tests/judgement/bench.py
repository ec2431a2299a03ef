"""A portal that is told lines of the wire at times, and keeps what it concludes."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.drivers.rapiscan import RapiscanDecoder
from edge_agent.judgement.portal import Portal
from edge_agent.tools import toml_settings
from edge_agent.words.event import Alarm, Event, Fault, Occupancy, Tamper
from edge_agent.words.reading import Chunk, Radiation, Reading, Sample
from edge_agent.words.settings import LaneSettings, LinkSettings, Profile

ROOT = Path(__file__).resolve().parents[2]
PROFILE_FILE = ROOT / "config/profiles/rapiscan.toml"
PROFILE = toml_settings.read(Profile, PROFILE_FILE.read_text(), str(PROFILE_FILE))
LANE = LaneSettings("2", "rapiscan", LinkSettings("tcp", "127.0.0.1"))
S = 10**9
T = TypeVar("T")


def ns(at_s: float) -> int:
    return round(at_s * S)


class Watched:
    """Decoder and portal of one lane, and all events so far."""

    def __init__(self, lane: LaneSettings = LANE, **profile: Any) -> None:
        self.profile = dataclasses.replace(PROFILE, **profile)
        self.ids = 0
        self.portal = Portal(lane, self.profile, self._new_id)
        self.decoder = RapiscanDecoder(self.profile)
        self.events: list[Event] = []

    def _new_id(self) -> str:
        self.ids += 1
        return f"T/1/{self.ids}"

    def say(self, at_s: float, *lines: str) -> list[Event]:
        """The portal sends these lines at once."""
        data = "".join(line + "\r\n" for line in lines).encode()
        return self.hear(Chunk(ns(at_s), data))

    def hear(self, chunk: Chunk) -> list[Event]:
        new = [event for reading in self.decoder.feed(chunk) for event in self.portal.observe(reading)]
        self.events += new
        return new

    def observe(self, *readings: Reading) -> list[Event]:
        new = [event for reading in readings for event in self.portal.observe(reading)]
        self.events += new
        return new

    def tick(self, at_s: float) -> list[Event]:
        new = list(self.portal.tick(ns(at_s)))
        self.events += new
        return new

    def vacant(self, from_s: float = 0.0, seconds: float = 60.0, gamma: int = 250, neutron: int = 1) -> float:
        """Background as portals send it; when it ended."""
        at_s = from_s
        while at_s < from_s + seconds:
            self.say(at_s, four("NB", neutron), four("GB", gamma))
            at_s += 5.0
        return at_s

    def scan(self, from_s: float, seconds: float, gamma: int = 50, tag: str = "GS", neutron: int | None = 1) -> float:
        """Gamma scans every 0.2 s and neutron scans every second; when they ended."""
        for step in range(round(seconds * 5)):
            at_s = from_s + step * 0.2
            more = [four("NS", neutron)] if step % 5 == 4 and neutron is not None else []
            self.say(at_s, four(tag, gamma), *more)
        return from_s + seconds

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def alarms(self) -> list[Alarm]:
        return self.of(Alarm)

    @property
    def occupancies(self) -> list[Occupancy]:
        return self.of(Occupancy)

    @property
    def tampers(self) -> list[Tamper]:
        return self.of(Tamper)

    def faults(self, condition: str) -> list[bool]:
        """Begins and ends of one condition, in order."""
        return [event.present for event in self.of(Fault) if event.condition == condition]


def four(tag: str, count: int) -> str:
    return f"{tag}," + ",".join([f"{count:06d}"] * 4)


def end(counter: int = 1) -> str:
    return f"GX,{counter:06d},004741,000000,000000"


def sample(at_s: float, counts: tuple[int, ...], radiation: Radiation = Radiation.GAMMA, **more: Any) -> Sample:
    return Sample(ns(at_s), radiation, 0.2 if radiation is Radiation.GAMMA else 1.0, counts, True, **more)


def noisy(chance: random.Random, mean: float) -> int:
    """A count near the mean, as Poisson as a test needs."""
    return max(0, round(chance.gauss(mean, mean**0.5)))
