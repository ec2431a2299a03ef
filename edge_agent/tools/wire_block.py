"""A stretch of a lane's wire packed for the disk: chunks as they came, stamps to the nanosecond, deflated.  Nothing is left out.

    01 | zlib( {"driver":"rapiscan","means":"","boot":3,"wall_ns":..,"start_ns":..} LF
               then of each chunk: nanoseconds since the one before, its length, its bytes )

Numbers are 7 bits a byte, the low ones first.  `wall_ns` is the wall clock at `start_ns`, the controller's clock of the first
chunk; within one `boot` the controller's clock never goes back.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from edge_agent.tools.inflated import inflated
from edge_agent.words.reading import Chunk

VERSION = b"\x01"
UNPACKED_MAX = 16 << 20         # bytes; a block is closed at 64 KB and the chunk that fills it: more is damage
NUMBER_BITS = 63                # of nanoseconds and of lengths


@dataclass(frozen=True, slots=True)
class About:
    """What the bytes are of."""

    driver: str
    means: str                  # what its lane said counts mean, where the profile does not
    boot: int
    wall_ns: int
    start_ns: int


class Stretch:
    """The stretch under way: add chunks, then pack."""

    def __init__(self, about: About) -> None:
        self.about, self.last_ns = about, about.start_ns
        self._raw = bytearray()

    def __len__(self) -> int:
        return len(self._raw)

    def add(self, chunk: Chunk) -> None:
        """A chunk stamped before the last one counts as with it: links give them in order."""
        since_ns = max(0, chunk.at_ns - self.last_ns)
        self.last_ns += since_ns
        _put(self._raw, since_ns)
        _put(self._raw, len(chunk.data))
        self._raw += chunk.data

    def packed(self) -> bytes:
        """The block.  Takes about 5 ms for 64 KB: not in the thread that listens."""
        head = json.dumps(asdict(self.about), separators=(",", ":")).encode() + b"\n"
        return VERSION + zlib.compress(head + bytes(self._raw), 6)


def unpack(data: bytes) -> tuple[About, list[Chunk]]:
    """A block's chunks; ValueError where it is damaged."""
    if data[:1] != VERSION:
        raise ValueError(f"a block of version {data[:1].hex()}, this program knows {VERSION.hex()}")
    head, _, rest = inflated(data[1:], UNPACKED_MAX).partition(b"\n")
    about = _about(head)
    return about, list(_chunks(rest, about.start_ns))


def _about(head: bytes) -> About:
    try:
        found = About(**json.loads(head))
    except (ValueError, TypeError, RecursionError) as problem:
        raise ValueError(f"a block with another header than ours: {problem!r:.120}") from None
    if not (isinstance(found.driver, str) and isinstance(found.means, str)
            and all(type(number) is int and 0 <= number < 1 << NUMBER_BITS
                    for number in (found.boot, found.wall_ns, found.start_ns))):
        raise ValueError("a block with another header than ours")
    return found


def _chunks(rest: bytes, at_ns: int) -> Iterator[Chunk]:
    at = 0
    while at < len(rest):
        since_ns, at = _take(rest, at)
        length, at = _take(rest, at)
        if at + length > len(rest):
            raise ValueError("a block that breaks off inside a chunk")
        at_ns += since_ns
        yield Chunk(at_ns, rest[at : at + length])
        at += length


def _put(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _take(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(data) and shift <= NUMBER_BITS:
        byte = data[at]
        number, shift, at = number | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return number, at
    raise ValueError("a block that breaks off inside a number")
