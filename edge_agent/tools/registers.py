"""Registers of a Modbus instrument: which to ask for together, and the numbers in them.  Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SIZE = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2}       # registers
_FORM = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "f32": ">f"}


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """Neighbours of one table that are asked for together."""

    table: str
    address: int
    count: int

    @property
    def end(self) -> int:
        return self.address + self.count


def blocks(wanted: Iterable[Block], most: int, holes: int = 0) -> list[Block]:
    """As few blocks as possible, none larger than `most`, over at most `holes` unwanted registers at a time: many
    instruments refuse a question that reaches over a hole in their map."""
    found: list[Block] = []
    for one in sorted(set(wanted)):
        last = found[-1] if found else None
        if last and one.table == last.table and one.address <= last.end + holes and max(one.end, last.end) - last.address <= most:
            found[-1] = Block(last.table, last.address, max(one.end, last.end) - last.address)
        else:
            found.append(one)
    return found


def number(words: Sequence[int], kind: str, word_order: str) -> float:
    """The number in one or two registers; NaN and infinities are ValueError: they are no measurement."""
    ordered = reversed(words) if word_order == "low-first" else words
    (value,) = struct.unpack(_FORM[kind], struct.pack(f">{len(words)}H", *ordered))
    if not math.isfinite(value):
        raise ValueError(f"{kind} {value}")
    return float(value) if kind == "f32" else int(value)


class Counter:
    """A counter of the instrument that only goes up, and round at its end."""

    def __init__(self, kind: str) -> None:
        self._turn = 1 << (16 * SIZE[kind])
        self._last: int | None = None

    def restart(self) -> None:
        self._last = None

    def since(self, value: int) -> int | None:
        """Counts since the last value; None for the first, or where it went back, which only a restart does.

        More than half a turn forward is taken as back: 2^31 counts between two polls are no radiation."""
        last, self._last = self._last, value
        if last is None:
            return None
        step = (value - last) % self._turn
        return step if step < self._turn // 2 else None


@dataclass(frozen=True, slots=True)
class Image:
    """The words of one answer, where they stand."""

    table: str
    address: int
    words: list[int]

    def holds(self, table: str, address: int, size: int) -> bool:
        return table == self.table and self.address <= address and address + size <= self.address + len(self.words)

    def number(self, address: int, kind: str, word_order: str) -> float:
        at = address - self.address
        return number(self.words[at : at + SIZE[kind]], kind, word_order)

    def bit(self, address: int, bit: int) -> bool:
        return bool(self.words[address - self.address] >> bit & 1)
