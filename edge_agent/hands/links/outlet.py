"""The outputs of an I/O module on a bus whose other units are polled.  Only single coils are written, and only those named.

Its coils are read back as a unit of the bus like any other, so silence, rests and late answers are the bus's affair; an echo of
our own writing, which on a serial line looks like the answer to it, is not what makes us believe that a lamp is lit.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.doors import modbus
from edge_agent.hands.links.bus import Bus
from edge_agent.hands.links.mailbox import Mailbox
from edge_agent.hands.links.turns import PATIENT, Unit
from edge_agent.tools.exchange import Exchange, Exchanges
from edge_agent.words.clock import Clock
from edge_agent.words.dialect import Outcome
from edge_agent.words.driver import Poll
from edge_agent.words.errors import LinkError
from edge_agent.words.language import worded

BACK_S = 1.0        # between two readings of its coils
BUTTON_S = 0.2      # between two looks at the button; two alike count, so it is to be held for half a second (docs/lamps.md)
SILENT_S = 3.0      # without an answer so long it is gone: three readings
TRIES = 4           # of one write on a noisy line; a share of 5 % spoiled answers fails four times in 160 000 writes


class BusModule:
    """One module on a bus; stays on it while it is silent, so that its rests count.  As hands.lamps.Module."""

    refresh_s = 2.0     # each coil: twice within a watchdog of 5 s (docs/lamps.md), for half of the bus's time of one second

    def __init__(self, bus: Bus, address: int, coils: Sequence[int], button: int, clock: Clock) -> None:
        self.name = f"I/O module {bus.name} unit {address}"
        self._bus, self._address, self._button, self._clock = bus, address, button, clock
        self._low = min(coils)
        polls = [Poll(modbus.question(address, "coil", self._low, max(coils) - self._low + 1), BACK_S)]
        if button >= 0:
            polls.append(Poll(modbus.question(address, "discrete", button, 1), BUTTON_S))
        self._unit = Unit(tuple(polls))
        self._mailbox: Mailbox | None = None
        self._reader = Exchanges()
        self._written: dict[int, tuple[bool, int]] = {}     # by address: what, and when it was done
        self._untaken: dict[int, bool] = {}                 # by address: what it did not take, until it is seen so
        self._seen: bool | None = None                      # the button's last reading, and what two alike said
        self._down: bool | None = None
        self._heard_ns = 0

    async def open(self) -> None:
        self._written.clear()
        self._seen = self._down = None      # one that is down already is no press
        if self._mailbox is None:
            self._mailbox, self._reader, self._heard_ns = Mailbox(self._clock), Exchanges(), 0
            try:
                await self._bus.join(self._unit, self._mailbox, may_write=True)
            except LinkError:
                self._mailbox = None
                raise
        until_ns = self._clock.mono_ns() + round(SILENT_S * 1e9)
        begun_ns = self._clock.mono_ns()
        while self._heard_ns < begun_ns or (self._down is None and self._button >= 0):
            if self._clock.mono_ns() > until_ns:
                raise self._silent()
            await self._read(0.1)

    def broken(self) -> None:
        """It failed; the place on the bus is kept."""

    def close(self) -> None:
        self._bus.leave(self._unit)
        self._mailbox = None

    async def bit(self, address: int) -> bool:
        """The button as two looks saw it."""
        await self._look()
        return bool(self._down)

    async def set(self, address: int, on: bool) -> None:
        await self._look()
        for _ in range(TRIES):
            if self._unit.misses >= PATIENT:
                raise self._silent()
            outcome, answer = await self._bus.write(self._unit, modbus.coil(self._address, address, on))
            if outcome is Outcome.REFUSED:
                raise self._refused(modbus.coil(self._address, address, on), answer, f"coil {address}")
            if outcome is Outcome.ANSWER:
                self._written[address] = on, self._clock.mono_ns()
                return
        raise LinkError(worded(
            "{name}: coil {address}: no sound answer {tries} times; is the line noisy, is it terminated?",
            name=self.name, address=address, tries=TRIES))

    async def _look(self) -> None:
        """Take what was heard; LinkError when that is too long ago."""
        await self._read(0)
        if self._clock.mono_ns() - self._heard_ns > SILENT_S * 1e9:
            raise self._silent()

    async def _read(self, wait_s: float) -> None:
        if self._mailbox is None:
            raise LinkError(worded("{name} is not open", name=self.name))
        try:
            while (chunk := await self._mailbox.next(wait_s)) is not None:
                wait_s = 0
                for exchange in self._reader.feed(chunk.data):
                    if isinstance(exchange, Exchange):
                        self._take(exchange, chunk.at_ns)
        except LinkError:
            self._mailbox = None        # the bus let go of everybody
            raise

    def _take(self, exchange: Exchange, at_ns: int) -> None:
        if exchange.outcome is Outcome.REFUSED:
            what = "its coils" if exchange.question == self._unit.polls[0].question else f"discrete input {self._button}"
            raise self._refused(exchange.question, exchange.answer, what)
        if exchange.outcome is not Outcome.ANSWER:
            return
        bits = modbus.answer(exchange.question, exchange.answer)
        if isinstance(bits, modbus.Refusal):
            return
        self._heard_ns = at_ns
        if exchange.question != self._unit.polls[0].question:
            before, self._seen = self._seen, bits == [1]
            self._down = self._seen if before is self._seen else self._down
            return
        for address, (on, done_ns) in self._written.items():
            if done_ns >= at_ns:
                continue
            if bits[address - self._low] == on:
                self._untaken = {other: was for other, was in self._untaken.items() if (other, was) != (address, on)}
            else:
                self._untaken[address] = on
                raise LinkError(worded(
                    "{name}: coil {address} is not as it was set; does another program write it, did the module restart? "
                    "It is set again",
                    name=self.name, address=address))

    @property
    def doubt(self) -> str:
        """An output that hangs is as it should be most of the time: green that never goes out, until the next alarm."""
        if not self._untaken:
            return ""
        return worded(
            "{name}: coil {address} did not switch when it was told to, and has not been seen to since; a test alarm shows it "
            "(edge-agent commission)",
            name=self.name, address=min(self._untaken))

    def _silent(self) -> LinkError:
        return LinkError(worded("{name} does not answer; has it power, are its address, speed and wires right?", name=self.name))

    def _refused(self, question: bytes, answer: bytes, what: str) -> LinkError:
        no = modbus.refusal(question, answer)
        why = f"{no.words} ({no.code})" if no else "no"
        return LinkError(worded(
            "{name}: {why} about {what}; is its number in [[annunciator.module]] right?", name=self.name, why=why, what=what))
