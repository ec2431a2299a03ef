"""What the core believed of an instrument, held against what the instrument said: values that were not of the question put,
and how much of the time the samples cover."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.border_post.post import RATE_HZ
from edge_agent import drivers
from edge_agent.hands.links.mailbox import Link
from edge_agent.house.configuration import Configuration
from edge_agent.tools.exchange import Exchange, Exchanges
from edge_agent.words.dialect import Outcome
from edge_agent.words.driver import Decoder
from edge_agent.words.reading import Chunk, Radiation, Sample
from hardware_mocks.slave import Manners, Slave

TIMER_NS = 1000     # a timer of asyncio may fire so much early
KEPT = 64       # of a line in memory: the core hears of an exchange long before so many more are asked


@dataclass(slots=True)
class Said:
    """One question as it reached a line, and the answer to it as the instrument meant it, before noise."""

    asked_ns: int               # on the controller's clock, as chunks are stamped
    unit: int
    body: bytes = b""           # unit and PDU; empty: none was given
    due_ns: int = 0             # when the answer leaves


class Sayings:
    """Of one line, oldest first: one question at a time, so the last before a moment is what an answer then is of."""

    def __init__(self, most: int = 0) -> None:
        self._said: list[Said] = []
        self._most = most

    def add(self, said: Said) -> None:
        self._said.append(said)
        if self._most and len(self._said) > 2 * self._most:
            del self._said[: -self._most]

    def before(self, at_ns: int) -> Said | None:
        """The last question that was put before."""
        place = bisect.bisect_left(self._said, at_ns, key=lambda said: said.asked_ns)
        return self._said[place - 1] if place else None


class NotedSlave(Slave):
    """A line whose questions and meant answers are told to `note` as they come."""

    note: Callable[[Said], None]
    ahead_ns = 0                # of the loop's clock, the controller's

    def answers(self, frame: bytes, now_s: float) -> list[tuple[float, bytes]]:  # type: ignore[override]  # whole at once
        said = Said(self._at_ns(now_s), self._open(frame)[1])
        self._meant = b""
        found = list(super().answers(frame, now_s))
        if found:
            said.body, said.due_ns = self._meant, self._at_ns(found[0][0])
        self.note(said)
        return found

    def _at_ns(self, loop_s: float) -> int:
        return round(loop_s * 1e9) + self.ahead_ns

    def _spoil(self, frame: bytes, manners: Manners) -> bytes:
        self._meant = frame[:-2] if self._framing == "rtu" else frame[6:]
        return super()._spoil(frame, manners)


@dataclass(slots=True)
class Heard:
    """What one lane was told, in numbers."""

    from_s: float               # samples are counted for a rate from here on
    believed: int = 0           # answers
    wrong: int = 0              # of these, not the answer of its unit to the question put last
    late: int = 0               # known for late, or for another unit's, and not believed
    gamma_s: float = 0.0        # seconds that samples cover
    samples: int = 0
    first: str = ""             # wrong one

    def rate(self, until_s: float) -> float:
        """Share of the samples a unit can give."""
        return self.samples / RATE_HZ / (until_s - self.from_s)


class Overheard:
    """One lane of a line that is asked."""

    def __init__(self, decoder: Decoder, from_s: float) -> None:
        self.heard = Heard(from_s)
        self._decoder, self._exchanges = decoder, Exchanges()

    def chunk(self, chunk: Chunk, sayings: Sayings) -> None:
        for exchange in self._exchanges.feed(chunk.data):
            if isinstance(exchange, Exchange):
                self._exchange(chunk.at_ns, exchange, sayings)
        for reading in self._decoder.feed(chunk):
            if isinstance(reading, Sample) and reading.radiation is Radiation.GAMMA:
                self.heard.gamma_s += reading.interval_s
                self.heard.samples += chunk.at_ns >= self.heard.from_s * 1e9

    def _exchange(self, at_ns: int, exchange: Exchange, sayings: Sayings) -> None:
        self.heard.late += exchange.outcome is Outcome.LATE
        if exchange.outcome is not Outcome.ANSWER:
            return
        self.heard.believed += 1
        said = sayings.before(at_ns)
        if said is None or said.body != exchange.answer or said.due_ns > at_ns + TIMER_NS:
            self.heard.wrong += 1
            words = f"asked {exchange.question.hex()}, believed {exchange.answer.hex()}, said {said}"
            self.heard.first = self.heard.first or words


def decoder(configuration: Configuration, lane: str) -> Decoder:
    """Another one of that lane, as the core makes its own."""
    settings = next(each for each in configuration.settings.lane if each.name == lane)
    return drivers.find(settings.driver).decoder(configuration.profiles[lane])


class Listened:
    """A link whose chunks are overheard on their way to the lane."""

    def __init__(self, link: Link, overheard: Overheard, sayings: Sayings) -> None:
        self.name = link.name
        self._link, self._overheard, self._sayings = link, overheard, sayings

    async def open(self) -> None:
        await self._link.open()

    async def next(self, timeout_s: float) -> Chunk | None:
        chunk = await self._link.next(timeout_s)
        if chunk is not None:
            self._overheard.chunk(chunk, self._sayings)
        return chunk

    def close(self) -> None:
        self._link.close()
