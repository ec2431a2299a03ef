"""Beeper 1 (invented): lines pushed each second, ended by CR LF.

    B,000047,0*4C       counts of the last second, occupied 0 or 1, then the XOR of all bytes before the star

Put here: the wire itself as above, and where you know it from (paper, page, date; "a third party's driver"; "seen").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce

from edge_agent.words.driver import Driver
from edge_agent.words.reading import Chunk, Radiation, Reading, Sample, Unreadable
from edge_agent.words.settings import Profile

LINE = re.compile(rb"(B,([0-9]{6}),([01]))\*([0-9A-F]{2})")
LONGEST = 40                # bytes; past this the wire is noise, not a slow line
INTERVAL_S = 1.0


class BeeperDecoder:
    """Pure: no clock, no file, no socket.  The same bytes give the same readings, cut anywhere."""

    def __init__(self, profile: Profile) -> None:
        self._tail = b""            # the line still arriving
        self._joining = True        # the first line may be the end of one

    def restart(self) -> None:
        self._tail, self._joining = b"", True

    def feed(self, chunk: Chunk) -> Iterator[Reading]:
        *lines, self._tail = (self._tail + chunk.data).split(b"\n")
        for line in lines:
            reading = self._read(chunk.at_ns, line.removesuffix(b"\r"))
            joining, self._joining = self._joining, False
            if not (joining and isinstance(reading, Unreadable)):
                yield reading
        if len(self._tail) > LONGEST:
            yield Unreadable(chunk.at_ns, self._tail, "no line end")
            self._tail = b""

    def _read(self, at_ns: int, line: bytes) -> Reading:
        found = LINE.fullmatch(line)
        if found is None:
            return Unreadable(at_ns, line, "not a record of this protocol")
        if reduce(lambda a, b: a ^ b, found[1]) != int(found[4], 16):
            return Unreadable(at_ns, line, "the checksum does not fit", "checksum")
        return Sample(at_ns, Radiation.GAMMA, INTERVAL_S, (int(found[2]),), occupied=found[3] == b"1")


def record_type(reading: Reading) -> str:
    """The wire's own name of a record; "" for what was none."""
    return "B" if isinstance(reading, Sample) else ""


DRIVER = Driver(
    title="Beeper 1",
    decoder=BeeperDecoder,
    status="experimental",          # be honest: "verified on hardware" only when you have seen it
    links=("serial", "tcp"),
    record_type=record_type,
)
