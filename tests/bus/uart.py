"""What a serial receiver makes of bytes that were sent at another speed or parity: bit by bit, as a UART samples them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    baud: int
    parity: str = "N"
    data_bits: int = 8


def misread(data: bytes, sent: Setting, read: Setting) -> bytes:
    """The bytes that arrive.  A byte without a stop bit is passed on as it is, as Linux does without PARMRK."""
    levels = list(_levels(data, sent))
    step = sent.baud / read.baud        # bits sent in the time of one bit read
    length = read.data_bits + (read.parity != "N")
    found, at = bytearray(), 0.0
    while at < len(levels):
        if levels[int(at)]:
            at = float(int(at) + 1)     # idle, wait for a start bit
            continue
        bits = [_level(levels, at + (0.5 + 1 + n) * step) for n in range(length)]
        found.append(sum(bit << n for n, bit in enumerate(bits[: read.data_bits])))
        at += (length + 1.5) * step
        while at < len(levels) and not levels[int(at)]:
            at = float(int(at) + 1)     # no stop bit: wait for the line to be idle again
    return bytes(found)


def _levels(data: bytes, sent: Setting) -> Iterator[int]:
    for byte in data:
        bits = [byte >> n & 1 for n in range(sent.data_bits)]
        check = [] if sent.parity == "N" else [sum(bits) % 2 ^ (sent.parity == "O")]
        yield from (0, *bits, *check, 1)
    yield from (1,) * 40


def _level(levels: list[int], at: float) -> int:
    return levels[int(at)] if int(at) < len(levels) else 1
