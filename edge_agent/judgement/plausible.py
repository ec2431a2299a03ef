"""Counts that came over a line which spoils digits: which of them no detector gave.  Pure.

A line without checksum that turns bits gives unreadable lines, and now and then a line that can be read and is not what
was sent: 800245 for 000245, 0 for 1.  Nobody can be sure of one count.  So a suspect is named for the state of health and
for people only; no rule hears of it, and a count that stays, or that others share, is never one (docs/decisions/0032).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from statistics import median_low

from edge_agent.tools.turned_bits import may_have_been
from edge_agent.words.reading import Radiation, Sample, VacantRate

LINES, WITHIN_NS = 2, 600 * 10**9       # unreadable in so long: it is the line.  One alone is a plug that was moved
IMPOSSIBLE = 4.0                        # sigma on the square-root scale: 6e-5 by chance, and then a digit must explain it too
KEPT = 12                               # records behind what is due: a minute of vacant ones
LEAST = 5                               # of them: fewer say nothing
OLD_NS = {True: 3 * 10**9, False: 900 * 10**9}      # occupied, vacant: what is older was of another vehicle, another weather
FOOT = 3.0 / 8.0                        # Anscombe: the square root of a Poisson count is nearly normal with it


class _Stream:
    """The newest records of one radiation, of vehicles or of the vacant lane."""

    def __init__(self, old_ns: int) -> None:
        self._old_ns, self._last_ns, self._interval_s = old_ns, 0, 0.0
        self._kept: deque[tuple[int, ...]] = deque(maxlen=KEPT)

    def take(self, at_ns: int, counts: tuple[int, ...], interval_s: float) -> tuple[int, ...]:
        """Channels whose count is impossible beside its own last ones and the others' now; all counted for as long as this."""
        alike = self._interval_s == interval_s and (not self._kept or len(self._kept[0]) == len(counts))
        if at_ns - self._last_ns > self._old_ns or not alike:
            self._kept.clear()
        self._interval_s = interval_s
        odd = self._odd(counts) if len(self._kept) >= LEAST else ()
        self._last_ns = at_ns
        self._kept.append(counts)
        return odd

    def _odd(self, counts: tuple[int, ...]) -> tuple[int, ...]:
        due = [_middle([record[at] for record in self._kept]) for at in range(len(counts))]
        return tuple(at for at, count in enumerate(counts) if self._is_odd(at, count, counts, due))

    def _is_odd(self, at: int, count: int, counts: tuple[int, ...], due: Sequence[float]) -> bool:
        others = [counts[i] / due[i] for i in range(len(counts)) if i != at and due[i] > 0]
        together = median_low(others) if others else 1.0            # a vehicle or rain moves all
        last = self._kept[-1][at]
        low, high = due[at] * min(1.0, together), due[at] * max(1.0, together)
        if _between(count, low, high, IMPOSSIBLE) or _between(count, last, last, IMPOSSIBLE * math.sqrt(2.0)):
            return False
        if count == 0:              # the next one tells: a panel that died gives another
            return True
        return may_have_been(count, *_bounds(low, high, IMPOSSIBLE))


class Plausible:
    """Of one lane."""

    def __init__(self) -> None:
        self._unreadable_ns: deque[int] = deque(maxlen=LINES)
        self._streams: dict[tuple[Radiation, bool], _Stream] = {}

    def unreadable(self, at_ns: int) -> None:
        """A line that could not be read."""
        self._unreadable_ns.append(at_ns)

    def spoils(self, at_ns: int) -> bool:
        """Whether the line turns bits."""
        return len(self._unreadable_ns) == LINES and at_ns - self._unreadable_ns[0] <= WITHIN_NS

    def suspects(self, reading: Sample | VacantRate) -> tuple[int, ...]:
        """Channels of this reading, none on a line that is sound."""
        if isinstance(reading, Sample):
            counts, interval_s, occupied = reading.counts, reading.interval_s, reading.occupied
        else:
            counts, interval_s, occupied = reading.rates_cps, 1.0, False
        key = (reading.radiation, occupied)
        odd = self._streams.setdefault(key, _Stream(OLD_NS[occupied])).take(reading.at_ns, counts, round(interval_s, 2))
        return odd if self.spoils(reading.at_ns) else ()


def _middle(values: Sequence[int]) -> float:
    """The mean of the middle half: a quarter of wild ones on either side moves it little, and tubes of 0 and 1 have one."""
    ordered = sorted(values)
    cut = len(ordered) // 4
    inner = ordered[cut:len(ordered) - cut]
    return sum(inner) / len(inner)


def _between(count: float, low: float, high: float, sigmas: float) -> bool:
    least, most = _bounds(low, high, sigmas)
    return least <= count <= most


def _bounds(low: float, high: float, sigmas: float) -> tuple[float, float]:
    """Counts that chance gives of means between these."""
    least, most = math.sqrt(low + FOOT) - sigmas / 2, math.sqrt(high + FOOT) + sigmas / 2
    return max(0.0, least) ** 2 - FOOT, most**2 - FOOT
