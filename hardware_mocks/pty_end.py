"""The portal's end of a serial line: the master of a pty.  Without a reader bytes are lost, as on a cable."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import tty
from pathlib import Path

LOOK_S = 0.02                           # between looks for the first reader


class PtyEnd:
    """One pty; its reader may close and open it again."""

    def __init__(self, link: Path | None) -> None:
        self._link, self._master = link, -1
        self.listened = asyncio.Event()
        self._open = False

    async def open(self) -> str:
        """Make the pty and the link; the words for the ready line."""
        self._master, slave = os.openpty()
        tty.setraw(slave)               # a line that echoes or edits would answer the portal
        path = os.ttyname(slave)
        os.close(slave)                 # from now on the master is hung up while nobody reads
        os.set_blocking(self._master, False)
        if self._link is not None:
            self._point(self._link, path)
        self._open = True
        self._look()
        return f"pty {path}"

    def _point(self, link: Path, path: str) -> None:
        if link.is_symlink():
            link.unlink()
        link.symlink_to(path)           # FileExistsError when it is anything else

    def _look(self) -> None:
        if self._open and self._has_reader():
            self.listened.set()
        elif self._open:
            asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _has_reader(self) -> bool:
        poll = select.poll()
        poll.register(self._master, select.POLLHUP)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def send(self, data: bytes) -> None:
        """To the reader, as much as fits: a serial line does not wait either."""
        if not self._has_reader():
            return
        with contextlib.suppress(OSError):
            os.write(self._master, data)
        with contextlib.suppress(OSError):
            os.read(self._master, 4096)     # the portal has no commands

    async def hang_up(self) -> None:
        """A serial line has no connection to close."""

    async def power_off(self) -> None:
        """A dark controller is silence on a serial line."""

    async def power_on(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Remove the link and the pty."""
        if self._open and self._link is not None and self._link.is_symlink():
            self._link.unlink()
        self._open = False
        if self._master >= 0:
            os.close(self._master)
