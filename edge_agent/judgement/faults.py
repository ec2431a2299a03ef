"""The book of faults of one lane: each condition is raised once and ended once, with the number behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from edge_agent.words.event import Fault

RETOLD_NS = 60 * 10**9   # a standing fault whose reason changed is told again at most so often,
RETOLD_MAX = 10          # and so many times: reasons that alternate for days must not fill the ledger
FADES_NS = 60 * 10**9    # a condition that only ever says "again" (bad bytes, late bursts) is over after a minute of none


@dataclass(slots=True)
class _Open:
    since_ns: int
    last_ns: int
    times: int
    fades: bool
    detail: str          # the newest
    told: str            # as it stands on record
    told_ns: int
    retold: int = 0

    def retell(self, at_ns: int) -> bool:
        """Whether the reason is another than on record, and may be told now."""
        if self.fades or self.retold >= RETOLD_MAX or at_ns - self.told_ns < RETOLD_NS:
            return False
        if reason(self.detail) == reason(self.told):
            return False
        self.told, self.told_ns, self.retold = self.detail, at_ns, self.retold + 1
        return True


def reason(detail: str) -> str:
    """A detail without its numbers: a count that grows is the same reason."""
    return re.sub(r"\d+(\.\d+)?", "#", detail)


@dataclass(slots=True)
class FaultBook:
    lane: str
    open: dict[str, _Open] = field(default_factory=dict)

    def begin(
        self, at_ns: int, condition: str, detail: str, *, fades: bool = False, numbers: dict[str, float] | None = None
    ) -> list[Fault]:
        """The condition holds; a Fault where it did not before, or now for another reason."""
        entry = self.open.get(condition)
        if entry is not None:
            entry.last_ns, entry.times, entry.detail = at_ns, entry.times + 1, detail
            if not entry.retell(at_ns):
                return []
            return [Fault(at_ns, self.lane, condition, True, detail, numbers or {})]
        self.open[condition] = _Open(at_ns, at_ns, 1, fades, detail, detail, at_ns)
        return [Fault(at_ns, self.lane, condition, True, detail, numbers or {})]

    def end(self, at_ns: int, condition: str, detail: str = "") -> list[Fault]:
        """The condition is over; nothing where it did not hold."""
        entry = self.open.pop(condition, None)
        if entry is None:
            return []
        numbers = {"lasted_s": round((at_ns - entry.since_ns) / 1e9, 3), "times": entry.times}
        return [Fault(at_ns, self.lane, condition, False, detail, numbers)]

    @property
    def details(self) -> dict[str, str]:
        """Why each condition holds, in its newest words."""
        return {name: entry.detail for name, entry in sorted(self.open.items())}

    def fade(self, at_ns: int) -> list[Fault]:
        """End what has not been seen again for a while."""
        over = [name for name, entry in self.open.items() if entry.fades and at_ns - entry.last_ns > FADES_NS]
        return [fault for name in over for fault in self.end(at_ns, name)]
