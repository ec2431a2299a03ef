"""Wires in memory between the agent's links and mock instruments, on the loop's own time; who passed is noted beside."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from edge_agent.hands.links import Links, place
from edge_agent.hands.links.mailbox import Mailbox, Wire
from edge_agent.words.clock import Clock
from edge_agent.words.reading import Chunk
from edge_agent.words.settings import LinkSettings
from hardware_mocks import rapiscan, scenes
from hardware_mocks.signals import Sent
from hardware_mocks.slave import Instrument, Slave
from hardware_mocks.slices import Slice
from hardware_mocks.truth import Truth


@dataclass
class Passed:
    """Vehicles that one instrument saw, each once, when its beam was free again."""

    sources: int = 0
    clean: int = 0
    _now: dict[int, Any] = field(default_factory=dict)

    def slice(self, now: Slice) -> None:
        if now.blocked:
            self._now |= now.inside
        elif self._now:
            for vehicle in self._now.values():
                self.add(vehicle.source is not None)
            self._now = {}

    def add(self, source: bool) -> None:
        self.sources += source
        self.clean += not source


class Pushes:
    """A Rapiscan portal: the wire of its scene, played again and again."""

    def __init__(self, name: str, scene: str, seed: int, clock: Clock, passed: Passed) -> None:
        self.name, self._clock, self._passed = name, clock, passed
        self._signals = rapiscan.signals(scenes.load(scene), seed, loop=True)
        self._mailbox = Mailbox(clock)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._mailbox = Mailbox(self._clock)
        self._task = asyncio.create_task(self._play())

    async def _play(self) -> None:
        began_s = asyncio.get_running_loop().time()
        for item in self._signals:
            await asyncio.sleep(max(0.0, began_s + item.at_s - asyncio.get_running_loop().time()))
            if isinstance(item, Sent):
                self._mailbox.put(item.data)
            elif isinstance(item, Truth):
                self._passed.add(item.gamma_source or item.neutron_source)

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

    def __init__(self, name: str, framing: str, units: dict[int, tuple[Instrument, Iterator[float]]], clock: Clock) -> None:
        self.name, self._clock = name, clock
        self._slave = Slave({unit: made[0] for unit, made in units.items()}, framing, random.Random(name))
        self._steps = {unit: made[1] for unit, made in units.items()}
        self._mailbox, self._waiting = Mailbox(clock), b""
        self._at_s = dict.fromkeys(units, 0.0)

    def begin(self) -> None:
        """The scene begins now."""
        self._began_s = asyncio.get_running_loop().time()
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
    """Links whose wires end in memory; everything above the wire is what ships."""

    def __init__(self, clock: Clock, wires: dict[str, Callable[[], Wire]]) -> None:
        super().__init__(clock)
        self._wires = wires

    def _wire(self, link: LinkSettings) -> Wire:
        return self._wires[place(link)]()
