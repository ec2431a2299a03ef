"""What a count register means, from watching it: pure.  Says how it knows, and when it does not.

Three things are possible (tools.counting).  Cumulative never falls.  Counts of an interval scatter like chance (variance near
the mean) and know nothing of each other.  A rate the instrument smooths scatters less, and follows itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median, pvariance

from edge_agent.words.language import worded

RISES = 60                  # renewals in a row: a source that comes near makes counts rise too, for seconds and with chance in it
CHANGES_LEAST = 20          # renewals below which nothing is said: of 20 chance counts none rises every time (1 in 20!)
SMOOTH = 0.4                # variance over mean of 20 chance counts is below this in 1 of 100 (chi-square, 19 degrees)
FOLLOWS = 0.6               # correlation of neighbours; of 20 independent values it is below this in 99 of 100
MOST_CPS = 1e7              # no detector of a portal counts more (pulses of a plastic scintillator: 100 ns): a wrong word order
LEAST_MEAN = 5.0            # counts; of fewer the scatter tells little in a minute


@dataclass(frozen=True, slots=True)
class Meaning:
    """`means` is one of register_map.MEANINGS, or "" where it cannot be said."""

    means: str
    evidence: str
    renewed_s: float            # from one change to the next; 0.0 where there was none
    rate_cps: float             # counts/s, if it means that


class Rising:
    """Whether counts taken as those of an interval are a counter's that only grows: the setting is wrong, and no board."""

    def __init__(self) -> None:
        self._changes: deque[tuple[float, float]] = deque(maxlen=RISES)
        self._new = 0

    def read(self, at_s: float, value: float) -> str:
        """The evidence, now and then while it is so; else empty."""
        if self._changes and value == self._changes[-1][1]:
            return ""
        if self._changes and value < self._changes[-1][1]:
            self._changes.clear()
        self._changes.append((at_s, value))
        self._new += 1
        if len(self._changes) < RISES or self._new < CHANGES_LEAST:
            return ""
        self._new = 0
        found = of(list(self._changes))
        return found.evidence if found.means == "cumulative" else ""


def of(series: Sequence[tuple[float, float]]) -> Meaning:
    """From (seconds, value) of one register, asked much oftener than it is renewed."""
    changed = [now for before, now in pairwise(series) if now[1] != before[1]]
    if len(changed) < CHANGES_LEAST:
        return Meaning("", worded("{n} changes in {seconds:.0f} s: too few to tell; watch longer",
                                  n=len(changed), seconds=_lasted(series)), 0.0, 0.0)
    values = [value for _, value in changed]
    renewed_s = median(later[0] - sooner[0] for sooner, later in pairwise(changed))
    if all(later >= sooner for sooner, later in pairwise(values)):
        grown, lasted_s = values[-1] - values[0], changed[-1][0] - changed[0][0]
        rate = grown / lasted_s
        if rate > MOST_CPS:
            return Meaning("", worded(
                "grows by {rate:.3g} a second: no detector counts so much; is word_order right?", rate=rate), renewed_s, 0.0)
        seen = worded("grew from {first:.0f} to {last:.0f} and never fell: {rate:.1f} counts/s",
                      first=values[0], last=values[-1], rate=rate)
        return Meaning("cumulative", seen, renewed_s, rate)
    return _scattering(values, renewed_s)


def _scattering(values: list[float], renewed_s: float) -> Meaning:
    mean, follows = fmean(values), _follows(values)
    ratio = pvariance(values) / mean if mean > 0 else 0.0
    seen = worded("mean {mean:.1f}, variance/mean {ratio:.2f}, neighbours {follows:+.2f} alike, renewed every {seconds:.2f} s",
                  mean=mean, ratio=ratio, follows=follows, seconds=renewed_s)
    if mean / renewed_s > MOST_CPS:
        return Meaning("", worded(
            "{seen}: no detector counts so much; is word_order right, and the address?", seen=seen), renewed_s, 0.0)
    if mean < LEAST_MEAN:
        return Meaning("", worded("{seen}: too few counts to tell; put a check source near it", seen=seen), renewed_s, 0.0)
    if ratio < SMOOTH or follows > FOLLOWS:
        told = worded("{seen}: smoother than chance, so a rate the instrument averages", seen=seen)
        return Meaning("per-second", told, renewed_s, mean)
    told = worded("{seen}: scatters like chance, so counts of {seconds:.2f} s", seen=seen, seconds=renewed_s)
    return Meaning("interval", told, renewed_s, mean / renewed_s)


def _follows(values: list[float]) -> float:
    """Correlation of each value with the next."""
    mean = fmean(values)
    spread = sum((value - mean) ** 2 for value in values)
    return sum((a - mean) * (b - mean) for a, b in pairwise(values)) / spread if spread else 0.0


def _lasted(series: Sequence[tuple[float, float]]) -> float:
    return series[-1][0] - series[0][0] if series else 0.0
