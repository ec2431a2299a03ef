"""Whose turn it is on a bus: pure, times in CLOCK_BOOTTIME ns.

The question that is most overdue goes first.  A unit that stays silent is asked more and more rarely, so a dead one costs
the others 2 % of the bus; one that answers now and then may waste its part of a budget, then it waits until that has grown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.words.driver import Poll

SHARE = 0.25            # of the bus's time that waiting in vain may cost, all units together; a lane must not be blind because
                        # its instrument missed a few answers, and silent ones are held back by their rests, not by this
OFTEN, LATELY = 0.2, 16 # a unit that misses more than a fifth of so many questions has half its part: few of its answers can be
                        # believed (one late on every third gives 1 % of its samples), and good units pay for each
BURST_S = 2.0           # of that budget a unit can save up: single misses are asked again at once
PATIENT = 3             # misses in a row before a unit counts as silent
REST_MAX_S = 30.0       # between tries of a silent unit: one that comes back is heard within half a minute
REST_DOUBLINGS = 5      # from 1 s; the sixth is beyond REST_MAX_S


@dataclass(slots=True)
class Unit:
    """One instrument on the bus: its questions, and how it behaves."""

    polls: tuple[Poll, ...]
    due_ns: list[int] = field(default_factory=list)     # of each poll
    budget_s: float = BURST_S
    counted_ns: int | None = None                       # until when the budget was given
    misses: int = 0                                     # questions in a row without any answer
    rests_until_ns: int = 0
    doubt: bool = False                                 # a late answer may still come: make sure before believing
    owed: int = 0                                       # questions in a row whose answers may still come
    owed_ns: int = 0                                    # the newest of them
    again: bool = False                                 # the last answer was spoiled, and is asked for again
    missing: float = 0.0                                # part of its questions lately that were in vain
    vain: list[int] = field(default_factory=list)       # of each poll: misses in a row; of two equally due the other goes first

    def begin(self, now_ns: int) -> None:
        """It is on the bus from now."""
        self.due_ns, self.vain, self.counted_ns = [now_ns] * len(self.polls), [0] * len(self.polls), now_ns


class Turns:
    def __init__(self) -> None:
        self.units: list[Unit] = []

    def next(self, now_ns: int) -> tuple[Unit, int] | int:
        """The unit and which of its questions is due; else the time when one will be."""
        soonest: tuple[int, Unit, int] | None = None
        for unit in self.units:
            rest_ns = self._rest(unit, now_ns)
            which = min(range(len(unit.polls)), key=list(zip(unit.due_ns, unit.vain, strict=True)).__getitem__)
            at_ns = max(unit.due_ns[which], rest_ns)
            if soonest is None or at_ns < soonest[0]:
                soonest = (at_ns, unit, which)
        if soonest is None:
            return now_ns + 10**9
        return soonest[1:] if soonest[0] <= now_ns else soonest[0]

    def answered(self, unit: Unit, which: int, now_ns: int) -> None:
        """It answered, if only to refuse; the next time keeps the cadence, lost ones are not made up for."""
        every_ns = round(unit.polls[which].every_s * 1e9)
        due_ns = unit.due_ns[which] + every_ns
        unit.due_ns[which] = due_ns if due_ns > now_ns - every_ns else now_ns
        unit.misses, unit.again, unit.vain[which] = 0, False, 0
        unit.missing -= unit.missing / LATELY

    def spoiled(self, unit: Unit, which: int, now_ns: int) -> None:
        """It answered, and noise broke it: ask once more at once, then not before its next time."""
        if unit.again:
            self.answered(unit, which, now_ns)
        else:
            unit.again = True

    def missed(self, unit: Unit, which: int, now_ns: int, cost_s: float) -> None:
        """Waiting for it was in vain; the question stays due."""
        unit.vain[which] += 1
        unit.missing += (1.0 - unit.missing) / LATELY
        self._rest(unit, now_ns)
        unit.budget_s -= cost_s
        unit.misses += 1
        if unit.misses >= PATIENT:
            doublings = min(unit.misses - PATIENT, REST_DOUBLINGS)      # of a unit dead for days: 2.0 ** 1024 is no float
            unit.rests_until_ns = now_ns + round(min(2.0 ** doublings, REST_MAX_S) * 1e9)

    def _rest(self, unit: Unit, now_ns: int) -> int:
        """Until when a unit is left alone; 0 when it is not."""
        share = SHARE / len(self.units) if len(self.units) > 1 else 1.0     # alone on its bus it keeps nobody waiting
        if share < 1.0 and unit.missing > OFTEN:
            share /= 2.0
        passed_s = (now_ns - (unit.counted_ns if unit.counted_ns is not None else now_ns)) / 1e9
        unit.budget_s, unit.counted_ns = min(BURST_S, unit.budget_s + passed_s * share), now_ns
        paid_ns = now_ns + round(-unit.budget_s / share * 1e9) if unit.budget_s < 0 else 0
        return max(unit.rests_until_ns, paid_ns)
