"""Rapiscan daily files: one line per record with its time of day, as central alarm stations keep them.

    GB,000822,000750,000770,000757,00-00-04.919                  local time
    GB,000188,000206,000262,000243,12-00-00.961,16-00-00.961     local time, UTC (OSCAR)

Sources: SpecUtils SpecFile_spmdf.cpp (comment), SRLS, OSCAR DailyFileAppenderTest.  The date stands only in the
file's name, `<id>_YYYY-MM-DD.csv`.  Local time repeats an hour in autumn: where UTC is there, UTC is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import Chunk

_STAMP = r"([01][0-9]|2[0-3])-([0-5][0-9])-([0-5][0-9])\.([0-9]{3})"
LINE = re.compile(rf"([GNTS][A-Z0-9]{{1,2}},[^\r\n]{{1,60}}?),{_STAMP}(?:,{_STAMP})?")
_DAY_MS = 24 * 3600 * 1000


def looks_like(line: str) -> bool:
    return LINE.fullmatch(line.rstrip("\r\n")) is not None


def read(lines: Iterable[str], name: str = "daily file") -> Iterator[Chunk]:
    """Chunks of the wire as it was, stamps in nanoseconds since the first midnight; past midnight they go on."""
    day, last = 0, 0
    for number, text in enumerate(lines, 1):
        line = text.rstrip("\r\n")
        if not line:
            continue
        found = LINE.fullmatch(line)
        if found is None:
            raise SettingsError(worded(
                "{name}, line {number}: expected a record and HH-MM-SS.mmm; found {line!r}",
                name=name, number=number, line=line[:60]))
        stamp = found.groups()[5:] if found[6] else found.groups()[1:5]
        ms = _milliseconds(stamp)
        if ms < last - _DAY_MS // 2:             # a jump back of half a day or more is midnight, a smaller one disorder
            day += 1
        last = ms
        yield Chunk((day * _DAY_MS + ms) * 1_000_000, found[1].encode("latin-1", "replace") + b"\r\n")


def write_line(record: bytes, local: datetime, utc: datetime | None = None) -> str:
    """One line, ended by CR LF, of a wire record (without its line end)."""
    stamps = [_time_of_day(local)] + ([_time_of_day(utc)] if utc else [])
    return f"{record.decode('ascii')},{','.join(stamps)}\r\n"


def file_name(lane: str, local: datetime) -> str:
    return f"{lane}_{local:%Y-%m-%d}.csv"


def _milliseconds(stamp: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, ms = (int(part or 0) for part in stamp)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


def _time_of_day(moment: datetime) -> str:
    cut = moment - timedelta(microseconds=moment.microsecond % 1000)
    return f"{cut:%H-%M-%S}.{cut.microsecond // 1000:03d}"
