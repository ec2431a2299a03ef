"""How much the uplink sends at once: what takes two seconds, so long a fresh alarm may wait behind it."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.words.record import BATCH_BYTES_MAX, BATCH_LINES_MAX

FIRST_LINES, FIRST_BYTES = 25, 16 * 1024       # of a batch before the link has shown what it carries: 4 s of 32 kbit/s
LEAST_BYTES = 4096
TARGET_S = 2.0                  # what one exchange should take


@dataclass(slots=True)
class Size:
    """How much to send at once: grows and shrinks so that a fresh alarm never waits long behind a batch."""

    lines: int = FIRST_LINES
    bytes: int = FIRST_BYTES

    def took(self, seconds: float) -> None:
        """Towards what takes TARGET_S; twice as much at most, for the first batches of a connection are the slowest."""
        self._times(min(2.0, TARGET_S / max(seconds, 0.001)))

    def halve(self) -> None:
        self._times(0.5)

    def _times(self, factor: float) -> None:
        self.lines = min(max(1, round(self.lines * factor)), BATCH_LINES_MAX)
        self.bytes = min(max(LEAST_BYTES, round(self.bytes * factor)), BATCH_BYTES_MAX)
