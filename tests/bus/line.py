"""A real wire with mock instruments on it, and lanes that ask them: in one process, over a pty or a TCP port."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from edge_agent.doors import modbus
from edge_agent.doors.clock import RealClock
from edge_agent.hands.links import Links
from edge_agent.hands.links.mailbox import Link
from edge_agent.tools.exchange import Exchange, Exchanges
from edge_agent.words.dialect import Outcome
from edge_agent.words.driver import Poll
from edge_agent.words.errors import LinkError
from edge_agent.words.settings import LinkSettings
from hardware_mocks.slave import Instrument, Manners, Slave
from hardware_mocks.slave_ends import SlavePty, SlaveTcp


def units(manners: dict[int, Manners]) -> dict[int, Instrument]:
    """Instruments whose every register says whose it is and where it stands."""
    made = {}
    for unit, how in manners.items():
        made[unit] = Instrument(manners=how)
        made[unit].hold("holding", 0, *(unit * 1000 + address for address in range(100)))
    return made


@contextlib.asynccontextmanager
async def pty(instruments: dict[int, Instrument], tmp_path: Path) -> AsyncIterator[LinkSettings]:
    end = SlavePty(Slave(instruments, "rtu", random.Random(1)), tmp_path / "rs485")
    await end.open()
    yield LinkSettings("modbus-rtu", device=str(tmp_path / "rs485"), baud=19200, answer_s=0.15)
    await end.close()


@contextlib.asynccontextmanager
async def tcp(instruments: dict[int, Instrument], framing: str) -> AsyncIterator[LinkSettings]:
    end = SlaveTcp(Slave(instruments, framing, random.Random(1)), "127.0.0.1", 0)
    port = int((await end.open()).rpartition(":")[2])
    kind = "modbus-tcp" if framing == "tcp" else "modbus-rtu-tcp"
    yield LinkSettings(kind, host="127.0.0.1", port=port, answer_s=0.15)
    await end.close()


def ask(unit: int, every_s: float, *blocks: tuple[int, int]) -> tuple[Poll, ...]:
    """Holding registers from an address, so many."""
    return tuple(Poll(modbus.question(unit, "holding", address, count), every_s) for address, count in blocks)


async def listen(link: Link, seconds: float) -> list[Exchange]:
    """What one lane hears; a wire that breaks is opened again, as a lane does."""
    heard: list[Exchange] = []
    reader = Exchanges()
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        try:
            await link.open()
            while loop.time() < until:
                chunk = await link.next(0.1)
                heard += [e for e in reader.feed(chunk.data) if isinstance(e, Exchange)] if chunk else []
        except LinkError:
            await asyncio.sleep(0.1)
    link.close()
    return heard


def wrong(heard: list[Exchange]) -> list[Exchange]:
    """Answers that do not hold what their question asked of that unit."""
    found = []
    for exchange in heard:
        if exchange.outcome is Outcome.ANSWER:
            _, address, count = modbus.asked(exchange.question)
            unit = exchange.question[0]
            if modbus.answer(exchange.question, exchange.answer) != [unit * 1000 + address + i for i in range(count)]:
                found.append(exchange)
    return found


def outcomes(heard: list[Exchange]) -> Counter[Outcome]:
    return Counter(exchange.outcome for exchange in heard)


async def together(base: LinkSettings, polls: dict[int, tuple[Poll, ...]], seconds: float) -> dict[int, list[Exchange]]:
    """All units of one wire at once."""
    import dataclasses

    links = Links(RealClock())
    made = {unit: links.make(dataclasses.replace(base, unit=unit), asked) for unit, asked in polls.items()}
    heard = await asyncio.gather(*(listen(link, seconds) for link in made.values()))
    return dict(zip(made, heard, strict=True))
