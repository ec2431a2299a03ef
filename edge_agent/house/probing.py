"""`edge-agent probe` put together: listen first, then ask read-only; what is there, at which settings, how sure.

Writes nothing, changes nothing, and takes no port that another program holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from edge_agent import drivers
from edge_agent.doors import modbus
from edge_agent.doors.files import read_text
from edge_agent.hands.links import Links
from edge_agent.hands.links.mailbox import Link
from edge_agent.tools import meaning, nmea, register_meanings, toml_settings
from edge_agent.tools.exchange import Exchange, Exchanges
from edge_agent.tools.meaning import Meaning
from edge_agent.tools.registers import SIZE, number
from edge_agent.words.clock import Clock
from edge_agent.words.dialect import Outcome
from edge_agent.words.driver import Driver, Poll, listens
from edge_agent.words.errors import LinkError
from edge_agent.words.language import Worded, joined, mark, worded
from edge_agent.words.reading import Unreadable
from edge_agent.words.settings import LinkSettings, Profile

LISTEN_S = 6.0              # a Rapiscan portal sends a background every 5 s
ANSWERS_S = 1.2             # for one address at most: three questions and their waits
SILENCES = 2                # one to each of two tables, then nobody is there: some units answer for input registers only, a frame
                            # is lost to noise now and then, two running seldom (estimate)
SLOW_S = 1.5                # patience with a unit that was late: the slowest Modbus masters wait 1 s by default (estimate)
NOBODY_BEHIND = (b"\x0a", b"\x0b")     # gateway: no path, no response of the target (Modbus Application Protocol V1.1b3, 7)
SAID = {Outcome.ANSWER: mark("answers {table} 0"), Outcome.REFUSED: mark("refuses {table} 0")}


@dataclass(frozen=True, slots=True)
class Found:
    """Something that spoke."""

    driver: str             # "" where only an address answers
    link: LinkSettings
    evidence: str           # worded


async def listen(link: LinkSettings, clock: Clock, seconds: float = LISTEN_S) -> Found | None:
    """A portal that pushes on this wire; None when none does."""
    heard = b""
    async with _opened(Links(clock).make(link, ())) as wire:
        end_ns = clock.mono_ns() + round(seconds * 1e9)
        families = [(name, driver) for name, driver in drivers.known() if driver.polls is listens]
        readers = {name: (driver, driver.decoder(shipped(name))) for name, driver in families if link.kind in driver.links}
        records = dict.fromkeys(readers, 0)
        while (left_ns := end_ns - clock.mono_ns()) > 0:
            chunk = await wire.next(left_ns / 1e9)
            if chunk is None:
                break
            heard += chunk.data[:200]
            for name, (driver, decoder) in readers.items():
                records[name] += sum(bool(_is_record(driver, reading)) for reading in decoder.feed(chunk))
    best = max(records, key=records.__getitem__, default="")
    if best and records[best]:
        return Found(best, link, worded("{n} records in {seconds:.0f} s, the first bytes {first!r}",
                                        n=records[best], seconds=seconds, first=heard[:32]))
    if any(not isinstance(said, str) for said in nmea.Sentences().feed(heard)):
        return Found("", link, worded("a GPS receiver (NMEA 0183): no lane, it belongs into [gps] (docs/instruments.md)"))
    return Found("", link, worded("speaks, but no family we know: {first!r}", first=heard[:48])) if heard else None


async def units(
    link: LinkSettings, addresses: Iterable[int], clock: Clock, tell: Callable[[int], None] = lambda unit: None
) -> AsyncIterator[Found]:
    """Every address of a Modbus wire at which something answers, if only with a no; `tell` hears which one is asked."""
    for unit in addresses:
        tell(unit)
        one = replace(link, unit=unit)
        heard = await _at(one, ANSWERS_S, clock)
        if not _said(heard) and any(e.outcome is Outcome.LATE for e in heard):      # there, and slow: again, with patience
            one = replace(one, answer_s=SLOW_S)
            heard = await _at(one, 3 * SLOW_S + ANSWERS_S, clock)
        if told := _said(heard):
            evidence = joined(", ", sorted(told))
            yield Found("", one, worded("{evidence}; slowly", evidence=evidence) if one.answer_s == SLOW_S else evidence)


async def _at(link: LinkSettings, seconds: float, clock: Clock) -> list[Exchange]:
    """What comes of a unit until nothing new can be expected of it."""
    questions = tuple(Poll(modbus.question(link.unit, table, 0, 1), 0.4) for table in ("holding", "input", "discrete"))

    def enough(heard: list[tuple[int, Exchange]]) -> bool:
        outcomes = [e.outcome for _, e in heard]
        said = {e.question for _, e in heard if e.outcome in SAID}
        return (len(said) == len(questions) or (Outcome.LATE in outcomes and not said)
                or (outcomes.count(Outcome.SILENCE) >= SILENCES and not said))

    return [exchange for _, exchange in await _stamped(Links(clock), link, questions, seconds, clock, enough=enough)]


def _said(heard: Iterable[Exchange]) -> set[Worded]:
    """What a unit itself answered; a gateway's no for a unit that is not there is none of it."""
    return {worded(SAID[e.outcome], table=modbus.table(e.question)) for e in heard
            if e.outcome in SAID and not (e.outcome is Outcome.REFUSED and e.answer[2:3] in NOBODY_BEHIND)}


