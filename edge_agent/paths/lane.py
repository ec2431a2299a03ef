"""One lane: wire -> chunk -> reading -> event -> annunciator, scribe.  A dead wire is reopened for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable

from edge_agent.hands.annunciator import Annunciator
from edge_agent.hands.links.mailbox import Link
from edge_agent.hands.taps import Taps
from edge_agent.judgement.budget import Budget
from edge_agent.judgement.gate import Gate
from edge_agent.judgement.minutes import Minutes
from edge_agent.judgement.portal import Portal
from edge_agent.words.clock import Clock
from edge_agent.words.driver import Decoder
from edge_agent.words.errors import Deaf, LinkError
from edge_agent.words.event import Event
from edge_agent.words.language import said_by
from edge_agent.words.reading import Chunk, Condition, Inputs, Reading

TICK_S = 1.0                    # how often time alone is judged: silence, overdue occupancies
REOPEN_S = (1.0, 3.0)           # jittered, so that ten lanes of a switch that restarts do not come at once
DEAF_NS = 60 * 10**9            # silent for so long: the wire may be half-open; open it anew


class Lane:
    def __init__(
        self, name: str, link: Link, decoder: Decoder, portal: Portal, clock: Clock,
        annunciator: Annunciator, submit: Callable[[Event], None],
    ) -> None:
        self.name, self.link, self.portal = name, link, portal
        self._decoder, self._clock, self._annunciator, self._submit = decoder, clock, annunciator, submit
        self.chunks: Taps[Chunk] = Taps()
        self.minutes = Minutes(portal)
        self._budget = Budget(name)
        self.gate = Gate(portal.lane.occupancy) if portal.lane.occupancy is not None else None
        self.hearers: list[Callable[[Inputs], None]] = []       # lanes whose vehicles this I/O module tells of
        self.beats = 0              # grows while the lane is alive, for the watchdog
        self.connected = False
        self.broke_ns = 0           # when the wire broke last; 0: never

    async def run(self) -> None:
        """Listen until cancelled."""
        try:
            while True:
                try:
                    await self._listen()
                except LinkError as problem:
                    self.connected, self.broke_ns = False, self._clock.mono_ns()
                    if not isinstance(problem, Deaf):   # silence has said it; this would be told as a mended wire
                        self._publish(self.portal.lost(self._clock.mono_ns(), said_by(problem)))
                self.beats += 1
                await self._clock.sleep(random.uniform(*REOPEN_S))  # noqa: S311 (spreads load, guards nothing)
                self._tick()
        finally:
            self.link.close()
            self._publish(self.portal.stop(self._clock.mono_ns()))

    async def _listen(self) -> None:
        await self.link.open()
        opened_ns = self._clock.mono_ns()
        self.connected = True
        self._publish(self.portal.opened(opened_ns))
        self._decoder.restart()
        while True:
            chunk = await self.link.next(TICK_S)
            if chunk is not None:
                self.take(chunk)
                await asyncio.sleep(0)          # a wire that never pauses must not keep the writer and other lanes waiting
            self._tick()
            now_ns = self._clock.mono_ns()
            self.beats += 1
            if now_ns - self.portal.cadence.spoke_ns(opened_ns) > DEAF_NS:
                raise Deaf(f"{self.link.name}: silent for a minute; opening it anew")

    def take(self, chunk: Chunk) -> None:
        """The whole journey of some bytes; also what replay and simulation drive."""
        self.chunks.put(chunk)
        for reading in self._decoder.feed(chunk):
            for each in self.gate.mark(reading) if self.gate else (reading,):
                self._publish(self.portal.observe(each))
                self.minutes.took(each)
            if isinstance(reading, Inputs):
                for hear in self.hearers:
                    hear(reading)

    def hear(self, inputs: Inputs) -> None:
        """Inputs of the I/O module that tells what is in this lane."""
        if self.gate is not None:
            self._observe(self.gate.take(inputs))

    def _observe(self, readings: Iterable[Reading]) -> None:
        for reading in readings:
            self._publish(self.portal.observe(reading))

    def _tick(self) -> None:
        now_ns = self._clock.mono_ns()
        if self.gate is not None:
            self._observe(self.gate.look(now_ns))
        self._publish(self.portal.tick(now_ns))

    def _publish(self, events: Iterable[Event]) -> None:
        for event in events:
            self.minutes.saw(event)
            for allowed in self._budget.pass_on(event):
                self._annunciator.show(allowed)     # people first
                self._submit(allowed)               # bounded queue; the writer signs and commits

    @property
    def silent(self) -> bool:
        return self.portal.faults.holds(Condition.SILENCE.value) or self.portal.faults.holds(Condition.LINK.value)

    @property
    def heard(self) -> bool:
        """It has spoken, and still does."""
        return self.portal.cadence.wire_ns is not None and not self.silent
