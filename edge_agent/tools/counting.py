"""From what an instrument's count registers hold to counts of an interval.  Pure; one per radiation.

Registers mean one of three things, and the maker's papers, or watching them for a minute, must say which:

* cumulative: counts since power-up; the counts of an interval are a difference, and none is lost when polls are;
* interval: the counts of the instrument's own last interval, told from the one before by its number;
* per-second: a rate the instrument made, taken as the counts of one second, once a second.

How long an interval was is not when we asked: most instruments renew their registers in steps.  Asked every 0.2 s, an
instrument of 0.2 s steps shows two steps now and none then, and 200 counts too many in 0.2 s are an alarm that never was.
So the length is that of the instrument's own time where it has one, else a whole number of its steps, found from when a
change was first seen; where that leaves two answers the counts wait for the next change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.tools.meaning import Rising
from edge_agent.tools.registers import Counter
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.language import worded

RATE_S = 1.0
WORD = 1 << 16              # what 1 becomes where the words of a 32-bit number are read the wrong way round
PACE_S = 20.0               # a step of 1 s and a poll of 0.2 s, both ends, are 12 % of 20 s
PACE_TOLERANCE = 0.15       # units are wrong by factors of ten, not by a tenth
LONGEST_S = 600.0           # counts over a longer hole are of no vehicle (and the kernel takes no longer interval)


class Restarted(EdgeAgentError):
    """The counters went back: the instrument started anew."""


class Swapped(EdgeAgentError):
    """Counts as of numbers whose words stand the other way round than the settings say: none of these is one."""

    def __init__(self) -> None:
        super().__init__(worded("every count is a multiple of 65 536"))


@dataclass(frozen=True, slots=True)
class Counted:
    interval_s: float
    counts: tuple[int, ...]
    doubt: str = ""             # why they may not mean what the settings say


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the registers: seen at `seen_ns`, and not yet there `before_ns` earlier."""

    seen_ns: int
    before_ns: int


@dataclass(frozen=True, slots=True)
class Now:
    """What is known of the moment registers were read."""

    at_ns: int
    time_s: float | None = None         # the instrument's own
    number: int | None = None           # of its interval
    step: Step | None = None            # newest change seen


class Counting(Protocol):
    def take(self, now: Now, values: Sequence[float]) -> Counted | None:
        """What was counted since the last time; None where that cannot be said yet.  Restarted, Swapped, ValueError."""


class Changes:
    """When the registers were renewed, as far as reading them tells."""

    def __init__(self) -> None:
        self.newest: Step | None = None
        self._read_ns: int | None = None
        self._values: tuple[float, ...] = ()

    def read(self, at_ns: int, values: tuple[float, ...]) -> None:
        if self._read_ns is not None and values != self._values:
            self.newest = Step(at_ns, at_ns - self._read_ns)
        self._read_ns, self._values = at_ns, values


class Pace:
    """Whether the instrument's own time runs as ours: a wrong unit of it would make every rate wrong."""

    def __init__(self) -> None:
        self._since: tuple[int, float] | None = None

    def read(self, at_ns: int, time_s: float) -> float | None:
        """Its seconds in one of ours, measured over 20 s; None while they pass, or where it started anew."""
        if self._since is None or time_s < self._since[1]:
            self._since = at_ns, time_s
            return None
        passed_s = (at_ns - self._since[0]) / 1e9
        if passed_s < PACE_S:
            return None
        ratio = (time_s - self._since[1]) / passed_s
        self._since = at_ns, time_s
        return ratio

    def doubt(self, at_ns: int, time_s: float) -> str:
        """Why it does not; empty where it does, or nobody knows yet."""
        ratio = self.read(at_ns, time_s)
        if ratio is None or abs(ratio - 1) <= PACE_TOLERANCE:
            return ""
        if ratio > WORD / 2:
            return worded("its own time runs {ratio:.3g} times as fast as ours: is word_order in the profile right?", ratio=ratio)
        return worded("its own time runs {ratio:.3g} times as fast as ours: is the scale of `time` in the profile right?",
                      ratio=ratio)


