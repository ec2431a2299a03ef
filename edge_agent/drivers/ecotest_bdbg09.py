"""ECOTEST BDBG-09 detector unit: dose rate over RS-485, 19200 8N1, protocol 1.2, asked.  It gives no counts.

    55 AA 0n                                     dose rate of unit n (1 to 14), please
    55 AA 1n  xx xx xx xx  ee  ff  cc            dose rate, u32 low byte first; its error, %; flags; checksum

    flags: 0 high-sensitivity detector failed, 1 low-sensitivity detector failed, 2 not reliable,
           7 the dose rate is in 0.1 uSv/h, else in 0.01
    checksum: sum of the bytes with the carry added again; with or without 55 AA is the same, for they are 255 together

Source: the maker's manual (manualslib 2506717, pages 27 and 29; v1.2).  Protocol 1.3, with an address byte of its own, is
not spoken; nor is the broadcast address.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from edge_agent.tools.exchange import Exchange, Exchanges, trouble
from edge_agent.words.dialect import Found, Outcome
from edge_agent.words.driver import Driver, Poll
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import mark, worded
from edge_agent.words.reading import Chunk, Condition, DoseRate, Health, Missed, Reading, Unreadable
from edge_agent.words.settings import LinkSettings, Profile

HEAD = b"\x55\xaa"
ASK, TELL = 0x0, 0x1                    # codes, the upper half of the byte; the address is the lower
ANSWER = struct.Struct("<BIBB")         # code and address, dose rate, error, flags; the checksum follows
SIZE = len(HEAD) + ANSWER.size + 1
UNITS = range(1, 15)                    # 0xF is for all at once
POLL_S = 1.0                            # it renews its value slowly; a statistical error tells how well it is known
FAILED = {"high": mark("its detector of high sensitivity has failed"), "low": mark("its detector of low sensitivity has failed"),
          "highlow": mark("its detector of high and low sensitivity has failed")}
HIGH_FAILED, LOW_FAILED, UNRELIABLE, COARSE = 0x01, 0x02, 0x04, 0x80


def checksum(data: bytes) -> int:
    """Sum of bytes, each carry added to it again."""
    total = 0
    for byte in data:
        total += byte
        total = (total & 0xFF) + (total >> 8)
    return total


class Frames:
    """The dialect.  An answer says whose it is; a late one is the same quantity, a moment older."""

    quiet = True

    def frame(self, question: bytes) -> bytes:
        return HEAD + question

    def take(self, waiting: bytes, question: bytes) -> Found | None:
        echo = self.frame(question)
        skip = len(echo) if waiting.startswith(echo) else 0     # two-wire adapters hear themselves
        head = waiting[skip:]
        if not HEAD.startswith(head[:2]):
            return Found(Outcome.FRAMING, head, len(waiting))
        if len(head) < SIZE:
            return None
        body, check = head[2 : SIZE - 1], head[SIZE - 1]
        if (checksum(body) - check) % 255:                      # 0 and 255 are one number with end-around carry
            return Found(Outcome.CHECKSUM, head, len(waiting))
        mine = body[0] == TELL << 4 | question[0] & 0xF
        return Found(Outcome.ANSWER if mine else Outcome.LATE, body, skip + SIZE)

    def rest(self, waiting: bytes, question: bytes) -> Outcome:
        if not waiting or waiting == self.frame(question):
            return Outcome.SILENCE
        return Outcome.LENGTH

    def longest(self, question: bytes) -> int:
        return SIZE

    def sure(self, question: bytes) -> bytes:
        return question

    def mine(self, data: bytes, question: bytes) -> bool:
        body = data.removeprefix(HEAD)
        return bool(body) and (body[0] ^ question[0]) & 0xF == 0


class BdbgDecoder:
    def __init__(self, profile: Profile) -> None:
        self._exchanges = Exchanges()
        self._states: dict[Condition, bool] = {}

    def restart(self) -> None:
        self._exchanges.restart()

    def feed(self, chunk: Chunk) -> Iterator[Reading]:
        for exchange in self._exchanges.feed(chunk.data):
            if not isinstance(exchange, Exchange) or exchange.outcome is not Outcome.ANSWER:
                yield trouble(chunk.at_ns, exchange) if not _refused(exchange) else _odd(chunk.at_ns, exchange)
            elif len(exchange.answer) != ANSWER.size or exchange.answer[0] >> 4 != TELL:
                yield _odd(chunk.at_ns, exchange)
            else:
                yield from self._answer(chunk.at_ns, exchange.answer)

    def _answer(self, at_ns: int, answer: bytes) -> Iterator[Reading]:
        _, raw, error_pct, flags = ANSWER.unpack(answer)
        failed = [name for bit, name in ((HIGH_FAILED, "high"), (LOW_FAILED, "low")) if flags & bit]
        why = worded(FAILED["".join(failed)]) if failed else ""
        yield from self._state(at_ns, Condition.DEVICE, why)
        unsure = worded("the instrument says that its dose rate is not reliable") if flags & UNRELIABLE else ""
        yield from self._state(at_ns, Condition.NOT_READY, unsure)
        if not flags & UNRELIABLE and len(failed) < 2:
            yield DoseRate(at_ns, raw / (10 if flags & COARSE else 100), "uSv/h", float(error_pct))

    def _state(self, at_ns: int, condition: Condition, why: str) -> Iterator[Reading]:
        before, self._states[condition] = self._states.get(condition, False), bool(why)
        if bool(why) is not before:
            yield Health(at_ns, condition, bool(why), why)


def _refused(exchange: Exchange | bytes) -> bool:
    return isinstance(exchange, Exchange) and exchange.outcome is Outcome.REFUSED


def _odd(at_ns: int, exchange: Exchange | bytes) -> Unreadable:
    data = exchange.answer if isinstance(exchange, Exchange) else exchange
    return Unreadable(at_ns, data, worded("not an answer of this protocol"), "framing")


def polls(profile: Profile, link: LinkSettings) -> tuple[Poll, ...]:
    if link.unit not in UNITS:
        raise SettingsError(worded(
            "unit = {unit}: its address on the line, 1 to 14, is missing.\n  It is set in the instrument",
            unit=link.unit))
    return (Poll(bytes((ASK << 4 | link.unit,)), POLL_S),)


def record_type(reading: Reading) -> str:
    """The wire has no record names of its own: what was read of it."""
    return "" if isinstance(reading, Unreadable | Missed) else type(reading).__name__.lower()


DRIVER = Driver(
    title="ECOTEST BDBG-09 detector unit",
    decoder=BdbgDecoder,
    status="vendor-documented: protocol 1.2 of the maker's manual, never yet on hardware",
    links=("serial", "tcp"),
    record_type=record_type,
    polls=polls,
    dialect=Frames,
    tells_passages=False,
    usual=LinkSettings("serial", baud=19200, unit=1),
)
