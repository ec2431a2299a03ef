"""One line per notable event on standard output, from a thread: a terminal nobody reads must not stop the centre."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Iterable

from edge_agent.center.values import Raised

WAITING_MAX = 10_000                # lines; past this the database alone has them
CHATTER = frozenset({"RECEIPT"})


class Announcer:
    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_MAX)
        self._thread = threading.Thread(target=self._print, name="center-announce", daemon=True)
        self._thread.start()

    def show(self, events: Iterable[Raised]) -> None:
        for event in events:
            if self._verbose or event.kind not in CHATTER:
                self.say(line_of(event))

    def say(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            return

    def close(self) -> None:
        """Wait a moment for the last lines; not for ever, the reader may be gone."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
            self._thread.join(timeout=2)

    def _print(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                print(_printable(line), flush=True)
            except OSError:
                return              # the reader has gone; the database has every event


def _printable(line: str) -> str:
    """The line as this terminal's encoding can show it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return line.encode(encoding, "backslashreplace").decode(encoding)


def line_of(event: Raised) -> str:
    """An ALARM line opens with the lane; every other with the log."""
    return f"{event.kind} {event.text}" if event.kind == "ALARM" else f"{event.kind} {event.origin} {event.text}"
