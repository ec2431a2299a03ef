"""Where a listener of a relayed stream may begin: at a line, so that an alarm station never reads half a record.  Pure."""

from __future__ import annotations

BEGIN_MAX = 4096        # bytes without the end of a line: this portal does not speak in lines, begin anywhere


class Beginning:
    """Of one listener: what it gets of each piece."""

    def __init__(self, *, at_line: bool = False) -> None:
        """`at_line`: the stream stands at the begin of a line now."""
        self._begun, self._passed = at_line, 0

    def cut(self, data: bytes) -> bytes:
        """The part of a piece that this listener gets."""
        if self._begun:
            return data
        self._passed += len(data)
        end = data.find(b"\n")
        if end < 0 and self._passed < BEGIN_MAX:
            return b""
        self._begun = True
        return data[end + 1 :] if end >= 0 else data
