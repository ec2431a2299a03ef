"""A Modbus line gone wrong, bit by bit where the wire is: what a master hears of each answer.

A UART is modelled as it works: a start bit 0, eight data bits from the lowest, perhaps a parity bit, a stop bit 1, and a
receiver that samples at its own rate from each falling edge.  A frame error reads as a zero byte (termios(3) without PARMRK).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hardware_mocks.slave import Instrument, Slave

BAUDS = (4800, 9600, 19200, 38400, 57600)


@dataclass(frozen=True, slots=True)
class Uart:
    """How one end is set."""

    baud: int = 9600
    parity: str = "N"               # N, E or O


def levels(data: bytes, uart: Uart) -> list[int]:
    """The line's levels, one per bit time, with idle bits around."""
    out = [1, 1]
    for byte in data:
        bits = [byte >> i & 1 for i in range(8)]
        out += [0, *bits, *_parity(bits, uart.parity), 1]
    return [*out, *[1] * 12]


def _parity(bits: list[int], kind: str) -> list[int]:
    return [] if kind == "N" else [(sum(bits) + (kind == "O")) % 2]


def heard(line: list[int], sent: Uart, at: Uart) -> bytes:
    """What a receiver set as `at` makes of a line driven as `sent`."""
    step = sent.baud / at.baud          # of the sender's bit times, for one of the receiver's
    length = 9 + (at.parity != "N")     # samples after the start bit's: data, parity, stop
    out, now = bytearray(), 0.0
    while True:
        while int(now) < len(line) and line[int(now)]:
            now = int(now) + 1.0        # to the next falling edge
        samples = [line[min(int(now + (i + 1.5) * step), len(line) - 1)] for i in range(length)]
        if now + 0.5 * step >= len(line):
            return bytes(out)
        good = samples[-1] == 1 and (at.parity == "N" or _parity(samples[:8], at.parity) == samples[8:9])
        out.append(sum(bit << i for i, bit in enumerate(samples[:8])) if good else 0)
        now += (length + 0.5) * step


class BrokenBus:
    """A slave behind a bad line: the same two calls as a Slave has."""

    def __init__(self, slave: Slave, change: Callable[[bytes, bool], bytes]) -> None:
        self._slave, self._change = slave, change

    def question(self, waiting: bytes) -> tuple[bytes, bytes] | None:
        """The first question, as the far end hears it."""
        found = self._slave.question(waiting)
        if found is None or not found[0]:
            return found
        return found if self._change(found[0], True) == found[0] else (b"", found[1])

    def answers(self, frame: bytes, now_s: float) -> Iterator[tuple[float, bytes]]:
        for at_s, data in self._slave.answers(frame, now_s):
            spoilt = self._change(data, False)
            if spoilt:
                yield at_s, spoilt


def wrong_baud(slave: Slave, chance: random.Random) -> BrokenBus:
    """The master is set to another rate than the line's: neither end understands the other."""
    here, there = (Uart(baud) for baud in chance.sample(BAUDS, 2))
    return BrokenBus(slave, lambda data, asked: _through(data, asked, here, there))


def wrong_parity(slave: Slave, chance: random.Random) -> BrokenBus:
    """One end sends a parity bit where the other has a stop bit, or the other parity."""
    here, there = (Uart(parity=kind) for kind in chance.sample("NEO", 2))
    return BrokenBus(slave, lambda data, asked: _through(data, asked, here, there))


def swapped_wires(slave: Slave, chance: random.Random) -> BrokenBus:
    """A and B the wrong way round: every level is inverted, at both ends."""
    del chance
    uart = Uart()
    return BrokenBus(slave, lambda data, asked: heard([1 - bit for bit in levels(data, uart)], uart, uart))


def no_termination(slave: Slave, chance: random.Random) -> BrokenBus:
    """Reflections: an edge rings into the next bit now and then; long frames suffer most."""
    share, uart = chance.uniform(0.002, 0.02), Uart()

    def change(data: bytes, asked: bool) -> bytes:
        line = levels(data, uart)
        rung = [bit if i == 0 or bit == line[i - 1] or chance.random() > share else line[i - 1]
                for i, bit in enumerate(line)]
        return heard(rung, uart, uart)
    return BrokenBus(slave, change)


def wrong_unit(slave: Slave, chance: random.Random) -> BrokenBus:
    """Its switch stands at another number: whoever is asked is not there."""
    for unit in list(slave.instruments):
        slave.instruments[(unit + chance.randint(1, 200)) % 247 + 1] = slave.instruments.pop(unit)
    return BrokenBus(slave, lambda data, asked: data)


def word_order(slave: Slave, chance: random.Random, pairs: Callable[[Instrument], list[int]]) -> BrokenBus:
    """Another firmware: 32-bit numbers, the addresses of which `pairs` names, the other half first."""
    del chance
    for instrument in slave.instruments.values():
        before = instrument.catch_up

        def swapped(instrument: Instrument = instrument, before: Callable[[], None] = before) -> None:
            before()
            for table, address in [(t, a) for t, a in instrument.held if a in pairs(instrument)]:
                low, high = instrument.held[table, address], instrument.held[table, address + 1]
                instrument.hold(table, address, high, low)
        instrument.catch_up = swapped
    return BrokenBus(slave, lambda data, asked: data)


def _through(data: bytes, asked: bool, here: Uart, there: Uart) -> bytes:
    sent, at = (here, there) if asked else (there, here)
    return heard(levels(data, sent), sent, at)


FAULTS: dict[str, Callable[[Slave, random.Random], BrokenBus]] = {
    one.__name__: one for one in (wrong_baud, wrong_parity, swapped_wires, no_termination, wrong_unit)
}
