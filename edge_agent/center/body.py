"""The body of POST entries: lines, one empty line, the checkpoint note.  Pure and bounded.

    <line>\n ... <line>\n
    \n
    <origin>\n<size>\n<root>\n
    \n
    — <origin> <signature>\n
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from edge_agent.center.values import TooLarge, Unreadable
from edge_agent.tools.notes import NOTE_MAX
from edge_agent.words.record import BATCH_BYTES_MAX, BATCH_LINES_MAX

BODY_MAX = BATCH_BYTES_MAX + 1 + NOTE_MAX       # lines with their newlines, the empty line, the note
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Batch:
    lines: tuple[bytes, ...]
    note: bytes


def gunzip(data: bytes, longest: int) -> bytes:
    """The content of one gzip member, never more than `longest` bytes of it in memory."""
    inflate = zlib.decompressobj(_GZIP)
    try:
        content = inflate.decompress(data, longest + 1)
    except zlib.error as problem:
        raise Unreadable(f"not gzip: {problem}") from None
    if len(content) > longest:
        raise TooLarge(f"more than {longest} bytes after decompression")
    if not inflate.eof or inflate.unused_data:
        raise Unreadable("not one whole gzip member")
    return content


def split(data: bytes) -> Batch:
    """Lines and note; Unreadable when they are not where they should be."""
    lines_part, note = _cut(data)
    if len(lines_part) > BATCH_BYTES_MAX:
        raise TooLarge(f"more than {BATCH_BYTES_MAX} bytes of lines")
    if len(note) > NOTE_MAX:
        raise Unreadable(f"a checkpoint note longer than {NOTE_MAX} bytes")
    lines = tuple(lines_part.split(b"\n")[:-1])
    if len(lines) > BATCH_LINES_MAX:
        raise TooLarge(f"{len(lines)} lines; at most {BATCH_LINES_MAX} in one batch")
    return Batch(lines, note)


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the first empty line; both end in a newline or are empty."""
    if data.startswith(b"\n"):
        lines_part, note = b"", data[1:]
    else:
        before, gap, note = data.partition(b"\n\n")
        if not gap:
            raise Unreadable("no empty line between lines and checkpoint")
        lines_part = before + b"\n"
    if not note.endswith(b"\n"):
        raise Unreadable("no checkpoint note ended by a newline after the empty line")
    return lines_part, note
