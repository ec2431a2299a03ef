"""Wires in memory between the agent's links and mock instruments, on the loop's own time; who passed is noted beside."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.border_post.overheard import KEPT, Listened, NotedSlave, Overheard, Sayings
from edge_agent.hands.links import Links, place
from edge_agent.hands.links.mailbox import Link, Mailbox, Wire
from edge_agent.words.clock import Clock
from edge_agent.words.dialect import Dialect
from edge_agent.words.driver import Poll
from edge_agent.words.reading import Chunk
from edge_agent.words.settings import LinkSettings
from hardware_mocks import aspect, modbus_io, modbus_map, rapiscan, truth
from hardware_mocks.scenes import Scene
from hardware_mocks.signals import Sent
from hardware_mocks.slave import Instrument
from hardware_mocks.slices import Slice
from hardware_mocks.truth import Truth

FAMILIES = {"aspect": aspect, "modbus_map": modbus_map, "modbus_io": modbus_io}     # of instruments that are asked


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle in the beam of one instrument, seconds on the controller's clock."""

    begins_s: float
    ends_s: float
    source: bool
    wanted: bool        # what an alarm in its occupancy is, also for the source of the vehicle behind (hardware_mocks.truth)


@dataclass
class Passed:
    """Vehicles that one instrument saw, each once, when its beam was free again."""

    began_s: float = 0.0                # of the scene, on the controller's clock
    vehicles: list[Vehicle] = field(default_factory=list)
    _now: dict[int, Any] = field(default_factory=dict)
    _since_s: float = 0.0
    _seen: tuple[float, float, float] = (0.0, 0.0, 0.0)     # the most that cargo near the instrument added meanwhile

    def slice(self, now: Slice) -> None:
        if now.blocked:
            self._since_s = self._since_s if self._now else now.at_s
            self._now |= now.inside
            gamma, innocent, neutron = (max(pair) for pair in zip(self._seen, now.seen_cps, strict=True))
            self._seen = gamma, innocent, neutron
        elif self._now:
            inside = list(self._now.values())
            wanted = "wanted" in truth.verdicts(now.now.scene.site, inside, self._seen).values()
            for vehicle in inside:
                self.add(self._since_s, now.at_s, vehicle.source is not None, wanted)
            self._now, self._seen = {}, (0.0, 0.0, 0.0)

    def add(self, begins_s: float, ends_s: float, source: bool, wanted: bool) -> None:
        """Times of the scene."""
        self.vehicles.append(Vehicle(self.began_s + begins_s, self.began_s + ends_s, source, wanted))

    def truth(self, vehicle: Truth) -> None:
        """What a portal's own truth says; one that came or left in the dark has no times."""
        if vehicle.begins_s is not None and vehicle.ends_s is not None:
            self.add(vehicle.begins_s, vehicle.ends_s, vehicle.gamma_source or vehicle.neutron_source,
                     "wanted" in (vehicle.if_gamma_alarm, vehicle.if_neutron_alarm))


class Pushes:
    """A Rapiscan portal: the wire of its scene, played again and again."""

    def __init__(self, name: str, scene: Scene, seed: int, clock: Clock, passed: Passed) -> None:
        self.name, self._clock, self._passed = name, clock, passed
        self._signals = rapiscan.signals(scene, seed, loop=True)
        self._mailbox = Mailbox(clock)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._mailbox = Mailbox(self._clock)
        self._task = asyncio.create_task(self._play())

    async def _play(self) -> None:
        began_s = self._passed.began_s = asyncio.get_running_loop().time()
        for item in self._signals:
            await asyncio.sleep(max(0.0, began_s + item.at_s - asyncio.get_running_loop().time()))
            if isinstance(item, Sent):
                self._mailbox.put(item.data)
            elif isinstance(item, Truth):
                self._passed.truth(item)

    async def next(self, timeout_s: float) -> Chunk | None:
        return await self._mailbox.next(timeout_s)

    def write(self, data: bytes) -> None:
        raise AssertionError("a portal that pushes is never written to")

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None


class Asked:
    """A line or a TCP connection with instruments that answer when asked."""

    def __init__(
        self, name: str, framing: str, units: dict[int, tuple[Instrument, Iterator[float]]], passed: list[Passed], clock: Clock,
    ) -> None:
        self.name, self._clock, self._passed = name, clock, passed
        self.sayings = Sayings(KEPT)
        self._slave = NotedSlave({unit: made[0] for unit, made in units.items()}, framing, random.Random(name))
        self._slave.note = self.sayings.add
        self._steps = {unit: made[1] for unit, made in units.items()}
        self._mailbox, self._waiting = Mailbox(clock), b""
        self._at_s = dict.fromkeys(units, 0.0)

    def begin(self) -> None:
        """The scene begins now."""
        self._began_s = asyncio.get_running_loop().time()
        for passed in self._passed:
            passed.began_s = self._began_s
        for unit, instrument in self._slave.instruments.items():
            instrument.catch_up = lambda unit=unit: self._catch_up(unit)  # type: ignore[misc]

    def _catch_up(self, unit: int) -> None:
        now_s = asyncio.get_running_loop().time() - self._began_s
        while self._at_s[unit] + 0.2 <= now_s:
            self._at_s[unit] = next(self._steps[unit])

    async def open(self) -> None:
        if not hasattr(self, "_began_s"):
            self.begin()
        self._mailbox, self._waiting = Mailbox(self._clock), b""

    async def next(self, timeout_s: float) -> Chunk | None:
        return await self._mailbox.next(timeout_s)

    def write(self, data: bytes) -> None:
        loop, mailbox = asyncio.get_running_loop(), self._mailbox
        self._waiting += data
        while (found := self._slave.question(self._waiting)) is not None:
            question, self._waiting = found
            for at_s, answer in self._slave.answers(question, loop.time()) if question else ():
                loop.call_at(at_s, mailbox.put, answer)

    def close(self) -> None:
        self._waiting = b""


class MemoryLinks(Links):
    """Links whose wires end in memory; everything above the wire is what ships.  `overheard`: by wire and unit."""

    def __init__(
        self, clock: Clock, wires: dict[str, Callable[[], Wire]], overheard: dict[tuple[str, int], tuple[Overheard, Sayings]],
    ) -> None:
        super().__init__(clock)
        self._wires, self._overheard = wires, overheard

    def _wire(self, link: LinkSettings) -> Wire:
        return self._wires[place(link)]()

    def make(
        self, link: LinkSettings, polls: tuple[Poll, ...], dialect: Callable[[], Dialect] | None = None
    ) -> Link:
        made = super().make(link, polls, dialect)
        over = self._overheard.get((place(link), link.unit))
        return Listened(made, *over) if over else made
