"""The book of faults of one lane: each condition is raised once and ended once, with the number behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.words.event import Fault

FADES_NS = 60 * 10**9    # a condition that only ever says "again" (bad bytes, late bursts) is over after a minute of none


@dataclass(slots=True)
class _Open:
    since_ns: int
    last_ns: int
    times: int
    fades: bool


@dataclass(slots=True)
class FaultBook:
    lane: str
    open: dict[str, _Open] = field(default_factory=dict)

    def begin(
        self, at_ns: int, condition: str, detail: str, *, fades: bool = False, numbers: dict[str, float] | None = None
    ) -> list[Fault]:
        """The condition holds; a Fault only where it did not before."""
        entry = self.open.get(condition)
        if entry is not None:
            entry.last_ns, entry.times = at_ns, entry.times + 1
            return []
        self.open[condition] = _Open(at_ns, at_ns, 1, fades)
        return [Fault(at_ns, self.lane, condition, True, detail, numbers or {})]

    def end(self, at_ns: int, condition: str, detail: str = "") -> list[Fault]:
        """The condition is over; nothing where it did not hold."""
        entry = self.open.pop(condition, None)
        if entry is None:
            return []
        numbers = {"lasted_s": round((at_ns - entry.since_ns) / 1e9, 3), "times": entry.times}
        return [Fault(at_ns, self.lane, condition, False, detail, numbers)]

    def fade(self, at_ns: int) -> list[Fault]:
        """End what has not been seen again for a while."""
        over = [name for name, entry in self.open.items() if entry.fades and at_ns - entry.last_ns > FADES_NS]
        return [fault for name in over for fault in self.end(at_ns, name)]
