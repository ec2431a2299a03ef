"""A lane's wire told apart: which bytes made which readings.  The lane's own decoder, run a second time beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.tools.exchange import Exchange, Exchanges
from edge_agent.words.driver import Decoder
from edge_agent.words.reading import Chunk, Reading

HELD = 4096             # bytes of a push wire without a reading, then they are shown as they are


@dataclass(frozen=True, slots=True)
class Heard:
    """Bytes, and what they say.  `asked`: the question of a wire that is asked; `outcome`: what came of it."""

    at_ns: int
    data: bytes
    readings: tuple[Reading, ...]
    asked: bytes | None = None
    outcome: str = ""


class Pushed:
    """A portal that talks by itself: the same bytes give the same readings cut anywhere, so byte by byte shows which."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder, self._held = decoder, b""

    def feed(self, chunk: Chunk) -> Iterator[Heard]:
        for byte in chunk.data:
            self._held += bytes([byte])
            readings = tuple(self._decoder.feed(Chunk(chunk.at_ns, self._held[-1:])))
            if readings or len(self._held) >= HELD:
                yield Heard(chunk.at_ns, self._held, readings)
                self._held = b""


class Asked:
    """An instrument that is asked: each exchange, good or bad."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder, self._exchanges = decoder, Exchanges()

    def feed(self, chunk: Chunk) -> Iterator[Heard]:
        readings = tuple(self._decoder.feed(chunk))
        for exchange in self._exchanges.feed(chunk.data):
            if isinstance(exchange, Exchange):
                yield Heard(chunk.at_ns, exchange.answer, readings, exchange.question, exchange.outcome.name.lower())
            else:
                yield Heard(chunk.at_ns, exchange, readings, b"", "framing")
            readings = ()