class Cumulative:
    """`step_s`: how often the instrument renews its registers; 0 where it has a time of its own, or counts them up at once.
    `least_s`: counts of a shorter interval wait for the next: two questions in a row after a stall are no sample."""

    def __init__(self, kinds: Sequence[str], step_s: float, least_s: float = 0.0) -> None:
        self._counters, self._step_ns, self._least_s = [Counter(kind) for kind in kinds], round(step_s * 1e9), least_s
        self._last: Now | None = None

    def take(self, now: Now, values: Sequence[float]) -> Counted | None:
        if self._step_ns and (now.step is None or 2 * now.step.before_ns > self._step_ns):
            return None                         # when it came is not known well enough to begin or end a count with
        last = self._last
        interval_s = self._since(last, now) if last is not None else 0.0
        if interval_s is None:
            return None                         # these counts come with the next
        steps = [counter.since(int(value)) for counter, value in zip(self._counters, values, strict=True)]
        self._last = now
        if last is None:
            return None
        counts = _in_order(tuple(step for step in steps if step is not None))
        if len(counts) < len(steps) or interval_s <= 0:
            raise Restarted(worded("its counters started anew"))
        return Counted(interval_s, counts) if interval_s <= LONGEST_S else None

    def _since(self, last: Now, now: Now) -> float | None:
        """How long these counts took; None while that is not certain; not above 0 where its time went back."""
        if now.time_s is not None and last.time_s is not None:
            passed_s = now.time_s - last.time_s
            return None if passed_s == 0 or 0 < passed_s < self._least_s else passed_s
        if not self._step_ns:
            passed_s = (now.at_ns - last.at_ns) / 1e9
            return passed_s if passed_s > 0 and passed_s >= self._least_s else None
        assert now.step is not None and last.step is not None
        if now.step == last.step:
            return None
        passed_ns = now.step.seen_ns - last.step.seen_ns
        # Each end is known to half a step, so at most one number of steps fits.
        least = math.floor((passed_ns - now.step.before_ns) / self._step_ns) + 1        # both bounds are open
        most = math.ceil((passed_ns + last.step.before_ns) / self._step_ns) - 1
        return max(least, 1) * self._step_ns / 1e9 if max(least, 1) == most else None


class Interval:
    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._number: float | None = None
        self._rising = Rising()

    def take(self, now: Now, values: Sequence[float]) -> Counted | None:
        number = now.number if now.number is not None else now.time_s
        if number is None or number == self._number:
            return None                         # the same interval, read again
        self._number = number
        return Counted(self._interval_s, _whole(values), _doubt(self._rising, now, values))


class PerSecond:
    def __init__(self, poll_s: float) -> None:
        self._poll_ns, self._due_ns = round(poll_s * 1e9), 0
        self._rising = Rising()

    def take(self, now: Now, values: Sequence[float]) -> Counted | None:
        if now.at_ns < self._due_ns:
            return None
        # Its own cadence: a poll that is a little late must not shift every sample after it.
        late_ns = now.at_ns - self._due_ns
        self._due_ns = now.at_ns + round(RATE_S * 1e9) - (late_ns if late_ns < self._poll_ns else 0)
        return Counted(RATE_S, _whole(values), _doubt(self._rising, now, values))


def _doubt(rising: Rising, now: Now, values: Sequence[float]) -> str:
    seen = rising.read(now.at_ns / 1e9, sum(values))
    return worded('count_means is wrong: {seen}. These are counts since power-up, write count_means = "cumulative"',
                  seen=seen) if seen else ""


def _whole(values: Sequence[float]) -> tuple[int, ...]:
    if min(values, default=0.0) < 0:
        raise ValueError(worded("a count below zero: {counts}", counts=str(list(values))))
    return _in_order(tuple(round(value) for value in values))


def _in_order(counts: tuple[int, ...]) -> tuple[int, ...]:
    """The same; Swapped where each is 0 or a multiple of 65 536.  One more where its low word turned over meanwhile.  By chance
    one count of 33 000 is so, and only where 300 000 a second are counted."""
    if any(counts) and all(count == 0 or (count >= WORD and count % WORD <= 1) for count in counts):
        raise Swapped
    return counts
