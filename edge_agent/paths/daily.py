"""Daily files of a lane, as central alarm stations keep them: every record of the wire with local time and UTC."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.hands.taps import Taps
from edge_agent.tools import daily_file
from edge_agent.words.clock import Clock
from edge_agent.words.reading import Chunk

log = logging.getLogger("edge_agent.daily")
RECORD_MAX = 80             # bytes of a line; what is longer is noise and not a record


class DailyFiles:
    """Follows a lane's tap; a full disk costs daily files, never the lane."""

    def __init__(self, directory: Path, lane: str) -> None:
        self.lane, self._directory = lane, directory
        self._tail = b""
        self._trouble = False

    async def follow(self, chunks: Taps[Chunk], clock: Clock) -> None:
        async with contextlib.aclosing(chunks.follow()) as tap:
            async for chunk in tap:
                wall_ns = clock.wall_ns() - (clock.mono_ns() - chunk.at_ns)
                if lines := list(self._lines(chunk.data)):
                    await asyncio.to_thread(self._append, lines, datetime.fromtimestamp(wall_ns / 1e9, UTC))

    def _lines(self, data: bytes) -> list[bytes]:
        """Printable records ended in this chunk; noise does not belong in a daily file."""
        *ended, self._tail = (self._tail + data).split(b"\n")
        self._tail = self._tail[-RECORD_MAX:]
        return [line for piece in ended if (line := piece.rstrip(b"\r")) and line.isascii() and line.decode().isprintable()]

    def _append(self, lines: list[bytes], utc: datetime) -> None:
        local = utc.astimezone()
        text = "".join(daily_file.write_line(line, local, utc) for line in lines)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with (self._directory / daily_file.file_name(self.lane, local)).open("a", encoding="ascii", newline="") as file:
                file.write(text)
            self._trouble = False
        except OSError as problem:
            if not self._trouble:
                log.error("daily file of lane %s: %s; records of evidence go on", self.lane, problem)
            self._trouble = True
