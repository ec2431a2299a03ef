"""Rad Pro, firmware of many cheap Geiger counters: text lines over USB serial, 115200 8N1, asked one at a time.

    GET tubePulseCount      OK 1500                                 pulses of the tube's life, round at 2^32
    GET deviceId            OK FS2011 (STM32F051C8);Rad Pro 2.0/en;b5706d937087f975b5812810
    (anything it does not know)     ERROR

Source: the firmware's own paper (Gissio/radpro docs/comm.md, 2.0).  A bench detector, and the driver to copy for another
instrument that is asked: docs/writing-a-driver.md.  Nothing that writes is ever asked (SET, RESET, START).

No checksum (USB has its own, a serial tap has none), so a count is believed when the next one bears it out: a total that
is taken back by the next was noise.  The price is one interval of delay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge_agent.tools.counting import LONGEST_S
from edge_agent.tools.exchange import Exchange, Exchanges, trouble
from edge_agent.words.dialect import Found, Outcome
from edge_agent.words.driver import Driver, Poll
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import Chunk, Condition, Health, Missed, Radiation, Reading, Sample, Setup, Unreadable
from edge_agent.words.settings import LinkSettings, Profile

COUNT, IDENTITY = b"GET tubePulseCount", b"GET deviceId"
#            form of the answer           most bytes of it, with OK and CR LF
FORMS = {
    COUNT: (re.compile(rb"[0-9]{1,10}"), 15),
    IDENTITY: (re.compile(rb"[ -:<-~]{1,60};[ -:<-~]{1,40};[0-9a-zA-Z]{1,40}"), 148),
}
IDENTITY_S = 60.0               # another detector plugged in is told within a minute
TURN = 1 << 32                  # the count goes round here (comm.md)


class Lines:
    """The dialect: a line asked, a line answered."""

    quiet = True                # an answer does not say of what it is

    def frame(self, question: bytes) -> bytes:
        return question + b"\r\n"

    def take(self, waiting: bytes, question: bytes) -> Found | None:
        line, end, _ = waiting.partition(b"\n")
        if not end:
            return Found(Outcome.FRAMING, waiting, len(waiting)) if len(waiting) > self.longest(IDENTITY) else None
        line, used = line.removesuffix(b"\r"), len(line) + 1
        if line == b"ERROR":
            return Found(Outcome.REFUSED, line, used)
        if not line.startswith(b"OK "):
            return Found(Outcome.FRAMING, waiting, len(waiting))
        fits = FORMS[question][0].fullmatch(line[3:])
        return Found(Outcome.ANSWER if fits else Outcome.LATE, line[3:], used)

    def rest(self, waiting: bytes, question: bytes) -> Outcome:
        if not waiting:
            return Outcome.SILENCE
        return Outcome.LENGTH if waiting.startswith((b"OK", b"ER")) else Outcome.FRAMING

    def longest(self, question: bytes) -> int:
        return FORMS[question][1]

    def sure(self, question: bytes) -> bytes:
        return IDENTITY if question == COUNT else COUNT         # no total has a semicolon

    def mine(self, data: bytes, question: bytes) -> bool:
        return True             # one instrument, one cable


class Total:
    """A count that only goes up, read over a wire that may spoil it: (stamp, total) believed once the next bears it out.
    `least_ns`: what is read sooner than this after another is let go: two answers in a row after a stall are no sample."""

    def __init__(self, least_ns: int = 0) -> None:
        self._least_ns = least_ns
        self._believed: tuple[int, int] | None = None
        self._waiting: tuple[int, int] | None = None        # the newest, not yet borne out
        self._low: tuple[int, int] | None = None            # one below what was believed: noise, or it started anew

    def take(self, at_ns: int, total: int) -> tuple[int, int, int] | str | None:
        """(its end, its length in ns, counts) of an interval that is certain now; why something was not believed; None while
        nothing is to be said."""
        now = at_ns, total
        if self._waiting is None:
            self._waiting = now
            return None
        if at_ns - self._waiting[0] < self._least_ns:
            return None
        if _on(self._waiting[1], total):
            self._low = None
            return self._borne_out(now)
        if self._believed is not None and _on(self._believed[1], total):
            spoiled, self._waiting, self._low = self._waiting, now, None
            return worded("a total of {one} that the next one, {total}, takes back: noise", one=spoiled[1], total=total)
        if self._low is not None and _on(self._low[1], total):
            self._believed, self._waiting, self._low = self._low, now, None
            return worded("its count started anew")
        self._low = now
        return None

    def _borne_out(self, now: tuple[int, int]) -> tuple[int, int, int] | None:
        assert self._waiting is not None
        before, self._believed, self._waiting = self._believed, self._waiting, now
        if before is None:
            return None
        return self._believed[0], self._believed[0] - before[0], (self._believed[1] - before[1]) % TURN


def _on(before: int, after: int) -> bool:
    """Whether a total follows on another; more than half a turn is back."""
    return (after - before) % TURN < TURN // 2


class RadproDecoder:
    def __init__(self, profile: Profile) -> None:
        if len(profile.gamma) != 1 or profile.neutron:
            raise SettingsError(worded(
                'profile {title!r}: this instrument has one tube: gamma = ["Aa1"], neutron = []', title=profile.title))
        self._exchanges, self._total = Exchanges(), Total(round(profile.gamma_interval_s * 0.5e9))
        self._identity = b""
        self._refused: set[bytes] = set()

    def restart(self) -> None:
        """The wire was reopened.  The total goes on: what was counted meanwhile is one long sample."""
        self._exchanges.restart()

    def feed(self, chunk: Chunk) -> Iterator[Reading]:
        for exchange in self._exchanges.feed(chunk.data):
            if not isinstance(exchange, Exchange) or exchange.outcome not in (Outcome.ANSWER, Outcome.REFUSED):
                yield trouble(chunk.at_ns, exchange)
            elif exchange.question not in FORMS:
                yield Unreadable(chunk.at_ns, exchange.question, worded("a question that is never asked"), "framing")
            elif exchange.outcome is Outcome.REFUSED:
                self._refused.add(exchange.question)
                why = worded("answers ERROR to {question}; is its firmware Rad Pro 2.0 or newer?",
                             question=exchange.question.decode())
                yield Health(chunk.at_ns, Condition.REFUSED, True, why)
            else:
                yield from self._answer(chunk.at_ns, exchange)

    def _answer(self, at_ns: int, exchange: Exchange) -> Iterator[Reading]:
        if not FORMS[exchange.question][0].fullmatch(exchange.answer):
            yield Unreadable(at_ns, exchange.answer, worded("not an answer to its question"), "framing")
            return
        if exchange.question in self._refused:
            self._refused.discard(exchange.question)
            yield Health(at_ns, Condition.REFUSED, bool(self._refused))
        if exchange.question == COUNT:
            yield from self._count(at_ns, exchange.answer)
        elif exchange.answer != self._identity:
            self._identity = exchange.answer
            yield Setup(at_ns, "deviceId", tuple(exchange.answer.decode("ascii").split(";")))

    def _count(self, at_ns: int, answer: bytes) -> Iterator[Reading]:
        if int(answer) >= TURN:
            yield Unreadable(at_ns, answer, worded("a total above 2^32"), "value")
            return
        found = self._total.take(at_ns, int(answer))
        if isinstance(found, str):
            noise = found.endswith("noise")
            yield Unreadable(at_ns, answer, found, "value") if noise else Health(at_ns, Condition.POWER_CYCLE, True, found)
        elif found is not None and 0 < found[1] <= LONGEST_S * 1e9:
            end_ns, took_ns, counts = found
            yield Sample(end_ns, Radiation.GAMMA, took_ns / 1e9, (counts,), occupied=False)


def polls(profile: Profile, link: LinkSettings) -> tuple[Poll, ...]:
    return Poll(COUNT, profile.gamma_interval_s), Poll(IDENTITY, IDENTITY_S)


def record_type(reading: Reading) -> str:
    """The wire has no record names of its own: what was read of it."""
    return "" if isinstance(reading, Unreadable | Missed) else type(reading).__name__.lower()


DRIVER = Driver(
    title="Rad Pro Geiger counter",
    decoder=RadproDecoder,
    status="vendor-documented: written from the firmware's own paper, never yet on hardware",
    links=("serial", "tcp"),
    record_type=record_type,
    polls=polls,
    dialect=Lines,
    tells_passages=False,
    usual=LinkSettings("serial", baud=115200),
)