async def asked(link: LinkSettings, addresses: Iterable[int], clock: Clock) -> AsyncIterator[Found]:
    """Instruments with a dialect of their own, asked as their papers say; families and addresses in turn, read-only."""
    for name, driver in drivers.known():
        if driver.dialect is None or driver.usual is None or link.kind not in driver.links:
            continue
        usual = replace(driver.usual, kind=link.kind, device=link.device, host=link.host, port=link.port, answer_s=link.answer_s)
        links = Links(clock)
        for unit in addresses if usual.unit else (0,):
            one = replace(usual, unit=unit)
            polls = driver.polls(shipped(name), one)
            heard = [exchange for _, exchange in await _stamped(links, one, polls, ANSWERS_S, clock, driver)]
            told = [exchange.answer for exchange in heard if exchange.outcome is Outcome.ANSWER]
            if told:
                yield Found(name, one, worded("{n} answers in {seconds:g} s, the longest {longest!r}",
                                              n=len(told), seconds=ANSWERS_S, longest=max(told, key=len)[:48]))


async def watch(driver: Driver, profile: Profile, link: LinkSettings, seconds: float, clock: Clock) -> dict[str, Meaning]:
    """What the counts of each detector of a register map seem to mean, by name."""
    found = register_meanings.settle(profile, "cumulative")         # only to ask; nothing is counted
    assert found.modbus is not None
    fast = replace(found, modbus=replace(found.modbus, poll_s=0.1, step_s=0.0))
    series: dict[str, list[tuple[float, float]]] = {count.detector: [] for count in found.modbus.count}
    for at_ns, exchange in await _stamped(Links(clock), link, driver.polls(fast, link), seconds, clock):
        words = modbus.answer(exchange.question, exchange.answer) if exchange.outcome is Outcome.ANSWER else []
        if not isinstance(words, list) or not words:
            continue
        _, address, _ = modbus.asked(exchange.question)
        for count in found.modbus.count:
            at = count.address - address
            if modbus.table(exchange.question) == count.table and at >= 0 and at + SIZE[count.type] <= len(words):
                value = number(words[at : at + SIZE[count.type]], count.type, found.modbus.word_order)
                series[count.detector].append((at_ns / 1e9, value))
    return {name: meaning.of(seen) for name, seen in series.items()}


def shipped(name: str) -> Profile:
    """The profile of a family, as shipped."""
    file = drivers.profile_file(name, name)
    return toml_settings.read(Profile, read_text(file, "the profile"), str(file))


async def _stamped(
    links: Links, link: LinkSettings, polls: tuple[Poll, ...], seconds: float, clock: Clock, driver: Driver | None = None,
    enough: Callable[[list[tuple[int, Exchange]]], bool] = lambda heard: False,
) -> list[tuple[int, Exchange]]:
    heard: list[tuple[int, Exchange]] = []
    reader = Exchanges()
    async with _opened(links.make(link, polls, driver.dialect if driver else None)) as wire:
        end_ns = clock.mono_ns() + round(seconds * 1e9)
        while (left_ns := end_ns - clock.mono_ns()) > 0 and not enough(heard):
            chunk = await wire.next(left_ns / 1e9)
            if chunk is not None:
                heard += [(chunk.at_ns, e) for e in reader.feed(chunk.data) if isinstance(e, Exchange)]
    return heard


@asynccontextmanager
async def _opened(wire: Link) -> AsyncIterator[Link]:
    await wire.open()
    try:
        yield wire
    except LinkError as problem:
        raise LinkError(worded(
            "{problem}\n  It closed while we listened: is another client connected to it?",
            problem=problem)) from None
    finally:
        wire.close()
        await asyncio.sleep(0)


def _is_record(driver: Driver, reading: object) -> bool:
    return not isinstance(reading, Unreadable) and bool(driver.record_type(reading))  # type: ignore[arg-type]
