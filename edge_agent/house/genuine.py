"""What a damaged ledger still holds: its lines read one by one, the signatures say which are genuine.

A line is genuine when it is signed by the key that the line before it announces.  After a place that cannot be read, the
first line tells the next key and cannot be verified itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.doors.files import reading_uri
from edge_agent.tools import jws
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import Head, Record

MISSES_MAX = 10_000             # places in a row that cannot be read, where the file does not say how long it is


@dataclass(slots=True)
class Genuine:
    """Counted while `records` is read to its end."""

    size: int = 0               # last seq that was there, genuine or not, plus one
    count: int = 0              # genuine lines
    gap: int | None = None      # the first place that is not


def records(path: Path, origin: str, first_key: bytes, begin: int, told: Genuine) -> Iterator[Record]:
    """The genuine records from line `begin` on; opens the file for reading, changes nothing."""
    head: Head | None = Head(origin, 0, None, first_key) if begin == 0 else None
    for seq, line in _lines(path, begin):
        if line is None:
            head, told.gap = None, seq if told.gap is None else told.gap
            continue
        told.size = seq + 1
        try:
            if head is None:                # nothing says who must have signed it; it says who signs the next
                payload = jws.take_apart(line).payload
                if payload.get("seq") != seq or payload.get("log") != origin:
                    raise EvidenceError         # a line in another's place
                head = Head(origin, seq + 1, jws.line_hash(line), jws.next_key(payload))
                continue
            record, head = jws.verify_next(line, head)
        except EvidenceError:
            head, told.gap = None, seq if told.gap is None else told.gap
            continue
        told.count += 1
        yield record


def _lines(path: Path, begin: int) -> Iterator[tuple[int, bytes | None]]:
    """(seq, line) of every place; None where it cannot be read."""
    with contextlib.closing(sqlite3.connect(reading_uri(path), uri=True)) as database:
        end = _ask(database, "SELECT max(seq) + 1 FROM record")
        seq, misses = begin, 0
        while (seq < end) if isinstance(end, int) else (misses < MISSES_MAX):
            line = _ask(database, "SELECT line FROM record WHERE seq = ?", seq)
            misses = misses + 1 if line is None else 0
            yield seq, line if isinstance(line, bytes) else None
            seq += 1


def _ask(database: sqlite3.Connection, query: str, *values: int) -> object:
    try:
        row = database.execute(query, values).fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row else None
