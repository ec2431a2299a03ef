"""What passages and time say of the beams themselves: one that is not broken any more, one that is for no reason, one that
hardly ever clears, two that are wired as each other.  Pure: times come in as values.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence

from edge_agent.words.language import mark, worded
from edge_agent.words.reading import Condition, Health

ODD = 3                     # vehicles in a row that broke one beam of two: that is no animal
FLICKERS, OF = 8, 40        # of the last passages; people on foot, too, may break one of two now and then
REVERSED = 10               # vehicles in a row against the order of the inputs: no driver who lost his way
BUCKET_NS = 60 * 10**9
BUCKETS = 15                # a quarter of an hour, as the profiles' `overdue_s`
STUCK, CLEARS = 0.8, 0.5    # of that time it was broken; a queue breaks it as long, and the others with it,
NEVER = 0.98                # but clears between its vehicles: 18 s of a quarter of an hour
TOGETHER = mark("{who} together were broken for {percent:.0f}% of the last {minutes} minutes")
ALONE = mark("{who} alone was broken for {percent:.0f}% of the last {minutes} minutes")


class Beams:
    """Of one lane; `pair`: two inputs along it, in driving order."""

    def __init__(self, names: Sequence[str], pair: bool) -> None:
        self._names, self._pair = list(names), pair
        self._odd, self._reversed = 0, 0
        self._alone: deque[str] = deque(maxlen=OF)      # of each passage, the beam that was broken alone; "": both
        self._told: set[Condition] = set()
        self._on_ns = dict.fromkeys(names, 0)           # broken in the bucket under way
        self._kept: deque[dict[str, int]] = deque(maxlen=BUCKETS)
        self._began_ns: int | None = None

    def silent(self) -> None:
        """Nothing is known of the time that passes."""
        self._began_ns = None
        self._kept.clear()
        self._on_ns = dict.fromkeys(self._names, 0)

    def passed(self, at_ns: int, broken: Collection[str], reverse: bool | None) -> Iterator[Health]:
        """A passage is over: which beams were broken, and its direction where that is known."""
        if not self._pair:
            return
        alone, before = next(iter(broken)) if len(broken) == 1 else "", self._alone[-1] if self._alone else ""
        if alone and before and alone != before:        # it stood between them longer than is waited: one vehicle
            alone = self._alone[-1] = ""
        else:
            self._alone.append(alone)
        self._odd = self._odd + 1 if alone else 0
        yield from self._flickers(at_ns)
        yield from self._missing(at_ns, alone)
        if reverse is not None:
            self._reversed = self._reversed + 1 if reverse else 0
            yield from self._tell(at_ns, Condition.CROSSED, self._reversed >= REVERSED, reverse,
                                  worded("the last {n} vehicles drove from {one} to {other}: their cables are crossed, or all "
                                         "drive against the order of the inputs", n=self._reversed, one=self._names[1],
                                         other=self._names[0]))

    def _flickers(self, at_ns: int) -> Iterator[Health]:
        name = max(self._names, key=self._alone.count)
        times = self._alone.count(name)
        again = sum(pair == (name, "") for pair in itertools.pairwise(self._alone))     # the other one was broken after that
        yield from self._tell(at_ns, Condition.FLICKERS, times >= FLICKERS and again >= FLICKERS // 2, times >= FLICKERS // 2,
                              worded("{beam} alone was broken in {times} of the last {n} passages, between vehicles that broke "
                                     "both: dirt, frost, out of its angle, a loose wire; or the other misses low vehicles",
                                     beam=name, times=times, n=len(self._alone)))

    def _missing(self, at_ns: int, alone: str) -> Iterator[Health]:
        missing = next((name for name in self._names if name != alone), "")
        missed = self._odd >= ODD and Condition.FLICKERS not in self._told
        yield from self._tell(at_ns, Condition.BEAM, missed, bool(alone) and Condition.FLICKERS not in self._told,
                              worded("the last {n} vehicles did not break {beam}: misaligned, or its wire; no speed is measured "
                                     "({other} may flicker instead: is it broken while the lane is empty?)", n=ODD, beam=missing,
                                     other=alone))

    def time(self, at_ns: int, last_ns: int, on: Mapping[str, bool]) -> Iterator[Health]:
        """Since the last answer the inputs were as they are now."""
        if self._began_ns is None:
            self._began_ns = at_ns
            return
        for name in on:
            self._on_ns[name] += (at_ns - last_ns) * on[name]
        if at_ns - self._began_ns < BUCKET_NS:
            return
        self._kept.append(self._on_ns)
        self._on_ns, self._began_ns = dict.fromkeys(self._names, 0), at_ns
        if len(self._kept) == BUCKETS:
            yield from self._stuck(at_ns)

    def _stuck(self, at_ns: int) -> Iterator[Health]:
        parts = {name: sum(each[name] for each in self._kept) / (BUCKETS * BUCKET_NS) for name in self._names}
        worst = max(self._names, key=lambda name: parts[name])
        others = [name for name in self._names if name != worst]
        together = bool(others) and min(parts.values()) >= NEVER
        free = all(parts[name] <= 1 - STUCK for name in others)     # so it is also of one that is free only where vehicles are
        stuck = parts[worst] >= NEVER or (parts[worst] >= STUCK and free)
        text, who = (TOGETHER, " and ".join(self._names)) if together else (ALONE, worst)
        why = worded(text, who=who, percent=100 * min(parts[worst], 1.0), minutes=BUCKETS)
        yield from self._tell(at_ns, Condition.STUCK, bool(others) and stuck, parts[worst] > CLEARS, why)

    def _tell(self, at_ns: int, condition: Condition, begins: bool, goes_on: bool, why: str) -> Iterator[Health]:
        """Between its beginning and its end there is a space: it does not flap."""
        if begins and condition not in self._told:
            self._told.add(condition)
            yield Health(at_ns, condition, True, why)
        elif condition in self._told and not goes_on:
            self._told.discard(condition)
            yield Health(at_ns, condition, False, worded("as it should be again"))
