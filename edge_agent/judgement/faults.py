"""The book of faults of one lane: each condition is raised once and ended once, with the number behind it.

Raising is never delayed.  A condition that comes back soon after its end flaps: from then on it has to be well for a while
before it is over, twice as long after each return that still got through, so a late unit or a loose plug is one standing
fault with a count and no hundred records (docs/decisions/0021).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from edge_agent.words.event import Fault
from edge_agent.words.language import worded

RETOLD_NS = 60 * 10**9   # a standing fault whose reason changed is told again at most so often,
RETOLD_MAX = 10          # and so many times: reasons that alternate for days must not fill the ledger
FADES_NS = 60 * 10**9    # a condition that only ever says "again" (bad bytes, late bursts) is over after a minute of none
WELL_NS = 60 * 10**9     # one that came back is over after a minute of being well, then two, four, ...
DOUBLINGS = 4            # at most 16 minutes: who mended it for good still stands beside it
PAST_NS = 3600 * 10**9   # back within an hour of its end: it came back; later it is a new fault


@dataclass(slots=True)
class _Open:
    since_ns: int
    last_ns: int
    times: int
    fades: bool
    detail: str          # the newest
    told: str            # as it stands on record
    told_ns: int
    returns: int         # times it was told as over and came back: what it has to be well for grows with it
    back: int            # times it came back at all
    retold: int = 0
    fades_ns: int = FADES_NS
    well_ns: int | None = None      # well since then, not yet long enough; None: it holds
    well: str = ""                  # why it is well

    def retell(self, at_ns: int) -> bool:
        """Whether the reason is another than on record, and may be told now."""
        if self.fades or self.retold >= RETOLD_MAX or at_ns - self.told_ns < RETOLD_NS:
            return False
        if reason(self.detail) == reason(self.told):
            return False
        self.told, self.told_ns, self.retold = self.detail, at_ns, self.retold + 1
        return True

    @property
    def patience_ns(self) -> int:
        """How long it has to be well before it is over."""
        return WELL_NS << min(self.returns - 1, DOUBLINGS) if self.returns else 0

    def again(self, at_ns: int, detail: str) -> None:
        self.back += self.well_ns is not None
        self.last_ns, self.times, self.detail, self.well_ns = at_ns, self.times + 1, detail, None

    def over(self, at_ns: int) -> bool:
        if self.fades:
            return at_ns - self.last_ns > max(self.fades_ns, self.patience_ns)
        return self.well_ns is not None and at_ns - self.well_ns >= self.patience_ns

    def shown(self) -> str:
        """Its newest words, with what is known of its returns."""
        if self.well_ns is None:
            return self.detail
        patience_s = self.patience_ns // 10**9
        return worded("{why}. Well now; over when it has been so for {seconds} s (came back {times})",
                      why=self.detail, seconds=patience_s, times=count(self.back))


@dataclass(frozen=True, slots=True)
class _Past:
    ended_ns: int
    returns: int
    back: int


def reason(detail: str) -> str:
    """A detail without its numbers: a count that grows is the same reason."""
    return re.sub(r"\d+(\.\d+)?", "#", detail)


def count(times: int) -> str:
    return worded("once") if times == 1 else worded("{n} times", n=times)


@dataclass(slots=True)
class FaultBook:
    lane: str
    open: dict[str, _Open] = field(default_factory=dict)            # as they stand on record
    past: dict[str, _Past] = field(default_factory=dict)            # those that may come back

    def begin(
        self, at_ns: int, condition: str, detail: str, *, fades: bool = False, numbers: dict[str, float] | None = None,
        fades_ns: int = FADES_NS,
    ) -> list[Fault]:
        """The condition holds; a Fault where it did not before, or now for another reason."""
        entry = self.open.get(condition)
        if entry is not None:
            entry.again(at_ns, detail)
            if not entry.retell(at_ns):
                return []
            return [Fault(at_ns, self.lane, condition, True, detail, numbers or {})]
        past = self.past.pop(condition, None)
        came_back = past is not None and at_ns - past.ended_ns <= PAST_NS
        returns, back = (past.returns + 1, past.back + 1) if past is not None and came_back else (0, 0)
        self.open[condition] = _Open(at_ns, at_ns, 1, fades, detail, detail, at_ns, returns, back,
                                     fades_ns=fades_ns)
        return [Fault(at_ns, self.lane, condition, True, detail, numbers or {})]

    def end(self, at_ns: int, condition: str, detail: str = "", *, at_once: bool = False) -> list[Fault]:
        """The condition is over; nothing where it did not hold, nor yet where it keeps coming back.

        `at_once`: it has a law of its own for its end (a panel that is back in the sums is back).
        """
        entry = self.open.get(condition)
        if entry is None:
            return []
        if at_once or not entry.patience_ns:
            return [self._over(at_ns, condition, detail, at_ns)]
        if entry.well_ns is None:
            entry.well_ns, entry.well = at_ns, detail
        return []

    def _over(self, at_ns: int, condition: str, detail: str, well_ns: int) -> Fault:
        entry = self.open.pop(condition)
        self.past[condition] = _Past(at_ns, entry.returns, entry.back)
        numbers: dict[str, float] = {"lasted_s": round((well_ns - entry.since_ns) / 1e9, 3), "times": entry.times}
        if entry.back:
            numbers["came_back"] = entry.back
            detail = f"{detail}; came back {count(entry.back)}" if detail else f"came back {count(entry.back)}"
        return Fault(at_ns, self.lane, condition, False, detail, numbers)

    def holds(self, condition: str) -> bool:
        """Whether it is so now; one that flaps may stand on record and not hold."""
        entry = self.open.get(condition)
        return entry is not None and entry.well_ns is None

    @property
    def details(self) -> dict[str, str]:
        """Why each condition stands, in its newest words."""
        return {name: entry.shown() for name, entry in sorted(self.open.items())}

    def fade(self, at_ns: int) -> list[Fault]:
        """End what has not been seen again for a while."""
        over = [(name, entry) for name, entry in self.open.items() if entry.over(at_ns)]
        self.past = {name: one for name, one in self.past.items() if at_ns - one.ended_ns <= PAST_NS}
        return [self._over(at_ns, name, entry.well, at_ns if entry.well_ns is None else entry.well_ns) for name, entry in over]
