"""N42 documents in a stream of bytes: each between STX and ETX, as the RS-350 sends them (one open implementation, never
tried on hardware).  Pure.  What stands between documents is noise, counted and named."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.tools.xml_tree import BYTES_MAX
from edge_agent.words.language import worded

STX, ETX = b"\x02", b"\x03"         # neither can stand in XML 1.0


class Frames:
    """Feed what came; documents and noise (as the words that tell of it) come out, in order, cut anywhere."""

    def __init__(self) -> None:
        self._held = b""
        self._inside = False

    def restart(self) -> None:
        """A new connection: what was begun is never ended."""
        self._held, self._inside = b"", False

    def feed(self, data: bytes) -> Iterator[bytes | str]:
        self._held += data
        while True:
            found = self._held.find(ETX if self._inside else STX)
            if found < 0:
                break
            piece, self._held = self._held[:found], self._held[found + 1 :]
            yield from self._inside_of(piece) if self._inside else _between(piece)
            self._inside = not self._inside
        yield from self._rest()

    def _inside_of(self, piece: bytes) -> Iterator[bytes | str]:
        begun = piece.rfind(STX)            # the end of the one before was lost
        if begun >= 0:
            yield worded("a document broke off after {n} bytes", n=begun)
            piece = piece[begun + 1 :]
        yield piece

    def _rest(self) -> Iterator[str]:
        """What is held has no end yet: it must not grow for ever."""
        if self._inside and len(self._held) > BYTES_MAX:
            yield worded("a document of more than {most} bytes", most=BYTES_MAX)
            self.restart()
        elif not self._inside and self._held:
            yield from _between(self._held)
            self._held = b""


def _between(piece: bytes) -> Iterator[str]:
    if piece.strip():
        yield worded("{n} bytes between documents: {bytes}", n=len(piece), bytes=ascii(piece[:20])[2:-1])
